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
