package app

import (
	"strings"
	"testing"

	"secondtuesday/data"
)

func TestWhatWindowsTookBackNamesTheLogThatSaysWhy(t *testing.T) {
	want := data.Changes{Upgrade: []data.Target{{Name: "KB5044281", To: "fe6a7fbf-3500-41cd-811c-6a7fbf350011.200"}}}
	run := data.Run{Job: "job-1", JobEnded: true, RebootAsked: night}
	scan := data.Scan{Platform: data.WindowsUpdate, Installed: []data.Package{{Name: "KB1", Version: "1"}}}
	if o, detail := judgeRun(run, want, scan); o != data.OutcomeFailed || !strings.Contains(detail, "not in: KB5044281") || !strings.Contains(detail, `C:\Windows\Logs\CBS\CBS.log`) {
		t.Errorf("%s: %s", o, detail)
	}
	scan.Platform = data.APT
	if _, detail := judgeRun(run, want, scan); strings.Contains(detail, "CBS") {
		t.Errorf("APT: %s", detail)
	}
}

// A retry after a rollback finds what the first attempt kept gone from the list,
// so its job ends with 1; a scan proved before the reboot that all of it was in.
func TestARetryThatIsTakenBackAgainIsCalledRolledBackToo(t *testing.T) {
	want := data.Changes{Upgrade: []data.Target{{Name: "KB2267602", To: "a.1"}, {Name: "KB5070152", To: "b.200"}}}
	scan := data.Scan{Platform: data.WindowsUpdate, Installed: []data.Package{{Name: "KB2267602", Version: "a.1"}}}
	run := data.Run{Job: "st-1", JobEnded: true, JobExit: 1, RebootAsked: night}
	if o, detail := judgeRun(run, want, scan); o != data.OutcomeFailed || strings.Contains(detail, "rolled back") {
		t.Errorf("a job that failed: %s, %q", o, detail)
	}
	run.Checks = []data.Check{{Name: jobCheck, After: true, Result: data.CheckWarned, Detail: "1 of them not by this run: in already"}}
	if o, detail := judgeRun(run, want, scan); o != data.OutcomeFailed || !strings.HasPrefix(detail, "undone by Windows during the reboot (rolled back): 1 of 2 changes are in; not in: KB5070152") {
		t.Errorf("a retry that was rolled back: %s, %q", o, detail)
	}
}

// A list that is not whole does not say of what it leaves out that it is not in.
func TestAListThatIsNotWholeProvesNoFailure(t *testing.T) {
	want := data.Changes{Upgrade: []data.Target{{Name: "KB5044281", To: "a.200"}}}
	whole := data.Scan{Platform: data.WindowsUpdate, Installed: []data.Package{{Name: "KB1", Version: "1"}}}
	torn := whole
	torn.Problems = []data.Problem{{Kind: data.SourceUnreachable, Detail: "the list is not whole (result code 3)", Untrusted: true}}
	unseen := data.Run{Job: "st-1", JobEnded: true, JobExit: 1, Checks: []data.Check{{Name: jobCheck, After: true, Result: data.CheckUnknown, Detail: "could not be looked up"}}}
	failed := data.Run{Job: "st-1", JobEnded: true, JobExit: 1, Checks: []data.Check{{Name: jobCheck, After: true, Result: data.CheckFailed, Detail: "install failed"}}}
	booted := data.Run{Job: "st-1", JobEnded: true, RebootAsked: night}
	for name, c := range map[string]struct {
		run  data.Run
		scan data.Scan
		want data.Outcome
	}{
		"nothing was tried, and nothing is proved": {unseen, torn, data.OutcomeUnknown},
		"nothing was tried, and it is not in":      {unseen, whole, data.OutcomeFailed},
		"it failed, whatever the list says":        {failed, torn, data.OutcomeFailed},
		"it went in, and is not seen any more":     {booted, torn, data.OutcomeUnknown},
	} {
		o, detail := judgeRun(c.run, want, c.scan)
		if o != c.want || strings.Contains(detail, "rolled back") || (o == data.OutcomeUnknown) != strings.Contains(detail, "not whole") {
			t.Errorf("%s: %s, %q", name, o, detail)
		}
	}
}
