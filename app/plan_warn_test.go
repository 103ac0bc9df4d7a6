package app

import (
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
)

// A WSUS that has been silent for weeks makes the verdict unknown, and whoever
// plans there is told in the verdict's own words.
func TestAPlanWarnsOfASilentSourceAsTheVerdictDoes(t *testing.T) {
	d, _, now := newOffice(t)
	host := addHosts(t, d, "win1")[0]
	part := data.Plan{Name: "n", Hosts: []data.PlanHost{{Host: host, Changes: data.Changes{Upgrade: []data.Target{{Name: "KB1", To: "a.1"}}}}}}
	scanned := func(answered time.Duration) data.HostVerdict {
		t.Helper()
		*now = now.Add(time.Minute)
		s := data.Scan{Host: host, At: *now, HostNow: *now, Platform: data.WindowsUpdate, MetadataAt: now.Add(-answered), RebootKnown: true, Source: "WSUS http://wsus.shop.example:8530"}
		_, err := d.DB.SaveScan(t.Context(), s, data.AuditEntry{At: *now, By: "t", Verb: "scan saved"}, nil)
		must(t, err)
		_, v, err := d.Verdicts(t.Context(), host)
		must(t, err)
		return v
	}
	scanned(time.Hour)
	if ws, err := d.PlanWarnings(t.Context(), part); err != nil || len(ws) != 0 {
		t.Errorf("a source that answers: %+v, %v", ws, err)
	}
	v := scanned(21 * 24 * time.Hour)
	ws, err := d.PlanWarnings(t.Context(), part)
	must(t, err)
	if len(ws) != 1 || ws[0].Update != "" || !strings.Contains(ws[0].Why, "(WSUS http://wsus.shop.example:8530) answered last on") || !strings.Contains(v.Because, strings.TrimPrefix(ws[0].Why, "the host's")) {
		t.Errorf("the plan warns of %+v, the verdict says %q", ws, v.Because)
	}
	part.Hosts[0].Host = 99
	if ws, err := d.PlanWarnings(t.Context(), part); err != nil || len(ws) != 0 {
		t.Errorf("a host that is gone: %+v, %v", ws, err)
	}
}
