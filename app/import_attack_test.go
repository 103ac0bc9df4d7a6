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

// TestAnsibleSettingsThatWeakenWinRMAreNamed: they are never taken over.
func TestAnsibleSettingsThatWeakenWinRMAreNamed(t *testing.T) {
	p, err := ReadAnsibleINI(strings.NewReader("win1 ansible_connection=winrm ansible_winrm_server_cert_validation=ignore ansible_winrm_transport=basic\n"))
	if err != nil || len(p.Bad()) > 0 || len(p.Rows) != 1 || p.Rows[0].Host.Auth != "" {
		t.Fatalf("%+v, %v", p, err)
	}
	said := fmt.Sprint(p.Problems)
	for _, word := range []string{"ansible_winrm_server_cert_validation", "ansible_winrm_transport"} {
		if !strings.Contains(said, word) {
			t.Errorf("nothing is said of %s: %s", word, said)
		}
	}
}
