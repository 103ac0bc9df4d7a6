package main

import (
	"strings"

	"github.com/spf13/cobra"
)

func (c *cli) rolloutAdopt() *cobra.Command {
	digest, reason := "", ""
	cmd := &cobra.Command{
		Use: "adopt ROLLOUT", Short: "Drive a rollout that was started on another computer", Args: wants(1, 1, "the number of a rollout"),
		Long: `Drive a rollout that was started on another computer, or that somebody has
changed in the file. Until then nothing here touches a host for it, whatever the
workspace says. Look through its plan first: "stctl plan show" prints the digest
that must be named.`,
		Example: "  stctl rollout adopt 2 --digest 3f6c0a1b2c3d --reason \"anna's laptop is broken\"",
		RunE: func(cmd *cobra.Command, args []string) error {
			switch {
			case len(digest) < leastDigest:
				return usagef("give --digest with at least %d characters of the plan's digest: \"stctl plan show\" prints it", leastDigest)
			case strings.TrimSpace(reason) == "":
				return usagef("say with --reason why it goes on from here")
			}
			d, r, err := c.findRollout(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			p, err := d.DB.Plan(cmd.Context(), r.Plan)
			if err != nil {
				return err
			}
			full := p.Digest()
			if !strings.HasPrefix(full, strings.ToLower(digest)) {
				return otherDigest(p.ID, full, digest)
			}
			if err := d.AdoptRollout(cmd.Context(), r.ID, full, reason); err != nil {
				return err
			}
			return c.out.done(done("rollout adopted", r.ID), "Rollout %d is driven from this computer too.", r.ID)
		},
	}
	cmd.Flags().StringVar(&digest, "digest", "", "the plan's `DIGEST`, at least its first 12 characters (required)")
	cmd.Flags().StringVar(&reason, "reason", "", "why it goes on from here (required)")
	return cmd
}
