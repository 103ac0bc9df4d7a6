package app

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
)

func TestHostsWithoutAVerdictThatHoldsAreUnknown(t *testing.T) {
	hosts := []data.Host{{ID: 1, Technology: "Debian"}, {ID: 2, Technology: "Debian"}, {ID: 3, Technology: "Debian"}, {ID: 4, Technology: "alpine"}, {ID: 5}}
	verdicts := map[data.HostID]data.HostVerdict{
		1: {Compliance: data.Compliant, ValidUntil: judgeNow.Add(time.Hour)},
		2: {Compliance: data.Compliant, ValidUntil: judgeNow.Add(-time.Hour)}, // nobody looked again
		4: {Compliance: data.Overdue, Missing: 3, Counts: map[data.Compliance]int{data.Overdue: 2, data.Compliant: 1}},
		5: {Compliance: data.DueSoon},
	}
	got := Totals(hosts, verdicts, judgeNow, ByTechnology)
	if len(got) != 3 || got[0].Name != "" || got[1].Name != "alpine" || got[2].Name != "Debian" {
		t.Fatalf("%+v", got)
	}
	if c := got[2].Counts; c[data.Compliant] != 1 || c[data.Unknown] != 2 || got[2].Share.Value != 1.0/3 || got[2].Share.N != 3 {
		t.Errorf("Debian: %+v", got[2])
	}
	if got[1].Missing != 3 || got[1].Overdue != 2 || got[1].Share.Value != 0 || got[0].Share.Value != 1 {
		t.Errorf("%+v", got)
	}
	if s := got[2].Share.Sentence; s != "1 of 3 hosts compliant, 0 of them with something due soon; 0 overdue, 2 unknown and 0 excepted not counted as compliant." {
		t.Error(s)
	}
}

func TestTimesNameWhatTheyWereTakenFrom(t *testing.T) {
	closed := func(days float64, released bool) data.Closed {
		c := data.Closed{FirstSeen: judgeNow, ClosedAt: judgeNow.Add(time.Duration(days*24) * time.Hour)}
		if released {
			c.Update.Released = judgeNow.Add(-2 * judgeDay)
		}
		return c
	}
	mean, median := Latency([]data.Closed{closed(1, true), closed(3, true), closed(11, false)}, judgeNow)
	if median.Value != 5 || mean.Value != 19.0/3 || mean.N != 3 || !strings.Contains(mean.Sentence, "for 1 of them the release is not known") {
		t.Errorf("%+v, %+v", mean, median)
	}
	mean, median = MTTR([]data.Closed{closed(1, true), closed(4, true)}, []time.Time{judgeNow.Add(-10 * judgeDay)}, judgeNow)
	if mean.Value != 2.5 || median.Value != 2.5 || mean.Sentence != "Mean over 2 updates remediated; 1 still missing not in it, 10.0 days old on average." {
		t.Errorf("%+v, %+v", mean, median)
	}
	if mean, _ := MTTR(nil, nil, judgeNow); mean.Known() || !strings.HasPrefix(mean.Sentence, "Mean over 0 updates") {
		t.Errorf("of nothing: %+v", mean)
	}
}

func TestOverdueWorkCountsAgainstTheOnTimeRate(t *testing.T) {
	closed := []data.Closed{
		{ClosedAt: judgeNow, Due: judgeNow}, {ClosedAt: judgeNow, Due: judgeNow.Add(-time.Second)}, {ClosedAt: judgeNow},
	}
	f := OnTime(closed, 2, judgeNow)
	if f.Value != 0.25 || f.N != 4 || f.Sentence != "1 installed in time, 1 late, 2 overdue and still missing; 1 without a deadline not counted." {
		t.Errorf("%+v", f)
	}
}

func TestCoverageAndRebootDebtLeaveNothingOut(t *testing.T) {
	hosts := []data.Host{{ID: 1, Name: "a"}, {ID: 2, Name: "b"}, {ID: 3, Name: "c"}, {ID: 4, Name: "d"}}
	verdicts := map[data.HostID]data.HostVerdict{
		1: {ScanAt: judgeNow.Add(-judgeDay), Compliance: data.Compliant, RebootFrom: judgeNow.Add(-36 * time.Hour)},
		2: {ScanAt: judgeNow.Add(-7 * judgeDay), Compliance: data.Unknown},
		3: {ScanAt: judgeNow.Add(judgeDay), Compliance: data.Unknown},
	}
	if f := Coverage(hosts, verdicts, data.Standard{}, judgeNow); f.Value != 0.25 || f.Sentence != "1 of 4 hosts scanned within the last 7 days; 1 was never scanned." {
		t.Errorf("%+v", f)
	}
	verdicts[4] = data.HostVerdict{ScanAt: judgeNow, Compliance: data.Unknown}
	if f := Coverage(hosts, verdicts, data.Standard{}, judgeNow); !strings.Contains(f.Sentence, "0 were never scanned. 1 of those scanned is unknown all the same") {
		t.Errorf("a scan that proves nothing is not told: %s", f.Sentence)
	}
	delete(verdicts, 4)
	if f := RebootDebt(hosts, verdicts, judgeNow); f.Value != 1 || f.N != 1 || f.Sentence != "1 of 1 host waiting for a reboot, a for longest (1.5 days); 3 unknown not counted." {
		t.Errorf("%+v", f)
	}
}

func TestTrendKeepsAStateUntilItChanges(t *testing.T) {
	zone := time.FixedZone("east", 3*3600)
	hosts := []data.Host{{ID: 1}, {ID: 2}, {ID: 3}}
	day := func(n int) time.Time { return time.Date(2026, 11, n, 12, 0, 0, 0, time.UTC) }
	points := []data.Point{
		{Host: 1, At: day(1), Compliance: data.Compliant},
		{Host: 2, At: day(11), Compliance: data.DueSoon, Missing: 4},
		{Host: 1, At: time.Date(2026, 11, 12, 22, 0, 0, 0, time.UTC), Compliance: data.Overdue, Missing: 2, Overdue: 1}, // the 13th in zone
	}
	got := Trend(hosts, points, day(10), day(13), zone)
	var text []string
	for _, d := range got {
		text = append(text, fmt.Sprintf("%d: %d compliant %d due soon %d overdue %d unknown, %d missing",
			d.Date.Day, d.Counts[data.Compliant], d.Counts[data.DueSoon], d.Counts[data.Overdue], d.Counts[data.Unknown], d.Missing))
	}
	want := `10: 1 compliant 0 due soon 0 overdue 1 unknown, 0 missing
11: 1 compliant 1 due soon 0 overdue 1 unknown, 4 missing
12: 1 compliant 1 due soon 0 overdue 1 unknown, 4 missing
13: 0 compliant 1 due soon 1 overdue 1 unknown, 6 missing`
	if s := strings.Join(text, "\n"); s != want {
		t.Errorf("got\n%s\nwant\n%s", s, want)
	}
}
