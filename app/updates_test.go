package app

import (
	"context"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/data/store/storetest"
)

// updatesDesk is a desk on a made-up shop under the first template.
func updatesDesk(t *testing.T, hosts, missing int) *Desk {
	t.Helper()
	ctx := context.Background()
	db, err := store.Open(ctx, filepath.Join(t.TempDir(), "w.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	d := &Desk{DB: db, Now: func() time.Time { return storetest.Now }, By: "anna@desk1"}
	std := Templates()[0]
	if _, err := d.SaveStandard(ctx, std); err != nil {
		t.Fatal(err)
	}
	if err := storetest.Fill(ctx, db, hosts, missing); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestUpdateVerdictsAreThoseOfTheHosts(t *testing.T) {
	d := updatesDesk(t, 60, 12)
	ctx := context.Background()
	rows, err := d.Updates(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) < 12 {
		t.Fatalf("only %d updates", len(rows))
	}
	for _, r := range rows[:12] {
		got, err := d.UpdateVerdicts(ctx, r.Name)
		if err != nil {
			t.Fatal(err)
		}
		var hosts []data.HostID
		for _, h := range got {
			hosts = append(hosts, h.Host.ID)
			all, _, err := d.Verdicts(ctx, h.Host.ID)
			if err != nil {
				t.Fatal(err)
			}
			i := slices.IndexFunc(all, func(v data.Verdict) bool { return v.Update.Key() == h.Verdict.Update.Key() })
			if i < 0 {
				t.Fatalf("%s does not lack %s", h.Host.Name, r.Name)
			}
			if diff := cmp.Diff(all[i], h.Verdict); diff != "" {
				t.Errorf("%s on %s is judged otherwise alone (-host +update):\n%s", r.Name, h.Host.Name, diff)
			}
			if h.Verdict.Because == "" {
				t.Errorf("%s on %s says no reason", r.Name, h.Host.Name)
			}
		}
		slices.Sort(hosts)
		if !slices.Equal(hosts, r.Hosts) {
			t.Errorf("%s: hosts %v, but the row says %v", r.Name, hosts, r.Hosts)
		}
		if !slices.Equal(r.Keys, []string{r.Name + ":amd64"}) || r.Released.IsZero() {
			t.Errorf("%s: keys %v, released %v", r.Name, r.Keys, r.Released)
		}
	}
	if got, err := d.UpdateVerdicts(ctx, "nobody-has-this"); err != nil || len(got) != 0 {
		t.Errorf("an update that nobody lacks: %v, %v", got, err)
	}
}
