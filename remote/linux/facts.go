package linux

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// AskScan asks the facts common to all hosts and then script, in one go, as
// root where there is a way to it. It returns the whole answer and the part of
// a scan that Facts reads from it; the caller adds the rest and its Platform.
// With refresh the script gets "refresh" as $1 and lack of root is an error;
// without it, it is a Problem of the scan. script ends with `finish`.
func AskScan(ctx context.Context, s remote.Session, name, script string, refresh bool) (Answer, data.Scan, error) {
	q := Question{Name: name, Script: factsScript + script, Root: true}
	if refresh {
		q.Args = []string{"refresh"}
	}
	began := time.Now()
	a, err := Ask(ctx, s, q)
	var refused error
	if !refresh && (errors.Is(err, remote.ErrNoPrivilege) || errors.Is(err, remote.ErrSudoPassword)) {
		refused, q.Root = err, false
		began = time.Now()
		a, err = Ask(ctx, s, q)
	}
	if err != nil {
		return nil, data.Scan{}, err
	}
	scan, err := Facts(a, began, time.Now())
	if err != nil {
		return nil, data.Scan{}, fmt.Errorf("%s: %w", name, err)
	}
	if refused != nil {
		scan.Problems = append(scan.Problems, data.Problem{Kind: data.NoPrivilege, Detail: refused.Error()})
	}
	scan.Evidence = a.Evidence()
	return a, scan, nil
}

// Facts reads the sections of facts.sh. began and ended are the desk's clock
// around the question; the host's clock is compared with them.
func Facts(a Answer, began, ended time.Time) (data.Scan, error) {
	var scan data.Scan
	scan.At = ended.UTC()
	get := reader{answer: a}
	scan.OS = ParseOSRelease(get.word("os-release"))
	scan.OS.EndOfLife = remote.EndOfLife(scan.OS)
	scan.BootID = get.word("boot id")
	scan.BootedAt = get.unix("boot time")
	scan.HostNow = get.unix("clock")
	scan.Kernel.Running = get.word("uname -r")
	scan.Root = get.word("user") == "0"
	images, modules := get.optional("boot files"), get.optional("kernel modules")
	if get.err != nil {
		return data.Scan{}, get.err
	}
	if scan.OS.ID == "" || scan.BootID == "" || scan.Kernel.Running == "" {
		return data.Scan{}, fmt.Errorf("%w: the host does not say its system, boot and kernel", remote.ErrGarbage)
	}
	scan.Kernel.Installed = NewestKernel(images, modules, scan.Kernel.Running)
	if reason, ok := KernelReason(scan.Kernel); ok {
		scan.Reboot = append(scan.Reboot, reason)
	}
	scan.Problems = append(clockProblem(scan.HostNow, began, ended), endOfLifeProblem(scan.OS, ended)...)
	return scan, nil
}

// maxSkew is the difference of clocks from which the ages a host tells prove nothing.
const (
	maxSkew    = time.Hour
	smallSkew  = 5 * time.Minute
	dateLayout = "2006-01-02"
)

// Skew returns how far the host's clock is ahead (behind: negative) of the
// desk's, which showed began before the question and ended after the answer.
func Skew(host, began, ended time.Time) time.Duration {
	if d := host.Sub(ended); d > 0 {
		return d
	}
	// The host tells whole seconds.
	if d := host.Add(time.Second).Sub(began); d < 0 {
		return d
	}
	return 0
}

func clockProblem(host, began, ended time.Time) []data.Problem {
	d := Skew(host, began, ended)
	if d.Abs() < smallSkew {
		return nil
	}
	return []data.Problem{{
		Kind:      data.ClockSkew,
		Detail:    "the host's clock is " + sayskew(d),
		Untrusted: d.Abs() >= maxSkew,
	}}
}

func sayskew(d time.Duration) string {
	word := "ahead of"
	if d < 0 {
		word, d = "behind", -d
	}
	return fmt.Sprintf("%s %s the desk's", d.Round(time.Second), word)
}

func endOfLifeProblem(os data.OS, now time.Time) []data.Problem {
	if os.EndOfLife.IsZero() || now.Before(os.EndOfLife) {
		return nil
	}
	return []data.Problem{{
		Kind:   data.EndOfLifeOS,
		Detail: fmt.Sprintf("security support of %s ended on %s", os.Name, os.EndOfLife.Format(dateLayout)),
	}}
}

// A reader takes words out of an answer and keeps the first error.
type reader struct {
	answer Answer
	err    error
}

func (r *reader) section(name string) Section {
	s, err := r.answer.Section(name)
	if err != nil && r.err == nil {
		r.err = err
	}
	return s
}

// word returns what a command that must succeed printed.
func (r *reader) word(name string) string {
	s := r.section(name)
	if s.Status != 0 && r.err == nil {
		r.err = fmt.Errorf("%w: %s: exit status %d: %s", remote.ErrGarbage, name, s.Status, clip(strings.TrimSpace(s.Err)))
	}
	return s.Word()
}

// optional returns what a command printed that may fail, such as ls of a folder.
func (r *reader) optional(name string) []string {
	return r.section(name).Lines()
}

func (r *reader) unix(name string) time.Time {
	word := r.word(name)
	n, err := strconv.ParseInt(word, 10, 64)
	if (err != nil || n <= 0) && r.err == nil {
		r.err = fmt.Errorf("%w: %s: %q is no time", remote.ErrGarbage, name, clip(word))
	}
	return time.Unix(n, 0).UTC()
}
