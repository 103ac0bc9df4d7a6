package rpm

import (
	_ "embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
)

var (
	// CommonScript are the shell functions installed and rpm_busy.
	//go:embed common.sh
	CommonScript string

	//go:embed job.sh
	ownJobScript string

	// JobScript is how a job begins that brings in what JobInput wrote; the
	// platform's own script goes on with $plan, $total, $wanted and the functions
	// of linux.ChangeScript.
	JobScript = linux.ChangeScript + ownJobScript
)

// InstalledIn reads the section "rpm -qa", which the function installed
// printed. That it failed or lists nothing is remote.ErrGarbage.
func InstalledIn(a linux.Answer) ([]Installed, error) {
	s, err := a.Section("rpm -qa")
	if err != nil {
		return nil, err
	}
	list, err := ParseInstalled([]byte(s.Out))
	if err == nil && (s.Status != 0 || len(list) == 0) {
		err = fmt.Errorf("%w: rpm -qa: exit status %d, %d packages: %s", remote.ErrGarbage, s.Status, len(list), linux.Tail(s.Err, 3))
	}
	return list, err
}

// Checks looks whether the packages are locked or half changed and how old the
// lists are, by the sections "busy", "rpm -qa" and "ages"; line is as Ages takes it.
func Checks(a linux.Answer, line *regexp.Regexp, now time.Time) []data.Check {
	broken := data.Check{Name: "interrupted work"}
	if list, err := InstalledIn(a); err != nil {
		broken.Detail = err.Error()
	} else if dup := Duplicates(list); len(dup) > 0 {
		broken.Result, broken.Detail = data.CheckFailed, "installed twice: "+strings.Join(dup, ", ")
	} else {
		broken.Result, broken.Detail = data.CheckPassed, "none"
	}
	ages, err := Ages(a, line)
	return []data.Check{linux.LockCheck(a), broken, linux.AgeCheck(newest(ages), now, err)}
}

// Ages reads the section "ages": when the lists of each repository were last
// fetched. line matches one line; its first group is the time, in seconds of
// Unix, its second the repository.
func Ages(a linux.Answer, line *regexp.Regexp) (map[string]time.Time, error) {
	s, err := a.Section("ages")
	if err != nil {
		return nil, err
	}
	m := map[string]time.Time{}
	for _, text := range s.Lines() {
		f := line.FindStringSubmatch(text)
		if f == nil {
			return nil, fmt.Errorf("%w: age of lists %q", remote.ErrGarbage, text)
		}
		sec, err := strconv.ParseInt(f[1], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: age of lists %q", remote.ErrGarbage, text)
		}
		if t := time.Unix(sec, 0).UTC(); t.After(m[f[2]]) {
			m[f[2]] = t
		}
	}
	return m, nil
}

// newest returns when any list was last fetched; zero: none was.
func newest(ages map[string]time.Time) time.Time {
	var at time.Time
	for _, t := range ages {
		if t.After(at) {
			at = t
		}
	}
	return at
}
