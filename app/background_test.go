package app

import (
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
)

func TestBackgroundIsReadFromTheNewestScanOfWindowsOnly(t *testing.T) {
	d, _, now := newOffice(t)
	ids := addHosts(t, d, "win1", "web1", "win2", "new")
	evidence := []data.Evidence{{Name: "Windows Update as SYSTEM", Output: `{"kind":"scan","finished":true,"code":2,"history":[
		{"id":"a","revision":1,"title":"X (KB5044281)","at":"2026-11-14T03:00:00Z","operation":1,"code":4,"hresult":"0x80070070"}]}`}}
	save := func(id data.HostID, p data.Platform, e []data.Evidence) {
		t.Helper()
		*now = now.Add(time.Minute)
		_, err := d.DB.SaveScan(t.Context(), data.Scan{Host: id, At: *now, Platform: p, Evidence: e}, data.AuditEntry{At: *now, By: "t", Verb: "scan saved"}, nil)
		must(t, err)
	}
	save(ids[0], data.WindowsUpdate, nil)
	save(ids[0], data.WindowsUpdate, evidence)
	save(ids[1], data.APT, evidence)
	save(ids[2], data.WindowsUpdate, evidence)
	save(ids[2], data.WindowsUpdate, nil)
	for i, want := range []string{"KB5044281 · X (KB5044281): failed: the disk is full (0x80070070)", "", "the scan kept no answer of Windows Update", ""} {
		b, err := d.Background(t.Context(), ids[i])
		must(t, err)
		got := b.Because
		for _, p := range b.History {
			got += PastText(p)
		}
		if got != want || b.Known != strings.HasPrefix(want, "KB") {
			t.Errorf("host %d: %+v, want %q", i, b, want)
		}
	}
}

func TestReplacedAndTriedAreSaidInSentences(t *testing.T) {
	at := time.Date(2026, 5, 14, 3, 10, 0, 0, time.UTC)
	b := data.Background{
		Replaces: map[string]data.Replaced{"x.1": {Names: []string{"KB1", "KB2"}, More: 31}},
		Tried:    map[string]data.Past{"x.1": {At: at, By: "UpdateOrchestrator", Result: "failed: the disk is full (0x80070070)"}},
	}
	want := "Tried on 2026-05-14 03:10 UTC by UpdateOrchestrator: failed: the disk is full (0x80070070). Replaces KB1, KB2 and 31 others."
	if got := strings.Join(BackgroundTexts(b, data.Update{Available: "x.1"}), " "); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := BackgroundTexts(b, data.Update{Available: "x.2"}); got != nil {
		t.Errorf("another revision: %q", got)
	}
	for text, r := range map[string]data.Replaced{"KB1": {Names: []string{"KB1"}}, "KB1 and 1 other": {Names: []string{"KB1"}, More: 1}, "1 older update": {More: 1}, "1 200 older updates": {More: 1200}} {
		if got := ReplacedText(r); strings.ReplaceAll(got, "\u202f", " ") != text && strings.ReplaceAll(got, ",", " ") != text {
			t.Errorf("%q, want %q", got, text)
		}
	}
}

// What Windows took back is missing still, and a run that brought something else
// in, or only rebooted, does not make it good.
func TestARollbackIsRememberedWhateverWentInLater(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	p, err := s.DB.Plan(t.Context(), s.plan)
	must(t, err)
	_, err = s.DB.SaveScan(t.Context(), data.Scan{Host: s.host, At: s.Now(), Platform: data.WindowsUpdate}, s.entry("scan saved", "", "", change{}), nil)
	must(t, err)
	for _, run := range []data.Run{
		{Outcome: data.OutcomeFailed, Ended: night, RolledBack: []data.Target{{Name: "KB1", To: "a.200"}}},
		{Outcome: data.OutcomeFailed, Ended: night.Add(time.Hour), RolledBack: []data.Target{{Name: "KB1", To: "a.200"}}},
		{Outcome: data.OutcomeSucceeded, Ended: night.Add(2 * time.Hour)},
	} {
		run.Host, run.Step, run.Attempt = s.host, data.StepEnded, 1
		_, err := s.DB.SaveRollout(t.Context(), data.Rollout{Plan: p.ID, Started: s.Now(), Ended: s.Now(), Reason: "r", State: data.RolloutDone}, []data.Run{run}, s.entry("rollout started", "", "", change{}))
		must(t, err)
	}
	b, err := s.Background(t.Context(), s.host)
	must(t, err)
	if got := b.Tried["a.200"]; !got.At.Equal(night.Add(time.Hour)) || got.Result != "rolled back by Windows during the reboot" {
		t.Errorf("it remembers %+v", b.Tried)
	}
}
