package wire

import (
	"path/filepath"
	"testing"

	"secondtuesday/app"
	"secondtuesday/data"
)

func TestPracticeShopIsScannedOverRealSSH(t *testing.T) {
	dir := t.TempDir()
	off, err := Open(t.Context(), Options{Practice: true, PracticeDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := off.Close(); err != nil {
			t.Error(err)
		}
	})
	hosts, err := off.Desk.DB.Hosts(t.Context())
	if err != nil || len(hosts) < 12 {
		t.Fatalf("%d hosts, %v", len(hosts), err)
	}
	var ids []data.HostID
	for _, h := range hosts {
		ids = append(ids, h.ID)
	}
	missing := 0
	err = off.Desk.Scan(t.Context(), ids, false, func(r app.ScanResult) {
		missing += r.Verdict.Missing
		t.Logf("%-10s %-10s %3d missing, trusted %v, took %v: %s %v", r.Host.Name, r.Verdict.Compliance, r.Verdict.Missing, r.Scan.Trusted(), r.Took, r.Verdict.Because, r.Err)
	})
	if err != nil || missing == 0 {
		t.Errorf("%d missing, %v", missing, err)
	}
}

func TestWorkspaceIsMadeWhereNoneIs(t *testing.T) {
	t.Setenv("XDG_DATA_HOME", t.TempDir())
	path := filepath.Join(t.TempDir(), "new folder", "shop.db")
	off, err := Open(t.Context(), Options{Workspace: path})
	if err != nil {
		t.Fatal(err)
	}
	if err := off.Close(); err != nil {
		t.Error(err)
	}
}
