package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/app/explain"
	"secondtuesday/data"
	"secondtuesday/remote"
)

// keyJSON is a host key that somebody vouched for, or should.
type keyJSON struct {
	Host        string `json:"host"`
	Type        string `json:"type"`
	Fingerprint string `json:"fingerprint"`
	Accepted    bool   `json:"accepted"`
}

func (c *cli) hostAcceptKey() *cobra.Command {
	fingerprint := ""
	cmd := &cobra.Command{
		Use: "accept-key HOST", Short: "Vouch for the key that a host shows for the first time", Args: wants(1, 1, "the name of a host"),
		Long: `Look at the key a host shows, and vouch for it.

Compare the fingerprint with the one on the host's own console
(ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub). Give it with --fingerprint,
with or without "SHA256:", or answer yes on a terminal. No password is needed for
it, and none is sent. A key that has changed is never accepted here:
find out why it is another one first.

A Windows host shows a certificate instead, by the SHA-256 of all of it. On the
host, in PowerShell:

` + indented(remote.ReadCertificates),
		Example: "  stctl host accept-key web1\n  stctl host accept-key web1 --fingerprint SHA256:AbC…",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			h, err := inv.host(args[0])
			if err != nil {
				return err
			}
			key, known, err := shownKey(cmd.Context(), d, h)
			if err != nil {
				return err
			}
			if key == nil {
				if known.Type != "" && fingerprint != "" {
					if err := c.vouch(h.Name, &remote.HostKeyUnknownError{Host: h.Target(), Type: known.Type, Fingerprint: known.Fingerprint}, fingerprint); err != nil {
						return err
					}
				}
				return c.out.done(keyJSON{Host: h.Name, Accepted: true}, "The %s of %s is vouched for already.", identity(known.Type), h.Name)
			}
			if err := c.vouch(h.Name, key, fingerprint); err != nil {
				return err
			}
			if err := d.AcceptHostKey(cmd.Context(), key, c.office.AcceptHostKey); err != nil {
				return err
			}
			return c.out.done(asKeyJSON(key, true), "Accepted the %s of %s: %s", identity(key.Type), key.Host, key.Fingerprint)
		},
	}
	cmd.Flags().StringVar(&fingerprint, "fingerprint", "", "the fingerprint you read on the host's console, `SHA256:…`")
	return cmd
}

// indented sets a command off from the text around it.
func indented(command string) string { return "  " + strings.ReplaceAll(command, "\n", "\n  ") }

// identity names what a host shows: "ssh-ed25519 key" or "certificate".
func identity(keyType string) string {
	if keyType == remote.TypeCertificate {
		return keyType
	}
	return clean(keyType) + " key"
}

func asKeyJSON(key *remote.HostKeyUnknownError, accepted bool) keyJSON {
	return keyJSON{clean(key.Host), clean(key.Type), key.Fingerprint, accepted}
}

// shownKey looks whether a key nobody knows is in the way; nil: none is, and
// known is the one that is vouched for, where the way there tells it. Only a host whose way has no guide is logged in to: a password need not be kept yet.
func shownKey(ctx context.Context, d *app.Desk, h data.Host) (key *remote.HostKeyUnknownError, known remote.Identity, err error) {
	if guide := remote.GuideOf(d.Dialer, h); guide != nil {
		known, err = guide.Greet(ctx, h)
		if errors.As(err, &key) {
			return key, known, nil
		}
		return nil, known, err
	}
	s, err := d.Dialer.Dial(ctx, h)
	if errors.As(err, &key) {
		return key, known, nil
	}
	if err != nil {
		return nil, known, err
	}
	return nil, known, s.Close()
}

// sameFingerprint tells whether given is the fingerprint of key as a console
// shows it. "SHA256:" may be missing; a certificate's digits may be small ones
// and set apart, as "9f:86:D0" and "9F-86-D0". An SSH key's are base64: exact.
func sameFingerprint(key *remote.HostKeyUnknownError, given string) bool {
	const prefix = "SHA256:"
	given, shown := strings.TrimSpace(given), strings.TrimPrefix(key.Fingerprint, prefix)
	if len(given) > len(prefix) && strings.EqualFold(given[:len(prefix)], prefix) {
		given = given[len(prefix):]
	}
	if key.Type != remote.TypeCertificate {
		return given == shown
	}
	return strings.EqualFold(strings.NewReplacer("-", "", ":", "", " ", "").Replace(given), shown)
}

// vouch lets a person vouch for a key of host: by its fingerprint, or by a yes.
func (c *cli) vouch(host string, key *remote.HostKeyUnknownError, fingerprint string) error {
	if fingerprint != "" {
		if !sameFingerprint(key, fingerprint) {
			return &refusal{
				title: "Fingerprint does not match",
				text:  fmt.Sprintf("the host at %s shows the %s %s, not %s; nothing was accepted", clean(key.Host), identity(key.Type), key.Fingerprint, clean(fingerprint)),
				next:  "Compare them on the host's own console. If they really differ, somebody may be in between: do not accept the key.",
			}
		}
		return nil
	}
	if !isTerminal(c.in) || c.out.json {
		return &refusal{
			title: explain.Of(key).Title,
			text:  fmt.Sprintf("the host at %s shows a %s nobody has vouched for: %s", clean(key.Host), identity(key.Type), key.Fingerprint),
			next:  "Compare it on the host's console, then: stctl host accept-key " + shellWord(host) + " --fingerprint " + key.Fingerprint,
		}
	}
	fmt.Fprintf(c.out.stderr, "%s shows a %s nobody has vouched for yet:\n  %s\nIs that the one on its own console? Type yes: ", clean(key.Host), identity(key.Type), key.Fingerprint)
	answer, err := bufio.NewReader(c.in).ReadString('\n')
	if err != nil || !strings.EqualFold(strings.TrimSpace(answer), "yes") {
		return errors.New("the key was not accepted")
	}
	return nil
}
