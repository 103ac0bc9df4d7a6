package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"secondtuesday/app"
	"secondtuesday/wire"
)

// A cli is one call of stctl: its streams, its flags, and the workspace once a
// command needs it.
type cli struct {
	in      io.Reader
	out     *output
	options wire.Options
	office  *wire.Office // nil until desk is called
}

func newCLI(in io.Reader, stdout, stderr io.Writer) *cli {
	return &cli{in: in, out: newOutput(stdout, stderr)}
}

// execute runs one command line and returns its exit code.
func (c *cli) execute(ctx context.Context, args []string) int {
	root := c.root()
	root.SetArgs(args)
	root.SetOut(c.out.stdout)
	root.SetErr(c.out.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	var usage *usageError
	if errors.As(err, &usage) && usage.help == "" {
		usage.help = cmd.CommandPath()
	}
	if ctx.Err() != nil && err != nil && !errors.As(err, new(exitCode)) {
		err = fmt.Errorf("%w", context.Canceled)
	}
	if c.office != nil {
		if closeErr := c.office.Close(); closeErr != nil && err == nil {
			err = closeErr
		}
	}
	if err != nil && !errors.As(err, new(exitCode)) {
		c.wantJSON(args)
		c.out.fail(err)
	}
	return codeOf(err)
}

// wantJSON notices --json also where the flags could not be read to their end.
func (c *cli) wantJSON(args []string) {
	for _, a := range args {
		if a == "--" {
			return
		}
		if a == "--json" {
			c.out.json = true
		}
	}
}

// desk opens the workspace, once.
func (c *cli) desk(ctx context.Context) (*app.Desk, error) {
	if c.office == nil {
		office, err := wire.Open(ctx, c.options)
		if err != nil {
			return nil, err
		}
		c.office = office
	}
	return c.office.Desk, nil
}

const rootLong = `The command line of Second Tuesday, the patch-management desk: the same verbs as in
the window, for terminals, cron and scripts.

It reaches hosts over SSH or WinRM, without an agent. What it knows lies in one file,
the workspace. A host that was not scanned, or whose answer proves nothing, is
"unknown" and never "compliant".`

const rootExample = `  stctl --practice scan --all                  try it on the practice shop
  stctl host add web1 --address 192.0.2.10 --user ops --exposure internet
  stctl scan --all --refresh                   ask every host what it lacks
  stctl status                                 what is missing, and by when
  stctl plan make --name "November" --group Web --class security
  stctl plan show 1                            look at it
  stctl plan approve 1 --digest 3f6c…          say yes to exactly that
  stctl rollout start 1                        let it run in its windows
  stctl run-due                                what cron or the Task Scheduler calls`

func (c *cli) root() *cobra.Command {
	root := &cobra.Command{
		Use: "stctl", Short: "Patch the shop's hosts in their windows, and prove it",
		Long: rootLong + "\n\n" + exitHelp(), Example: rootExample,
		SilenceErrors: true, SilenceUsage: true,
	}
	f := root.PersistentFlags()
	f.StringVar(&c.options.Workspace, "workspace", "", "the workspace `FILE` (default: the one in your data folder)")
	f.BoolVar(&c.options.Practice, "practice", false, "use the practice shop: made-up hosts, played by this program")
	f.StringVar(&c.options.PassphraseFile, "vault-passphrase-file", "", "a `FILE` with the passphrase of the sealed vault, where there is no keyring")
	f.BoolVar(&c.out.json, "json", false, "print one JSON document (docs/manual/stctl.md names its fields)")
	f.BoolVar(&c.out.quiet, "quiet", false, "say nothing about what went well, draw no progress")
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return &usageError{err: likeFlag(cmd, err), help: cmd.CommandPath()}
	})
	c.branch(root,
		c.hostCommand(), c.importCommand(), c.exportCommand(), c.scanCommand(), c.doctorCommand(), c.statusCommand(), c.updatesCommand(),
		c.planCommand(), c.rolloutCommand(), c.runDueCommand(), c.windowCommand(), c.standardCommand(), c.complianceCommand(),
		c.exceptionCommand(), c.auditCommand(), c.secretCommand(), c.practiceCommand(), c.deskCommand(), c.versionCommand(),
	)
	tidyHelp(root)
	c.out.call = c.sameCall(root)
	return root
}

// sameCall returns what makes a command that a message names work as it stands:
// with the --practice, --workspace and --vault-passphrase-file of this call.
func (c *cli) sameCall(root *cobra.Command) func(string) string {
	var names []string
	for _, cmd := range root.Commands() {
		names = append(names, cmd.Name())
	}
	named := regexp.MustCompile(`\bstctl (` + strings.Join(names, "|") + `)\b`)
	return func(text string) string {
		flags := ""
		if c.options.Practice {
			flags += " --practice"
		}
		if c.options.Workspace != "" {
			flags += " --workspace " + shellWord(c.options.Workspace)
		}
		if c.options.PassphraseFile != "" {
			flags += " --vault-passphrase-file " + shellWord(c.options.PassphraseFile)
		}
		if flags == "" {
			return text
		}
		return named.ReplaceAllStringFunc(text, func(call string) string {
			return "stctl" + flags + strings.TrimPrefix(call, "stctl")
		})
	}
}

// shellWord quotes a word where a shell would take it apart.
func shellWord(s string) string {
	if strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:\\") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// branch makes cmd a command that only holds others.
func (c *cli) branch(cmd *cobra.Command, children ...*cobra.Command) *cobra.Command {
	cmd.AddCommand(children...)
	cmd.SuggestionsMinimumDistance = 2
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		s := fmt.Sprintf("there is no command %q", args[0])
		if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
			s += "; did you mean " + strings.Join(like, " or ") + "?"
		}
		return usagef("%s", s)
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if c.out.json {
			return usagef("choose one of the commands of %s", cmd.CommandPath())
		}
		cmd.SetOut(c.out.stderr)
		if err := cmd.Help(); err != nil {
			return err
		}
		return exitCode(exitUsage)
	}
	return cmd
}

// likeFlag proposes a flag where an unknown one begins like it, or it like that:
// --groups for --group.
func likeFlag(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) && invalid.GetFlag().Value.Type() == "int" {
		f := invalid.GetFlag()
		return fmt.Errorf("--%s %q is no whole number: %s", f.Name, clean(invalid.GetValue()), f.Usage)
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) || len(unknown.GetSpecifiedName()) < 3 {
		return err
	}
	name, like := unknown.GetSpecifiedName(), ""
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if like == "" && (strings.HasPrefix(f.Name, name) || strings.HasPrefix(name, f.Name)) {
			like = f.Name
		}
	})
	if like == "" {
		return err
	}
	return fmt.Errorf("%w; did you mean --%s?", err, like)
}

// wants checks the number of arguments and says in words what is missing.
func wants(least, most int, what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) < least:
			return usagef("it wants %s", what)
		case most >= 0 && len(args) > most:
			return usagef("%q is one argument too many: it wants %s", args[most], what)
		}
		return nil
	}
}

// nothing refuses arguments.
func nothing(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%q is one argument too many: it wants none", args[0])
	}
	return nil
}

// tidyHelp lets help and completion speak as the rest does.
func tidyHelp(root *cobra.Command) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		switch cmd.Name() {
		case "help":
			cmd.Long = "Tell about any command. \"stctl help scan\" and \"stctl scan --help\" are the same."
		case "completion":
			cmd.Short = "Make your shell complete stctl's commands and flags"
			cmd.GroupID = ""
		}
	}
}

func exitHelp() string {
	var b strings.Builder
	b.WriteString("Exit codes:\n")
	for _, w := range exitWords {
		fmt.Fprintf(&b, "  %3d  %s\n", w.code, w.text)
	}
	return strings.TrimRight(b.String(), "\n")
}
