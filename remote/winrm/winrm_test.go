package winrm

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/bodgit/ntlmssp"

	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/pwsh"
	"secondtuesday/remote/remotetest/wsman"
)

const password = "Pässw0rd!$(x)"

// secrets knows one password for every host.
type secrets string

func (s secrets) Get(context.Context, secret.Key) (secret.Secret, error) {
	return secret.New(string(s)).Anywhere(), nil
}

// A script is what a played PowerShell does with one order.
type script func(ctx context.Context, o order, c *wsman.Call) (out string, err error)

// play is PowerShell with our bootstrap, where other things print as well.
func play(do script) func(context.Context, *wsman.Call) int {
	return func(ctx context.Context, c *wsman.Call) int {
		if c.Console {
			fmt.Fprint(c.Stderr, "PowerShell waits for a person")
			return 1
		}
		fmt.Fprint(c.Stdout, "profile noise\r\n")
		return Serve(c.Line, c.Stdin, c.Stdout, c.Stderr, func(script string, args []string, stdin []byte) (string, error) {
			return do(ctx, order{Script: script, Args: args, Stdin: stdin}, c)
		})
	}
}

// denied is an error as Windows gives it to scripts, with E_ACCESSDENIED.
type denied string

func (d denied) Error() string { return string(d) }

func (denied) HResult() uint32 { return 0x80070005 }

func echo(_ context.Context, o order, _ *wsman.Call) (string, error) {
	return o.Script + "|" + strings.Join(o.Args, "|") + "|" + string(o.Stdin), nil
}

func host(t *testing.T, o wsman.Options) *wsman.Server {
	t.Helper()
	if o.Users == nil {
		o.Users = map[string]wsman.User{"admin": {Password: password, Admin: true}, `CORP\anna`: {Password: password, Admin: true}, "guest": {Password: password}}
	}
	if o.Exec == nil {
		o.Exec = play(echo)
	}
	s, err := wsman.Start(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func dialer(t *testing.T, s *wsman.Server) *Dialer {
	t.Helper()
	accepted := filepath.Join(t.TempDir(), "known_certificates")
	if s.Certificate() != nil {
		if err := os.WriteFile(accepted, []byte(s.Addr()+" "+s.Fingerprint()+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return New(Config{Accepted: accepted, Secrets: secrets(password), Patience: time.Second, AnswerTimeout: 5 * time.Second})
}

// over names a way and makes the host and the entry for it.
var over = map[data.Auth]wsman.Options{
	data.AuthNTLM:       {TLS: true, StrictBinding: true},
	data.AuthBasic:      {TLS: true, Auth: []wsman.Auth{wsman.Basic}},
	data.AuthSealedHTTP: {},
}

func dial(t *testing.T, d *Dialer, s *wsman.Server, auth data.Auth) (remote.Session, error) {
	t.Helper()
	h := s.Host("win1", "admin")
	h.Auth = auth
	return d.Dial(t.Context(), h)
}

func open(t *testing.T, s *wsman.Server, auth data.Auth) remote.Session {
	t.Helper()
	session, err := dial(t, dialer(t, s), s, auth)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { session.Close() })
	return session
}

func TestScriptTravelsAsDataByEveryWay(t *testing.T) {
	for auth, o := range over {
		t.Run(string(auth), func(t *testing.T) {
			s := host(t, o)
			session := open(t, s, auth)
			c := remote.Command{Name: "echo", Script: `"it's $(me)" ]]> é 👍`, Args: []string{`a'"$(x)`, "", "line\nbreak"}, Stdin: []byte("a\x00\x1b ü")}
			out, err := session.Run(t.Context(), c)
			if want := c.Script + "|" + strings.Join(c.Args, "|") + "|" + string(c.Stdin); err != nil || string(out.Stdout) != want {
				t.Errorf("got %q, %v", out.Stdout, err)
			}
			if n := s.Counts(); n.ClearBodies != 0 || n.Requests > 7 {
				t.Errorf("%d messages in clear, %d requests", n.ClearBodies, n.Requests)
			}
		})
	}
}

func TestWholeConversationTakesAtMostEightRequests(t *testing.T) {
	for auth, o := range over {
		s := host(t, o)
		session := open(t, s, auth)
		if _, err := session.Run(t.Context(), remote.Command{Name: "echo", Script: "x"}); err != nil {
			t.Fatal(err)
		}
		session.Close()
		if n := s.Counts(); n.Requests > 8 || n.Shells != 0 || n.Connections != 1 {
			t.Errorf("%q: %d requests, %d connections, %d shells left", auth, n.Requests, n.Connections, n.Shells)
		}
	}
}

func TestScriptThatThrowsIsAnExitError(t *testing.T) {
	s := host(t, wsman.Options{Exec: play(func(context.Context, order, *wsman.Call) (string, error) { return "", denied("no \x1b[31mluck") })})
	_, err := open(t, s, data.AuthSealedHTTP).Run(t.Context(), remote.Command{Name: "try", Script: "x"})
	var exit *remote.ExitError
	if !errors.As(err, &exit) || exit.Name != "try" || exit.Stderr != "no luck (0x80070005)" {
		t.Errorf("got %v", err)
	}
}

func TestUnknownCertificateIsSentNothingUntilAPersonVouches(t *testing.T) {
	s := host(t, wsman.Options{TLS: true})
	d := New(Config{Accepted: filepath.Join(t.TempDir(), "sub", "known_certificates"), Secrets: secrets(password)})
	_, err := dial(t, d, s, data.AuthNTLM)
	var unknown *remote.HostKeyUnknownError
	if !errors.As(err, &unknown) || unknown.Fingerprint != s.Fingerprint() || unknown.Host != s.Addr() || unknown.Certificate.Why == "" {
		t.Fatalf("got %v", err)
	}
	if len(s.Seen()) > 0 || s.Counts().Requests > 0 {
		t.Errorf("the unknown host was sent %v", s.Seen())
	}
	forged := *unknown
	forged.Host = "x SHA256:00\nevil:5986"
	forged.Line = forged.Host + " " + forged.Fingerprint
	if err := d.AcceptHostKey(&forged); err == nil {
		t.Error("a forged line is accepted")
	}
	for range 2 {
		if err := d.AcceptHostKey(unknown); err != nil {
			t.Fatal(err)
		}
	}
	session, err := dial(t, d, s, data.AuthNTLM)
	if err != nil {
		t.Fatal(err)
	}
	session.Close()

	before := len(s.Seen())
	s.ChangeCertificate(wsman.NewCertificate())
	_, err = dial(t, d, s, data.AuthNTLM)
	var changed *remote.HostKeyChangedError
	if !errors.As(err, &changed) || changed.Known[0] != "certificate "+unknown.Fingerprint || changed.Shown != "certificate "+s.Fingerprint() || changed.Where == "" {
		t.Errorf("got %v", err)
	}
	if len(s.Seen()) != before {
		t.Error("a changed certificate was sent a credential")
	}
	again := *unknown
	again.Fingerprint = s.Fingerprint()
	again.Line = again.Host + " " + again.Fingerprint
	if err := d.AcceptHostKey(&again); err == nil {
		t.Error("a changed certificate is accepted like a new one")
	}
}

func TestLoginIsBoundToTheCertificateAndTriedOnce(t *testing.T) {
	s := host(t, wsman.Options{TLS: true, StrictBinding: true})
	open(t, s, data.AuthNTLM)
	if c := s.Seen(); len(c) != 1 || !c[0].OK || !c[0].Bound || !c[0].MIC {
		t.Errorf("seen: %+v", c)
	}
	for _, auth := range []data.Auth{data.AuthNTLM, data.AuthBasic, data.AuthSealedHTTP} {
		s := host(t, over[auth])
		d := dialer(t, s)
		d.config.Secrets = secrets("wrong")
		_, err := dial(t, d, s, auth)
		if !errors.Is(err, remote.ErrLoginRefused) || !strings.Contains(err.Error(), "admin") {
			t.Errorf("%q: got %v", auth, err)
		}
		if n := s.Counts(); n.Refused != 1 || n.Logins != 0 {
			t.Errorf("%q: %d tries", auth, n.Refused)
		}
	}
}

func TestNobodyWithoutRightsIsCalledBroken(t *testing.T) {
	s := host(t, wsman.Options{TLS: true})
	h := s.Host("win1", "guest")
	session, err := dialer(t, s).Dial(t.Context(), h)
	if err == nil {
		defer session.Close()
		_, err = session.Run(t.Context(), remote.Command{Name: "x", Script: "x"})
	}
	if !errors.Is(err, remote.ErrNotAdmin) {
		t.Errorf("got %v", err)
	}
}

func TestDomainUserLogsIn(t *testing.T) {
	s := host(t, wsman.Options{})
	h := s.Host("win1", `CORP\anna`)
	h.Auth = data.AuthSealedHTTP
	session, err := dialer(t, s).Dial(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	session.Close()
}

// attacks are what a host, or somebody before it, does wrong; each ends with an
// error, in time, without a password or a message in clear.
var attacks = []struct {
	name   string
	auth   data.Auth
	faults wsman.Faults
	want   error
}{
	{"offers only Basic over HTTP", data.AuthSealedHTTP, wsman.Faults{BasicOnly: true}, remote.ErrInsecure},
	{"takes sealing out of the challenge", data.AuthSealedHTTP, wsman.Faults{NoSeal: true}, remote.ErrInsecure},
	{"takes signing out of the challenge", data.AuthSealedHTTP, wsman.Faults{NoSign: true}, remote.ErrInsecure},
	{"answers the login by 503", data.AuthSealedHTTP, wsman.Faults{BusyLogin: true}, remote.ErrGarbage},
	{"sends a challenge of rubbish", data.AuthSealedHTTP, wsman.Faults{Challenge: []byte("NTLMSSP\x00\x02\x00\x00\x00rubbish rubbish rubbish rubbish rubbish rubbish")}, nil},
	{"answers in clear", data.AuthSealedHTTP, wsman.Faults{PlainReply: true}, remote.ErrInsecure},
	{"signs wrongly", data.AuthSealedHTTP, wsman.Faults{WrongSignature: true}, remote.ErrInsecure},
	{"replays", data.AuthSealedHTTP, wsman.Faults{Replay: true}, remote.ErrInsecure},
	{"never ends its answer", data.AuthSealedHTTP, wsman.Faults{Endless: true}, remote.ErrTooMuchOutput},
	{"never ends its answer, over TLS", data.AuthNTLM, wsman.Faults{Endless: true}, remote.ErrTooMuchOutput},
	{"sends a bomb", data.AuthNTLM, wsman.Faults{GzipBomb: true}, remote.ErrGarbage},
	{"is silent", data.AuthSealedHTTP, wsman.Faults{Silent: true}, remote.ErrTimeout},
	{"is silent in the middle", data.AuthNTLM, wsman.Faults{SilentReceive: true}, remote.ErrTimeout},
	{"answers with pages", data.AuthNTLM, wsman.Faults{Status: 404}, remote.ErrGarbage},
	{"answers for another message", data.AuthNTLM, wsman.Faults{OtherMessage: true}, remote.ErrGarbage},
	{"answers for another command", data.AuthNTLM, wsman.Faults{OtherCommand: true}, remote.ErrGarbage},
	{"resets the line in the middle", data.AuthNTLM, wsman.Faults{ResetReceive: 1}, remote.ErrLost},
	{"loses the shell", data.AuthNTLM, wsman.Faults{VanishReceive: 1}, nil},
	{"drops new connections", data.AuthNTLM, wsman.Faults{Drop: 9}, remote.ErrUnreachable},
}

func TestHostileHostIsRefused(t *testing.T) {
	for _, m := range wsman.Multiparts {
		attacks = append(attacks, struct {
			name   string
			auth   data.Auth
			faults wsman.Faults
			want   error
		}{fmt.Sprintf("multipart %d", m), data.AuthSealedHTTP, wsman.Faults{Multipart: m}, nil})
	}
	for _, x := range wsman.XMLs {
		if x == wsman.XMLDeep {
			continue // strange elements are ignored, however deep: TestDeepAnswerDoesNoHarm
		}
		attacks = append(attacks, struct {
			name   string
			auth   data.Auth
			faults wsman.Faults
			want   error
		}{fmt.Sprintf("XML %d", x), data.AuthNTLM, wsman.Faults{XML: x}, remote.ErrGarbage})
	}
	for _, a := range attacks {
		t.Run(a.name, func(t *testing.T) {
			t.Parallel()
			var sent lockedBuffer
			o := over[a.auth]
			o.Tap = &sent
			s := host(t, o)
			d := dialer(t, s)
			d.config.Patience, d.config.AnswerTimeout = 300*time.Millisecond, 2*time.Second
			s.SetFaults(a.faults)
			session, err := dial(t, d, s, a.auth)
			if err == nil {
				_, err = session.Run(t.Context(), remote.Command{Name: "x", Script: "TOPSECRET-SCRIPT"})
				session.Close()
			}
			if err == nil || a.want != nil && !errors.Is(err, a.want) {
				t.Errorf("got %v, want %v", err, a.want)
			}
			var exit *remote.ExitError
			if errors.As(err, &exit) {
				t.Errorf("%v says that the script ran and failed", err)
			}
			unfit := a.faults.BasicOnly || a.faults.NoSeal || a.faults.NoSign
			if unfit && len(s.Seen()) > 0 {
				t.Errorf("a host that does not seal was shown %+v", s.Seen())
			}
			for _, c := range s.Seen() {
				if c.Password != "" && c.Clear {
					t.Errorf("the password went out: %+v", c)
				}
			}
			for _, word := range []string{password, "TOPSECRET", base64.StdEncoding.EncodeToString([]byte("admin:" + password)), "<env:Envelope"} {
				if strings.Contains(sent.String(), word) {
					t.Errorf("%q went over the wire in clear", word)
				}
			}
		})
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestMessageThatWasNotLookedAtIsSentTwiceAtMost(t *testing.T) {
	s := host(t, wsman.Options{TLS: true})
	session := open(t, s, data.AuthNTLM)
	s.SetFaults(wsman.Faults{KeyDeleted: 1})
	if _, err := session.Run(t.Context(), remote.Command{Name: "echo", Script: "x"}); err != nil {
		t.Errorf("one logoff under way: %v", err)
	}
	s.SetFaults(wsman.Faults{KeyDeleted: 9})
	before := s.Counts().Faults
	_, err := session.Run(t.Context(), remote.Command{Name: "echo", Script: "x"})
	if n := s.Counts().Faults - before; err == nil || n != 2 {
		t.Errorf("sent %d times, %v", n, err)
	}
}

func TestCommandWhoseAnswerIsLostIsNotSentAgain(t *testing.T) {
	s := host(t, wsman.Options{TLS: true})
	session := open(t, s, data.AuthNTLM)
	s.SetFaults(wsman.Faults{ResetCommand: 1})
	_, err := session.Run(t.Context(), remote.Command{Name: "echo", Script: "x"})
	if n := s.Counts().Commands; !errors.Is(err, remote.ErrLost) || n != 1 {
		t.Errorf("%d commands, %v", n, err)
	}
	if _, err := session.Run(t.Context(), remote.Command{Name: "echo", Script: "x"}); err != nil {
		t.Errorf("the session is of no use afterwards: %v", err)
	}
}

func TestDeepAnswerDoesNoHarm(t *testing.T) {
	s := host(t, over[data.AuthNTLM])
	session := open(t, s, data.AuthNTLM)
	s.SetFaults(wsman.Faults{XML: wsman.XMLDeep})
	if out, err := session.Run(t.Context(), remote.Command{Name: "x", Script: "x"}); err == nil && string(out.Stdout) != "x||" {
		t.Errorf("got %q", out.Stdout)
	}
}

// FuzzNTLMChallenge holds that no challenge that is let through makes the library
// panic: it is read before the host has proved anything.
func FuzzNTLMChallenge(f *testing.F) {
	f.Add(ntlmChallenge(honest, 7, someTime, 6, "\x02\x00\x00\x00")[12:])
	f.Add([]byte("NTLMSSP\x00\x02\x00\x00\x00\x06\x00\x06\x00\x38\x00\x00\x00\x35\x82\x8a\xe2\x01\x02\x03\x04\x05\x06\x07\x08\x00\x00\x00\x00\x00\x00\x00\x00\x04\x00\x04\x00\x3e\x00\x00\x00\x0a\x00\x63\x45\x00\x00\x00\x0fL\x00A\x00B\x00\x00\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ntlmssp.NewClient(ntlmssp.SetUserInfo("a", "b"))
		if err != nil {
			t.Fatal(err)
		}
		c.Authenticate(nil, nil)
		l := &line{target: target{}, config: Config{}.withDefaults(), leaf: []byte("x")}
		if b = append([]byte("NTLMSSP\x00\x02\x00\x00\x00"), b...); l.checkChallenge(b) == nil {
			c.Authenticate(b, l.binding())
		}
	})
}

func TestCancelEndsTheCommandOnTheHost(t *testing.T) {
	for auth, o := range over {
		for name, faults := range map[string]wsman.Faults{"waiting": {}, "silent host": {SilentReceive: true}} {
			t.Run(string(auth)+" "+name, func(t *testing.T) {
				begun := make(chan struct{})
				o.Exec = play(func(ctx context.Context, _ order, _ *wsman.Call) (string, error) {
					close(begun)
					<-ctx.Done()
					return "", ctx.Err()
				})
				s := host(t, o)
				session := open(t, s, auth)
				s.SetFaults(faults)
				ctx, cancel := context.WithCancel(t.Context())
				var stopped time.Time
				go func() {
					<-begun
					time.Sleep(50 * time.Millisecond)
					stopped = time.Now()
					cancel()
				}()
				_, err := session.Run(ctx, remote.Command{Name: "wait", Script: "x"})
				late := time.Since(stopped).Round(time.Millisecond)
				if t.Logf("returned %s after the cancel", late); late > 4*time.Second {
					t.Error("it waits for a host that does not answer")
				}
				if !errors.Is(err, context.Canceled) {
					t.Errorf("got %v", err)
				}
				until := time.Now().Add(5 * time.Second)
				for n := s.Counts(); n.Ended+n.Killed == 0 || n.Shells != 0; n = s.Counts() {
					if time.Now().After(until) {
						t.Fatalf("the command lives on: %+v", n)
					}
					time.Sleep(10 * time.Millisecond)
				}
			})
		}
	}
}

func TestLoginThatTheHostForgotIsMadeAnew(t *testing.T) {
	s := host(t, wsman.Options{TLS: true})
	session := open(t, s, data.AuthNTLM)
	for i := range 3 {
		if _, err := session.Run(t.Context(), remote.Command{Name: "echo", Script: "x"}); err != nil {
			t.Fatalf("run %d: %v", i, err)
		}
		if i == 0 {
			s.Vanish() // the service was restarted
		}
	}
	if n := s.Counts(); n.Commands != 3 {
		t.Errorf("%d commands for 3 runs", n.Commands)
	}
}

func TestCommandsOfOneSessionRunSideBySide(t *testing.T) {
	s := host(t, wsman.Options{})
	session := open(t, s, data.AuthSealedHTTP)
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			arg := strings.Repeat(fmt.Sprint(i%10), 90_000)
			out, err := session.Run(t.Context(), remote.Command{Name: "echo", Script: "x", Args: []string{arg}})
			if err != nil || string(out.Stdout) != "x|"+arg+"|" {
				t.Errorf("run %d: %d bytes, %v", i, len(out.Stdout), err)
			}
		})
	}
	wg.Wait()
	if n := s.Counts(); n.MaxShells > maxRunning {
		t.Errorf("%d shells at once", n.MaxShells)
	}
}

func TestTooMuchOutputIsCutOff(t *testing.T) {
	s := host(t, wsman.Options{Exec: play(func(ctx context.Context, _ order, c *wsman.Call) (string, error) {
		for ctx.Err() == nil {
			if _, err := io.WriteString(c.Stdout, strings.Repeat("x", 1<<16)); err != nil {
				break
			}
		}
		return "", ctx.Err()
	})})
	_, err := open(t, s, data.AuthSealedHTTP).Run(t.Context(), remote.Command{Name: "flood", Script: "x", Limit: 1000})
	if !errors.Is(err, remote.ErrTooMuchOutput) {
		t.Errorf("got %v", err)
	}
}

func TestBootstrapFitsOnACommandLineAndVariesNever(t *testing.T) {
	if n := len(bootstrapLine); n > maxLine {
		t.Errorf("the command line has %d characters, cmd.exe takes %d", n, maxLine)
	}
	if strings.ContainsAny(bootstrapLine, "&|<>^%\"'`!") {
		t.Error("the command line holds a character that cmd.exe knows")
	}
}

func TestBootstrapRunsUnderWindowsPowerShell51(t *testing.T) {
	pwsh.Check51(t, "run.ps1")
}

// realPowerShell runs command lines in a real PowerShell.
func realPowerShell(program string) func(context.Context, *wsman.Call) int {
	return func(ctx context.Context, c *wsman.Call) int {
		args := strings.Fields(c.Line)
		cmd := exec.CommandContext(ctx, program, args[1:]...)
		cmd.Stdin, cmd.Stdout, cmd.Stderr = c.Stdin, c.Stdout, c.Stderr
		cmd.WaitDelay = time.Second
		if err := cmd.Run(); err != nil {
			return 1
		}
		return 0
	}
}

func TestBootstrapRunsInARealPowerShell(t *testing.T) {
	program, _ := pwsh.Need(t)
	s := host(t, wsman.Options{Exec: realPowerShell(program)})
	session := open(t, s, data.AuthSealedHTTP)
	run := func(c remote.Command) (string, error) {
		out, err := session.Run(t.Context(), c)
		return string(out.Stdout), err
	}
	out, err := run(remote.Command{Name: "args", Script: `param($A, $B, $C) "$A|$B|$C|" + $Stdin.Length + '|' + [Text.Encoding]::UTF8.GetString($Stdin)`,
		Args: []string{`x'"$(1+1)` + "\n`", "", "é👍"}, Stdin: []byte("ü")})
	if want := "x'\"$(1+1)\n`||é👍|2|ü"; err != nil || out != want {
		t.Errorf("got %q, %v; want %q", out, err, want)
	}
	out, err = run(remote.Command{Name: "none", Script: `param($A) "$($null -eq $A) $($args.Count) $($Stdin.Length)"`})
	if err != nil || out != "True 0 0" {
		t.Errorf("no arguments: %q, %v", out, err)
	}
	_, err = run(remote.Command{Name: "throw", Script: `throw "it's broken"`})
	var exit *remote.ExitError
	if !errors.As(err, &exit) || !strings.HasPrefix(exit.Stderr, "it's broken") {
		t.Errorf("throw: %v", err)
	}
	_, err = run(remote.Command{Name: "native", Script: `Get-Item /does/not/exist`})
	if !errors.As(err, &exit) {
		t.Errorf("an error that does not throw by itself: %v", err)
	}
}

// TestBootstrapLeavesStandardInputToItself: PowerShell reads standard input
// itself where the text on its command line names $input (ConsoleHost's
// "Detect if they're using input").
func TestBootstrapLeavesStandardInputToItself(t *testing.T) {
	if strings.Contains(strings.ToLower(Bootstrap()), "$input") {
		t.Error("run.ps1 names $input")
	}
}
