package remote

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
)

// configured writes OpenSSH configuration files below a home of its own.
func configured(t *testing.T, files map[string]string) *openSSH {
	t.Helper()
	home := t.TempDir()
	for name, text := range files {
		path := filepath.Join(home, ".ssh", name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "HOME", home)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &openSSH{files: []string{filepath.Join(home, ".ssh", "config"), filepath.Join(home, ".ssh", "system")}, home: home, user: "desk"}
}

const config = `
# comment
User early
Host web1 web2 !web3
    HostName %h.example.com
    Port 2222
    IdentityFile ~/.ssh/one
    IdentityFile = "%d/two keys/%r@%h"
    IdentitiesOnly yes
    HostKeyAlias alias-%h
    ProxyJump admin@bastion:22,inner
Host *
    User late
    Port 22
    IdentityAgent ~/agent.sock
`

func TestOpenSSHConfigurationIsHonoured(t *testing.T) {
	o := configured(t, map[string]string{"config": config})
	got, err := o.target(data.Host{Name: "Web One", Address: "web1"})
	if err != nil {
		t.Fatal(err)
	}
	want := target{
		Host: "Web One", Place: "the desk's own user at web1 by SSH", Name: "web1", Address: "web1.example.com", Port: 2222, User: "early", Alias: "alias-%h",
		Identities:     []string{o.home + "/.ssh/one", o.home + "/two keys/early@web1.example.com"},
		IdentitiesOnly: true, Agent: o.home + "/agent.sock", Jumps: []string{"admin@bastion:22", "inner"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestFieldsOfTheHostWin(t *testing.T) {
	o := configured(t, map[string]string{"config": config})
	got, err := o.target(data.Host{Name: "web1", User: "root", Port: 22, Jump: "none", IdentityFile: "/k"})
	if err != nil {
		t.Fatal(err)
	}
	if got.User != "root" || got.Port != 22 || len(got.Jumps) != 0 || !cmp.Equal(got.Identities, []string{"/k"}) || got.Address != "web1.example.com" {
		t.Errorf("got %+v", got)
	}
}

func TestHostWithoutConfigurationHasDefaults(t *testing.T) {
	o := configured(t, nil)
	got, err := o.target(data.Host{Name: "web9"})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(target{Host: "web9", Place: "the desk's own user at web9 by SSH", Name: "web9", Address: "web9", Port: 22, User: "desk"}, got); d != "" {
		t.Error(d)
	}
}

func TestIncludeHoldsOnlyWhereItsBlockDoes(t *testing.T) {
	o := configured(t, map[string]string{
		"config":    "Include conf.d/*\nHost web1\n Include only-web1\n User after\nHost *\n Port 9\n",
		"conf.d/a":  "Host web1\n Port 1\n",
		"conf.d/b":  "Host *\n Port 2\n",
		"only-web1": "Host web2\n User wrong\nHost *\n User included\n",
	})
	for name, want := range map[string]string{"web1": "included:1", "web2": "desk:2"} {
		got, err := o.target(data.Host{Name: name})
		if err != nil {
			t.Fatal(err)
		}
		if s := got.User + ":" + itoa(got.Port); s != want {
			t.Errorf("%s: got %s, want %s", name, s, want)
		}
	}
}

func itoa(n int) string { return strings.TrimPrefix(data.Host{Address: "x", Port: n}.Where(), "x:") }

func TestMatchIsJudgedByTheNameOnlyAndNothingIsExecuted(t *testing.T) {
	o := configured(t, map[string]string{"config": `
Match exec "touch HOME/pwned"
    User exec
Match host web* exec "touch HOME/pwned"
    User both
Match host "web1,db*" user root
    User users
Match originalhost db*,web1
    Port 77
Match all
    User everybody
`})
	got, err := o.target(data.Host{Name: "web1"})
	if err != nil {
		t.Fatal(err)
	}
	if got.User != "everybody" || got.Port != 77 {
		t.Errorf("got %+v", got)
	}
	if _, err := os.Stat(filepath.Join(o.home, "pwned")); err == nil {
		t.Error("the configuration was executed")
	}
}

func TestConfigurationThatCannotBeFollowedIsAnError(t *testing.T) {
	for text, want := range map[string]string{
		"Host web1\n ProxyCommand nc %h %p\n": "ProxyCommand",
		"Port seventy\n":                      "Port",
		"Include config\n":                    "too deep",
	} {
		_, err := configured(t, map[string]string{"config": text}).target(data.Host{Name: "web1"})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v, want a word on %s", text, err, want)
		}
	}
	o := configured(t, map[string]string{"config": "ProxyCommand none\n"})
	if _, err := o.target(data.Host{Name: "web1"}); err != nil {
		t.Error(err)
	}
}

func TestChangedConfigurationIsReadAnew(t *testing.T) {
	o := configured(t, map[string]string{"config": "User one\n"})
	for _, want := range []string{"one", "three"} {
		if err := os.WriteFile(o.files[0], []byte("User "+want+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, err := o.target(data.Host{Name: "web1"}); err != nil || got.User != want {
			t.Errorf("got %s and %v, want %s", got.User, err, want)
		}
	}
}

func TestJumpHostsAreRead(t *testing.T) {
	for in, want := range map[string]data.Host{
		"bastion":                  {Address: "bastion"},
		"me@bastion:2222":          {Address: "bastion", User: "me", Port: 2222},
		"me@corp@bastion":          {Address: "bastion", User: "me@corp"},
		"[2001:db8::1]:22":         {Address: "2001:db8::1", Port: 22},
		"2001:db8::1":              {Address: "2001:db8::1"},
		"ssh://me@bastion:2222":    {Address: "bastion", User: "me", Port: 2222},
		"ssh://[2001:db8::1]:2222": {Address: "2001:db8::1", Port: 2222},
	} {
		want.Name, want.Reach = in, data.ReachSSH
		got, err := JumpHost(in)
		if err != nil {
			t.Errorf("%s: %v", in, err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", in, d)
		}
	}
	for _, in := range []string{"", "me@", "-oProxyCommand=id", "-l@x", "x:0", "x:99999", "ssh://x/y"} {
		if got, err := JumpHost(in); !errors.Is(err, errJumpForm) {
			t.Errorf("%q: got %+v and %v", in, got, err)
		}
	}
}
