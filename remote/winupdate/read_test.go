package winupdate

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
	"secondtuesday/remote"
)

const lcu = "8d3a2c1e-5f6b-4a7d-9c0e-1f2a3b4c5d6e"

func TestListReadsEveryShapePowerShellWrites(t *testing.T) {
	for text, want := range map[string][]string{
		`["a","b"]`: {"a", "b"}, `"a"`: {"a"}, `null`: nil, `[]`: {}, `{"value":["a"],"Count":1}`: {"a"},
	} {
		var got list[string]
		if err := json.Unmarshal([]byte(text), &got); err != nil || !cmp.Equal([]string(got), want) {
			t.Errorf("%s: got %q, %v", text, got, err)
		}
	}
	var one list[update]
	if err := json.Unmarshal([]byte(`{"id":"x","revision":3}`), &one); err != nil || len(one) != 1 || one[0].Revision != 3 {
		t.Errorf("a single object: %+v, %v", one, err)
	}
}

// whole is what a scan task writes, shortened.
func whole(change func(map[string]any)) string {
	f := map[string]any{
		"kind": "scan", "finished": true, "error": "", "code": 2, "installedCode": 2, "fetched": "2026-11-22T04:00:00Z",
		"facts": map[string]any{"product": "Windows Server 2022 Standard", "release": "21H2", "build": "20348", "revision": 2966,
			"kind": "Server Core", "booted": "2026-11-01T02:00:00Z", "now": "2026-11-23T03:00:00Z"},
		"reboot": map[string]any{"known": true, "reasons": []any{
			map[string]any{"source": "file renames", "detail": "PendingFileRenameOperations", "counts": false},
			map[string]any{"source": "servicing", "detail": "RebootPending", "counts": true}}},
		"missing": []any{map[string]any{"id": lcu, "revision": 201, "title": "2026-11 Cumulative Update (KB5044281)", "kbs": []any{"5044281"},
			"severity": "", "categoryIds": []any{"cd5ffd1e-e932-4e3a-bf74-18bf0b1bbd83", "0FA1201D-4330-4fa8-8ae9-b877473b6441"}, "released": "2026-11-10T18:00:00Z", "size": 700_000_000}},
		"installed": []any{map[string]any{"id": strings.Replace(lcu, "8", "9", 1), "revision": 200, "title": "Old (KB5040437)", "kbs": []any{"5040437"}, "waits": true}},
	}
	if change != nil {
		change(f)
	}
	b, err := json.Marshal(f)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func read(t *testing.T, change func(map[string]any)) data.Scan {
	t.Helper()
	f, err := readFound(whole(change))
	if err != nil {
		t.Fatal(err)
	}
	return f.scan()
}

func TestScanSaysWhatTheHostSaid(t *testing.T) {
	got := read(t, nil)
	released := time.Date(2026, 11, 10, 18, 0, 0, 0, time.UTC)
	if !got.Trusted() || got.OS.Version != "10.0.20348.2966" || got.OS.Name != "Windows Server 2022 Standard (Server Core)" || got.OS.EndOfLife.Year() != 2031 {
		t.Errorf("OS %+v, problems %v", got.OS, got.Problems)
	}
	want := data.Update{Name: "KB5044281", Available: lcu + ".201", Title: "2026-11 Cumulative Update (KB5044281)", Origin: "Microsoft",
		Class: data.Security, Released: released, Size: 700_000_000}
	if diff := cmp.Diff(want, got.Updates[0]); diff != "" {
		t.Error(diff)
	}
	if len(got.Updates) != 2 || got.Updates[1].Name != "KB5040437" || !got.Installed[0].Waits {
		t.Errorf("an update that waits for a reboot is not called missing: %+v", got.Updates)
	}
	if len(got.Reboot) != 1 || got.Reboot[0].Source != "servicing" || !got.RebootKnown {
		t.Errorf("reboot %+v", got.Reboot)
	}
}

// Several come a day under one number: which one is in tells whether the host takes them.
func TestDefinitionSaysWhichOneIsIn(t *testing.T) {
	id := func(n string) string { return strings.Replace(lcu, "8", n, 1) }
	definition := func(n string) map[string]any {
		return map[string]any{"id": id(n), "revision": 200, "title": "Security Intelligence Update for Microsoft Defender Antivirus - KB2267602 (Version 1." + n + ".0)",
			"kbs": []any{"2267602"}, "categoryIds": []any{"e0789628-ce08-4437-be74-2495b842f43b"}, "released": "2026-11-2" + n + "T01:00:00Z"}
	}
	line := func(n, at string, operation, code int) map[string]any {
		h := definition(n)
		h["at"], h["operation"], h["code"] = at, operation, code
		return h
	}
	other := map[string]any{"id": id("7"), "revision": 1, "title": "Other (KB5044281)", "at": "2026-11-22T09:00:00Z", "operation": 1, "code": 2}
	for name, c := range map[string]struct {
		installed, history []any
		want               string
	}{
		"nothing tells":         {nil, []any{other}, ""},
		"what is installed":     {[]any{definition("1"), definition("2"), definition("0")}, []any{line("3", "2026-11-22T04:00:00Z", 1, 2)}, id("2") + ".200"},
		"the history":           {nil, []any{line("1", "2026-11-21T04:00:00Z", 1, 2), line("2", "2026-11-22T04:00:00Z", 1, 3), line("0", "2026-11-20T04:00:00Z", 1, 2), other}, id("2") + ".200"},
		"failures and removals": {nil, []any{line("1", "2026-11-21T04:00:00Z", 1, 4), line("2", "2026-11-22T04:00:00Z", 2, 2)}, ""},
		"the one that lacks":    {nil, []any{line("4", "2026-11-24T04:00:00Z", 1, 2)}, ""},
	} {
		got := read(t, func(f map[string]any) {
			f["missing"] = append(f["missing"].([]any), definition("4"))
			f["installed"], f["history"] = c.installed, c.history
		})
		if u := got.Updates[1]; u.Name != "KB2267602" || u.Class != data.Definition || u.Installed != c.want {
			t.Errorf("%s: %q is in, want %q", name, u.Installed, c.want)
		}
		if got.Updates[0].Installed != "" {
			t.Errorf("%s: another class names %q", name, got.Updates[0].Installed)
		}
	}
}

func TestAnswerThatIsNotWholeProvesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		change func(map[string]any)
		words  string
	}{
		"search failed": {func(f map[string]any) { f["error"], f["where"], f["missing"] = "0x80244022", "search", nil },
			"search: the update server is overloaded (503); look at the WSUS pool (0x80244022); updates come from Microsoft"},
		"not whole":           {func(f map[string]any) { f["code"], f["warnings"] = 3, []any{"0x80240438 x"} }, "result code 3"},
		"installed not whole": {func(f map[string]any) { f["installedCode"] = 3 }, "what is installed"},
		"not started":         {func(f map[string]any) { f["code"] = 0 }, "result code 0"},
		"never fetched":       {func(f map[string]any) { f["fetched"] = "" }, "never had an answer"},
		"WSUS": {func(f map[string]any) {
			f["error"], f["where"] = "0x80072EE2", "search"
			f["facts"].(map[string]any)["server"], f["facts"].(map[string]any)["useServer"] = "http://joe:pw@wsus.example.test:8530", 1
		}, "updates come from WSUS http://[redacted]@wsus.example.test:8530"},
	} {
		got := read(t, c.change)
		if got.Trusted() || len(got.Problems) != 1 || !strings.Contains(got.Problems[0].Detail, c.words) {
			t.Errorf("%s: %+v", name, got.Problems)
		}
	}
}

func TestRubbishIsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"nothing": "", "no JSON": "{", "another kind": `{"kind":"install","finished":true}`, "half": `{"kind":"scan"}`,
		"broken": `{"kind":"broken","error":"0x80131501","message":"it broke"}`,
	} {
		if _, err := readFound(text); !errors.Is(err, remote.ErrGarbage) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// Since the preview of June 2024 a search may give objects without an identity.
func TestUpdateWithoutIdentityIsAProblemOfTheScanAndHidesNoOther(t *testing.T) {
	other := map[string]any{"id": strings.Replace(lcu, "8", "7", 1), "revision": 1, "title": "Other (KB5050001)", "kbs": []any{"5050001"}}
	for name, spoil := range map[string]func(map[string]any){
		"no ID":              func(f map[string]any) { f["missing"].([]any)[0].(map[string]any)["id"] = "x; rm" },
		"no title":           func(f map[string]any) { f["missing"].([]any)[0].(map[string]any)["title"] = "" },
		"left out by script": func(f map[string]any) { f["missing"], f["broken"] = nil, 1 },
		"installed":          func(f map[string]any) { f["missing"], f["installed"].([]any)[0].(map[string]any)["id"] = nil, "" },
	} {
		got := read(t, func(f map[string]any) {
			spoil(f)
			missing, _ := f["missing"].([]any)
			f["missing"] = append(missing, other)
		})
		if got.Trusted() || len(got.Problems) != 1 || got.Problems[0].Kind != data.Contradiction || !strings.Contains(got.Problems[0].Detail, "1 object without an identity or a title") {
			t.Errorf("%s: problems %+v", name, got.Problems)
		}
		if got.Updates[0].Name != "KB5050001" {
			t.Errorf("%s: the others are not shown: %+v", name, got.Updates)
		}
	}
}

func TestClassComesFromIdentifiersNotFromNames(t *testing.T) {
	for _, c := range []struct {
		u    update
		want data.Class
	}{
		{update{CategoryIDs: list[string]{"e0789628-ce08-4437-be74-2495b842f43b"}}, data.Definition},
		{update{Type: 2}, data.Driver},
		{update{CategoryIDs: list[string]{"cd5ffd1e-e932-4e3a-bf74-18bf0b1bbd83"}, Optional: true}, data.Optional}, // a preview
		{update{CategoryIDs: list[string]{"0fa1201d-4330-4fa8-8ae9-b877473b6441"}, Optional: true}, data.Security}, // out of band
		{update{Type: 2, Optional: true}, data.Optional},
		{update{CategoryIDs: list[string]{"e6cf1350-c01b-414d-a61f-263d14d133b4"}}, data.BugFix},
		{update{CategoryIDs: list[string]{"11111111-2222-3333-4444-555555555555"}}, data.ClassUnknown},
		{update{}, data.ClassUnknown},
	} {
		if got := c.u.class(); got != c.want {
			t.Errorf("%+v: %q", c.u, got)
		}
	}
}

func TestJobEndsAsItsUpdatesDid(t *testing.T) {
	one := func(status, hresult string) string {
		return `{"id":"` + lcu + `","revision":201,"title":"KB1","status":"` + status + `","hresult":"` + hresult + `"}`
	}
	for name, c := range map[string]struct {
		result string
		exit   int
		words  string
	}{
		"all in":         {`{"kind":"install","finished":true,"updates":[` + one("installed", "0x00000000") + `]}`, 0, "KB1: installed"},
		"one failed":     {`{"kind":"install","finished":true,"updates":[` + one("installed", "") + `,` + one("failed", "0x800F0922") + `]}`, ExitFailed, "rolled back"},
		"revised":        {`{"kind":"install","finished":true,"updates":[` + one("gone", "") + `]}`, ExitFailed, "no longer offered in this revision"},
		"not looked up":  {`{"kind":"install","finished":true,"updates":[` + one("unseen", "") + `]}`, ExitFailed, "could not be looked up: the search was not whole"},
		"terms":          {`{"kind":"install","finished":true,"updates":[` + one("terms", "") + `]}`, ExitFailed, "licence terms"},
		"deadline":       {`{"kind":"install","finished":true,"stopped":"deadline","updates":[` + one("deadline", "") + `]}`, ExitHalted, "window was over"},
		"reboot pending": {`{"kind":"install","finished":true,"error":"a reboot is pending","message":"servicing: RebootPending","updates":[]}`, ExitReboot, "servicing: RebootPending"},
		"no search":      {`{"kind":"install","finished":true,"error":"0x80070422","message":"Dienst","updates":[]}`, ExitSearch, "service is disabled"},
		"broke off":      {`{"kind":"broken","error":"0x80131501","message":"x"}`, ExitBroken, "broke off"},
		"never finished": {`{"kind":"install","updates":[]}`, ExitBroken, "broke off"},
	} {
		st, err := look{State: "ended", Result: c.result}.status(true)
		if err != nil || st.State != remote.JobEnded || st.Exit != c.exit || !strings.Contains(string(st.Log), c.words) {
			t.Errorf("%s: %+v %q, %v", name, st, st.Log, err)
		}
	}
}

func TestStateOfAJobIsNeverGuessed(t *testing.T) {
	for state, want := range map[string]remote.JobState{"absent": remote.JobAbsent, "running": remote.JobRunning, "lost": remote.JobLost} {
		if st, err := (look{State: state}).status(true); err != nil || st.State != want {
			t.Errorf("%s: %+v, %v", state, st, err)
		}
	}
	for name, l := range map[string]look{
		"no state": {}, "unknown state": {State: "done"}, "ended without result": {State: "ended"},
		"rubbish result": {State: "ended", Result: "{"}, "rubbish log": {State: "running", Log: "%"}, "rubbish progress": {State: "running", Progress: "["},
	} {
		if st, err := l.status(true); err == nil {
			t.Errorf("%s: %+v", name, st)
		}
	}
	lost := look{State: "lost", Log: base64.StdEncoding.EncodeToString([]byte("== install 2\n")), Partial: `{"kind":"install","updates":[{"title":"KB1","status":"installed"}]}`}
	if st, err := lost.status(false); err != nil || st.State != remote.JobLost || string(st.Log) != "== install 2\nKB1: installed\n" {
		t.Errorf("what was known of a job that is lost: %+v %q, %v", st, st.Log, err)
	}
	l := look{State: "running", Log: base64.StdEncoding.EncodeToString([]byte("== search\n")), Next: 10, Started: "\ufeff{\"at\":\"2026-11-23T02:00:00Z\"}", Progress: `{"step":"search","done":1,"total":4}`}
	if st, err := l.status(true); err != nil || st.Step != "search" || st.Done != 1 || st.Total != 4 || st.Started.Hour() != 2 || string(st.Log) != "== search\n" {
		t.Errorf("%+v, %v", st, err)
	}
}

func TestOnlyAnIDAndARevisionReachTheHost(t *testing.T) {
	for _, to := range []string{"", lcu, lcu + ".x", lcu + ".1'; x", "$(x).1", strings.ToUpper(lcu) + ".1"} {
		if _, err := want(data.Target{Name: "KB1", To: to}); !errors.Is(err, remote.ErrGarbage) {
			t.Errorf("%q: %v", to, err)
		}
	}
	if w, err := want(data.Target{Name: "KB1", To: lcu + ".201"}); err != nil || w.ID != lcu || w.Revision != 201 {
		t.Errorf("%+v, %v", w, err)
	}
}

func FuzzTaskResultsNeverPanic(f *testing.F) {
	f.Add(whole(nil))
	f.Add(`{"kind":"install","finished":true,"updates":{"value":[{"status":"failed"}],"Count":1}}`)
	f.Fuzz(func(t *testing.T, s string) {
		if found, err := readFound(s); err == nil {
			found.scan()
		}
		look{State: "ended", Result: s}.status(true)
	})
}

// A recorder keeps what is asked of a session and answers that it started.
type recorder struct{ ran []remote.Command }

func (r *recorder) Run(_ context.Context, c remote.Command) (remote.Output, error) {
	r.ran = append(r.ran, c)
	return remote.Output{Stdout: []byte(`{"state":"started"}`)}, nil
}

func (r *recorder) Close() error { return nil }

func job() remote.Job {
	return remote.Job{ID: "install-0001", StopAfter: time.Hour, Changes: data.Changes{Upgrade: []data.Target{{Name: "KB1", To: lcu + ".1"}}}}
}

func TestLittleRoomAndServicingAreWarningsOnly(t *testing.T) {
	for name, c := range map[string]struct {
		checked
		disk, other data.CheckResult
	}{
		"room, quiet":     {checked{Free: 20 << 30}, data.CheckPassed, data.CheckPassed},
		"little room":     {checked{Free: 8 << 30}, data.CheckWarned, data.CheckPassed},
		"no room":         {checked{Free: 2 << 30}, data.CheckFailed, data.CheckPassed},
		"not known":       {checked{Free: -1}, data.CheckUnknown, data.CheckPassed},
		"servicing":       {checked{Free: 20 << 30, Busy: []string{"TiWorker"}}, data.CheckPassed, data.CheckWarned},
		"an installation": {checked{Free: 20 << 30, Busy: []string{"TiWorker", "wusa"}}, data.CheckPassed, data.CheckFailed},
	} {
		got := c.checks(time.Now(), time.Now())
		if got[0].Result != c.disk || got[3].Result != c.other || got[0].Name != "free disk" || got[3].Name != "other installer" {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
