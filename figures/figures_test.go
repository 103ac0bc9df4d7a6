// Package figures measures the figures that the product promises: each beside
// a named peer or floor in the same run, because a number of milliseconds says
// more about a machine than about a program. make bench runs it and prints one
// table; make test does not. It holds tests only, and changes nothing.
package figures

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// A figure is one line of the table.
type figure struct {
	name   string
	ours   string
	peer   string // what stands beside it, with its value
	ratio  string
	target string
	met    verdict
}

// verdict says whether a target was met. Where none was promised the line is
// there for comparison.
type verdict string

const (
	met        verdict = "met"
	missed     verdict = "MISSED"
	noTarget   verdict = "-"
	unmeasured verdict = "NOT MEASURED"
)

func meets(ok bool) verdict {
	if ok {
		return met
	}
	return missed
}

// table is filled by the figures of this process, in their order.
var table []figure

// add puts a figure into the table. A missed target is said there and below
// the table; it fails nothing, for the machine may have been busy.
func add(t *testing.T, f figure) {
	t.Helper()
	table = append(table, f)
	if f.met == missed {
		t.Logf("MISSED %s: %s, promised %s", f.name, f.ours, f.target)
	}
}

func TestFigures(t *testing.T) {
	if os.Getenv("BENCH") == "" {
		t.Skip("NOT RUN: make bench measures the figures")
	}
	for _, part := range []struct {
		name string
		run  func(t *testing.T)
	}{
		{"scan", scanFigures},
		{"client", clientFigures},
		{"throttle", throttleFigures},
		{"judge", judgeFigures},
		{"desk", deskFigures},
		{"grid", gridFigures},
		{"windows", windowsFigures},
		{"idle", idleFigures},
	} {
		t.Run(part.name, func(t *testing.T) {
			before := len(table)
			defer func() {
				if len(table) == before {
					table = append(table, figure{name: part.name, met: unmeasured})
				}
			}()
			part.run(t)
		})
	}
	fmt.Print(printed(table))
}

// TestMain lets this program also be the processes that it measures.
func TestMain(m *testing.M) {
	if play := roles[os.Getenv("FIGURES_ROLE")]; play != nil {
		if err := play(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// printed returns the table as text: machine and date above, a line a figure.
func printed(table []figure) string {
	rows := [][]string{{"figure", "ours", "beside", "ratio", "promised", ""}}
	for _, f := range table {
		rows = append(rows, []string{f.name, f.ours, f.peer, f.ratio, f.target, string(f.met)})
	}
	widths := make([]int, len(rows[0]))
	for _, r := range rows {
		for i, cell := range r {
			widths[i] = max(widths[i], len([]rune(cell)))
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "\n%s\n\n", machine())
	for n, r := range rows {
		for i, cell := range r {
			fmt.Fprintf(&b, "| %s%s ", cell, strings.Repeat(" ", widths[i]-len([]rune(cell))))
		}
		b.WriteString("|\n")
		if n == 0 {
			for _, w := range widths {
				b.WriteString("|" + strings.Repeat("-", w+2))
			}
			b.WriteString("|\n")
		}
	}
	b.WriteString("\nThree values with ¦ between them are least ¦ middle ¦ most of the repeats.\n")
	counts := map[verdict]int{}
	for _, f := range table {
		counts[f.met]++
	}
	fmt.Fprintf(&b, "%d promises met, %d missed, %d not measured.\n\n", counts[met], counts[missed], counts[unmeasured])
	return b.String()
}

func machine() string {
	model := runtime.GOARCH
	info, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(info)) {
		// model name	: Intel(R) Xeon(R) Processor @ 2.60GHz
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			model = strings.TrimSpace(value)
			break
		}
	}
	var mem unix.Sysinfo_t
	unix.Sysinfo(&mem) // zero where it fails
	load, _ := os.ReadFile("/proc/loadavg")
	return fmt.Sprintf("%s, %d processors of %s, %d GiB, %s, load before the end %.4s", time.Now().UTC().Format("2006-01-02 15:04 MST"),
		runtime.NumCPU(), model, (uint64(mem.Totalram)*uint64(mem.Unit)+1<<29)>>30, runtime.Version(), load)
}

// A series is what repeats of one measurement gave.
type series[T cmp.Ordered] []T

func (s series[T]) sorted() series[T] { return slices.Sorted(slices.Values(s)) }
func (s series[T]) least() T          { return slices.Min(s) }
func (s series[T]) middle() T         { return s.sorted()[len(s)/2] }

// spread returns least, middle and most.
func (s series[T]) spread(text func(T) string) string {
	if len(s) == 1 {
		return text(s[0])
	}
	if len(s) == 2 {
		return text(s.least()) + " ¦ " + text(slices.Max(s))
	}
	return text(s.least()) + " ¦ " + text(s.middle()) + " ¦ " + text(slices.Max(s))
}

// brief writes a duration with about three digits.
func brief(d time.Duration) string {
	switch {
	case d < time.Microsecond:
		return fmt.Sprint(d)
	case d < time.Millisecond:
		return fmt.Sprintf("%.3g µs", float64(d)/1e3)
	case d < time.Second:
		return fmt.Sprintf("%.3g ms", float64(d)/1e6)
	}
	return fmt.Sprintf("%.3g s", d.Seconds())
}

// times writes a ratio. Below 1 ours takes less than what stands beside it.
func times(r float64) string { return fmt.Sprintf("%.2f", r) }

func ratio(a, b time.Duration) float64 { return float64(a) / float64(b) }

// took measures f.
func took(f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}

// cpu returns the processor time of this process so far, that of its ended
// children when children is set.
func cpu(children bool) time.Duration {
	who := unix.RUSAGE_SELF
	if children {
		who = unix.RUSAGE_CHILDREN
	}
	var u unix.Rusage
	if err := unix.Getrusage(who, &u); err != nil {
		panic(err) // fails for a wrong argument only
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
