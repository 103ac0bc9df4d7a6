package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"secondtuesday/remote/remotetest/practice"
	"secondtuesday/wire"
)

type practiceJSON struct {
	Folder    string             `json:"folder"`
	Workspace string             `json:"workspace"`
	Hosts     []practiceHostJSON `json:"hosts"`
}

type practiceHostJSON struct {
	Name     string `json:"name"`
	Platform string `json:"platform"`
	Notes    string `json:"notes,omitempty"`
}

func (c *cli) practiceCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "practice", Short: "Tell about the practice shop, or begin it anew",
		Long: "The practice shop is made up: its hosts are played by this program, over real SSH\nand WinRM on loopback. Any command works on it with --practice. Try:\n\n  stctl --practice scan --all\n  stctl --practice status",
	}
	return c.branch(cmd, c.practiceInfo(), c.practiceReset())
}

func (c *cli) practiceInfo() *cobra.Command {
	return &cobra.Command{
		Use: "info", Short: "Tell what hosts the shop has and what is odd about them", Args: nothing, Example: "  stctl practice info",
		RunE: func(cmd *cobra.Command, _ []string) error {
			c.options.Practice = true
			_, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			j := practiceJSON{Folder: wire.DefaultPracticeDir(), Workspace: c.office.Path, Hosts: []practiceHostJSON{}}
			var rows [][]any
			for _, h := range inv.hosts {
				j.Hosts = append(j.Hosts, practiceHostJSON{h.Name, string(h.Platform), clean(h.Notes)})
				rows = append(rows, []any{h.Name, dash(string(h.Platform)), dash(h.Notes)})
			}
			return c.out.show(j, func(p *page) {
				p.line("The practice shop lies in %s.", j.Folder)
				p.gap()
				p.table("host|platform|notes", rows)
				p.gap()
				p.line("Begin it anew: stctl practice reset --yes")
			})
		},
	}
}

func (c *cli) practiceReset() *cobra.Command {
	yes := false
	cmd := &cobra.Command{
		Use: "reset --yes", Short: "Begin the practice shop anew", Args: nothing,
		Long:    "Throw the practice shop away, with its workspace. The next command with --practice\nmakes a new one. Nothing else is touched.",
		Example: "  stctl practice reset --yes",
		RunE: func(*cobra.Command, []string) error {
			if !yes {
				return usagef("this throws the practice shop and its workspace away: say --yes")
			}
			dir := wire.DefaultPracticeDir()
			err := practice.Remove(dir, "practice.db")
			if errors.Is(err, os.ErrNotExist) {
				err = nil
			}
			if err != nil {
				return err
			}
			return c.out.done(doneJSON{Done: "practice shop removed"}, "The practice shop is gone. The next command with --practice makes a new one.")
		},
	}
	cmd.Flags().BoolVar(&yes, "yes", false, "really do it")
	return cmd
}
