package linux

import (
	"context"
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

//go:embed check.sh
var checkScript string

// A Need is the free space that a job wants in a folder.
type Need struct {
	Path  string
	Bytes int64
}

// CheckQuestion returns the question of the checks common to all hosts,
// followed by script, which ends with `finish` and gets no arguments.
func (h Host) CheckQuestion(name, script string, needs []Need) Question {
	args := []string{h.stateDir()}
	for _, n := range needs {
		args = append(args, n.Path)
	}
	return Question{Name: name, Script: jobsLib + checkScript + script, Args: args, Root: true}
}

// Checks reads the answer to a CheckQuestion: free disk, clock and whether
// another job runs. began and ended are the desk's clock around the question.
func Checks(a Answer, needs []Need, began, ended time.Time) []data.Check {
	checks := []data.Check{checkClock(a, began, ended), checkJob(a)}
	for _, n := range needs {
		checks = append(checks, checkDisk(a, n))
	}
	return checks
}

// AskChecks asks what is common to all hosts before a job with c, and q.Script,
// whose answer own reads. The script is as CheckQuestion takes it.
func (h Host) AskChecks(ctx context.Context, s remote.Session, q Question, c data.Changes,
	own func(a Answer, now time.Time) []data.Check) ([]data.Check, error) {
	needs := Needs(c, "/var/cache")
	began := time.Now()
	a, err := Ask(ctx, s, h.CheckQuestion(q.Name, q.Script, needs))
	if err != nil {
		return nil, err
	}
	ended := time.Now()
	return append(Checks(a, needs, began, ended), own(a, ended)...), nil
}

// LockCheck reads the section "busy": who works on the packages, a line each.
func LockCheck(a Answer) data.Check {
	c := data.Check{Name: "package manager lock"}
	if busy, err := a.Section("busy"); err != nil || busy.Status != 0 {
		c.Detail = "cannot tell"
	} else if lines := busy.Lines(); len(lines) > 0 {
		c.Result, c.Detail = data.CheckFailed, "held by process "+strings.Join(lines, ", ")
	} else {
		c.Result, c.Detail = data.CheckPassed, "free"
	}
	return c
}

func checkClock(a Answer, began, ended time.Time) data.Check {
	get := reader{answer: a}
	host := get.unix("clock")
	c := data.Check{Name: "clock"}
	if get.err != nil {
		c.Detail = get.err.Error()
		return c
	}
	d := Skew(host, began, ended)
	switch {
	case d.Abs() >= smallSkew: // a job's deadline is the window's end by the desk's clock, which may be the wrong one
		c.Result = data.CheckFailed
	case d.Abs() >= time.Minute:
		c.Result = data.CheckWarned
	default:
		c.Result, c.Detail = data.CheckPassed, "the same as the desk's"
		return c
	}
	c.Detail = sayskew(d)
	return c
}

func checkJob(a Answer) data.Check {
	get := reader{answer: a}
	owner := get.word("job")
	switch {
	case get.err != nil:
		return data.Check{Name: "other jobs", Detail: get.err.Error()}
	case owner != "":
		return data.Check{Name: "other jobs", Result: data.CheckFailed, Detail: "job " + clip(owner) + " runs on the host"}
	}
	return data.Check{Name: "other jobs", Result: data.CheckPassed, Detail: "none runs"}
}

func checkDisk(a Answer, n Need) data.Check {
	c := data.Check{Name: "free disk " + n.Path, UpdatesOnly: true}
	get := reader{answer: a}
	text := get.word("df " + n.Path)
	if get.err != nil {
		c.Detail = get.err.Error()
		return c
	}
	free, err := ParseDF(text)
	if err != nil {
		c.Detail = err.Error()
		return c
	}
	c.Result, c.Detail = data.CheckPassed, fmt.Sprintf("%s free, %s needed", sayBytes(free), sayBytes(n.Bytes))
	if free < n.Bytes {
		c.Result = data.CheckFailed
	}
	return c
}

// "overlay              152576    25  149500       1% /", and "-" for a capacity that makes no sense.
var dfLine = regexp.MustCompile(`(?m)^.*?\s+[0-9]+\s+[0-9]+\s+(-?[0-9]+)\s+(?:[0-9]+%|-)\s+/.*$`)

// ParseDF returns the bytes available that `df -Pk FOLDER` names.
func ParseDF(text string) (int64, error) {
	m := dfLine.FindAllStringSubmatch(text, -1)
	if len(m) != 1 {
		return 0, fmt.Errorf("%w: df says %q", remote.ErrGarbage, clip(text))
	}
	n, err := strconv.ParseInt(m[0][1], 10, 64)
	if err != nil || n > 1<<50 || n < -1<<50 {
		return 0, fmt.Errorf("%w: df says %q", remote.ErrGarbage, clip(text))
	}
	return n << 10, nil
}

func sayBytes(n int64) string {
	const mega = 1 << 20
	if n < 10*mega && n >= 0 {
		return strconv.FormatInt(n>>10, 10) + " kB"
	}
	return strconv.FormatInt(n/mega, 10) + " MB"
}
