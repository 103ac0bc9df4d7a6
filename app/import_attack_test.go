package app

import (
	"fmt"
	"strings"
	"testing"
)

// TestPasswordInABrokenLineIsNotRepeated: what is wrong with a file is shown on
// screens, in the output of cron jobs and in bug reports.
func TestPasswordInABrokenLineIsNotRepeated(t *testing.T) {
	for _, text := range []string{
		"win1 ansible_password='hunter2",
		"[win:vars]\nansible_password: hunter2",
		"[win:vars]\nansible_password hunter2",
		"win1 ansible_host=a ansible_password hunter2",
		"win1 ansible_password: hunter2",
		"[win:vars] ansible_password=hunter2",
	} {
		p, err := ReadAnsibleINI(strings.NewReader(text))
		if all := fmt.Sprint(p, err); strings.Contains(all, "hunter2") {
			t.Errorf("%s", all)
		}
		if len(p.Problems) == 0 {
			t.Errorf("%q is taken", text)
		}
	}
}
