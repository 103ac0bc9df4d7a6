package zypper

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/jobtest"
)

const (
	wantSSL = "upgrade labssl noarch 1.0-2.el9\n"
	before  = "labssl.noarch 1.0-1.el9\nlabobs.noarch 1.0-1.el9\n"
	after   = "labssl.noarch 1.0-2.el9\nlabobs.noarch 1.0-1.el9\n"
	lineSSL = `<solvable type="package" name="labssl" edition="1.0-2.el9" arch="noarch" repository="lab" edition-old="1.0-1.el9" arch-old="noarch" summary="a &quot;lab&quot; package">` + "\n"
	locked  = "System management is locked by the application with pid 234 (zypper).\nClose this application before trying again.\n"
)

// summaryOf is what zypper --xmlout says it would change: so many packages, and
// these lines of its parts.
func summaryOf(changes int, lines string) string {
	return fmt.Sprintf("<?xml version='1.0'?>\n<stream>\n<install-summary download-size=\"1\" packages-to-change=\"%d\">\n%s</install-summary>\n</stream>\n", changes, lines)
}

func upgrades(lines string) string { return "<to-upgrade>\n" + lines + "</to-upgrade>\n" }

// newWorld is a host of which zypper would do exactly wantSSL, and does. The
// file "asked" tells all that zypper was asked for, "began" that it was to change
// something; a file "hold" keeps it there until there is a file "go".
func newWorld(t *testing.T) *jobtest.World {
	w := jobtest.New(t, commonScript+jobScript, "/run/zypp.pid", "/var/run/zypp.pid", "/var/lib/rpm")
	for name, text := range map[string]string{
		"now": before, "after": after, "summary": summaryOf(1, upgrades(lineSSL)), "summary.status": "0\n",
		"download.status": "0\n", "log": "(1/1) Installing: labssl-1.0-2.el9.noarch [..done]\n", "log.status": "0\n",
		"bin/rpm": jobtest.RPM,
		"bin/zypper": `echo "$*" >>"$world/asked"
said() { cat "$world/$1" 2>/dev/null; read -r status <"$world/$1.status"; exit "$status"; }
hold() { while [ -e "$world/$1" ] && [ ! -e "$world/go" ]; do sleep 0.05; done; }
case " $* " in
*' --dry-run '*) said summary ;;
*' --download-only '*)
	echo $$ >"$world/downloading"
	hold hold.download
	said download
	;;
esac
echo began >"$world/began"
hold hold
cp "$world/after" "$world/now"
said log`,
	} {
		w.Put(name, text)
	}
	return w
}

func TestJobBeginsOnlyWhatWasPlanned(t *testing.T) {
	other := strings.ReplaceAll(lineSSL, "labssl", "other")
	for name, c := range map[string]struct {
		input, summary string
		status         string // zypper's, of the simulation
		exit           int
		began          bool
	}{
		"as planned":                {wantSSL, summaryOf(1, upgrades(lineSSL)), "0", 0, true},
		"a kernel beside another":   {wantSSL, summaryOf(1, "<to-install>\n"+lineSSL+"</to-install>\n"), "0", 0, true},
		"a repository was left out": {wantSSL, summaryOf(1, upgrades(lineSSL)), "106", 0, true},
		"a product comes along": {wantSSL, summaryOf(1, upgrades(lineSSL)+
			"<to-install>\n"+strings.ReplaceAll(other, `type="package"`, `type="product"`)+"</to-install>\n"), "0", 0, true},
		"one is gone already":          {wantSSL + "remove gone noarch 1.0-1.el9\n", summaryOf(1, upgrades(lineSSL)), "0", 0, true},
		"in already":                   {"upgrade labssl noarch 1.0-1.el9\n", "", "0", 0, false},
		"another version":              {wantSSL, summaryOf(1, upgrades(strings.ReplaceAll(lineSSL, "1.0-2", "1.0-3"))), "0", 20, false},
		"another arch":                 {wantSSL, summaryOf(1, upgrades(strings.ReplaceAll(lineSSL, `arch="noarch"`, `arch="i586"`))), "0", 20, false},
		"one more":                     {wantSSL, summaryOf(2, upgrades(lineSSL+other)), "0", 20, false},
		"one is erased":                {wantSSL, summaryOf(2, upgrades(lineSSL)+"<to-remove>\n"+other+"</to-remove>\n"), "0", 20, false},
		"it is erased":                 {wantSSL, summaryOf(1, "<to-remove>\n"+lineSSL+"</to-remove>\n"), "0", 20, false},
		"one is missing":               {wantSSL + "upgrade labcrit noarch 1.0-2.el9\n", summaryOf(1, upgrades(lineSSL)), "0", 20, false},
		"one stays":                    {wantSSL + "remove labobs noarch 1.0-1.el9\n", summaryOf(1, upgrades(lineSSL)), "0", 20, false},
		"unknown deed":                 {wantSSL, summaryOf(1, "<to-downgrade>\n"+lineSSL+"</to-downgrade>\n"), "0", 20, false},
		"counts more":                  {wantSSL, summaryOf(2, upgrades(lineSSL)), "0", 20, false},
		"names more than it counts":    {wantSSL, summaryOf(1, upgrades(lineSSL+other)), "0", 20, false},
		"counts what it does not name": {wantSSL, summaryOf(1, ""), "0", 20, false},
		"counts nothing":               {wantSSL, strings.Replace(summaryOf(1, upgrades(lineSSL)), " packages-to-change", " packages", 1), "0", 20, false},
		"one line, twice":              {wantSSL + "upgrade labcrit noarch 1.0-2.el9\n", summaryOf(2, upgrades(lineSSL+lineSSL)), "0", 20, false},
		"no summary":                   {wantSSL, "<stream>\n<message type=\"info\">Nothing to do.</message>\n</stream>\n", "0", 20, false},
		"nothing at all":               {wantSSL, "", "0", 20, false},
		"solver's conflict":            {wantSSL, summaryOf(1, upgrades(lineSSL)), "4", 20, false},
		"version is gone": {wantSSL, "<stream>\n<message type=\"error\">No provider of 'labssl.noarch=1.0-2.el9' found.</message>\n</stream>\n",
			"104", 20, false},
		"lock taken behind the look": {wantSSL, locked, "7", 24, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Put("summary", c.summary)
			w.Put("summary.status", c.status+"\n")
			st := w.Run(c.input)
			w.Ended(st, c.exit, c.began)
			if c.exit == 20 && !strings.Contains(string(st.Log), "nothing was changed: ") {
				t.Errorf("the log does not say that nothing was changed:\n%s", st.Log)
			}
		})
	}
}

// The recorded summary is planned exactly when the plan is what Go reads from it.
func TestJobReadsSummariesAsThisProgramDoes(t *testing.T) {
	text := sample(t, "", "dry-run.txt").Out
	s, err := parseStream(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := s.changes()
	if err != nil {
		t.Fatal(err)
	}
	var input, has strings.Builder
	for _, x := range append(c.Upgrade, c.Add...) {
		fmt.Fprintf(&input, "upgrade %s %s %s\n", x.Name, x.Arch, x.To)
		fmt.Fprintf(&has, "%s.%s %s\n", x.Name, x.Arch, x.To)
	}
	for _, x := range c.Remove {
		fmt.Fprintf(&input, "remove %s %s %s\n", x.Name, x.Arch, x.From)
	}
	w := newWorld(t)
	w.Put("summary", text)
	w.Put("after", has.String())
	w.Ended(w.Run(input.String()), 0, true)
	w = newWorld(t)
	w.Put("summary", text)
	short, _, _ := strings.Cut(input.String(), "\n")
	w.Ended(w.Run(short+"\n"), 20, false)
}

func TestJobAsksForExactVersionsAndTakesNoPatch(t *testing.T) {
	w := newWorld(t)
	w.Put("log", "Warning: Patch 'RHSA-2099:0006-1' is interactive, skipping.\n")
	w.Ended(w.Run(wantSSL), 0, true)
	asked := strings.Split(strings.TrimSpace(w.Get("asked")), "\n")
	if len(asked) != 3 {
		t.Fatalf("zypper was asked %d times: %q", len(asked), asked)
	}
	for _, line := range asked {
		if !strings.HasSuffix(line, " labssl.noarch=1.0-2.el9") || !strings.HasPrefix(line, "--non-interactive --no-refresh ") ||
			!strings.Contains(line, " install --no-recommends --no-force-resolution --auto-agree-with-licenses ") {
			t.Errorf("zypper was asked: %s", line)
		}
	}
}

// What is new comes along with what needs it, and is not marked as chosen by a
// person. What takes the place of another is asked for, or nothing would bring it.
func TestNewPackagesAreAskedForWhereNothingElseBringsThem(t *testing.T) {
	const ssl, fresh = " labssl.noarch=1.0-2.el9", " labnew.noarch=1.0-1.el9"
	for name, c := range map[string]struct{ input, asked string }{
		"comes along":       {wantSSL + "add labnew noarch 1.0-1.el9\n", ssl},
		"replaces":          {wantSSL + "add labnew noarch 1.0-1.el9\nremove labobs noarch 1.0-1.el9\n", ssl + fresh},
		"nothing else":      {"add labnew noarch 1.0-1.el9\n", fresh},
		"replaced one gone": {wantSSL + "add labnew noarch 1.0-1.el9\nremove gone noarch 1.0-1.el9\n", ssl},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Run(c.input) // refused, as the summary is another
			if got := w.Get("asked"); strings.Count(got, "\n") != 1 || !strings.HasSuffix(got, " --dry-run"+c.asked+"\n") {
				t.Errorf("zypper was asked %q, want %q", got, c.asked)
			}
		})
	}
}

// What zypper says of itself at the end, and what the packages say.
func TestEndOfZypperIsJudgedByThePackages(t *testing.T) {
	const failed = "warning: %post(labssl-1.0-2.el9.noarch) scriptlet failed, exit status 1\n"
	for name, c := range map[string]struct {
		exit, log string // zypper's
		now       string // what is installed then
		want      int
	}{
		"done":                                {"0", "", after, 0},
		"wants a reboot":                      {"102", "", after, 0},
		"wants zypper started again":          {"103", "", after, 0},
		"left a repository out":               {"106", "", after, 0},
		"wants a reboot, and nothing is in":   {"102", "", before, 1},
		"left out what was wanted":            {"106", "", before, 1},
		"done, and nothing is in":             {"0", "", before, 1},
		"skipped an interactive patch":        {"0", "Warning: Patch 'RHSA-2099:0006-1' is interactive, skipping.\n", before, 1},
		"script failed":                       {"107", failed, after, 107},
		"script failed beside exit status 0":  {"0", failed, after, 107},
		"script failed beside 102":            {"102", failed, after, 107},
		"security patches, which nobody asks": {"101", "", after, 101},
		"commit failed":                       {"8", "error: labssl-1.0-2.el9.noarch: install failed\n", before, 8},
		"killed":                              {"137", "", before, 137},
		"lock taken meanwhile":                {"7", locked, before, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Put("log", c.log)
			w.Put("log.status", c.exit+"\n")
			w.Put("after", c.now)
			st := w.Run(wantSSL)
			w.Ended(st, c.want, true)
			says := "package labssl.noarch 1.0-2.el9 missing"
			if c.now == after {
				says = "package labssl.noarch 1.0-2.el9 in"
			}
			if !strings.Contains(string(st.Log), says+"\n") {
				t.Errorf("the log does not say %q:\n%s", says, st.Log)
			}
			if strings.Contains(c.log, "failed") && !strings.Contains(string(st.Log), "packages' scripts failed:\n"+c.log) {
				t.Errorf("the log does not end with what failed:\n%s", st.Log)
			}
		})
	}
}

func TestPlannedRemovalIsToldOf(t *testing.T) {
	const input = "upgrade labssl noarch 1.0-2.el9\nremove labobs noarch 1.0-1.el9\n"
	for name, c := range map[string]struct {
		now, says string
		exit      int
	}{
		"gone":        {"labssl.noarch 1.0-2.el9\n", "package labobs.noarch 1.0-1.el9 removed", 0},
		"still there": {after, "package labobs.noarch 1.0-1.el9 is still there", 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			gone := strings.NewReplacer("labssl", "labobs", "1.0-2", "1.0-1").Replace(lineSSL)
			w.Put("summary", summaryOf(2, upgrades(lineSSL)+"<to-remove>\n"+gone+"</to-remove>\n"))
			w.Put("after", c.now)
			st := w.Run(input)
			w.Ended(st, c.exit, true)
			if !strings.Contains(string(st.Log), c.says+"\n") {
				t.Errorf("the log does not say %q:\n%s", c.says, st.Log)
			}
		})
	}
}

func TestDownloadThatFailsChangesNothing(t *testing.T) {
	for name, c := range map[string]struct {
		said, status string
		exit         int
	}{
		"signature":             {"Signature verification failed [4-Signatures public key is not available] for file 'labssl-1.0-2.el9.noarch.rpm'\nAbort, retry, ignore? [a/r/i] (a): a\n", "8", 22},
		"repository is down":    {"Problem retrieving labssl-1.0-2.el9.noarch.rpm: Download (curl) error.\n", "8", 22},
		"wants a restart first": {"", "103", 22},
		"killed":                {"", "137", 22},
		"lock taken meanwhile":  {locked, "7", 24},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Put("download", c.said)
			w.Put("download.status", c.status+"\n")
			st := w.Run(wantSSL)
			w.Ended(st, c.exit, false)
			if !strings.Contains(string(st.Log), c.said) {
				t.Errorf("the log does not say why:\n%s", st.Log)
			}
		})
	}
}

// ZYPP_LOCK_TIMEOUT is none of ours: a host that waits for ever is not asked.
func TestLockOfAnotherIsNotWaitedFor(t *testing.T) {
	w := newWorld(t)
	w.Put("run/zypp.pid", fmt.Sprintln(os.Getpid()))
	w.Ended(w.Run(wantSSL), 24, false)
	if w.Has("asked") {
		t.Errorf("zypper was asked: %s", w.Get("asked"))
	}
	w.Put("run/zypp.pid", "999999999\n") // of one that was killed
	w.Ended(w.Run(wantSSL), 0, true)
}

func TestDeadlineEndsTheDownload(t *testing.T) {
	w := newWorld(t)
	w.Put("hold.download", "")
	w.StopAfter = 2 * time.Second
	id := w.Begin(wantSSL)
	st := w.End(id)
	w.Ended(st, 75, false)
	if st.Stopped != "deadline" {
		t.Errorf("stopped by %q:\n%s", st.Stopped, st.Log)
	}
}

func TestCancelEndsTheDownloadAndZypperWithIt(t *testing.T) {
	w := newWorld(t)
	w.Put("hold.download", "")
	id := w.Begin(wantSSL)
	w.Await("downloading")
	w.Cancel(id)
	st := w.End(id)
	w.Ended(st, 75, false)
	if st.Stopped != "cancelled" {
		t.Errorf("stopped by %q:\n%s", st.Stopped, st.Log)
	}
	pid := strings.TrimSpace(w.Get("downloading"))
	for range 100 {
		if b, err := os.ReadFile("/proc/" + pid + "/stat"); err != nil || strings.Contains(string(b), ") Z ") {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Errorf("zypper, process %s, goes on behind the end of the job", pid)
	w.Put("go", "")
}

func TestNoStopCutsAnInstallation(t *testing.T) {
	w := newWorld(t)
	w.Put("hold", "")
	id := w.Begin(wantSSL)
	w.Await("began")
	w.Cancel(id)
	w.Put("go", "")
	w.Ended(w.End(id), 0, true)
}

// A job that was killed is lost; the next one goes on where it was.
func TestJobAfterAKilledOneAsksOnlyForTheRest(t *testing.T) {
	const input = "upgrade labssl noarch 1.0-2.el9\nupgrade labcrit noarch 1.0-2.el9\n"
	lineCrit := strings.ReplaceAll(lineSSL, "labssl", "labcrit")
	w := newWorld(t)
	w.Put("summary", summaryOf(2, upgrades(lineSSL+lineCrit)))
	w.Put("hold", "")
	id := w.Begin(input)
	w.Await("began")
	w.Kill()
	if st := w.End(id); st.State != remote.JobLost {
		t.Fatalf("the killed job is %s", st.State)
	}
	w.Put("go", "")
	w.Put("now", after) // the first of the two came in
	w.Put("asked", "")
	w.Put("summary", summaryOf(1, upgrades(lineCrit)))
	w.Put("after", after+"labcrit.noarch 1.0-2.el9\n")
	w.Ended(w.Run(input), 0, true)
	for line := range strings.Lines(w.Get("asked")) {
		if strings.Contains(line, "labssl") {
			t.Errorf("zypper was asked once more for what is in: %s", line)
		}
	}
	w.Put("asked", "")
	if st := w.Run(input); st.Exit != 0 || w.Get("asked") != "" {
		t.Errorf("with all in: exit status %d, asked %q", st.Exit, w.Get("asked"))
	}
}
