package figures

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	plain "github.com/masterzen/winrm"

	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/twin"
	"secondtuesday/remote/remotetest/windows"
	"secondtuesday/remote/remotetest/wsman"
	"secondtuesday/remote/winrm"
	"secondtuesday/remote/winupdate"
)

// windowsFigures tells what WinRM costs: requests beside the plain library's,
// memory over many hosts, and how soon a cancel is over.
func windowsFigures(t *testing.T) {
	requestFigure(t)
	crowdFigure(t)
	cancelFigure(t)
}

const windowsUser, windowsPassword = "admin", "Pässw0rd!"

type onePassword struct{}

func (onePassword) Get(context.Context, secret.Key) (secret.Secret, error) {
	return secret.New(windowsPassword).Anywhere(), nil
}

func playWindows(t *testing.T, o wsman.Options) *wsman.Server {
	t.Helper()
	o.Users = map[string]wsman.User{windowsUser: {Password: windowsPassword, Admin: true}}
	s, err := wsman.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func sealed(s *wsman.Server) data.Host {
	h := s.Host("win", windowsUser)
	h.Auth = data.AuthSealedHTTP
	return h
}

// requestFigure runs one command by each client and counts HTTP requests.
func requestFigure(t *testing.T) {
	run := func(_ context.Context, c *wsman.Call) int {
		return winrm.Serve(c.Line, c.Stdin, c.Stdout, c.Stderr, func(string, []string, []byte) (string, error) { return "done", nil })
	}
	ours := playWindows(t, wsman.Options{Exec: run})
	session, err := winrm.New(winrm.Config{Secrets: onePassword{}}).Dial(t.Context(), sealed(ours))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := session.Run(t.Context(), remote.Command{Name: "x", Script: "x"}); err != nil {
		t.Fatal(err)
	}
	session.Close()

	// Over HTTPS: its sealing over HTTP does not get through a conversation with
	// a host that keeps the login on the connection.
	theirs := playWindows(t, wsman.Options{TLS: true, Exec: func(_ context.Context, c *wsman.Call) int { fmt.Fprintln(c.Stdout, "done"); return 0 }})
	host, port, _ := net.SplitHostPort(theirs.Addr())
	n, _ := strconv.Atoi(port)
	parameters := plain.NewParameters("PT20S", "en-US", 153600)
	parameters.TransportDecorator = func() plain.Transporter { return &plain.ClientNTLM{} }
	client, err := plain.NewClientWithParameters(plain.NewEndpoint(host, n, true, true, nil, nil, nil, time.Minute), windowsUser, windowsPassword, parameters)
	if err != nil {
		t.Fatal(err)
	}
	if out, _, _, err := client.RunWithContextWithString(t.Context(), "hello", ""); err != nil || !strings.Contains(out, "done") {
		t.Fatalf("the plain library: %q, %v", out, err)
	}
	a, b := ours.Counts().Requests, theirs.Counts().Requests
	add(t, figure{name: "HTTP requests for one command, login by NTLM", ours: fmt.Sprint(a), peer: fmt.Sprintf("`masterzen/winrm`: %d", b),
		ratio: times(float64(a) / float64(b)), target: "≤ 8", met: meets(a <= 8)})
}

// crowdFigure scans many Windows hosts at the same time.
func crowdFigure(t *testing.T) {
	const few, many = 10, 100
	hosts := make([]data.Host, many)
	var inScript atomic.Int64
	for i := range hosts {
		s := windows.Server2022(fmt.Sprintf("win%d", i), time.Now())
		s.Updates = []windows.Update{s.Cumulative("5060001", 4100, time.Now().AddDate(0, 0, -9))}
		w, err := windows.Create(filepath.Join(t.TempDir(), "w"), s)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { w.Close() })
		twin.Play(w)
		hosts[i] = sealed(playWindows(t, wsman.Options{Exec: func(ctx context.Context, c *wsman.Call) int {
			inScript.Add(1)
			return w.Exec(ctx, c.User, c.Line, c.Stdin, c.Stdout, c.Stderr)
		}}))
	}
	first, _ := crowd(t, hosts[:few])
	all, took := crowd(t, hosts)
	add(t, figure{name: "heap while 100 Windows hosts are scanned at once, hosts included", ours: megabytes(all), peer: fmt.Sprintf("10 hosts: %s", megabytes(first)),
		ratio: times(float64(all) / float64(first)), target: "flat: ≤ 10", met: meets(all <= 10*first)})
	t.Logf("100 hosts in %s, %d scripts", took.Round(time.Millisecond), inScript.Load())
}

func megabytes(n uint64) string { return fmt.Sprintf("%.0f MB", float64(n)/1e6) }

// crowd scans hosts all at once and returns the most heap in use meanwhile.
func crowd(t *testing.T, hosts []data.Host) (most uint64, took time.Duration) {
	t.Helper()
	d := winrm.New(winrm.Config{Secrets: onePassword{}})
	runtime.GC()
	began := time.Now()
	done := make(chan bool)
	var wg sync.WaitGroup
	for _, h := range hosts {
		wg.Go(func() {
			s, err := d.Dial(t.Context(), h)
			if err != nil {
				t.Error(err)
				return
			}
			defer s.Close()
			if scan, err := (winupdate.Platform{}).Scan(t.Context(), s, true); err != nil || len(scan.Updates) != 1 {
				t.Errorf("%d updates, %v", len(scan.Updates), err)
			}
		})
	}
	go func() { wg.Wait(); close(done) }()
	for {
		select {
		case <-done:
			return most, time.Since(began)
		case <-time.After(20 * time.Millisecond):
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapInuse)
		}
	}
}

// cancelFigure cancels at each stage of a conversation.
func cancelFigure(t *testing.T) {
	var slowest time.Duration
	var names []string
	for name, c := range map[string]struct {
		o      wsman.Options
		before wsman.Faults // from the start
		after  wsman.Faults // once logged in
	}{
		"TLS": {wsman.Options{TLS: true}, wsman.Faults{Silent: true}, wsman.Faults{}}, "login": {wsman.Options{}, wsman.Faults{Silent: true}, wsman.Faults{}},
		"create": {wsman.Options{}, wsman.Faults{}, wsman.Faults{Silent: true}}, "receive": {wsman.Options{}, wsman.Faults{}, wsman.Faults{SilentReceive: true}},
		"running": {wsman.Options{}, wsman.Faults{}, wsman.Faults{}},
	} {
		c.o.Exec = func(ctx context.Context, _ *wsman.Call) int { <-ctx.Done(); return 1 }
		s := playWindows(t, c.o)
		s.SetFaults(c.before)
		h := sealed(s)
		if c.o.TLS {
			h.Auth = data.AuthNTLM
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan time.Time, 1)
		go func() {
			session, err := winrm.New(winrm.Config{Secrets: onePassword{}}).Dial(ctx, h)
			if err == nil {
				s.SetFaults(c.after)
				session.Run(ctx, remote.Command{Name: "x", Script: "x"})
			}
			ended <- time.Now()
		}()
		time.Sleep(700 * time.Millisecond)
		asked := time.Now()
		cancel()
		slowest = max(slowest, (<-ended).Sub(asked))
		names = append(names, name)
	}
	add(t, figure{name: "cancel over WinRM, slowest of the stages " + strings.Join(names, ", "), ours: slowest.Round(time.Millisecond).String(),
		peer: "promise", target: "< 1.5 s", met: meets(slowest < 1500*time.Millisecond)})
}
