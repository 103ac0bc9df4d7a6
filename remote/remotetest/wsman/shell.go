package wsman

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"time"
)

// A shell is the remote end of a session: commands run in it, and die with it.
type shell struct {
	id, owner string
	commands  map[string]*command // guarded by the server's lock
}

// kill ends the commands of a shell that is out of the server's map already.
func (sh *shell) kill(s *Server) {
	s.mu.Lock()
	commands := make([]*command, 0, len(sh.commands))
	for _, c := range sh.commands {
		commands = append(commands, c)
	}
	s.mu.Unlock()
	for _, c := range commands {
		if c.kill(true) {
			s.count(func(n *Counts) { n.Killed++ })
		}
	}
}

// What Windows says.
var (
	faultDenied   = fault{code: 5, sender: true, subcode: "AccessDenied", text: "Access is denied. "}
	faultTimeout  = fault{code: 2150858793, subcode: "TimedOut", text: "The WS-Management service cannot complete the operation within the time specified in OperationTimeout.  "}
	faultTooLong  = fault{code: 2147942606, subcode: "InternalError", text: "The filename or extension is too long. "}
	faultKey      = fault{code: 2147943418, subcode: "InternalError", text: "Illegal operation attempted on a registry key that has been marked for deletion. "}
	faultCommand  = fault{code: 87, sender: true, subcode: "InvalidParameter", text: "The parameter is incorrect. "}
	faultAborted  = fault{code: 995, subcode: "InternalError", text: "The I/O operation has been aborted because of either a thread exit or an application request. "}
	faultAction   = fault{code: 2150858753, sender: true, subcode: "ActionNotSupported", text: "The action is not supported by the service. "}
	faultResource = fault{code: 2150858811, sender: true, subcode: "DestinationUnreachable", text: "The WS-Management service cannot process the request. The resource URI is missing or it has an incorrect format. "}
)

func faultNoShell(id string) fault {
	return fault{code: 2150858843, sender: true, subcode: "InvalidSelectors", text: "The request for the Windows Remote Shell with ShellId " + id +
		" failed because the shell was not found on the server. Possible causes are: the specified ShellId is incorrect or the shell no longer exists on the server. Provide the correct ShellId or create a new shell and retry the operation. "}
}

func faultQuota(most int) fault {
	return fault{code: 2150859173, subcode: "QuotaLimit", text: fmt.Sprintf("The WS-Management service cannot process the request. This user is allowed a maximum number of %d concurrent shells, which has been exceeded. Close existing shells or raise the quota for this user. ", most)}
}

// An operation is one message that is being performed.
type operation struct {
	wrapper // writes the answer
	server  *Server
	from    received
	asked   *envelope
}

// perform does what a message asks.
func (s *Server) perform(ctx context.Context, m received, e *envelope) answer {
	o := &operation{server: s, from: m, asked: e, wrapper: wrapper{id: newID(), relatesTo: strings.TrimSpace(e.Header.MessageID)}}
	if s.currentFaults().OtherMessage {
		o.relatesTo = "uuid:" + newID()
	}
	switch {
	case !m.who.admin:
		return o.fail(faultDenied)
	case strings.TrimSpace(e.Header.ResourceURI) != shellCmd:
		return o.fail(faultResource)
	}
	action := strings.TrimSpace(e.Header.Action)
	if action == actionCreate {
		return o.create()
	}
	id := named(e.Header.Selectors, "ShellId")
	s.mu.Lock()
	sh := s.shells[strings.ToUpper(id)]
	s.mu.Unlock()
	switch {
	case sh == nil:
		return o.fail(faultNoShell(id))
	case sh.owner != m.who.name:
		return o.fail(faultDenied)
	}
	switch action {
	case actionCommand:
		return o.command(sh)
	case actionSend:
		return o.send(ctx, sh)
	case actionReceive:
		return o.receive(ctx, sh)
	case actionSignal:
		return o.signal(sh)
	case actionDelete:
		if s.currentFaults().SilentDelete {
			<-ctx.Done() // the client hangs up, or the host goes down
			abort()
		}
		s.remove(sh)
		return o.wrap(200, nsTransfer+"/DeleteResponse", "")
	}
	return o.fail(faultAction)
}

func (o *operation) fail(f fault) answer {
	o.server.count(func(c *Counts) { c.Faults++ })
	return o.fault(f)
}

// create opens a shell.
func (o *operation) create() answer {
	s := o.server
	f := s.currentFaults()
	if f.CreateFault != 0 {
		return o.fail(fault{code: f.CreateFault, subcode: "InternalError", text: fmt.Sprintf("The service failed with 0x%08X. ", f.CreateFault)})
	}
	if s.take(func(f *Faults) *int { return &f.KeyDeleted }) {
		return o.fail(faultKey)
	}
	sh := &shell{id: newID(), owner: o.from.who.name, commands: map[string]*command{}}
	s.mu.Lock()
	up, own := s.listener != nil, 0
	for _, other := range s.shells {
		if other.owner == sh.owner {
			own++
		}
	}
	full := own >= s.options.MaxShellsPerUser
	if up && !full {
		s.shells[sh.id] = sh
		s.counts.Created++
		s.counts.Shells = int64(len(s.shells))
		s.counts.MaxShells = max(s.counts.MaxShells, s.counts.Shells)
	}
	s.mu.Unlock()
	switch {
	case !up:
		abort()
	case full:
		return o.fail(faultQuota(s.options.MaxShellsPerUser))
	}
	return o.created(sh.id)
}

// remove deletes a shell and kills what runs in it.
func (s *Server) remove(sh *shell) {
	s.mu.Lock()
	delete(s.shells, sh.id)
	s.counts.Shells = int64(len(s.shells))
	s.mu.Unlock()
	sh.kill(s)
}

// command starts a process.
func (o *operation) command(sh *shell) answer {
	const longest = 8191 // of a command line, by way of cmd.exe
	s, asked := o.server, o.asked
	line := strings.Join(append([]string{asked.Body.Line.Command}, asked.Body.Line.Arguments...), " ")
	if len([]rune(line)) > longest {
		return o.fail(faultTooLong)
	}
	if s.take(func(f *Faults) *int { return &f.KeyDeleted }) {
		return o.fail(faultKey)
	}
	ctx, cancel := context.WithCancel(s.life)
	c := newCommand(newID(), cancel)
	call := &Call{
		User: o.from.who.name, Line: line, Console: strings.EqualFold(named(asked.Header.Options, "WINRS_CONSOLEMODE_STDIN"), "TRUE"),
		Stdin: stdin{c}, Stdout: stdout{c, &c.out}, Stderr: stdout{c, &c.errout},
	}
	s.mu.Lock()
	alive := !s.closed && s.shells[sh.id] == sh
	if alive {
		sh.commands[c.id] = c
		s.counts.Commands++
		s.work.Go(func() {
			defer cancel()
			c.finish(s.exec(ctx, call))
		})
	}
	s.mu.Unlock()
	if !alive {
		cancel()
		return o.fail(faultNoShell(sh.id))
	}
	if s.take(func(f *Faults) *int { return &f.ResetCommand }) {
		o.from.line.raw.reset()
		abort()
	}
	return o.started(c.id)
}

func (s *Server) exec(ctx context.Context, call *Call) int {
	if s.currentFaults().CLIXML {
		io.WriteString(call.Stderr, progressRecord)
	}
	if s.options.Exec == nil {
		return 1
	}
	return s.options.Exec(ctx, call)
}

// find returns a command of a shell; nil where there is none.
func (o *operation) find(sh *shell, id string) *command {
	o.server.mu.Lock()
	defer o.server.mu.Unlock()
	return sh.commands[strings.ToUpper(strings.TrimSpace(id))]
}

// send gives input to a process.
func (o *operation) send(ctx context.Context, sh *shell) answer {
	ctx, cancel := context.WithTimeout(ctx, o.asked.Header.timeout())
	defer cancel()
	for _, p := range o.asked.Body.Send.Streams {
		c := o.find(sh, p.Command)
		data, err := base64.StdEncoding.DecodeString(strings.TrimSpace(p.Base64))
		if c == nil || err != nil || p.Name != "stdin" {
			return o.fail(faultCommand)
		}
		if !c.send(ctx, data, p.last()) {
			return o.fail(faultTimeout)
		}
	}
	return o.wrap(200, nsShell+"/SendResponse", "<rsp:SendResponse></rsp:SendResponse>")
}

// receive waits for output, for as long as the client wants.
func (o *operation) receive(ctx context.Context, sh *shell) answer {
	s := o.server
	f := s.currentFaults()
	switch {
	case f.SilentReceive:
		<-ctx.Done() // the client hangs up, or the host goes down
		abort()
	case f.HastyReceive:
		return o.fail(faultTimeout)
	case s.take(func(f *Faults) *int { return &f.ResetReceive }):
		o.from.line.raw.reset()
		abort()
	case s.take(func(f *Faults) *int { return &f.VanishReceive }):
		s.remove(sh)
		return o.fail(faultNoShell(sh.id))
	}
	c := o.find(sh, o.asked.Body.Receive.Desired.Command)
	if c == nil {
		return o.fail(faultCommand)
	}
	ctx, cancel := context.WithTimeout(ctx, o.asked.Header.timeout())
	defer cancel()
	if !c.first(ctx, f.Slow) {
		return o.fail(faultTimeout)
	}
	got, ok := c.receive(ctx, chunk(f.Chunk, o.asked.Header.MaxEnvelope))
	switch {
	case !ok:
		return o.fail(faultTimeout)
	case got.aborted:
		return o.fail(faultAborted)
	}
	id := c.id
	if f.OtherCommand {
		id = newID()
	}
	a := o.output(id, got)
	a.last = f.LastReceive && got.done
	return a
}

// chunk is how many bytes of a stream one answer holds: the fault's, or 32 KiB,
// or what fits twice into the client's envelope.
func chunk(fault, envelope int) int {
	const usual, around = 32 << 10, 3000
	n := usual
	if envelope > around {
		n = min(n, (envelope-around)*3/8)
	}
	if fault > 0 {
		n = min(n, fault)
	}
	return max(n, 1)
}

// first waits before the first output of a command as a slow host does.
func (c *command) first(ctx context.Context, slow time.Duration) bool {
	c.mu.Lock()
	fetched := c.fetched
	c.mu.Unlock()
	if !fetched && slow > 0 {
		select {
		case <-time.After(slow):
		case <-ctx.Done():
			return false
		}
	}
	c.mu.Lock()
	c.fetched = true
	c.mu.Unlock()
	return true
}

// signal ends a command. After "terminate" the shell knows it no more.
func (o *operation) signal(sh *shell) answer {
	id, code := o.asked.Body.Signal.Command, strings.TrimSpace(o.asked.Body.Signal.Code)
	c := o.find(sh, id)
	if c == nil {
		return o.fail(faultCommand)
	}
	what, ok := strings.CutPrefix(code, nsShell+"/signal/")
	switch {
	case !ok || what != "terminate" && what != "ctrl_c" && what != "ctrl_break":
		return o.fail(faultCommand)
	case what == "terminate":
		o.server.mu.Lock()
		delete(sh.commands, c.id)
		o.server.mu.Unlock()
	}
	if c.kill(what == "terminate") {
		o.server.count(func(n *Counts) { n.Ended++ })
	}
	return o.wrap(200, nsShell+"/SignalResponse", "<rsp:SignalResponse></rsp:SignalResponse>")
}

// newID returns a GUID as Windows writes it.
func newID() string {
	var b [16]byte
	rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%X-%X-%X-%X-%X", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
