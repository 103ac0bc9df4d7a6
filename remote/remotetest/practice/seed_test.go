package practice

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
)

func TestHistoryLeadsUpToThePresent(t *testing.T) {
	s := open(t, t.TempDir())
	hist := s.History()
	if d := cmp.Diff(hist, s.History()); d != "" {
		t.Errorf("the same shop has another history: %s", d)
	}
	last := map[data.HostID]data.Scan{}
	closed := map[data.HostID]int{}
	for _, scan := range hist.Scans {
		before, ok := last[scan.Host]
		if ok && scan.At.Before(before.At) {
			t.Fatalf("scans are out of order")
		}
		for _, u := range before.Updates {
			still := false
			for _, x := range scan.Updates {
				still = still || x.Key() == u.Key() && x.Available == u.Available
			}
			if !still && scan.Trusted() {
				closed[scan.Host]++
			}
		}
		last[scan.Host] = scan
	}
	for i, d := range windowsCompany() {
		id := data.HostID(len(company()) + i + 1)
		scan, ok := last[id]
		lacks := 0
		for _, o := range d.known(s.patchDays(), scan.At) {
			if o.In.IsZero() || o.Waits {
				lacks++
			}
		}
		switch {
		case d.Key == "unknown":
			if ok {
				t.Errorf("%s was scanned although nobody vouched for its certificate", d.Name)
			}
		case d.Silent > 0:
			if scan.Trusted() {
				t.Errorf("%s has a dead WSUS and a trusted scan", d.Name)
			}
		case !scan.Trusted() || len(scan.Updates) != lacks || closed[id] < 2:
			t.Errorf("%s: problems %v, %d missing, want %d; %d went in", d.Name, scan.Problems, len(scan.Updates), lacks, closed[id])
		}
	}
	for i, h := range s.Hosts()[:len(company())] {
		scan, ok := last[data.HostID(i+1)]
		w := s.named(h.Name)
		switch {
		case w.def.Key == "unknown":
			if ok {
				t.Errorf("%s was scanned although nobody vouched for its key", h.Name)
			}
		case w.def.Key == "changed":
			if s.anchor.Sub(scan.At) < 10*24*time.Hour {
				t.Errorf("%s was scanned after its key changed", h.Name)
			}
		case w.def.DeadRepo != "":
			if scan.Trusted() {
				t.Errorf("%s has a dead repository and a trusted scan", h.Name)
			}
		default:
			if offers := w.offers(); len(scan.Updates) != len(offers) {
				t.Errorf("%s: the last scan of the history lacks %d, the world %d", h.Name, len(scan.Updates), len(offers))
			}
			if w.def.PatchedDays > 0 && closed[data.HostID(i+1)] < 3 {
				t.Errorf("%s: only %d updates went in", h.Name, closed[data.HostID(i+1)])
			}
		}
	}
	if len(hist.Plan.Hosts) < 3 || len(hist.Runs) != len(hist.Plan.Hosts) || len(hist.Windows) < 5 {
		t.Errorf("%d hosts, %d runs, %d windows", len(hist.Plan.Hosts), len(hist.Runs), len(hist.Windows))
	}
}

// What the history says last must be what a scan says next, or every clock of
// the standard would start anew.
func TestFirstRealScanGoesOnFromTheHistory(t *testing.T) {
	s := open(t, t.TempDir())
	last := map[string]data.Scan{}
	for _, scan := range s.History().Scans {
		last[s.Hosts()[scan.Host-1].Name] = scan
	}
	for _, name := range []string{"web1", "db1", "vpn", "erp", "suse-files", "lab-plots", "proxy"} {
		h := hostNamed(t, s, name)
		scan, err := platformOf(h).Scan(t.Context(), dial(t, s, name), false)
		if err != nil {
			t.Fatal(err)
		}
		was := map[string]data.Update{}
		for _, u := range last[name].Updates {
			was[u.Key()] = u
		}
		for _, u := range scan.Updates {
			if d := cmp.Diff(was[u.Key()], u); d != "" {
				t.Errorf("%s %s: history and scan differ: %s", name, u.Key(), d)
			}
		}
	}
}

func TestRenumberGivesAWorkspacesIDs(t *testing.T) {
	s := open(t, t.TempDir())
	var hosts []data.HostID
	for i := range s.Hosts() {
		hosts = append(hosts, data.HostID(100+i))
	}
	var groups []data.GroupID
	for i := range s.Groups() {
		groups = append(groups, data.GroupID(200+i))
	}
	h := s.History().Renumber(hosts, groups)
	if h.Scans[0].Host < 100 || h.Windows[0].Groups[0] < 200 || h.Exceptions[0].Host < 100 || h.Plan.Hosts[0].Host < 100 || h.Runs[0].Host < 100 || h.Freezes[0].Groups[0] < 200 {
		t.Error("an old number is left")
	}
	if s.History().Scans[0].Host >= 100 {
		t.Error("the history itself was changed")
	}
}
