package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/remote"
)

// scanResultJSON is how the scan of one host ended.
type scanResultJSON struct {
	Host     string       `json:"host"`
	Result   string       `json:"result"` // "scanned", "failed", or "proves nothing"
	Verdict  *verdictJSON `json:"verdict,omitempty"`
	Scan     *scanJSON    `json:"scan,omitempty"`
	Error    *errorJSON   `json:"error,omitempty"`
	Key      *keyJSON     `json:"host_key,omitempty"` // shown and not accepted
	Accepted []keyJSON    `json:"accepted_keys,omitempty"`
	Seconds  float64      `json:"seconds"`
}

func (c *cli) scanCommand() *cobra.Command {
	var (
		s               choice
		refresh, accept bool
	)
	cmd := &cobra.Command{
		Use: "scan [HOST…]", Short: "Ask hosts what they have and what they lack", Args: wants(0, -1, "names of hosts"),
		Long: `Log in to hosts and ask their own update systems what is installed and what is
missing. A scan changes nothing on a host; with --refresh the host first fetches
the lists of its sources anew, as "apt-get update" does.

A host whose key nobody has vouched for is shown with its fingerprint and
refused. --accept-new vouches for such keys, says which, and scans. A key that
has changed always blocks.

The exit code is 3 when a host could not be scanned, and 4 when an answer proves
nothing.`,
		Example: "  stctl scan web1 web2\n  stctl scan --group Web --refresh\n  stctl scan --all --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			ids, err := s.resolve(inv, args)
			if err != nil {
				return err
			}
			results, err := c.scan(cmd.Context(), d, ids, scanWish{refresh, accept})
			if err != nil {
				return err
			}
			return c.scanned(inv, ids, results, d.Now())
		},
	}
	s.register(cmd)
	f := cmd.Flags()
	f.BoolVar(&refresh, "refresh", false, "let the hosts fetch their sources' lists first")
	f.BoolVar(&accept, "accept-new", false, "vouch for host keys shown for the first time (never for changed ones)")
	return cmd
}

type scanWish struct{ refresh, accept bool }

// A scanned is a result with the keys that were accepted for it.
type scanned struct {
	app.ScanResult
	accepted []keyJSON
}

// scan scans hosts. With accept, hosts that were refused for an unknown key are
// scanned again once it is accepted; a jump host may have one as well.
func (c *cli) scan(ctx context.Context, d *app.Desk, ids []data.HostID, wish scanWish) (map[data.HostID]*scanned, error) {
	results := map[data.HostID]*scanned{}
	for _, id := range ids {
		results[id] = &scanned{}
	}
	for range 4 {
		bar := c.out.bar(len(ids), "scanning")
		err := d.Scan(ctx, ids, wish.refresh, func(r app.ScanResult) {
			results[r.Host.ID].ScanResult = r
			bar.add(r.Host.Name)
		})
		bar.end()
		if err != nil {
			return nil, err
		}
		if !wish.accept {
			return results, nil
		}
		if ids, err = c.acceptNew(ctx, d, ids, results); err != nil || len(ids) == 0 {
			return results, err
		}
	}
	return results, nil
}

// acceptNew vouches for the keys that were shown for the first time and returns
// the hosts worth another try. What it accepts it says.
func (c *cli) acceptNew(ctx context.Context, d *app.Desk, ids []data.HostID, results map[data.HostID]*scanned) (again []data.HostID, err error) {
	accepted := map[string]bool{}
	for _, id := range ids {
		var key *remote.HostKeyUnknownError
		if !errors.As(results[id].Err, &key) {
			continue
		}
		if !accepted[key.Line] { // several hosts behind one jump host show one key
			if err := d.AcceptHostKey(ctx, key, c.office.AcceptHostKey); err != nil {
				return nil, err
			}
			accepted[key.Line] = true
			c.out.note("Accepted the %s of %s: %s", identity(key.Type), key.Host, key.Fingerprint)
		}
		results[id].accepted = append(results[id].accepted, asKeyJSON(key, true))
		again = append(again, id)
	}
	return again, nil
}

// scanned prints the results and sets the exit code.
func (c *cli) scanned(inv *inventory, ids []data.HostID, results map[data.HostID]*scanned, now time.Time) error {
	list, code := []scanResultJSON{}, exitOK
	var rows [][]any
	for _, id := range ids {
		r := results[id]
		j, resultCode := asScanResultJSON(inv.hostName(id), r)
		code = worseCode(code, resultCode)
		list = append(list, j)
		if j.Verdict == nil {
			rows = append(rows, []any{j.Host, cell{j.Result, bad}, "-", data.Unknown, j.Error.Title + ": " + j.Error.Sentence})
			continue
		}
		tone := good
		if j.Result != "scanned" {
			tone = puzzle
		}
		rows = append(rows, []any{j.Host, cell{j.Result, tone}, missingCell(*j.Verdict), j.Verdict.Compliance, capital(j.Verdict.Because)})
	}
	err := c.out.show(list, func(p *page) {
		if c.out.quiet && code == exitOK {
			return
		}
		p.table("host|scan|missing|status|why", rows)
		for _, j := range list {
			if j.Key != nil {
				p.gap()
				p.line("%s shows a %s nobody has vouched for: %s", j.Host, identity(j.Key.Type), j.Key.Fingerprint)
				p.line("Compare it on the host's console, then: stctl host accept-key %s --fingerprint %s", j.Host, j.Key.Fingerprint)
				continue
			}
			if j.Error != nil && j.Error.Next != "" {
				p.gap()
				p.line("%s: %s. %s", j.Host, j.Error.Title, j.Error.Next)
			}
			if j.Scan != nil && !j.Scan.Trusted {
				p.gap()
				p.line("%s: its scan proves nothing: %s", j.Host, unproven(j.Host, *j.Scan))
			}
		}
		if noStandard(list) {
			p.gap()
			p.line("%s", chooseStandard)
		}
	})
	if err != nil {
		return err
	}
	return asError(code)
}

// unproven says why a scan proves nothing, and what to do about it. The first
// reason is enough: the others often follow from it.
func unproven(host string, s scanJSON) string {
	for _, pr := range s.Problems {
		if !pr.Untrusted {
			continue
		}
		next := "Mend that on the host, then scan it again."
		switch pr.Kind {
		case data.MetadataMissing, data.SourceExpired:
			next = "Let it fetch its lists: stctl scan " + shellWord(host) + " --refresh"
			if s.Platform == data.WindowsUpdate {
				next = "Have it ask its update source: stctl scan " + shellWord(host) + " --refresh"
			}
		case data.SourceUnreachable:
			next = "Find out there why the source does not answer, then: stctl scan " + shellWord(host) + " --refresh"
		case data.PlatformBusy:
			next = "Scan it again when that has ended."
		}
		return strings.TrimSuffix(fmt.Sprintf("%s, %s", pr.Kind, pr.Detail), ".") + ". " + next
	}
	return "it does not say why. Scan it again."
}

// chooseStandard is what to do where nothing is judged.
const chooseStandard = `No standard is in force, so nothing can be called compliant: "stctl standard templates" lists those to begin with, "stctl standard use" takes one.`

// noStandard reports whether hosts were scanned and not judged.
func noStandard(list []scanResultJSON) bool {
	return slices.ContainsFunc(list, func(j scanResultJSON) bool { return j.Verdict != nil && j.Verdict.Version == 0 })
}

func asScanResultJSON(name string, r *scanned) (scanResultJSON, int) {
	j := scanResultJSON{Host: name, Result: "scanned", Accepted: r.accepted, Seconds: float64(r.Took.Milliseconds()) / 1000}
	if r.Err != nil {
		j.Result, j.Error = "failed", hostWords(r.Err)
		if r.Host.Reach == data.ReachWinRM && errors.Is(r.Err, remote.ErrLoginRefused) {
			j.Error.Next = "See what it may be: stctl doctor HOST. Keep its password anew: stctl secret set login HOST"
		}
		j.Error.Next = strings.ReplaceAll(j.Error.Next, "HOST", shellWord(name))
		var key *remote.HostKeyUnknownError
		if errors.As(r.Err, &key) {
			k := asKeyJSON(key, false)
			j.Key = &k
		}
		return j, exitFailed
	}
	v := asVerdictJSON(r.Verdict, r.Scan.At)
	j.Verdict, j.Scan = &v, asScanJSON(r.Scan)
	if !r.Scan.Trusted() {
		j.Result = "proves nothing"
		return j, exitUnknown
	}
	return j, exitOK
}
