package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/data"
)

// importJSON is what an import would do, or did.
type importJSON struct {
	Source   string          `json:"source"`
	DryRun   bool            `json:"dry_run"`
	Rows     []importRowJSON `json:"rows"`
	Problems []problemJSON   `json:"problems"`
	Imported int             `json:"imported"`
	local    bool            // a line waits for --this-computer
}

type importRowJSON struct {
	Line  int    `json:"line"`
	Host  string `json:"host"`
	Where string `json:"where"`
	By    string `json:"by"` // the way to it: "ssh", or "winrm, ntlm"
	Group string `json:"group,omitempty"`
	New   bool   `json:"new"`
}

// importWish is what the flags of all imports say.
type importWish struct {
	dryRun, skipBad, local    bool
	exposure, group, existing string
}

func (w *importWish) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.BoolVar(&w.dryRun, "dry-run", false, "show what would be imported, and change nothing")
	f.BoolVar(&w.skipBad, "skip-bad", false, "leave out lines with problems (else any problem stops the import)")
	f.BoolVar(&w.local, "this-computer", false, "take in lines that say local: such a host is this computer, worked on without SSH")
	f.StringVar(&w.exposure, "exposure", "", "exposure of hosts for which the file does not say: internet (a DMZ too), internal or air-gapped")
	f.StringVar(&w.group, "group", "", "`GROUP` of hosts for which the file does not say; it is made if need be")
	f.StringVar(&w.existing, "existing", "", "what to do with hosts that are there already: skip or update (else they stop the import)")
}

func (w *importWish) choices() (app.ImportChoices, error) {
	out := app.ImportChoices{Group: w.group, SkipBad: w.skipBad, Local: w.local}
	var err error
	if w.exposure != "" {
		if out.Exposure, err = exposureOf(w.exposure); err != nil {
			return out, err
		}
	}
	if w.existing != "" {
		out.Existing, err = oneOf("--existing", w.existing, []app.ExistingChoice{app.ExistingSkipped, app.ExistingUpdated})
	}
	return out, err
}

const importLong = "Nothing is half-imported: all hosts of the file are added in one go, or none and\nevery problem is told by its line. --dry-run shows what would happen. A FILE of\n\"-\" is standard input."

func (c *cli) importCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "import", Short: "Import hosts from CSV, OpenSSH, known_hosts or Ansible", Long: "Import hosts into the inventory. " + importLong}
	return c.branch(cmd, c.importCSV(), c.importSSH(), c.importKnownHosts(), c.importAnsible())
}

func (c *cli) importCSV() *cobra.Command {
	w, columns := &importWish{}, []string(nil)
	cmd := &cobra.Command{
		Use: "csv FILE", Short: "Import hosts from a CSV file", Args: wants(1, 1, "a file"),
		Long: "Import hosts from a CSV file. " + importLong + `

The first row may name the columns, in English or German; --column says what is
meant where that is not enough, by heading or by number. The fields are:
` + fieldNames(),
		Example: "  stctl import csv hosts.csv --dry-run\n  stctl import csv hosts.csv --column name=Rechner --column exposure=Zone --exposure internal",
		RunE: func(cmd *cobra.Command, args []string) error {
			return c.importFile(cmd.Context(), args[0], w, func(r io.Reader) (app.ImportPreview, error) {
				t, err := app.ReadCSV(r)
				if err != nil {
					return app.ImportPreview{}, err
				}
				mapped, err := mapColumns(t, columns)
				if err != nil {
					return app.ImportPreview{}, err
				}
				return t.Preview(mapped), nil
			})
		},
	}
	w.register(cmd)
	cmd.Flags().StringArrayVar(&columns, "column", nil, "`FIELD=COLUMN`, the column by its heading or number; FIELD= leaves it out")
	return cmd
}

func fieldNames() string {
	var names []string
	for _, f := range app.Fields {
		names = append(names, string(f))
	}
	return "  " + strings.Join(names[:9], ", ") + ",\n  " + strings.Join(names[9:], ", ")
}

// mapColumns changes what the columns were guessed to be.
func mapColumns(t app.Table, wishes []string) ([]app.Field, error) {
	columns := append([]app.Field(nil), t.Guess...)
	for _, w := range wishes {
		name, heading, ok := strings.Cut(w, "=")
		if !ok {
			return nil, usagef("--column %q is not FIELD=COLUMN", w)
		}
		field, err := oneOf("--column", strings.TrimSpace(name), app.Fields)
		if err != nil {
			return nil, err
		}
		for i := range columns {
			if columns[i] == field {
				columns[i] = app.FieldNone
			}
		}
		if heading == "" {
			continue
		}
		at := columnOf(t.Header, heading)
		if at < 0 {
			return nil, usagef("the file has no column %q; it has %s", heading, clean(strings.Join(t.Header, ", ")))
		}
		columns[at] = field
	}
	return columns, nil
}

func columnOf(header []string, heading string) int {
	for i, h := range header {
		if strings.EqualFold(strings.TrimSpace(h), strings.TrimSpace(heading)) {
			return i
		}
	}
	if n, err := strconv.Atoi(heading); err == nil && n >= 1 && n <= len(header) {
		return n - 1
	}
	return -1
}

func (c *cli) importSSH() *cobra.Command {
	w := &importWish{}
	cmd := &cobra.Command{
		Use: "ssh-config [FILE]", Short: "Import the hosts of an OpenSSH client configuration", Args: wants(0, 1, "at most one file"),
		Long:    "Import the hosts named in an OpenSSH client configuration (default: ~/.ssh/config,\nwhose names alone are taken, as every session reads it anyway). " + importLong,
		Example: "  stctl import ssh-config --exposure internal --dry-run",
		RunE: func(cmd *cobra.Command, args []string) error {
			home, err := os.UserHomeDir()
			if err != nil {
				return err
			}
			path := filepath.Join(home, ".ssh", "config")
			own := len(args) == 0 || sameFile(args[0], path)
			if len(args) == 1 {
				path = args[0]
			}
			return c.importFile(cmd.Context(), path, w, func(r io.Reader) (app.ImportPreview, error) {
				dir := filepath.Dir(path)
				if own {
					dir = filepath.Join(home, ".ssh")
				}
				return app.ReadOpenSSH(r, own, app.SSHFiles(dir, home))
			})
		},
	}
	w.register(cmd)
	return cmd
}

func sameFile(a, b string) bool {
	x, errX := os.Stat(a)
	y, errY := os.Stat(b)
	return errX == nil && errY == nil && os.SameFile(x, y)
}

func (c *cli) importKnownHosts() *cobra.Command {
	w := &importWish{}
	cmd := &cobra.Command{
		Use: "known-hosts [FILE]", Short: "Import the names in a known_hosts file", Args: wants(0, 1, "at most one file"),
		Long:    "Import the names in a known_hosts file (default: ~/.ssh/known_hosts). Hashed\nnames cannot be read back. " + importLong,
		Example: "  stctl import known-hosts --exposure internal --dry-run",
		RunE: func(cmd *cobra.Command, args []string) error {
			home, err := os.UserHomeDir()
			if err != nil {
				return err
			}
			path := filepath.Join(home, ".ssh", "known_hosts")
			if len(args) == 1 {
				path = args[0]
			}
			return c.importFile(cmd.Context(), path, w, app.ReadKnownHosts)
		},
	}
	w.register(cmd)
	return cmd
}

func (c *cli) importAnsible() *cobra.Command {
	w, format := &importWish{}, ""
	cmd := &cobra.Command{
		Use: "ansible FILE", Short: "Import the hosts of an Ansible inventory", Args: wants(1, 1, "a file"),
		Long:    "Import the hosts of an Ansible inventory, in the INI or the YAML format (by the\nfile's ending, or by --format). Groups become groups. Nothing in it is run. " + importLong,
		Example: "  stctl import ansible inventory.yml --exposure internal\n  stctl import ansible hosts --format ini --dry-run",
		RunE: func(cmd *cobra.Command, args []string) error {
			read, err := ansibleReader(args[0], format)
			if err != nil {
				return err
			}
			return c.importFile(cmd.Context(), args[0], w, read)
		},
	}
	w.register(cmd)
	cmd.Flags().StringVar(&format, "format", "", "ini or yaml (default: yaml for .yml, .yaml and .json, else ini)")
	return cmd
}

func ansibleReader(path, format string) (func(io.Reader) (app.ImportPreview, error), error) {
	if format == "" {
		format = "ini"
		switch strings.ToLower(filepath.Ext(path)) {
		case ".yml", ".yaml", ".json":
			format = "yaml"
		}
	}
	switch format {
	case "ini":
		return app.ReadAnsibleINI, nil
	case "yaml":
		return app.ReadAnsibleYAML, nil
	}
	return nil, usagef("--format %q is not ini or yaml", format)
}

// importFile reads a file, shows what it holds, and imports it.
func (c *cli) importFile(ctx context.Context, path string, w *importWish, read func(io.Reader) (app.ImportPreview, error)) error {
	choices, err := w.choices()
	if err != nil {
		return err
	}
	r := io.Reader(c.in)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		r = f
	}
	preview, err := read(r)
	if err != nil {
		return err
	}
	d, inv, err := c.open(ctx)
	if err != nil {
		return err
	}
	saves, problems := preview.Resolve(choices, inv.hosts)
	j := importJSON{Source: preview.Source, DryRun: w.dryRun, Rows: []importRowJSON{}, Problems: problemsJSON(problems)}
	j.local = !choices.Local && slices.ContainsFunc(preview.Rows, func(r app.ImportRow) bool { return r.Host.Reach == data.ReachLocal })
	for _, s := range saves {
		group := s.Group
		if group == "" {
			group = inv.groupName(s.Host.Group)
		}
		row := importRowJSON{Host: clean(s.Host.Name), Where: clean(s.Host.Where()), By: byText(s.Host), Group: clean(group), New: s.Host.ID == 0}
		for _, from := range preview.Rows {
			if strings.EqualFold(from.Host.Name, s.Host.Name) {
				row.Line = from.Line
			}
		}
		j.Rows = append(j.Rows, row)
	}
	if w.dryRun {
		return c.imported(j, preview, choices)
	}
	ids, err := d.ImportHosts(ctx, preview, choices)
	if err != nil {
		if j.local {
			c.out.note("%s", sayThisComputer)
		}
		return err
	}
	j.Imported = len(ids)
	return c.imported(j, preview, choices)
}

const sayThisComputer = "Only you can say that a host is this computer: --this-computer."

func (c *cli) imported(j importJSON, preview app.ImportPreview, choices app.ImportChoices) error {
	stops := 0
	for _, p := range j.Problems {
		if !p.Note && !choices.SkipBad {
			stops++
		}
	}
	err := c.out.show(j, func(p *page) {
		var rows [][]any
		for _, r := range j.Rows {
			what := "changed"
			if r.New {
				what = "new"
			}
			rows = append(rows, []any{r.Line, r.Host, r.Where, r.By, dash(r.Group), what})
		}
		if j.DryRun && len(rows) > 0 {
			p.table("line|host|reached at|by|group|it is", rows)
			p.gap()
		}
		for _, x := range j.Problems {
			if x.Note {
				p.line("Note: %s", x)
			} else {
				p.line("Problem: %s", x)
			}
		}
		switch {
		case !j.DryRun:
			p.line("%s imported from %s.", count(j.Imported, "host"), j.Source)
		case stops > 0:
			p.line("Nothing would be imported: %s in the way. Mend them, answer for all rows with --exposure or --column, or leave those lines out with --skip-bad.", count(stops, "problem"))
			if j.local {
				p.line("%s", sayThisComputer)
			}
		default:
			p.line("%s of %s would be imported.", count(len(j.Rows), "host"), fmt.Sprint(len(preview.Rows)))
		}
	})
	if err != nil {
		return err
	}
	if j.DryRun && stops > 0 {
		return exitCode(exitError)
	}
	return nil
}

func (c *cli) exportCommand() *cobra.Command {
	cmd := &cobra.Command{Use: "export", Short: "Export the inventory as CSV or for Ansible", Long: "Export the inventory, to a file or to standard output. Nothing secret is in it."}
	return c.branch(cmd,
		c.exportTo("csv", "as CSV, which imports again without loss", app.ExportCSV),
		c.exportTo("ansible", "as an Ansible inventory in YAML", app.ExportAnsible))
}

type exportJSON struct {
	File  string `json:"file"`
	Hosts int    `json:"hosts"`
}

func (c *cli) exportTo(name, what string, write func(io.Writer, []data.Host, []data.Group) error) *cobra.Command {
	file, force := "", false
	cmd := &cobra.Command{
		Use: name, Short: "Export the inventory " + what, Args: nothing,
		Example: "  stctl export " + name + " --out inventory." + map[string]string{"csv": "csv", "ansible": "yml"}[name],
		RunE: func(cmd *cobra.Command, _ []string) error {
			if file == "" && c.out.json {
				return usagef("without --out it prints %s, not JSON; \"stctl host list --json\" prints JSON", name)
			}
			_, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			if file == "" {
				return write(c.out.stdout, inv.hosts, inv.groups)
			}
			err = writeWhole(file, force, func(w io.Writer) error { return write(w, inv.hosts, inv.groups) })
			if err != nil {
				return err
			}
			return c.out.done(exportJSON{file, len(inv.hosts)}, "%s written to %s.", count(len(inv.hosts), "host"), file)
		},
	}
	cmd.Flags().StringVar(&file, "out", "", "write to this `FILE` (default: standard output)")
	cmd.Flags().BoolVar(&force, "force", false, "replace the file if it is there")
	return cmd
}

// writeWhole writes a file whole or not at all.
func writeWhole(path string, replace bool, write func(io.Writer) error) (err error) {
	if _, err := os.Lstat(path); err == nil && !replace {
		return fmt.Errorf("%s is there already; --force replaces it", path)
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".stctl-*")
	if err != nil {
		var named *fs.PathError
		if errors.As(err, &named) {
			named.Path = filepath.Dir(path) // the name of a file that is to be renamed tells nobody anything
		}
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	if err := errors.Join(write(f), f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
