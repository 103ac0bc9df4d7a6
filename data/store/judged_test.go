package store

import (
	"testing"
	"time"

	"secondtuesday/data"
)

// judged saves a scan and returns what its judge was told; nil when it was not
// asked.
func (l hostLife) judged(s data.Scan, j Judgement) *Finding {
	l.t.Helper()
	s.Host = l.host
	var found *Finding
	must(l.db.SaveScan(l.t.Context(), s, entry("host scanned"), func(f Finding) Judgement {
		found = &f
		return j
	}))(l.t)
	return found
}

func TestJudgeOfAScanIsToldWhatTheWorkspaceHoldsThen(t *testing.T) {
	l := newHostLife(t)
	old, other := update("3.0.2", data.Security, data.High), data.Update{Name: "curl", Arch: "amd64", Available: "8.1"}
	found := l.judged(data.Scan{At: hour(0), BootID: "a", Updates: []data.Update{old, other}}, Judgement{Verdict: data.HostVerdict{Host: l.host}})
	same(t, must(l.db.Missing(t.Context(), l.host))(t), found.Missing)
	if len(found.Missing) != 2 || len(found.Gone) != 0 || len(found.Standards) != 0 || !found.RebootSince.IsZero() {
		t.Errorf("the first scan finds %+v", found)
	}
	std := data.Standard{Name: "ours"}
	must(l.db.SaveStandard(t.Context(), std, entry("standard saved")))(t)
	mine := data.Exception{Host: l.host, Update: "curl", RequestedBy: "owner", Expires: hour(900)}
	all := data.Exception{Update: "openssl", RequestedBy: "owner", Expires: hour(900)}
	their := mine
	their.Host = must(l.db.SaveHosts(t.Context(), []data.Host{{Name: "other"}}, entry("host added")))(t)[0]
	for _, e := range []data.Exception{mine, all, their} {
		must(l.db.SaveException(t.Context(), e, entry("exception saved")))(t)
	}
	pending := data.Scan{At: hour(1), BootID: "a", RebootKnown: true, Reboot: []data.RebootReason{{Source: "kernel"}}, Updates: []data.Update{old}, Problems: unreachable}
	found = l.judged(pending, Judgement{Verdict: data.HostVerdict{Host: l.host}})
	same(t, must(l.db.Missing(t.Context(), l.host))(t), found.Missing) // untrusted: curl is still missing
	if len(found.Missing) != 2 || len(found.Gone) != 0 || len(found.Standards) != 1 || len(found.Exceptions) != 2 || !found.RebootSince.Equal(hour(1)) {
		t.Errorf("the untrusted scan finds %+v", found)
	}
	must(l.db.SaveStandard(t.Context(), std, entry("standard saved")))(t)
	before := must(l.db.Missing(t.Context(), l.host))(t)
	pending.At, pending.Problems = hour(2), nil
	found = l.judged(pending, Judgement{Verdict: data.HostVerdict{Host: l.host}, Due: []time.Time{hour(7)}})
	if len(found.Missing) != 1 || len(found.Standards) != 2 || found.Standards[0].Version != 2 || !found.RebootSince.Equal(hour(1)) {
		t.Errorf("the third scan finds %+v", found)
	}
	same(t, before[:1], found.Gone)
	closed := must(l.db.Closed(t.Context(), hour(2)))(t)
	if len(closed) != 1 || closed[0].Update.Name != "curl" || !closed[0].Due.Equal(hour(7)) {
		t.Errorf("closed are %+v", closed)
	}
}

func TestScanAndVerdictAreSavedTogetherOrNotAtAll(t *testing.T) {
	l := newHostLife(t)
	v := data.HostVerdict{Host: l.host, Compliance: data.Overdue, ScanAt: hour(0)}
	l.judged(data.Scan{At: hour(0), Updates: []data.Update{update("3.0.2", data.Security, data.High)}}, Judgement{Verdict: v, Point: data.Point{Host: l.host, At: hour(0), Compliance: data.Overdue}})
	stored := must(l.db.HostVerdicts(t.Context()))(t)
	if len(stored) != 1 || stored[0].Compliance != data.Overdue {
		t.Fatalf("stored is %+v", stored)
	}
	v.Compliance = data.Compliant
	_, err := l.db.SaveScan(t.Context(), data.Scan{Host: l.host, At: hour(1)}, data.AuditEntry{}, func(Finding) Judgement { return Judgement{Verdict: v, Due: []time.Time{{}}} })
	if err == nil {
		t.Fatal("a scan without an audit entry was saved")
	}
	same(t, stored, must(l.db.HostVerdicts(t.Context()))(t))
	l.missing("openssl 3.0.2 0 0 0")
	if found := l.judged(data.Scan{At: hour(0).Add(-time.Minute)}, Judgement{Verdict: v}); found != nil {
		t.Errorf("a scan that was overtaken was judged: %+v", found)
	}
	same(t, stored, must(l.db.HostVerdicts(t.Context()))(t))
}
