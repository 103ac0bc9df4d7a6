package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/data"
)

type auditJSON struct {
	ID   data.AuditID    `json:"id"`
	At   time.Time       `json:"at"`
	By   string          `json:"by"`
	Verb string          `json:"verb"`
	What string          `json:"what"`
	Why  string          `json:"why,omitempty"`
	Data json.RawMessage `json:"data,omitempty"`
	Prev string          `json:"prev,omitempty"`
	Hash string          `json:"hash"`
}

// verifyJSON is what a sound trail prints; one that is not is an error.
type verifyJSON struct {
	Sound   bool   `json:"sound"`
	Entries int    `json:"entries"`
	Head    string `json:"head"`
}

func (c *cli) auditCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use: "audit", Short: "Read and verify the audit trail",
		Long: "The audit trail tells who changed what, when and why. Entries are only ever added,\nand each holds the hash of the one before.",
	}
	return c.branch(cmd, c.auditList(), c.auditVerify())
}

func (c *cli) auditList() *cobra.Command {
	limit := 50
	cmd := &cobra.Command{
		Use: "list", Short: "List the newest entries", Args: nothing, Example: "  stctl audit list --limit 0 --json   # all",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if limit < 0 {
				return usagef("--limit %d is below zero", limit)
			}
			d, err := c.desk(cmd.Context())
			if err != nil {
				return err
			}
			entries, err := d.DB.Audit(cmd.Context(), limit, 0)
			if err != nil {
				return err
			}
			list := []auditJSON{}
			var rows [][]any
			for _, e := range entries {
				j := auditJSON{ID: e.ID, At: e.At, By: e.By, Verb: e.Verb, What: clean(e.What), Why: clean(e.Why), Prev: e.Prev, Hash: e.Hash}
				if json.Valid([]byte(e.Data)) {
					j.Data = json.RawMessage(e.Data)
				}
				list = append(list, j)
				why, outcome := app.WhyAndOutcome(e)
				rows = append(rows, []any{e.ID, when(e.At), e.By, e.Verb, j.What, dash(clean(why)), dash(clean(outcome))})
			}
			return c.out.show(list, func(p *page) { p.table("entry|when|who|did|what|why|outcome", rows) })
		},
	}
	cmd.Flags().IntVar(&limit, "limit", 50, "how many; 0 means all")
	return cmd
}

func (c *cli) auditVerify() *cobra.Command {
	noted := ""
	cmd := &cobra.Command{
		Use: "verify", Short: "Prove that no entry was changed, removed or put in between", Args: nothing,
		Long:    "Read the whole trail and check every hash, and compare with it the rows that\nrollouts go by: approvals, agreed windows, freezes, rollouts and runs. Note the newest hash elsewhere, in a\nreport or a mail: given with --noted later, it proves that nothing up to it was\nchanged, also against somebody who could make the whole file anew.",
		Example: "  stctl audit verify\n  stctl audit verify --noted 5f3c…",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, err := c.desk(cmd.Context())
			if err != nil {
				return err
			}
			report, err := d.VerifyAudit(cmd.Context())
			if err == nil {
				err = report.Err()
			}
			if err != nil {
				return err
			}
			if noted != "" {
				entries, err := d.DB.Audit(cmd.Context(), 0, 0)
				if err != nil {
					return err
				}
				if !slices.ContainsFunc(entries, func(e data.AuditEntry) bool { return e.Hash == strings.ToLower(strings.TrimSpace(noted)) }) {
					return &refusal{
						title: "The trail is not the one that was noted",
						text:  fmt.Sprintf("no entry has the hash %q: this is another workspace, or somebody has made its trail anew since", clean(noted)),
						next:  "Compare the hash with what was noted, and the file with your backups. Until it is found, prove nothing by this trail.",
					}
				}
			}
			return c.out.show(verifyJSON{true, report.Entries, report.Head}, func(p *page) {
				if c.out.quiet {
					return
				}
				p.line("The trail is sound: %d entries, the newest with the hash", report.Entries)
				p.line("%s", report.Head)
				p.line("Approvals, windows, freezes, rollouts and runs are as it tells.")
				if noted != "" {
					p.line("The hash you noted is in it: nothing up to there was changed.")
				}
			})
		},
	}
	cmd.Flags().StringVar(&noted, "noted", "", "a `HASH` that an earlier verify printed")
	return cmd
}
