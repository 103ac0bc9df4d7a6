package wire

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/app/explain"
	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/wsman"
	"secondtuesday/remote/winrm"
	"secondtuesday/remote/winupdate"
)

var updateManual = flag.Bool("update", false, "write the pages of the manual that are made by tests")

// A failure is one row of the manual's table of what goes wrong with Windows
// hosts: it is made to happen, and what a person then reads is held to the row.
type failure struct {
	what string
	see  []string // words that are read, in this order in the manual
	do   string   // empty: what the program itself says to do
	kind error    // of the error; nil: it is none of a session
	make func(t *testing.T) outcome
}

// An outcome is an error, or all that a person reads of a scan or a run.
type outcome struct {
	err   error
	words string
}

// of dials a canned host and runs a command there.
func of(o wsman.Options, auth data.Auth, hurt func(*canned)) func(*testing.T) outcome {
	return func(t *testing.T) outcome {
		c := newCanned(t, o)
		if o.TLS {
			c.vouch(t)
		}
		if hurt != nil {
			hurt(c)
		}
		return outcome{err: c.try(t, c.host(auth))}
	}
}

// try logs in and asks something.
func (c *canned) try(t *testing.T, h data.Host) error {
	s, err := c.dialer.Dial(t.Context(), h)
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = (winupdate.Platform{}).Alive(t.Context(), s)
	return err
}

func faults(f wsman.Faults) func(*canned) {
	return func(c *canned) { c.server.SetFaults(f) }
}

// scanned scans a host whose task found this.
func scanned(result map[string]any) func(*testing.T) outcome {
	return func(t *testing.T) outcome {
		c := newCanned(t, wsman.Options{TLS: true})
		c.vouch(t)
		result["kind"], result["finished"] = "scan", true
		c.set("look.ps1", looked("ended", result))
		s, err := c.dialer.Dial(t.Context(), c.host(data.AuthNTLM))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		scan, err := winupdate.Platform{Poll: 10 * time.Millisecond}.Scan(t.Context(), s, true)
		if err != nil {
			return outcome{err: err}
		}
		if scan.Trusted() {
			t.Error("the scan is trusted")
		}
		var words []string
		for _, p := range scan.Problems {
			words = append(words, string(p.Kind)+": "+p.Detail)
		}
		return outcome{words: strings.Join(words, "\n")}
	}
}

// ran drives a rollout over a night that prepare has hurt.
func ran(reboot data.RebootPolicy, prepare func(*night)) func(*testing.T) outcome {
	return func(t *testing.T) outcome {
		n := newNight(t)
		prepare(n)
		return outcome{words: n.drive(reboot)}
	}
}

// job sets what becomes of the planned update.
func job(status string, more func(update, result map[string]any)) func(*testing.T) outcome {
	return ran(data.RebootNever, func(n *night) {
		n.status = status
		n.result = func(r map[string]any) {
			if more != nil {
				more(r["updates"].([]any)[0].(map[string]any), r)
			}
		}
	})
}

var failures = []failure{
	{"nobody listens: switched off, wrong name or port, WinRM not set up, a firewall between", []string{"Host is unreachable"}, "", remote.ErrUnreachable, func(t *testing.T) outcome {
		c := newCanned(t, wsman.Options{TLS: true})
		h := c.host(data.AuthNTLM)
		h.Port = freePort(t)
		return outcome{err: c.try(t, h)}
	}},
	{"something else answers at the port, such as a web server", []string{"Host's answer makes no sense", "there is no WinRM at /wsman"},
		"Set the right port: 5986 is HTTPS. On the host: winrm enumerate winrm/config/listener", remote.ErrGarbage, webServer},
	{"the certificate is seen for the first time", []string{"Certificate is not known yet", "SHA256:"}, "", nil, func(t *testing.T) outcome {
		c := newCanned(t, wsman.Options{TLS: true})
		return outcome{err: c.try(t, c.host(data.AuthNTLM))}
	}},
	{"the certificate is another one", []string{"has changed"}, "", nil,
		of(wsman.Options{TLS: true}, data.AuthNTLM, func(c *canned) { c.server.ChangeCertificate(wsman.NewCertificate()) })},
	{"the host offers only Basic over HTTP", []string{"No safe way to log in", "the password was not sent"}, "", remote.ErrInsecure,
		of(wsman.Options{}, data.AuthSealedHTTP, faults(wsman.Faults{BasicOnly: true}))},
	{"the host, or somebody before it, does not seal messages", []string{"No safe way to log in", "does not offer to seal messages"}, "", remote.ErrInsecure,
		of(wsman.Options{}, data.AuthSealedHTTP, faults(wsman.Faults{NoSeal: true}))},
	{"wrong user or password", []string{"Login refused", "tried NTLM, once"}, "", remote.ErrLoginRefused,
		of(wsman.Options{TLS: true}, data.AuthNTLM, faults(wsman.Faults{RefuseLogin: true}))},
	{"a proxy takes TLS off in between, and the host demands channel binding", []string{"Login refused", "tried NTLM, once"},
		"Look at the certificate: it is the proxy's. Connect past the proxy: a login is bound to the certificate, so that nobody in between can pass it on.", remote.ErrLoginRefused, throughProxy},
	{"the account has no rights", []string{"Account may not manage the host"}, "", remote.ErrNotAdmin, func(t *testing.T) outcome {
		c := newCanned(t, wsman.Options{TLS: true})
		c.vouch(t)
		h := c.host(data.AuthNTLM)
		h.User = "guest"
		return outcome{err: c.try(t, h)}
	}},
	{"too many shells of the account", []string{"Too many sessions on the host"}, "", remote.ErrQuota, func(t *testing.T) outcome {
		c := newCanned(t, wsman.Options{TLS: true, MaxShellsPerUser: 1})
		c.vouch(t)
		s, err := c.dialer.Dial(t.Context(), c.host(data.AuthNTLM))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		if _, err := (winupdate.Platform{}).Alive(t.Context(), s); err != nil { // it keeps its shell
			t.Fatal(err)
		}
		return outcome{err: c.try(t, c.host(data.AuthNTLM))}
	}},
	{"the command line is too long for the host", []string{"0x800700CE"}, "Report it with the text: it is a fault of the program.", nil,
		of(wsman.Options{TLS: true}, data.AuthNTLM, faults(wsman.Faults{CreateFault: 2147942606}))},
	{"a policy constrains PowerShell", []string{"PowerShell is constrained", "ConstrainedLanguage"}, "", remote.ErrConstrained,
		of(wsman.Options{TLS: true}, data.AuthNTLM, func(c *canned) { c.raw = "<<ST1!ConstrainedLanguage!ST1>>" })},
	{"a security product blocks the script", []string{"A security product blocked the script"}, "", remote.ErrBlocked,
		of(wsman.Options{TLS: true}, data.AuthNTLM, func(c *canned) {
			c.stderr = "This script contains malicious content and has been blocked by your antivirus software."
		})},
	{"the task does not start", []string{"The host's task scheduler did not start the task", "0x00041303"}, "", winupdate.ErrTaskNeverStarted, func(t *testing.T) outcome {
		c := newCanned(t, wsman.Options{TLS: true})
		c.vouch(t)
		c.set("look.ps1", map[string]any{"state": "never", "detail": "the scheduler says 0x00041303"})
		s, err := c.dialer.Dial(t.Context(), c.host(data.AuthNTLM))
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		_, err = winupdate.Platform{Poll: 10 * time.Millisecond}.Scan(t.Context(), s, true)
		return outcome{err: err}
	}},
	{"Windows Update denies even SYSTEM", []string{"source unreachable", "access denied: a policy or the rights of SYSTEM (0x80070005)"},
		"Look for a policy on Windows Update; the host is unknown meanwhile, never without updates.", nil,
		scanned(map[string]any{"error": "0x80070005", "where": "search"})},
	{"Windows Update is switched off", []string{"the Windows Update service is disabled (0x80070422)"}, "Set-Service wuauserv -StartupType Manual", nil,
		scanned(map[string]any{"error": "0x80070422", "where": "open Windows Update"})},
	{"WSUS or the proxy cannot be reached", []string{"the name of the update server or proxy cannot be looked up (0x8024402C)", "updates come from WSUS"},
		"Check the server's name in the policy, DNS and the proxy: netsh winhttp show proxy", nil,
		scanned(map[string]any{"error": "0x8024402C", "where": "search", "facts": map[string]any{"useServer": 1, "server": "http://wsus.example.test:8530"}})},
	{"the search comes back with a part missing", []string{"the list is not whole (result code 3)", "0x8024402C"}, "See the warnings; scan again. What is listed is shown, and the host stays unknown.", nil,
		scanned(map[string]any{"code": 3, "warnings": []string{"0x8024402C a warning"}})},
	{"an update was withdrawn or revised since the approval", []string{"outcome failed", "skipped: it is no longer offered in this revision", "not in: KB5044281"}, "Scan again and plan anew.", nil, job("gone", nil)},
	{"a planned update is not in a list that is not whole", []string{"outcome failed", "could not be looked up: the search was not whole", "not in: KB5044281"}, "It may be offered all the same. Scan again; try again when a scan can be trusted.", nil, job("unseen", nil)},
	{"an update asks for its licence terms, and the plan does not accept them", []string{"outcome failed", "not installed: asks for its licence terms"}, "Read them; then plan it with its terms accepted: `stctl plan make --accept-terms`, or the tick in the plan's preview.", nil, job("terms", nil)},
	{"an update fails", []string{"outcome failed", "install failed: files that the update needs are missing: repair with DISM /RestoreHealth (0x800F081F)"}, "Do what the code's sentence says; the other updates went on.", nil,
		job("failed", func(u, _ map[string]any) { u["hresult"], u["phase"] = "0x800F081F", "install" })},
	{"another installer is at work", []string{"outcome failed", "another installation is running, or a reboot is pending (0x80240016)"}, "Wait until it has ended, reboot if one is pending, then retry the run.", nil,
		job("failed", func(u, _ map[string]any) { u["hresult"], u["phase"] = "0x80240016", "install" })},
	{"a reboot is pending before the job", []string{"outcome failed", "nothing was done: a reboot is pending (servicing: RebootPending)"}, "Plan a reboot first (stctl plan make --reboot-only, or Plan a reboot…), then retry the run.", nil,
		job("cancelled", func(_, r map[string]any) {
			r["error"], r["message"], r["updates"] = "a reboot is pending", "servicing: RebootPending", []any{}
		})},
	{"the window is over before all are in", []string{"outcome failed", "the window ended", "not started: the window was over"}, "Plan the rest for the next window.", nil,
		job("deadline", func(_, r map[string]any) { r["stopped"] = "deadline" })},
	{"the task is gone without a result: killed, or the host went down", []string{"outcome unknown", "the job started and is gone without a result"},
		"Look at the host, then look again here. It is never repeated blindly, and never called a success.", nil,
		ran(data.RebootNever, func(n *night) { n.look = func(string) any { return looked("lost", nil) } })},
	{"the job gives no sign of life for 30 minutes, and no installer on the host uses the processor", []string{"outcome : no sign of life for 40 minutes: looks stuck; asking on"},
		"Look at the host; it is asked on. Neither success nor failure is concluded, cancel still works, and at the latest an hour after the window's end the task is ended by the host's scheduler, and a scan tells what is in.", nil, stuck},
	{"somebody else has asked for a reboot", []string{"somebody else reboots the host: it is scheduled already (1190)", "the boot ID tells whether it happens", "outcome succeeded"}, "Nothing: the boot is waited for.", nil,
		ran(data.RebootAlways, func(n *night) { n.reboot = func(n *night) string { n.boots++; return "scheduled" } })},
	{"a shutdown is in progress already", []string{"a shutdown is in progress already (1115)", "the boot ID tells whether it happens", "outcome succeeded"}, "Nothing: the boot is waited for.", nil,
		ran(data.RebootAlways, func(n *night) { n.reboot = func(n *night) string { n.boots++; return "going" } })},
	{"the host does not come back", []string{"outcome unknown", "no answer since the reboot"}, "Look at the host's console, then look again here.", nil,
		ran(data.RebootAlways, func(n *night) {
			n.reboot = func(n *night) string { time.AfterFunc(100*time.Millisecond, n.server.Down); return "asked" }
		})},
	{"the host comes back, but it is the same boot", []string{"outcome failed", "the boot ID is still the same"}, "Reboot the host by hand, then look why it refused.", nil,
		ran(data.RebootAlways, func(n *night) { n.reboot = func(*night) string { return "asked" } })},
	{"Windows takes the update out again in the reboot", []string{"outcome failed", "0 of 1 changes are in; not in: KB5044281"}, "Read C:\\Windows\\Logs\\CBS\\CBS.log on the host. It is missing again in the next scan.", nil,
		ran(data.RebootAlways, func(n *night) { n.undone = true })},
	{"the desk is closed while a job runs", []string{"outcome succeeded", "1 of 1 changes are in"}, "Nothing: open the desk again; the job is looked up by its ID.", nil, func(t *testing.T) outcome {
		n := newNight(t)
		return outcome{words: n.closeInMidJob()}
	}},
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// throughProxy dials through somebody who ends TLS with a certificate that a
// person has vouched for, and goes on to the host with TLS of his own.
func throughProxy(t *testing.T) outcome {
	c := newCanned(t, wsman.Options{TLS: true, StrictBinding: true})
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{wsman.NewCertificate()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer in.Close()
				out, err := tls.Dial("tcp", c.server.Addr(), &tls.Config{InsecureSkipVerify: true})
				if err != nil {
					return
				}
				defer out.Close()
				go io.Copy(out, in)
				io.Copy(in, out)
			}()
		}
	}()
	h := c.host(data.AuthNTLM)
	h.Port = l.Addr().(*net.TCPAddr).Port
	_, err = c.dialer.Greet(t.Context(), h)
	var unknown *remote.HostKeyUnknownError
	if !errors.As(err, &unknown) {
		t.Fatal(err)
	}
	if err := c.dialer.AcceptHostKey(unknown); err != nil {
		t.Fatal(err)
	}
	err = c.try(t, h)
	if n := c.server.Counts(); n.Refused != 1 {
		t.Errorf("%d logins were refused", n.Refused)
	}
	return outcome{err: err}
}

// webServer dials a web server that knows no /wsman.
func webServer(t *testing.T) outcome {
	c := newCanned(t, wsman.Options{TLS: true})
	web := httptest.NewTLSServer(http.NotFoundHandler())
	t.Cleanup(web.Close)
	h := c.host(data.AuthNTLM)
	h.Port = web.Listener.Addr().(*net.TCPAddr).Port
	_, err := c.dialer.Greet(t.Context(), h)
	var unknown *remote.HostKeyUnknownError
	if errors.As(err, &unknown) {
		err = c.dialer.AcceptHostKey(unknown)
	}
	if err != nil {
		t.Fatal(err)
	}
	return outcome{err: c.try(t, h)}
}

func TestEveryFailureOfTheManualIsReadAsItSays(t *testing.T) {
	rows := make([]string, len(failures))
	t.Run("rows", func(t *testing.T) {
		for i, f := range failures {
			t.Run(strconv.Itoa(i+1)+" "+f.what, func(t *testing.T) {
				t.Parallel()
				o, do := f.make(t), f.do
				words := o.words
				if o.err != nil {
					w := explain.Of(o.err)
					words = w.String() + "\n" + w.Detail
					if do == "" {
						do = w.Next
					}
				}
				if do == "" {
					t.Error("nothing is said to do")
				}
				if f.kind != nil && !errors.Is(o.err, f.kind) {
					t.Errorf("the error is %v, want %v", o.err, f.kind)
				}
				var exit *remote.ExitError
				if errors.As(o.err, &exit) {
					t.Errorf("%v says that a script ran and failed", o.err)
				}
				for _, see := range f.see {
					if !strings.Contains(words, see) {
						t.Errorf("%q is not read; there is\n%s", see, words)
					}
				}
				rows[i] = fmt.Sprintf("| %s | *%s* | %s |", f.what, strings.Join(f.see, "* … *"), strings.ReplaceAll(do, "|", "\\|"))
			})
		}
	})
	if t.Failed() {
		return
	}
	const path = "../docs/manual/windows-failures.md"
	page := failuresHead + strings.Join(rows, "\n") + "\n"
	if *updateManual {
		if err := os.WriteFile(path, []byte(page), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(page, strings.ReplaceAll(string(b), "\r\n", "\n")); d != "" {
		t.Errorf("windows-failures.md is not what the program does (go test ./wire -run Manual -update writes it):\n%s", d)
	}
}

const failuresHead = `# What goes wrong with Windows hosts
What happens, what you see, what to do. This page is made by a test (` + "`go test ./wire -run Manual -update`" + `): each row is made to happen
on a played Windows host, and the words are held to what the program then says. How that differs from a real Windows is said in
[preparing a Windows server](preparing-a-windows-server.md).

To find out where the way to a host ends: ` + "`stctl doctor HOST`" + `, or *Check host…* in the window.

| what happens | what you see | what to do |
|---|---|---|
`

var _ remote.Guide = (*winrm.Dialer)(nil)
