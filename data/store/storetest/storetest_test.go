package storetest

import (
	"path/filepath"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
)

// shop opens a filled workspace.
func shop(t testing.TB, hosts, missing int) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "a shop?.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	if err := Fill(t.Context(), db, hosts, missing); err != nil {
		t.Fatal(err)
	}
	return db
}

func TestFilledShopIsSound(t *testing.T) {
	const hosts, missing = 250, 30
	db := shop(t, hosts, missing)
	if err := db.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := db.VerifyAudit(t.Context()); err != nil {
		t.Error(err)
	}
	all, err := db.Hosts(t.Context())
	if err != nil || len(all) != hosts {
		t.Fatalf("%d hosts, %v", len(all), err)
	}
	untrusted := 0
	for _, h := range all {
		s, err := db.LatestScan(t.Context(), h.ID)
		if err != nil {
			t.Fatal(err)
		}
		if len(s.Updates) != missing || len(s.Installed) == 0 || s.At.After(Now) || s.At.Before(Now.Add(-26*time.Hour)) {
			t.Fatalf("%s: %d updates, %d packages, at %v", h.Name, len(s.Updates), len(s.Installed), s.At)
		}
		if !s.Trusted() {
			untrusted++
		}
	}
	if untrusted != hosts/50 {
		t.Errorf("%d untrusted scans, want %d", untrusted, hosts/50)
	}
	n := 0
	err = db.EachMissing(t.Context(), func(m data.Missing) error {
		if n++; m.Since.After(m.LastSeen) || m.Update.Name == "" {
			t.Fatalf("missing %+v", m)
		}
		return nil
	})
	if err != nil || n != hosts*missing {
		t.Errorf("%d missing, %v", n, err)
	}
	if v, err := db.HostVerdicts(t.Context()); err != nil || len(v) != hosts {
		t.Errorf("%d verdicts, %v", len(v), err)
	}
}

// A filled shop goes on like a grown one: a scan closes a copy's episodes.
func TestCopiedHostIsScannedOn(t *testing.T) {
	db := shop(t, 60, 10)
	all, err := db.Hosts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	last := all[len(all)-1].ID
	if _, err := db.SaveScan(t.Context(), data.Scan{Host: last, At: Now}, entry("scan saved"), nil); err != nil {
		t.Fatal(err)
	}
	if m, err := db.Missing(t.Context(), last); err != nil || len(m) != 0 {
		t.Errorf("missing %v, %v", m, err)
	}
	if c, err := db.Closed(t.Context(), Now); err != nil || len(c) != 10 {
		t.Errorf("closed %v, %v", c, err)
	}
}
