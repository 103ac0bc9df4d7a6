package store

import (
	"testing"
	"time"

	"secondtuesday/data"
)

func TestFailedScanIsShownUntilAGoodOne(t *testing.T) {
	db := newDB(t)
	h := addHost(t, db, "web1")
	ok(t, db.SaveScanFailure(t.Context(), data.ScanFailure{Host: h, At: day, Error: "host is unreachable"}, entry("scan failed")))
	ok(t, db.SaveScanFailure(t.Context(), data.ScanFailure{Host: h, At: day.Add(time.Minute), Error: "login refused"}, entry("scan failed")))
	got := must(db.ScanFailures(t.Context()))(t)
	if want := (data.ScanFailure{Host: h, At: day.Add(time.Minute), Error: "login refused"}); len(got) != 1 || got[h] != want {
		t.Errorf("failures %v, want %v", got, want)
	}
	must(db.SaveScan(t.Context(), data.Scan{Host: h, At: day.Add(time.Hour)}, entry("host scanned"), nil))(t)
	if got := must(db.ScanFailures(t.Context()))(t); len(got) != 0 {
		t.Errorf("after a good scan still %v", got)
	}
	wantErr(t, db.SaveScanFailure(t.Context(), data.ScanFailure{Host: 999, At: day}, entry("scan failed")), ErrNotFound)
}

func TestPendingRebootIsCountedFromItsFirstScan(t *testing.T) {
	db := newDB(t)
	h := addHost(t, db, "web1")
	kernel := []data.RebootReason{{Source: "kernel"}}
	want := time.Time{}
	for i, s := range []struct {
		boot   string
		reboot []data.RebootReason
		known  bool
		since  int // scan that counts; -1: none
	}{
		{"a", nil, true, -1},
		{"a", kernel, true, 1},
		{"a", kernel, true, 1},
		{"a", nil, false, -1}, // could not look
		{"a", kernel, true, 1},
		{"a", nil, true, -1},
		{"a", kernel, true, 6},
		{"b", kernel, true, 7}, // rebooted, and pending again
	} {
		must(db.SaveScan(t.Context(), data.Scan{Host: h, At: day.Add(time.Duration(i) * time.Hour), BootID: s.boot, Reboot: s.reboot, RebootKnown: s.known}, entry("host scanned"), nil))(t)
		for _, who := range []data.HostID{0, h} {
			got := must(db.RebootSince(t.Context(), who))(t)
			if want = day.Add(time.Duration(s.since) * time.Hour); s.since < 0 {
				want = time.Time{}
			}
			if !got[h].Equal(want) {
				t.Errorf("scan %d: pending since %s, want %s", i, got[h], want)
			}
		}
	}
}

// A desk's clock that was set back gives the scan after a reboot an earlier time
// than the one before: that one speaks for the host until the time is made up.
func TestPendingRebootIsReadWhereTheNewestScanCameLate(t *testing.T) {
	db := newDB(t)
	h := addHost(t, db, "win1")
	save := func(at time.Time, boot string, reboot ...data.RebootReason) {
		t.Helper()
		must(db.SaveScan(t.Context(), data.Scan{Host: h, At: at, BootID: boot, Reboot: reboot, RebootKnown: true}, entry("host scanned"), nil))(t)
	}
	save(day, "a", data.RebootReason{Source: "servicing"})
	save(day.Add(-59*time.Minute), "b")
	if got := must(db.RebootSince(t.Context(), 0))(t); !got[h].Equal(day) {
		t.Errorf("pending since %s, want %s", got[h], day)
	}
	save(day.Add(time.Minute), "b")
	if got := must(db.RebootSince(t.Context(), 0))(t); len(got) != 0 {
		t.Errorf("rebooted, and pending since %s", got[h])
	}
}
