// Package twin does on a make-believe Windows what this program's PowerShell
// scripts do, without PowerShell, so that the practice shop has Windows hosts
// wherever it runs. A host knows a script by its text: a changed script is one
// it does not know. A test runs twin and script beside each other and holds that
// they say the same.
package twin

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"secondtuesday/remote/remotetest/windows"
	"secondtuesday/remote/winrm"
	"secondtuesday/remote/winupdate"
)

// folder51 is where start.ps1 finds PowerShell for the task.
const folder51 = `C:\Windows\System32\WindowsPowerShell\v1.0\`

// Play makes w answer this program's scripts by itself.
func Play(w *windows.World) {
	t := &twin{w: w, scripts: map[string]string{}}
	for name, text := range winupdate.Scripts() {
		t.scripts[text] = name
	}
	w.Run = t.run
}

type twin struct {
	w       *windows.World
	scripts map[string]string // name by text
}

// run plays a command line: a session's, or a task's.
func (t *twin) run(ctx context.Context, p *windows.Program) int {
	if p.Task != "" {
		if p.Line != folder51+winupdate.TaskLine() {
			return 1
		}
		return t.task(ctx, p)
	}
	return winrm.Serve(p.Line, p.Stdin, p.Stdout, p.Stderr, func(script string, args []string, stdin []byte) (string, error) {
		return t.script(p.Caller, t.scripts[script], args, stdin)
	})
}

var jobID = regexp.MustCompile(`^[a-z0-9-]{8,64}$`)

// script does what the script of that name does.
func (t *twin) script(c windows.Caller, name string, args []string, stdin []byte) (string, error) {
	id := ""
	if len(args) > 0 {
		if id = args[0]; !jobID.MatchString(id) {
			return "", errors.New("the job's ID is not one")
		}
	}
	switch name {
	case "start":
		return t.start(c, id, stdin)
	case "look":
		return t.look(id, args[1], args[2] == "result")
	case "cancel":
		return t.cancel(id)
	case "forget":
		if !strings.HasPrefix(id, "scan-") {
			return "", errors.New("the job's ID is not one of a scan")
		}
		t.w.UnregisterTask(path + id)
		return "forgotten", os.RemoveAll(t.folder(id))
	case "alive":
		return t.alive()
	case "reboot":
		return t.reboot(c)
	case "check":
		return t.check()
	case "rights":
		groups, err := t.w.Groups(c)
		if err != nil {
			return "", err
		}
		return text(map[string]any{"user": strings.ToLower(c.User), "groups": groups, "filter": 0, "version": "5.1", "policy": ""})
	}
	return "", errors.New("this host plays the scripts of another version of the program")
}

// path is the tasks' folder in the scheduler.
const path = `\SecondTuesday\`

func (t *twin) jobs() string { return filepath.Join(t.w.ProgramData(), "SecondTuesday", "jobs") }

func (t *twin) folder(id string) string { return filepath.Join(t.jobs(), id) }

func (t *twin) has(id, file string) bool {
	_, err := os.Stat(filepath.Join(t.folder(id), file))
	return err == nil
}

func (t *twin) text(id, file string) string {
	b, err := os.ReadFile(filepath.Join(t.folder(id), file))
	if err != nil {
		return ""
	}
	return string(b)
}

func text(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}

func stamp(at time.Time) string {
	if at.Year() <= 1900 {
		return ""
	}
	return at.UTC().Format("2006-01-02T15:04:05Z")
}

// mine returns this program's tasks: those with a folder. Anybody may make a task
// of that path.
func (t *twin) mine() ([]windows.Task, error) {
	all, err := t.w.Tasks()
	var own []windows.Task
	for _, task := range all {
		if strings.EqualFold(task.Path, path) && jobID.MatchString(task.Name) && t.has(task.Name, "") {
			own = append(own, task)
		}
	}
	return own, err
}

func (t *twin) start(c windows.Caller, id string, stdin []byte) (string, error) {
	var in struct {
		Line    string          `json:"line"`
		Order   json.RawMessage `json:"order"`
		Minutes int             `json:"minutes"`
	}
	if err := json.Unmarshal(stdin, &in); err != nil {
		return "", err
	}
	answer := func(state, detail string) (string, error) {
		return text(map[string]string{"state": state, "detail": detail})
	}
	tasks, err := t.mine()
	if err != nil {
		return "", err
	}
	registered := false
	for _, task := range tasks {
		if task.State == windows.TaskRunning && task.Name != id {
			return answer("busy", task.Name)
		}
		registered = registered || task.Name == id
		if task.Name != id && t.has(task.Name, "result.json") {
			t.w.UnregisterTask(path + task.Name)
		}
	}
	if t.has(id, "") {
		info, err := os.Stat(t.folder(id))
		if err != nil {
			return "", err
		}
		if registered || t.has(id, "started.json") || t.has(id, "never") || time.Since(info.ModTime()) < settle {
			return answer("known", "")
		}
		os.RemoveAll(t.folder(id))
	}
	if err := os.MkdirAll(t.folder(id), 0o700); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(t.folder(id), "order.json"), in.Order, 0o600); err != nil {
		return "", err
	}
	err = t.w.RegisterTask(c, windows.Task{
		Path: path, Name: id, Execute: folder51 + "powershell.exe", Arguments: in.Line, WorkDir: t.folder(id), User: "S-1-5-18",
		Highest: true, LogonType: 5, TimeLimit: time.Duration(in.Minutes) * time.Minute, Multiple: windows.IgnoreNew, Priority: 4, OnBatteries: true,
	}, false)
	if err != nil {
		os.RemoveAll(t.folder(id))
		return "", err
	}
	if err := t.w.StartTask(path + id); err != nil {
		return "", err
	}
	return answer("started", "")
}

// settle is how long a task may take to begin.
const settle = time.Minute

func (t *twin) look(id, from string, result bool) (string, error) {
	next, err := strconv.ParseInt(from, 10, 64)
	if err != nil {
		return "", err
	}
	out := map[string]any{"state": "absent", "log": "", "next": next, "progress": "", "started": "", "result": "", "partial": "", "detail": "", "quiet": 0}
	given, err := os.Stat(filepath.Join(t.folder(id), "order.json"))
	if err != nil {
		given, err = os.Stat(t.folder(id))
	}
	if err != nil {
		return text(out)
	}
	tasks, err := t.mine()
	if err != nil {
		return "", err
	}
	var task *windows.Task
	for i := range tasks {
		if tasks[i].Name == id {
			task = &tasks[i]
		}
	}
	started := t.text(id, "started.json")
	done := t.has(id, "result.json")
	switch {
	case done:
		out["state"] = "ended"
	case task != nil && task.State == windows.TaskRunning:
		out["state"] = "running"
	case started != "":
		out["state"] = "lost"
	case t.has(id, "never"):
		out["state"] = "never"
	default:
		out["state"], out["detail"] = "running", "it has no task"
		patience := settle
		if task != nil {
			out["detail"] = fmt.Sprintf("the scheduler says 0x%08X", task.LastResult)
			if task.State == windows.TaskQueued {
				patience = 10 * settle
			}
		}
		if time.Since(given.ModTime()) > patience {
			if err := os.WriteFile(filepath.Join(t.folder(id), "never"), nil, 0o600); err != nil {
				return "", err
			}
			if task != nil {
				t.w.UnregisterTask(path + id)
			}
			out["state"] = "never"
		}
	}
	out["started"], out["progress"] = started, t.text(id, "progress.json")
	if out["state"] == "running" {
		if out["quiet"], err = t.quiet(id); err != nil {
			return "", err
		}
	}
	if log := t.text(id, "log.txt"); int64(len(log)) > next {
		out["log"], out["next"] = base64.StdEncoding.EncodeToString([]byte(log[next:])), len(log)
	}
	if result {
		out["result"] = t.text(id, "result.json")
		if !done {
			out["partial"] = t.text(id, "partial.json")
		}
	}
	return text(out)
}

// quiet is for how many seconds a job has left no trace; 0 while an installer
// uses processor time.
func (t *twin) quiet(id string) (int, error) {
	var last time.Time
	for _, name := range []string{"order.json", "started.json", "progress.json", "partial.json", "log.txt"} {
		if info, err := os.Stat(filepath.Join(t.folder(id), name)); err == nil && info.ModTime().After(last) {
			last = info.ModTime()
		}
	}
	if info, err := os.Stat(t.folder(id)); err == nil && last.IsZero() {
		last = info.ModTime()
	}
	quiet := max(0, int(time.Since(last)/time.Second))
	if quiet < 1500 {
		return quiet, nil
	}
	before, err := t.work()
	if err != nil {
		return 0, err
	}
	time.Sleep(3 * time.Second)
	if after, err := t.work(); err != nil || after != before {
		return 0, err
	}
	return quiet, nil
}

// work is the processor time of what installs updates.
func (t *twin) work() (sum int64, err error) {
	all, err := t.w.Instances("Win32_Process", "")
	for _, p := range all {
		switch p["Name"] {
		case "TiWorker.exe", "TrustedInstaller.exe", "msiexec.exe", "wusa.exe":
			kernel, _ := p["KernelModeTime"].(int64)
			user, _ := p["UserModeTime"].(int64)
			sum += kernel + user
		}
	}
	return sum, err
}

func (t *twin) cancel(id string) (string, error) {
	if !t.has(id, "") {
		return "absent", nil
	}
	return "asked", os.WriteFile(filepath.Join(t.folder(id), "cancel"), nil, 0o600)
}

func (t *twin) alive() (string, error) {
	s, err := t.w.State()
	if err != nil {
		return "", err
	}
	now, err := t.w.Now()
	if err != nil {
		return "", err
	}
	var services []string
	for _, v := range s.Services {
		if v.State == "Running" && v.Start == "Auto" {
			services = append(services, v.Name)
		}
	}
	const interfaceKey = `HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\Interface`
	return text(map[string]any{
		"boot": ticks(s.SessionManager), "booted": stamp(s.BootedAt), "now": stamp(now), "services": services,
		"servicing": t.number(interfaceKey, "ServicingInProgress"),
		"logon":     t.there(`HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\AutoLogonChecked`),
	})
}

// ticks are .NET's: 100 ns since the year 1. CIM gives times to the millisecond.
func ticks(at time.Time) string {
	return strconv.FormatInt((at.UnixMilli()+62135596800000)*10000, 10)
}

func (t *twin) value(key, name string) any {
	values, _, err := t.w.Key(key)
	if err != nil {
		return nil
	}
	for n, v := range values {
		if strings.EqualFold(n, name) {
			return v.Data
		}
	}
	return nil
}

func (t *twin) number(key, name string) int {
	switch v := t.value(key, name).(type) {
	case int:
		return v
	case int64:
		return int(v)
	case float64:
		return int(v)
	}
	return 0
}

func (t *twin) there(key string) bool {
	values, _, err := t.w.Key(key)
	return err == nil && values != nil
}

func (t *twin) reboot(c windows.Caller) (string, error) {
	tasks, err := t.mine()
	if err != nil {
		return "", err
	}
	for _, task := range tasks {
		if task.State == windows.TaskRunning {
			return "busy " + task.Name, nil
		}
	}
	code, err := t.w.ShutDown(c, 5*time.Second, true, "Second Tuesday: a planned reboot")
	switch {
	case err != nil:
		return "", err
	case code == 0:
		return "asked", nil
	case code == 1190:
		return "scheduled", nil
	case code == 1115:
		return "going", nil
	}
	return fmt.Sprintf("failed %d", code), nil
}

func (t *twin) check() (string, error) {
	s, err := t.w.State()
	if err != nil {
		return "", err
	}
	now, err := t.w.Now()
	if err != nil {
		return "", err
	}
	out := map[string]any{"free": s.DiskFree, "start": "", "now": stamp(now)}
	pending, busy, jobs := []string{}, []string{}, []string{}
	for _, v := range s.Services {
		if strings.EqualFold(v.Name, "wuauserv") {
			out["start"] = v.Start
		}
	}
	if t.there(servicing + `\RebootPending`) {
		pending = append(pending, "servicing")
	}
	if t.there(updating + `\Auto Update\RebootRequired`) {
		pending = append(pending, "Windows Update")
	}
	for _, p := range s.Processes {
		if name := strings.TrimSuffix(p.Name, ".exe"); name == "TiWorker" || name == "wusa" {
			busy = append(busy, name)
		}
	}
	tasks, err := t.mine()
	for _, task := range tasks {
		if task.State == windows.TaskRunning {
			jobs = append(jobs, task.Name)
		}
	}
	out["pending"], out["busy"], out["jobs"] = pending, busy, jobs
	if err != nil {
		return "", err
	}
	return text(out)
}
