package lab_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/lab"
)

// vault is a remote.Secrets with the sudo passwords of hosts by name.
type vault map[string]string

func (v vault) Get(_ context.Context, k secret.Key) (secret.Secret, error) {
	if word, ok := v[k.Of]; ok && k.Kind == secret.Sudo {
		return secret.New(word).Anywhere(), nil
	}
	return secret.Secret{}, secret.ErrNone
}

// newDesk returns a dialer as the desk's, inside the lab's network, that knows
// the keys of the machines.
func newDesk(t *testing.T, sudo vault, machines ...*lab.Machine) *remote.SSH {
	t.Helper()
	home := t.TempDir()
	known := filepath.Join(home, "known_hosts")
	var lines strings.Builder
	for _, m := range machines {
		lines.WriteString(m.KnownHosts())
	}
	if err := os.WriteFile(known, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	// The usual place of a key: jump hosts have no other.
	if err := os.Mkdir(filepath.Join(home, ".ssh"), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, m := range machines[:min(1, len(machines))] {
		if err := os.Symlink(m.Key, filepath.Join(home, ".ssh", "id_ed25519")); err != nil {
			t.Fatal(err)
		}
	}
	return remote.NewSSH(remote.SSHConfig{
		AcceptedKeys: known, Secrets: sudo, DialContext: lab.Dial, Home: home,
		ConnectTimeout: 5 * time.Second, KeepAlive: 2 * time.Second, KeepAliveMisses: 2,
	})
}

// login opens a session on m as user; it ends with the test.
func login(t *testing.T, m *lab.Machine, user string) remote.Session {
	t.Helper()
	return open(t, newDesk(t, vault{strings.ToLower(m.Name): lab.OpsPassword}, m), m.Host(user))
}

func open(t *testing.T, d remote.Dialer, h data.Host) remote.Session {
	t.Helper()
	s, err := d.Dial(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
