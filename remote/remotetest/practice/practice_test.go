package practice

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/apt"
)

// open opens a fast shop in dir that fails the test when a script calls a
// command no host knows.
func open(t *testing.T, dir string) *Shop {
	t.Helper()
	var mu sync.Mutex
	var unknown []string
	s, err := Open(t.Context(), dir, Options{Speed: 50, Unknown: func(host, name string, args []string) {
		mu.Lock()
		defer mu.Unlock()
		unknown = append(unknown, host+": "+strings.Join(args, " "))
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, u := range unknown {
			t.Errorf("a script called what no host knows: %s", u)
		}
	})
	return s
}

// dial logs in to a host, vouching for a key that is not known yet.
func dial(t *testing.T, s *Shop, name string) remote.Session {
	t.Helper()
	d := remote.NewSSH(s.SSHConfig())
	h := hostNamed(t, s, name)
	session, err := d.Dial(t.Context(), h)
	var unknown *remote.HostKeyUnknownError
	if errors.As(err, &unknown) {
		if err := d.AcceptHostKey(unknown); err != nil {
			t.Fatal(err)
		}
		session, err = d.Dial(t.Context(), h)
	}
	if err != nil {
		t.Fatalf("dial %s: %v", name, err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

func hostNamed(t *testing.T, s *Shop, name string) data.Host {
	t.Helper()
	i := slices.IndexFunc(s.Hosts(), func(h data.Host) bool { return h.Name == name })
	if i < 0 {
		t.Fatalf("no host %s", name)
	}
	return s.Hosts()[i]
}

func TestHostAnswersOverSSH(t *testing.T) {
	s := open(t, t.TempDir())
	session := dial(t, s, "web1")
	out, err := session.Run(t.Context(), remote.Command{Name: "hello", Script: "id -un; uname -r; echo \"$1\"; cat", Args: []string{"a 'b'"}, Stdin: []byte("in\n"), Root: true})
	if err != nil {
		t.Fatal(err)
	}
	if want := "root\n6.1.0-38-amd64\na 'b'\nin\n"; string(out.Stdout) != want {
		t.Errorf("printed %q, want %q", out.Stdout, want)
	}
}

// stctl opens the shop anew for each command: a reboot in one of them must not
// show the boot ID of the first.
func TestEveryBootHasAnIDOfItsOwn(t *testing.T) {
	dir, seen := t.TempDir(), []string{}
	for range 3 {
		s, err := Open(t.Context(), dir, Options{Speed: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			seen = append(seen, s.host("web1").st.BootID)
			s.PowerCut("web1")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(seen)
	if len(slices.Compact(slices.Clone(seen))) != 6 {
		t.Errorf("a boot ID came twice: %v", seen)
	}
}

func TestScanFindsWhatTheWorldLacks(t *testing.T) {
	s := open(t, t.TempDir())
	session := dial(t, s, "web1")
	scan, err := apt.Platform{}.Scan(t.Context(), session, false)
	if err != nil {
		t.Fatal(err)
	}
	if !scan.Trusted() || len(scan.Updates) == 0 {
		t.Errorf("%d updates, problems %v", len(scan.Updates), scan.Problems)
	}
}
