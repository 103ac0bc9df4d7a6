package app

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/remote/winupdate"
)

// Background reads what the evidence of a host's newest scan tells beside the
// scan: of Windows its own history of updates, and what missing updates replace.
// What a run of this workspace saw Windows take back is among what was tried,
// also where Windows' history is silent on it. Of other hosts nothing is known,
// without a reason.
func (d *Desk) Background(ctx context.Context, host data.HostID) (data.Background, error) {
	runs, err := d.undone(ctx)
	if err != nil {
		return data.Background{}, err
	}
	return d.background(ctx, host, runs)
}

func (d *Desk) background(ctx context.Context, host data.HostID, undone []data.Run) (data.Background, error) {
	scans, err := d.DB.Scans(ctx, host, 1)
	if err != nil || len(scans) == 0 || scans[0].Platform != data.WindowsUpdate {
		return data.Background{}, err
	}
	all, err := d.DB.Evidence(ctx, scans[0].ID)
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return data.Background{}, err
	}
	b := winupdate.Background(all)
	b.Certificate = readCertificate(all)
	for _, r := range undone {
		if r.Host != host {
			continue
		}
		if b.Tried == nil {
			b.Tried = map[string]data.Past{}
		}
		for _, t := range r.RolledBack {
			if _, told := b.Tried[t.To]; !told {
				b.Tried[t.To] = data.Past{At: r.Ended, Name: t.Name, Title: t.Title, Version: t.To, By: "Second Tuesday", Failed: true,
					Result: "rolled back by Windows during the reboot", Times: 1}
			}
		}
	}
	return b, nil
}

// undoneFor is for how long a run that Windows undid is remembered: an update is
// replaced by the next month's before.
const undoneFor = 92 * 24 * time.Hour

// undone returns the runs that Windows undid, the newest first. Whether another
// has made one good needs no asking: what is in is not missing.
func (d *Desk) undone(ctx context.Context) ([]data.Run, error) {
	return d.DB.RolledBack(ctx, d.Now().Add(-undoneFor))
}

// ReplacedText names what an update replaces: "KB5040437, KB5041160 and 31 others".
func ReplacedText(r data.Replaced) string {
	switch names := strings.Join(r.Names, ", "); {
	case r.More == 0:
		return names
	case names == "":
		return counted(r.More, "older update")
	case r.More == 1:
		return names + " and 1 other"
	default:
		return fmt.Sprintf("%s and %s others", names, thousands(r.More))
	}
}

// TriedText says that an update that is missing was tried: "tried on
// 2026-05-14 03:10 UTC by UpdateOrchestrator: failed: … (0x80070643)".
func TriedText(p data.Past) string {
	text := "tried"
	if !p.At.IsZero() {
		text += " on " + Moment(p.At)
	}
	if p.By != "" {
		text += " by " + p.By
	}
	return text + ": " + p.Result
}

// BackgroundTexts are sentences on a missing update: what it replaces, and that
// it failed there.
func BackgroundTexts(b data.Background, u data.Update) []string {
	var out []string
	if p, ok := b.Tried[u.Available]; ok {
		out = append(out, sentence(TriedText(p)))
	}
	if r, ok := b.Replaces[u.Available]; ok {
		out = append(out, sentence("replaces "+ReplacedText(r)))
	}
	return out
}

// PastText is a line of a host's own history without its time.
func PastText(p data.Past) string {
	text := data.Update{Name: p.Name, Title: p.Title}.Label() + ": " + p.Result
	if p.Times > 1 {
		text += fmt.Sprintf(" (%d times)", p.Times)
	}
	if p.By != "" {
		text += ", by " + p.By
	}
	return text
}
