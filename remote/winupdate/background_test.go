package winupdate

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
)

// line is an entry of the history.
func line(id, title, at string, code int, hresult string) map[string]any {
	return map[string]any{"id": id, "revision": 1, "title": title, "at": at, "operation": 1, "code": code, "hresult": hresult, "client": "UpdateOrchestrator"}
}

func background(change func(map[string]any)) data.Background {
	text := whole(change)
	f, err := readFound(text)
	if err != nil {
		panic(err)
	}
	return Background(f.evidence(text))
}

func TestHistorySaysInPlainWordsWhatBecameOfAnUpdate(t *testing.T) {
	old := strings.Replace(lcu, "8", "9", 1)
	b := background(func(f map[string]any) {
		removed := line(old, "Old (KB5040437)", "2026-11-15T03:00:00Z", 2, "0x00000000")
		removed["operation"] = 2
		f["history"] = []any{
			line(lcu, "2026-11 Cumulative Update (KB5044281)", "2026-11-14T03:00:00Z", 4, "0x800F0922"),
			line("1", "Defender - KB2267602 (Version 1.1)", "2026-11-16T01:00:00Z", 2, "0x00000000"),
			line("2", "Defender - KB2267602 (Version 1.2)", "2026-11-16T09:00:00Z", 2, "0x00000000"),
			removed,
			line(old, "A driver \x1b[31m", "2026-11-13T03:00:00Z", 5, "0x8024000B"),
			line(old, "Another", "2026-11-12T03:00:00Z", 4, "0x8FFFFFFF"),
			line(old, "Third", "2026-11-11T03:00:00Z", 9, ""),
		}
	})
	var got []string
	for _, p := range b.History {
		got = append(got, fmt.Sprintf("%s %s ×%d %v: %s", p.At.Format("02 15"), p.Name, p.Times, p.Failed, p.Result))
	}
	want := []string{
		"16 09 KB2267602 ×2 false: installed",
		"15 03 KB5040437 ×1 false: removed",
		"14 03 KB5044281 ×1 true: failed: the update was rolled back; often the system or boot partition is too small (0x800F0922)",
		"13 03 A driver ×1 true: aborted: cancelled on the host (0x8024000B)",
		"12 03 Another ×1 true: failed (0x8FFFFFFF)",
		"11 03 Third ×1 false: not known",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if p := b.Tried[lcu+".201"]; !p.At.Equal(time.Date(2026, 11, 14, 3, 0, 0, 0, time.UTC)) || p.By != "UpdateOrchestrator" || !p.Failed {
		t.Errorf("%+v", b.Tried)
	}
}

// What failed and went in later did not fail, and another revision of an update is the same one.
func TestTheLastAttemptCounts(t *testing.T) {
	for name, c := range map[string]struct {
		lines []any
		tried bool
	}{
		"never tried":     {nil, false},
		"failed":          {[]any{line(strings.ToUpper(lcu), "x", "2026-11-14T03:00:00Z", 4, "0x80070643")}, true},
		"then went in":    {[]any{line(lcu, "x", "2026-11-14T03:00:00Z", 4, "0x80070643"), line(lcu, "x", "2026-11-15T03:00:00Z", 2, "0x00000000")}, false},
		"failed again":    {[]any{line(lcu, "x", "2026-11-15T03:00:00Z", 4, "0x80070643"), line(lcu, "x", "2026-11-14T03:00:00Z", 2, "0x00000000")}, true},
		"another's":       {[]any{line("x", "x", "2026-11-14T03:00:00Z", 4, "0x80070643")}, false},
		"then under way":  {[]any{line(lcu, "x", "2026-11-14T03:00:00Z", 4, "0x80070643"), line(lcu, "x", "2026-11-15T03:00:00Z", 1, "")}, true},
		"several of them": {[]any{line(lcu, "x", "2026-11-13T03:00:00Z", 5, "0x8024000B"), line(lcu, "x", "2026-11-14T03:00:00Z", 4, "0x80070643")}, true},
	} {
		b := background(func(f map[string]any) { f["history"] = c.lines })
		if p, ok := b.Tried[lcu+".201"]; ok != c.tried || !b.Known {
			t.Errorf("%s: %+v", name, p)
		}
	}
}

func TestWhatAnUpdateReplacesIsNamedWhereTheHostToldOfIt(t *testing.T) {
	b := background(func(f map[string]any) {
		u := f["missing"].([]any)[0].(map[string]any)
		u["superseded"] = []any{strings.ToUpper(strings.Replace(lcu, "8", "9", 1)), "a", "b", "a", "c"}
		f["history"] = []any{line("c", "2026-08 (KB5030000)", "2026-08-14T03:00:00Z", 2, "")}
	})
	want := map[string]data.Replaced{lcu + ".201": {Names: []string{"KB5030000", "KB5040437"}, More: 2}}
	if d := cmp.Diff(want, b.Replaces); d != "" {
		t.Error(d)
	}
}

func TestBackgroundIsBoundedAndSurvivesAnAnswerThatIsCut(t *testing.T) {
	change := func(f map[string]any) {
		var lines []any
		for i := range 100 {
			lines = append(lines, line(lcu, fmt.Sprintf("Update %d", i), "2026-11-14T03:00:00Z", 4, "0x80070643"))
		}
		f["history"] = lines
		f["ballast"] = strings.Repeat("x", maxEvidence)
	}
	f, err := readFound(whole(change))
	if err != nil {
		t.Fatal(err)
	}
	all := f.evidence(whole(change))
	if len(all) != 2 || !all[0].Cut || all[1].Cut {
		t.Fatalf("%d pieces of evidence", len(all))
	}
	if b := Background(all); !b.Known || len(b.History) != historyShown || b.Older != 100-historyShown || len(b.Tried) != 1 {
		t.Errorf("%+v", b)
	}
	if b := Background(all[:1]); b.Known || !strings.Contains(b.Because, "too long") {
		t.Errorf("cut: %+v", b)
	}
}

func TestBackgroundThatIsNotKnownSaysWhy(t *testing.T) {
	for text, why := range map[string]string{
		"":  "makes no sense",
		"{": "makes no sense",
		whole(func(f map[string]any) { f["error"], f["where"] = "0x80072EE2", "search" }): "search: the update server did not answer in time (0x80072EE2)",
	} {
		if b := Background([]data.Evidence{{Name: "practice", Output: whole(nil)}, {Name: evidenceWhole, Output: text}}); b.Known || !strings.Contains(b.Because, why) {
			t.Errorf("%q: %+v", text, b)
		}
	}
	if b := Background(nil); b.Known || b.Because == "" {
		t.Errorf("%+v", b)
	}
}
