package unix

import (
	"fmt"
	"io"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// core are the commands every machine has.
var core map[string]Command

func init() {
	ok := func(*Proc, []string) int { return 0 }
	core = map[string]Command{
		"sh": shC, "dash": shC, "bash": shC, "env": envC, "sudo": sudoC, "true": ok, "false": func(*Proc, []string) int { return 1 }, "sync": ok,
		"cat": catC, "head": headC, "tail": tailC, "wc": wcC, "sort": sortC, "uniq": uniqC, "tr": trC, "cut": cutC, "grep": grepC, "egrep": grepC, "fgrep": grepC,
		"sed": sedC, "tee": teeC, "sha256sum": sumC, "md5sum": sumC, "base64": base64C, "echo": echo, "printf": printf,
		"mkdir": mkdirC, "rm": rmC, "rmdir": rmdirC, "mv": mvC, "cp": cpC, "ln": lnC, "readlink": readlinkC, "realpath": readlinkC, "touch": touchC,
		"chmod": chmodC, "chown": chownC, "ls": lsC, "stat": statC, "df": dfC, "du": duC, "find": findC, "dd": ddC, "mktemp": mktempC, "basename": basenameC, "dirname": basenameC,
		"date": dateC, "hostname": hostnameC, "id": idC, "whoami": idC, "sleep": sleepC, "kill": kill, "ps": psC, "nohup": nohupC, "setsid": setsidC,
		"timeout": timeoutC, "flock": flockC, "xargs": xargsC, "seq": seqC, "nproc": func(p *Proc, _ []string) int { return writeAll(p, "2\n") },
		"nice": niceC, "ionice": niceC, "stdbuf": niceC, "pwd": func(p *Proc, _ []string) int { return writeAll(p, p.Dir+"\n") },
		"test": func(p *Proc, a []string) int { return testB(newShell(p), a) }, "[": func(p *Proc, a []string) int { return testB(newShell(p), a) },
		"od": odC, "mkfifo": func(p *Proc, _ []string) int { return p.complain("cannot create fifo", EPERM) },
		"fuser": func(*Proc, []string) int { return 1 }, "logger": ok, "uname": unameC, "pgrep": pgrepC,
	}
}

// Sh runs a script as a shell process of its own does; for commands that start shells.
func Sh(p *Proc, args []string) int { return shC(p, args) }

func shC(p *Proc, args []string) int {
	sh := newShell(p)
	sh.name = args[0]
	rest := args[1:]
	command := false
	for len(rest) > 0 && len(rest[0]) > 1 && (rest[0][0] == '-' || rest[0][0] == '+') {
		if rest[0] == "--" {
			rest = rest[1:]
			break
		}
		for _, c := range []byte(rest[0][1:]) {
			if c == 'c' {
				command = true
			} else {
				sh.opts[c] = rest[0][0] == '-'
			}
		}
		rest = rest[1:]
	}
	switch {
	case command && len(rest) > 0:
		script := rest[0]
		if len(rest) > 1 {
			sh.name, sh.params = rest[1], rest[2:]
		}
		sh.runSource(script)
	case len(rest) > 0 && !sh.opts['s']:
		data, err := p.M.FS.ReadFile(p.Abs(rest[0]), p.UID)
		if err != nil {
			fmt.Fprintf(p.Stderr(), "sh: 0: cannot open %s: %v\n", rest[0], err)
			return 2
		}
		sh.name, sh.params = rest[0], rest[1:]
		sh.runSource(string(data))
	default:
		sh.params = rest
		data, err := io.ReadAll(p.Stdin())
		if err != nil {
			return 2
		}
		sh.runSource(string(data))
	}
	return sh.finish()
}

// program finds what args[0] names and runs it as this process.
func (p *Proc) program(args []string, env map[string]string) int {
	run, status := p.lookup(args[0])
	if run == nil {
		fmt.Fprintf(p.Stderr(), "%s: '%s': No such file or directory\n", p.Args[0], args[0])
		if p.M.Unknown != nil && status == 127 {
			p.M.Unknown(args[0], args)
		}
		return status
	}
	p.Env = env
	p.become(args)
	return run(p, args)
}

func envC(p *Proc, args []string) int {
	env := maps.Clone(p.Env)
	rest := args[1:]
	for len(rest) > 0 {
		a := rest[0]
		if a == "-i" || a == "-" {
			env = map[string]string{}
		} else if a == "-u" && len(rest) > 1 {
			delete(env, rest[1])
			rest = rest[1:]
		} else if k, v, ok := strings.Cut(a, "="); ok {
			env[k] = v
		} else if a != "--" {
			break
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		for _, k := range slices.Sorted(maps.Keys(env)) {
			writeAll(p, k+"="+env[k]+"\n")
		}
		return 0
	}
	return p.program(rest, env)
}

func sudoC(p *Proc, args []string) int {
	never, fromStdin, prompt := false, false, "[sudo] password for "+p.M.UserName(p.UID)+": "
	rest := args[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		a := rest[0]
		rest = rest[1:]
		if a == "--" {
			break
		}
		never = never || strings.Contains(a, "n")
		fromStdin = fromStdin || strings.Contains(a, "S")
		if strings.HasSuffix(a, "p") && len(rest) > 0 {
			prompt, rest = rest[0], rest[1:]
		} else if strings.HasSuffix(a, "u") && len(rest) > 0 {
			rest = rest[1:]
		}
	}
	u, _ := p.M.User(p.M.UserName(p.UID))
	switch {
	case p.UID == 0 || u.Sudo == "nopasswd":
	case u.Sudo == "":
		fmt.Fprintf(p.Stderr(), "%s is not in the sudoers file.\n", u.Name)
		return 1
	case never:
		fmt.Fprintln(p.Stderr(), "sudo: a password is required")
		return 1
	case !fromStdin:
		fmt.Fprintln(p.Stderr(), "sudo: a terminal is required to read the password; either use the -S option to read from standard input or configure an askpass helper\nsudo: a password is required")
		return 1
	case !p.sudoPassword(prompt, u.Password):
		return 1
	}
	if len(rest) == 0 {
		return 0
	}
	env := map[string]string{"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "USER": "root", "LOGNAME": "root",
		"SUDO_USER": u.Name, "SUDO_UID": strconv.Itoa(p.UID), "LC_ALL": p.Env["LC_ALL"], "LANG": p.Env["LANG"], "TERM": "unknown"}
	for len(rest) > 0 && strings.Contains(rest[0], "=") {
		k, v, _ := strings.Cut(rest[0], "=")
		env[k] = v
		rest = rest[1:]
	}
	run, status := p.lookup(rest[0])
	if run == nil {
		fmt.Fprintf(p.Stderr(), "sudo: %s: command not found\n", rest[0])
		return status &^ 126 // sudo itself exits with 1
	}
	// The command is root's, so a signal of the login's user no longer reaches it.
	child := p.M.Start(p, Spec{Args: rest, Run: run, Env: env, UID: 0})
	return p.await(child)
}

func (p *Proc) sudoPassword(prompt, want string) bool {
	for try := 1; try <= 3; try++ {
		io.WriteString(p.Stderr(), prompt)
		got, err := readLine(p.Stdin())
		if err != nil && got == "" {
			if try == 1 {
				fmt.Fprintln(p.Stderr(), "\nsudo: no password was provided\nsudo: a password is required")
			} else {
				fmt.Fprintf(p.Stderr(), "\nsudo: no password was provided\nsudo: %d incorrect password attempt\n", try-1)
			}
			return false
		}
		if got == want {
			return true
		}
		if try < 3 {
			fmt.Fprintln(p.Stderr(), "Sorry, try again.")
		}
	}
	fmt.Fprintln(p.Stderr(), "sudo: 3 incorrect password attempts")
	return false
}

func dateC(p *Proc, args []string) int {
	o := parseOptions(args, "d", "r", "--date")
	at := p.M.Clock.Now()
	if v, ok := o.get("d"); ok {
		if n, err := strconv.ParseInt(strings.TrimPrefix(v, "@"), 10, 64); err == nil {
			at = time.Unix(n, 0).UTC()
		} else if t, err := time.Parse(time.RFC1123Z, v); err == nil {
			at = t
		} else {
			fmt.Fprintf(p.Stderr(), "date: invalid date '%s'\n", v)
			return 1
		}
	}
	if v, ok := o.get("r"); ok {
		n, _, err := p.M.FS.Stat(p.Abs(v), p.UID, true)
		if err != nil {
			return p.complain(v, err)
		}
		at = n.Mod
	}
	format := "+%a %b %e %H:%M:%S UTC %Y"
	if o.on["--iso-8601"] {
		format = "+%Y-%m-%dT%H:%M:%S+00:00"
	}
	if len(o.rest) > 0 {
		format = o.rest[0]
	}
	return writeAll(p, strings.NewReplacer("%s", strconv.FormatInt(at.Unix(), 10), "%Y", at.Format("2006"), "%m", at.Format("01"), "%d", at.Format("02"),
		"%H", at.Format("15"), "%M", at.Format("04"), "%S", at.Format("05"), "%F", at.Format("2006-01-02"), "%T", at.Format("15:04:05"), "%N", fmt.Sprintf("%09d", at.Nanosecond()),
		"%a", at.Format("Mon"), "%b", at.Format("Jan"), "%e", at.Format("_2"), "%z", "+0000", "%Z", "UTC", "%%", "%").Replace(strings.TrimPrefix(format, "+"))+"\n")
}

func hostnameC(p *Proc, _ []string) int { return writeAll(p, p.M.Hostname+"\n") }

func unameC(p *Proc, args []string) int {
	o := parseOptions(args)
	release, _ := p.M.FS.ReadFile("/proc/sys/kernel/osrelease", 0)
	version, _ := p.M.FS.ReadFile("/proc/sys/kernel/version", 0)
	var out []string
	add := func(on bool, s string) {
		if on || o.on["a"] {
			out = append(out, strings.TrimSpace(s))
		}
	}
	add(o.on["s"] || len(args) == 1, "Linux")
	add(o.on["n"], p.M.Hostname)
	add(o.on["r"], string(release))
	add(o.on["v"], string(version))
	add(o.on["m"], "x86_64")
	add(o.on["o"], "GNU/Linux")
	return writeAll(p, strings.Join(out, " ")+"\n")
}

func idC(p *Proc, args []string) int {
	name := p.M.UserName(p.UID)
	o := parseOptions(args)
	switch {
	case args[0] == "whoami" || o.on["n"]:
		return writeAll(p, name+"\n")
	case o.on["u"] || o.on["g"] || o.on["G"]:
		return writeAll(p, strconv.Itoa(p.UID)+"\n")
	}
	return writeAll(p, fmt.Sprintf("uid=%d(%s) gid=%d(%s) groups=%d(%s)\n", p.UID, name, p.UID, name, p.UID, name))
}

func seconds(s string) (time.Duration, bool) {
	units := map[string]time.Duration{"s": time.Second, "m": time.Minute, "h": time.Hour, "d": 24 * time.Hour}
	unit := time.Second
	if len(s) > 1 {
		if u, ok := units[s[len(s)-1:]]; ok {
			s, unit = s[:len(s)-1], u
		}
	}
	if s == "infinity" {
		return 100 * 365 * 24 * time.Hour, true
	}
	f, err := strconv.ParseFloat(s, 64)
	return time.Duration(f * float64(unit)), err == nil
}

func sleepC(p *Proc, args []string) int {
	var total time.Duration
	for _, a := range args[1:] {
		d, ok := seconds(a)
		if !ok {
			fmt.Fprintf(p.Stderr(), "sleep: invalid time interval '%s'\n", a)
			return 1
		}
		total += d
	}
	p.Sleep(total)
	return 0
}

func psC(p *Proc, args []string) int {
	o := parseOptions(args, "o", "p")
	cols := []string{"pid", "args"}
	if v, ok := o.get("o"); ok {
		cols = strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' })
	}
	bare := false
	head := make([]string, len(cols))
	for i, c := range cols {
		head[i] = strings.ToUpper(strings.TrimSuffix(c, "="))
		bare = bare || strings.HasSuffix(c, "=")
	}
	if !bare {
		writeAll(p, strings.Join(head, " ")+"\n")
	}
	only := 0
	if v, ok := o.get("p"); ok {
		only, _ = strconv.Atoi(v)
	}
	found := only == 0
	for _, q := range p.M.Procs() {
		if only != 0 && q.PID != only {
			continue
		}
		found = true
		all := map[string]string{"pid": strconv.Itoa(q.PID), "ppid": strconv.Itoa(q.PPID), "pgid": strconv.Itoa(q.PGID), "sid": strconv.Itoa(q.SID), "args": strings.Join(q.Command(), " "),
			"cmd": strings.Join(q.Command(), " "), "comm": baseName(q.Command()), "stat": "S", "user": p.M.UserName(q.UID), "etimes": strconv.Itoa(int(p.M.Clock.Now().Sub(q.Started).Seconds())),
			"lstart": q.Started.Format("Mon Jan _2 15:04:05 2006")}
		var row []string
		for _, c := range cols {
			row = append(row, all[strings.TrimSuffix(c, "=")])
		}
		writeAll(p, strings.Join(row, " ")+"\n")
	}
	return b2i(!found)
}

func baseName(args []string) string {
	if len(args) == 0 {
		return "sh"
	}
	return args[0][strings.LastIndexByte(args[0], '/')+1:]
}

func pgrepC(p *Proc, args []string) int {
	o := parseOptions(args, "u")
	found := false
	for _, q := range p.M.Procs() {
		hay := baseName(q.Command())
		if o.on["f"] {
			hay = strings.Join(q.Command(), " ")
		}
		if len(o.rest) > 0 && q != p && (o.on["x"] && hay == o.rest[0] || !o.on["x"] && strings.Contains(hay, o.rest[0])) {
			found = true
			writeAll(p, strconv.Itoa(q.PID)+"\n")
		}
	}
	return b2i(!found)
}

func nohupC(p *Proc, args []string) int {
	p.mu.Lock()
	p.ignored[1] = true
	p.mu.Unlock()
	return p.program(args[1:], p.Env)
}

func niceC(p *Proc, args []string) int {
	rest := args[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		if len(rest[0]) == 2 && len(rest) > 1 {
			rest = rest[1:]
		}
		rest = rest[1:]
	}
	if len(rest) == 0 {
		return 0
	}
	return p.program(rest, p.Env)
}

func setsidC(p *Proc, args []string) int {
	wait := false
	rest := args[1:]
	for len(rest) > 0 && strings.HasPrefix(rest[0], "-") {
		wait = wait || rest[0] == "-w" || rest[0] == "--wait"
		rest = rest[1:]
	}
	if len(rest) == 0 {
		fmt.Fprintln(p.Stderr(), "setsid: no command specified")
		return 1
	}
	run, status := p.lookup(rest[0])
	if run == nil {
		return p.program(rest, p.Env) | status
	}
	if p.PGID != p.PID { // not a group leader: it becomes the session itself
		p.M.mu.Lock()
		p.PGID, p.SID = p.PID, p.PID
		p.M.mu.Unlock()
		return p.program(rest, p.Env)
	}
	child := p.M.Start(p, Spec{Args: rest, Run: run, UID: p.UID, NewID: true})
	if wait {
		return p.await(child)
	}
	return 0
}

func timeoutC(p *Proc, args []string) int {
	o := args[1:]
	for len(o) > 0 && strings.HasPrefix(o[0], "-") {
		if (o[0] == "-k" || o[0] == "-s") && len(o) > 1 {
			o = o[1:]
		}
		o = o[1:]
	}
	if len(o) < 2 {
		return 125
	}
	d, ok := seconds(o[0])
	if !ok {
		fmt.Fprintf(p.Stderr(), "timeout: invalid time interval '%s'\n", o[0])
		return 125
	}
	run, status := p.lookup(o[1])
	if run == nil {
		return p.program(o[1:], p.Env) | status
	}
	child := p.M.Start(p, Spec{Args: o[1:], Run: run, UID: p.UID})
	if child == nil {
		return 137
	}
	late := make(chan struct{})
	go func() {
		if p.M.Clock.Sleep(child.ctx, d) {
			close(late)
		}
	}()
	select {
	case <-child.done:
		return child.status
	case <-p.ctx.Done():
		child.Signal(15)
		return 143
	case <-late:
		child.Signal(15)
		<-child.done
		return 124
	}
}

func seqC(p *Proc, args []string) int {
	from, to := 1, number(args, 1, 1)
	if len(args) > 2 {
		from, to = number(args, 1, 1), number(args, 2, 1)
	}
	for i := from; i <= to; i++ {
		if writeAll(p, strconv.Itoa(i)+"\n") != 0 {
			return 1
		}
	}
	return 0
}

func odC(p *Proc, args []string) int {
	o := parseOptions(args, "A", "t", "N", "j", "w")
	r := p.Stdin()
	if len(o.rest) > 0 {
		f, err := p.Open(o.rest[0], openRead)
		if err != nil {
			return p.complain(o.rest[0], err)
		}
		defer f.Close()
		r = streamReader{p, f}
	}
	n := int64(1 << 20)
	if v, ok := o.get("N"); ok {
		n, _ = strconv.ParseInt(v, 10, 64)
	}
	data, err := io.ReadAll(io.LimitReader(r, n))
	if err != nil {
		return 1
	}
	for i, b := range data {
		writeAll(p, fmt.Sprintf(" %02x", b))
		if i%16 == 15 {
			writeAll(p, "\n")
		}
	}
	return writeAll(p, "\n")
}

// procNode makes /proc/PID as it is at this moment.
func (m *Machine) procNode(pid string) *Node {
	n, err := strconv.Atoi(pid)
	if err != nil {
		return nil
	}
	p := m.Proc(n)
	if p == nil {
		return nil
	}
	now := m.Clock.Now()
	file := func(s string) *Node { return &Node{Mode: 0o444, Mod: now, UID: p.UID, Data: []byte(s)} }
	m.mu.Lock()
	defer m.mu.Unlock()
	start := p.Started.UnixNano() / 1e7 % 1e9
	return &Node{Mode: fs.ModeDir | 0o555, Mod: now, UID: p.UID, Kids: map[string]*Node{
		"stat":    file(fmt.Sprintf("%d (%s) S %d %d %d 0 -1 4194560 100 0 0 0 0 0 0 0 20 0 1 0 %d 2621440 200 18446744073709551615 0 0 0 0 0 0 0 0 0 0 0 0 17 0 0 0 0 0 0\n", p.PID, baseName(p.Args), p.PPID, p.PGID, p.SID, start)),
		"cmdline": file(strings.Join(p.Args, "\x00") + "\x00"),
		"comm":    file(baseName(p.Args) + "\n"),
		"exe":     {Mode: fs.ModeSymlink | 0o777, Mod: now, UID: p.UID, Link: "/usr/bin/" + baseName(p.Args)},
		"cgroup":  file("0::/system.slice/" + p.Unit + "\n"),
		"status":  file(fmt.Sprintf("Name:\t%s\nPid:\t%d\nPPid:\t%d\nUid:\t%d\t%d\t%d\t%d\n", baseName(p.Args), p.PID, p.PPID, p.UID, p.UID, p.UID, p.UID)),
	}}
}
