package remotetest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"secondtuesday/data/secret"
	"secondtuesday/remote/internal/wire"
)

// Secrets are credentials for tests, by key.
type Secrets map[secret.Key]string

// Get implements remote.Secrets.
func (s Secrets) Get(_ context.Context, k secret.Key) (secret.Secret, error) {
	v, ok := s[k]
	if !ok {
		return secret.Secret{}, secret.ErrNone
	}
	return secret.New(v).Anywhere(), nil
}

// session serves one channel: one command.
func (s *Server) session(ctx context.Context, user string, n ssh.NewChannel) {
	ch, requests, err := n.Accept()
	if err != nil {
		return
	}
	ctx, end := context.WithCancel(ctx)
	defer end()
	run := make(chan string, 1)
	go func() {
		defer end() // the channel has closed
		for r := range requests {
			s.request(r, run, end)
		}
	}()
	defer ch.Close()
	var line string
	select {
	case line = <-run:
	case <-ctx.Done():
		return
	}
	atomic.AddInt64(&s.counts.Commands, 1)
	if !s.pause(ctx) {
		return
	}
	c := &command{server: s, user: user, ch: ch, in: bufio.NewReader(ch)}
	status := c.run(ctx, line)
	if s.life.Err() != nil {
		return
	}
	if status > 128 {
		// RFC 4254, section 6.10: signal name, core dumped, message, language.
		name := map[int]string{128 + 9: "KILL", 128 + 15: "TERM"}[status]
		if name != "" {
			ch.SendRequest("exit-signal", false, ssh.Marshal(struct {
				Name     string
				Core     bool
				Msg, Tag string
			}{name, false, "", ""}))
			return
		}
	}
	ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{uint32(status)}))
}

// request answers what a client asks of its channel.
func (s *Server) request(r *ssh.Request, run chan<- string, end func()) {
	f := s.currentFaults()
	ok := false
	switch {
	case f.Deaf:
		return
	case r.Type == "exec":
		var m struct{ Line string }
		if ok = ssh.Unmarshal(r.Payload, &m) == nil; ok {
			select {
			case run <- m.Line:
			default:
				ok = false
			}
		}
	case r.Type == "signal":
		end()
	}
	if r.WantReply {
		r.Reply(ok, nil)
	}
}

// pause waits as a slow host does.
func (s *Server) pause(ctx context.Context) bool {
	select {
	case <-time.After(s.currentFaults().Slow):
		return true
	case <-ctx.Done():
		return false
	}
}

// A command is one line that a client runs.
type command struct {
	server *Server
	user   string
	ch     ssh.Channel
	in     *bufio.Reader
}

func (c *command) run(ctx context.Context, text string) int {
	f := c.server.currentFaults()
	if f.NoShell {
		io.WriteString(c.ch, "This account is currently not available.\n")
		return 1
	}
	io.WriteString(c.ch, f.Noise)
	line, err := wire.ParseLine(text)
	if err != nil {
		fmt.Fprintf(c.ch.Stderr(), "sh: %v\n", err)
		return 127
	}
	root := c.server.options.Users[c.user].UID == 0
	if line.How != wire.Direct {
		if status := c.sudo(line); status != 0 {
			return status
		}
		root = true
	}
	body := make([]byte, line.Size)
	if _, err := io.ReadFull(c.in, body); err != nil {
		return 2 // half a script is a syntax error
	}
	script, err := wire.Decode(body)
	if err != nil {
		return 2
	}
	return c.script(ctx, script, root)
}

// sudo plays sudo; 0 lets the script run.
func (c *command) sudo(l wire.Line) int {
	u := c.server.options.Users[c.user]
	say := func(s string) int { io.WriteString(c.ch.Stderr(), s); return 1 }
	switch {
	case u.UID == 0 || u.Sudo == SudoFree:
	case u.Sudo == SudoMissing:
		say("env: 'sudo': No such file or directory\n")
		return 127
	case l.How == wire.Sudo:
		return say("sudo: a password is required\n")
	default:
		say("\nWe trust you have received the usual lecture.\n\n" + wire.Prompt(l.Nonce))
		given, err := c.in.ReadString('\n')
		if err != nil {
			return say("sudo: no password was provided\n")
		}
		atomic.AddInt64(&c.server.counts.SudoTries, 1)
		if strings.TrimSuffix(given, "\n") != u.SudoPassword {
			say("Sorry, try again.\n" + wire.Prompt(l.Nonce))
			io.Copy(io.Discard, c.in) // until the client hangs up
			return say("sudo: 1 incorrect password attempt\n")
		}
		if u.Sudo == SudoDenied {
			return say(c.user + " is not in the sudoers file.\n")
		}
	}
	if l.How == wire.SudoAsks {
		say(wire.Elevated(l.Nonce))
	}
	return 0
}

// script runs a script: its own for root and for ending commands, the other
// ones by the Exec of the options.
func (c *command) script(ctx context.Context, script wire.Script, root bool) int {
	s := c.server
	pid := fmt.Sprint(s.nextPID.Add(1))
	// Not a process of this computer, and beyond any number of one.
	pid = "9000000" + pid
	ctx, end := context.WithCancel(ctx)
	defer end()
	s.mu.Lock()
	s.running[pid] = end
	s.mu.Unlock()
	defer func() {
		s.mu.Lock()
		delete(s.running, pid)
		s.mu.Unlock()
	}()
	fmt.Fprintf(c.ch, "%s%s %s\n", wire.Start(script.Nonce), pid, pid)
	io.WriteString(c.ch.Stderr(), wire.StartErr(script.Nonce))
	switch script.Text {
	case wire.Probe:
		return c.probe(script.Args)
	case wire.Kill:
		return c.kill(script.Args)
	}
	if s.options.Exec == nil {
		return 127
	}
	status := s.options.Exec(ctx, &Call{
		User: c.user, Script: script.Text, Args: script.Args, Root: root,
		Stdin: c.in, Stdout: c.ch, Stderr: c.ch.Stderr(),
	})
	if ctx.Err() != nil {
		return 128 + 15
	}
	return status
}

func (c *command) probe(args []string) int {
	u := c.server.options.Users[c.user]
	fmt.Fprintln(c.ch, u.UID)
	how := ""
	if len(args) > 0 {
		how = args[0]
	}
	switch {
	case u.UID == 0 || how == "direct":
	case u.Sudo == SudoMissing:
		fmt.Fprintln(c.ch, "none")
	case u.Sudo == SudoFree && how != "password":
		fmt.Fprintln(c.ch, "free")
	default:
		fmt.Fprintln(c.ch, "asks\nsudo: a password is required")
	}
	return 0
}

func (c *command) kill(args []string) int {
	if len(args) == 0 {
		return 2
	}
	s := c.server
	s.mu.Lock()
	end := s.running[args[0]]
	s.mu.Unlock()
	if end != nil {
		atomic.AddInt64(&s.counts.Ended, 1)
		end()
	}
	return 0
}

// RunSh is an Options.Exec that runs the script with this computer's sh, as
// this program's own user.
func RunSh(ctx context.Context, c *Call) int {
	line := exec.Command("sh", append([]string{"-c", shPrologue + c.Script, "sh"}, c.Args...)...)
	line.Env = append(os.Environ(), "LC_ALL=C", "LANG=C")
	line.SysProcAttr = ownGroup()
	stdin, err := line.StdinPipe()
	if err != nil {
		return 126
	}
	line.Stdout, line.Stderr = c.Stdout, c.Stderr
	line.WaitDelay = time.Second
	if err := line.Start(); err != nil {
		return 127
	}
	go func() { io.Copy(stdin, c.Stdin); stdin.Close() }()
	var once sync.Once
	defer context.AfterFunc(ctx, func() { once.Do(func() { endGroup(line.Process) }) })()
	var exit *exec.ExitError
	switch err := line.Wait(); {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		if w, ok := exit.Sys().(syscall.WaitStatus); ok && w.Signaled() {
			return 128 + int(w.Signal())
		}
		return exit.ExitCode()
	}
	return 126
}

const shPrologue = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin; export PATH\n"
