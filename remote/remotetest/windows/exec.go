package windows

import (
	"context"
	"embed"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"unicode/utf16"
)

// A Program is one command line at work.
type Program struct {
	Caller
	Line   string // "powershell.exe -NoProfile -EncodedCommand …"
	Dir    string // where it works; empty: the account's own folder
	Task   string // full name of the task that started it; empty: none
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer

	pid     int
	stopped bool
}

// Exec plays a command line of a network logon, as WinRM starts it: it waits
// for its end, or kills it when ctx ends or the computer goes down, and gives
// its exit code. stdout gets CRLF, as from Windows.
func (w *World) Exec(ctx context.Context, user, line string, stdin io.Reader, stdout, stderr io.Writer) int {
	boot, ok := w.begins()
	if !ok {
		return 1
	}
	defer w.work.Done()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(boot, cancel)
	defer stop()
	return w.play(ctx, &Program{Caller: Caller{User: user, Network: true}, Line: line, Stdin: stdin, Stdout: stdout, Stderr: stderr})
}

// play runs a program to its end and keeps book of it.
func (w *World) play(ctx context.Context, p *Program) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	w.mu.Lock()
	w.running[p] = cancel
	w.mu.Unlock()
	defer func() {
		w.mu.Lock()
		delete(w.running, p)
		w.mu.Unlock()
	}()
	if w.Run != nil {
		return w.Run(ctx, p)
	}
	args := Arguments(p.Line)
	if len(args) == 0 || !isPowerShell(args[0]) {
		fmt.Fprintf(p.Stderr, "'%s' is not recognized as an internal or external command,\r\noperable program or batch file.\r\n", p.Line)
		return 1
	}
	s, err := w.State()
	if err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 1
	}
	text, err := commandText(args[1:], s.Faults.ScriptPolicy)
	if err != nil {
		fmt.Fprintf(p.Stderr, "%s\r\n", err)
		return 1
	}
	return w.pwsh(ctx, s, p, text)
}

// killAll ends every process of the world.
func (w *World) killAll() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, cancel := range w.running {
		cancel()
	}
}

// reOption matches powershell.exe's options, which may be shortened.
var reOption = regexp.MustCompile(`^[-/](\w+)$`)

// commandText is the PowerShell text that powershell.exe's arguments ask for.
func commandText(args []string, policy string) (string, error) {
	for i := 0; i < len(args); i++ {
		m := reOption.FindStringSubmatch(args[i])
		if m == nil { // the first other argument is a command
			return strings.Join(args[i:], " "), nil
		}
		next := ""
		if i+1 < len(args) {
			next = args[i+1]
		}
		switch name := strings.ToLower(m[1]); {
		case name == "c" || shortens(name, "command", 3):
			return strings.Join(args[i+1:], " "), nil
		case name == "e" || name == "ec" || shortens(name, "encodedcommand", 2):
			return decode(next)
		case name == "f" || shortens(name, "file", 2):
			if policy == "AllSigned" || policy == "Restricted" {
				return "", fmt.Errorf("File %s cannot be loaded because running scripts is disabled on this system.", next)
			}
			return fileText(next, args[min(i+2, len(args)):]), nil
		case name == "ex" || name == "ep" || shortens(name, "executionpolicy", 2),
			shortens(name, "inputformat", 2), shortens(name, "outputformat", 1),
			shortens(name, "windowstyle", 1), shortens(name, "version", 1):
			i++
		case shortens(name, "noprofile", 3), shortens(name, "noninteractive", 4), shortens(name, "nologo", 3),
			shortens(name, "mta", 1), shortens(name, "sta", 1), shortens(name, "noexit", 3):
		default:
			return "", fmt.Errorf("%s : The term '%s' is not recognized as the name of a cmdlet, function, script file, or operable program.", args[i], args[i])
		}
	}
	return "$input | ForEach-Object { Invoke-Expression $_ }", nil // as "-Command -"
}

func shortens(short, name string, least int) bool {
	return len(short) >= least && strings.HasPrefix(name, short)
}

// decode reads -EncodedCommand: base64 of UTF-16LE.
func decode(encoded string) (string, error) {
	raw, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil || len(raw)%2 != 0 {
		return "", errors.New("Cannot process the command because the value specified with -EncodedCommand is not properly encoded. The value must be Base64 encoded.")
	}
	units := make([]uint16, len(raw)/2)
	for i := range units {
		units[i] = uint16(raw[2*i]) | uint16(raw[2*i+1])<<8
	}
	return string(utf16.Decode(units)), nil
}

// fileText is a command that runs a script file with arguments as given.
func fileText(file string, args []string) string {
	quoted := []string{"&", quote(strings.ReplaceAll(file, `\`, "/"))}
	for _, a := range args {
		if !reOption.MatchString(a) {
			a = quote(a)
		}
		quoted = append(quoted, a)
	}
	return strings.Join(quoted, " ") + "; exit $LASTEXITCODE"
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// Arguments splits a command line as Windows' own CommandLineToArgvW does.
func Arguments(line string) []string {
	var args []string
	var arg strings.Builder
	quoted, any := false, false
	for i := 0; i < len(line); {
		slashes := 0
		for i < len(line) && line[i] == '\\' {
			slashes++
			i++
		}
		switch {
		case i < len(line) && line[i] == '"':
			arg.WriteString(strings.Repeat(`\`, slashes/2))
			if slashes%2 == 1 {
				arg.WriteByte('"')
			} else {
				quoted = !quoted
			}
			any = true
			i++
			continue
		case slashes > 0:
			arg.WriteString(strings.Repeat(`\`, slashes))
			any = true
			continue
		case !quoted && (line[i] == ' ' || line[i] == '\t'):
			if any {
				args = append(args, arg.String())
			}
			arg.Reset()
			any = false
		default:
			arg.WriteByte(line[i])
			any = true
		}
		i++
	}
	if any {
		args = append(args, arg.String())
	}
	return args
}

//go:embed *.ps1
var preludes embed.FS

// launch puts the prelude before the text, which runs as it came. What the
// prelude defined keeps its own language mode.
const launch = `$PSStyle.OutputRendering = 'PlainText'
foreach ($FakeWindowsPart in 'prelude', 'wua', 'system', 'rights', 'tasks') { . (Join-Path $env:FAKEWIN_DIR ($FakeWindowsPart + '.ps1')) }
Remove-Variable FakeWindowsPart
if ($FakeWindows.Constrained) { $ExecutionContext.SessionState.LanguageMode = 'ConstrainedLanguage'; Invoke-Expression $FakeWindows.Text }
else { . ([ScriptBlock]::Create($FakeWindows.Text)) }`

// pwsh runs PowerShell text as a program of this world.
func (w *World) pwsh(ctx context.Context, s *State, p *Program, text string) int {
	d, err := w.opened()
	if err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 1
	}
	path := w.Pwsh
	if path == "" {
		path = "pwsh"
	}
	args := []string{"-NoLogo", "-NoProfile", "-NonInteractive", "-Command", launch}
	if s.Faults.DiskFull { // no file can grow any more; see setrlimit(2)
		args = append([]string{"-c", `trap '' XFSZ; ulimit -f 0; exec "$0" "$@"`, path}, args...)
		path = "/bin/sh"
	}
	cmd := exec.CommandContext(ctx, path, args...)
	ownGroup(cmd)
	cmd.Cancel = func() error { return endGroup(cmd.Process) }
	cmd.Env = w.environment(d, s, p, text)
	cmd.Dir = w.workDir(p)
	cmd.Stdout, cmd.Stderr = &crlf{to: p.Stdout}, &crlf{to: p.Stderr}
	in, err := cmd.StdinPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		fmt.Fprintln(p.Stderr, err)
		return 1
	}
	w.mu.Lock()
	p.pid = cmd.Process.Pid
	w.mu.Unlock()
	go func() { // ends when the process does, or its reader
		io.Copy(in, p.Stdin)
		in.Close()
	}()
	err = cmd.Wait()
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) || err == nil {
		return cmd.ProcessState.ExitCode()
	}
	fmt.Fprintln(p.Stderr, err)
	return 1
}

// workDir is where a program works: only a folder that is there.
func (w *World) workDir(p *Program) string {
	if p.Dir != "" {
		if dir := clean(p.Dir); filepath.IsAbs(dir) {
			if _, err := os.Stat(dir); err == nil {
				return dir
			}
		}
	}
	if p.IsSystem() {
		return filepath.Join(w.dir, "Windows", "System32")
	}
	return filepath.Join(w.dir, "Users", "Administrator")
}

// environment is what a process of the world sees, and nothing of the tester's
// but the time zone.
func (w *World) environment(d *door, s *State, p *Program, text string) []string {
	system := filepath.Join(w.dir, "Windows")
	profile := filepath.Join(w.dir, "Users", "Administrator")
	domain, user := s.Name, p.User
	if i := strings.IndexByte(user, '\\'); i >= 0 {
		domain, user = user[:i], user[i+1:]
	}
	caller := "network"
	if !p.Network {
		caller = "local"
	}
	env := []string{
		"ProgramData=" + w.ProgramData(), "ALLUSERSPROFILE=" + w.ProgramData(), "SystemRoot=" + system, "windir=" + system,
		"SystemDrive=" + w.dir, "TEMP=" + filepath.Join(system, "Temp"), "TMP=" + filepath.Join(system, "Temp"),
		"USERPROFILE=" + profile, "HOME=" + profile, "COMPUTERNAME=" + s.Name, "USERNAME=" + user, "USERDOMAIN=" + domain,
		"OS=Windows_NT", "PROCESSOR_ARCHITECTURE=AMD64", "PATH=" + os.Getenv("PATH"), "TMPDIR=" + d.dir, "TERM=dumb", "NO_COLOR=1",
		"POWERSHELL_TELEMETRY_OPTOUT=1", "POWERSHELL_UPDATECHECK=Off", "DOTNET_EnableDiagnostics=0", "DOTNET_EnableWriteXorExecute=0",
		"PSModuleAnalysisCachePath=" + os.DevNull,
		"FAKEWIN_DIR=" + d.dir, "FAKEWIN_SOCKET=" + d.path, "FAKEWIN_CALLER=" + caller, "FAKEWIN_USER=" + p.User,
		"FAKEWIN_TEXT=" + base64.StdEncoding.EncodeToString([]byte(text)),
	}
	if tz, set := os.LookupEnv("TZ"); set {
		env = append(env, "TZ="+tz)
	}
	return env
}

// processes are those that World runs itself, as CIM sees them.
func (w *World) processes() []Process {
	w.mu.Lock()
	defer w.mu.Unlock()
	var all []Process
	for p := range w.running {
		if p.pid != 0 {
			all = append(all, Process{Name: "powershell.exe", ID: p.pid, Line: p.Line})
		}
	}
	slices.SortFunc(all, func(a, b Process) int { return a.ID - b.ID })
	return all
}

// crlf ends lines as Windows does.
type crlf struct {
	mu   sync.Mutex
	to   io.Writer
	last byte
}

func (c *crlf) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([]byte, 0, len(b)+len(b)/16)
	for _, x := range b {
		if x == '\n' && c.last != '\r' {
			out = append(out, '\r')
		}
		out = append(out, x)
		c.last = x
	}
	if _, err := c.to.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}
