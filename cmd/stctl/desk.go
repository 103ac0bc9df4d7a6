package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"secondtuesday/app"
)

func (c *cli) deskCommand() *cobra.Command {
	return &cobra.Command{
		Use: "desk", Short: "Open the desk: the window on the same workspace", Args: nothing,
		Long:    "Open the desk, the program with the window, with the same --workspace, --practice and\n--vault-passphrase-file. It is looked for beside stctl and then in PATH.",
		Example: "  stctl desk --workspace client1.db",
		RunE: func(cmd *cobra.Command, _ []string) error {
			program, err := findDesk()
			if err != nil {
				return err
			}
			var args []string
			if c.options.Workspace != "" {
				path, err := filepath.Abs(c.options.Workspace)
				if err != nil {
					return err
				}
				args = append(args, "--workspace", path)
			}
			if c.options.PassphraseFile != "" {
				args = append(args, "--vault-passphrase-file", c.options.PassphraseFile)
			}
			if c.options.Practice {
				args = append(args, "--practice")
			}
			desk := exec.CommandContext(cmd.Context(), program, args...)
			desk.Stdin, desk.Stdout, desk.Stderr = os.Stdin, c.out.stderr, c.out.stderr
			if err := desk.Run(); err != nil {
				return fmt.Errorf("open the desk %s: %w", program, err)
			}
			return nil
		},
	}
}

// findDesk finds the program with the window: beside this one, or in PATH.
func findDesk() (string, error) {
	name := "secondtuesday"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	if self, err := os.Executable(); err == nil {
		beside := filepath.Join(filepath.Dir(self), name)
		if info, err := os.Stat(beside); err == nil && info.Mode().IsRegular() {
			return beside, nil
		}
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", errors.New("the desk is not installed here: no " + name + " beside stctl or in PATH")
	}
	return path, nil
}

type versionJSON struct {
	Version  string    `json:"version"`
	Revision string    `json:"revision,omitempty"` // left out: built without git
	Time     time.Time `json:"revision_time,omitzero"`
	Changed  bool      `json:"changed,omitempty"` // built from a source with changes that the revision lacks
	Go       string    `json:"go"`
	System   string    `json:"system"`
}

func (c *cli) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Print the version", Args: nothing, Example: "  stctl version --json",
		RunE: func(*cobra.Command, []string) error {
			b := app.ThisBuild()
			return c.out.show(versionJSON(b), func(p *page) {
				p.line("stctl %s, %s, %s", b, b.Go, b.System)
			})
		},
	}
}
