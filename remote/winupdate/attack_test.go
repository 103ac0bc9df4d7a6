package winupdate

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"secondtuesday/remote"
)

const nasty = "a\x1b[2J\x1b]0;owned\x07\u202egpj.exe\r\nb"

// TestWordsOfTheHostAreCleanWhereverTheyGo: they end on terminals, in tables and
// in the audit trail.
func TestWordsOfTheHostAreCleanWhereverTheyGo(t *testing.T) {
	scan := read(t, func(f map[string]any) {
		f["error"], f["where"], f["message"] = "0x80072EE2", nasty+strings.Repeat("x", 1<<20), nasty
		f["facts"].(map[string]any)["product"] = nasty
		u := f["missing"].([]any)[0].(map[string]any)
		u["title"], u["kbs"], u["cves"], u["severity"] = nasty, []any{nasty}, []any{nasty}, nasty
	})
	all := fmt.Sprintf("%+v", scan)
	if strings.ContainsAny(all, "\x1b\u202e\r") || len(all) > 20_000 {
		t.Errorf("%d bytes: %.300q", len(all), all)
	}
	f := found{Error: "0x80072EE2", Where: nasty}
	if d := f.finding(); strings.ContainsAny(d.Detail, "\x1b\u202e\r") {
		t.Errorf("doctor says %q", d.Detail)
	}
	l := look{State: "running", Progress: `{"step":"a\u001b[2J\u202eb\r\nc"}`, Log: base64.StdEncoding.EncodeToString([]byte("x"))}
	if st, err := l.status(true); err != nil || strings.ContainsAny(st.Step, "\x1b\u202e\r\n") {
		t.Errorf("step %q, %v", st.Step, err)
	}
}

func TestUpdateWithoutAVisibleNameIsAProblemOfTheScan(t *testing.T) {
	for _, change := range []func(u map[string]any){
		func(u map[string]any) { u["title"], u["kbs"] = "\u202e\x1b[2J ", nil },
		func(u map[string]any) { u["title"] = "\u202e" },
	} {
		got := read(t, func(f map[string]any) { change(f["missing"].([]any)[0].(map[string]any)) })
		if got.Trusted() || len(got.Updates) != 1 {
			t.Errorf("an update that nobody can see is taken: %+v, problems %v", got.Updates, got.Problems)
		}
	}
}

func TestNegativeSizeIsNone(t *testing.T) {
	scan := read(t, func(f map[string]any) { f["missing"].([]any)[0].(map[string]any)["size"] = -5 })
	if scan.Updates[0].Size != 0 {
		t.Errorf("size %d", scan.Updates[0].Size)
	}
}

// TestJobThatContradictsItselfIsNotDone: a host's word "installed" for half of
// the work, or for other work, is not an exit status of 0.
func TestJobThatContradictsItselfIsNotDone(t *testing.T) {
	for name, result := range map[string]string{
		"stopped for no reason known": `{"kind":"install","finished":true,"stopped":"because \u001b[2J"}`,
		"a scan":                      `{"kind":"scan","finished":true}`,
		"nothing":                     `{}`,
		"not finished":                `{"kind":"install","updates":[{"status":"installed"}]}`,
	} {
		st, err := look{State: "ended", Result: result}.status(true)
		if err == nil && st.Exit == 0 {
			t.Errorf("%s: %+v", name, st)
		}
		if strings.Contains(st.Stopped, "\x1b") {
			t.Errorf("%s: stopped %q", name, st.Stopped)
		}
	}
}

func TestLogThatDoesNotGoOnIsGarbageAndOneWithoutEndIsCut(t *testing.T) {
	for _, next := range []int64{-1, 0, 2, 4, 1 << 40} {
		l := look{State: "running", Log: "YWJj", Next: next}
		if err := l.fits(0); !errors.Is(err, remote.ErrGarbage) {
			t.Errorf("next %d: %v", next, err)
		}
	}
	l := look{State: "ended", Log: "YWJj", Next: maxLog + 1}
	if err := l.fits(maxLog - 2); err != nil || l.Log != "" || l.Next != maxLog-2 {
		t.Errorf("%+v, %v", l, err)
	}
}
