package remote_test

import (
	"path/filepath"
	"testing"

	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest"
)

// shortly are a dialer's surroundings in a test: no file, agent or key of the
// person who runs it.
func surroundings(t *testing.T) remote.SSHConfig {
	t.Helper()
	dir := t.TempDir()
	return remote.SSHConfig{
		KnownHosts:   []string{filepath.Join(dir, "known_hosts")},
		AcceptedKeys: filepath.Join(dir, "accepted"),
		OpenSSH:      []string{filepath.Join(dir, "config")},
		Home:         dir,
		User:         "desk",
	}
}

// playHost starts a server that knows root and admin with the password
// "secret", and a dialer that knows both.
func playHost(t *testing.T, o remotetest.Options) (*remotetest.Server, remote.SSHConfig) {
	t.Helper()
	if o.Users == nil {
		o.Users = map[string]remotetest.User{"root": {Password: "secret"}}
	}
	srv, err := remotetest.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { srv.Close() })
	c := surroundings(t)
	if err := remotetest.Trust(c.KnownHosts[0], srv); err != nil {
		t.Fatal(err)
	}
	c.Secrets = remotetest.Secrets{secret.LoginKey("web1"): "secret"}
	return srv, c
}

func dial(t *testing.T, c remote.SSHConfig, h data.Host) remote.Session {
	t.Helper()
	s, err := remote.NewSSH(c).Dial(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestLocalSessionKeepsTheContract(t *testing.T) {
	remotetest.TestSession(t, func(t *testing.T) remote.Session {
		s, err := remote.Local{}.Dial(t.Context(), data.Host{Name: "here", Reach: data.ReachLocal})
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func TestPlayedSessionKeepsTheContract(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{Exec: remotetest.RunSh})
	h := srv.Host("web1", "root")
	h.Name = "web1"
	remotetest.TestSession(t, func(t *testing.T) remote.Session { return dial(t, c, h) })
}
