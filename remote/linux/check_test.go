package linux

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"testing"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

func TestChecksOfThisComputer(t *testing.T) {
	needs := []Need{{Path: "/", Bytes: 1}, {Path: "/nowhere/at/all", Bytes: 1 << 60}}
	q := Host{StateDir: t.TempDir()}.CheckQuestion("test check", "finish\n", needs)
	began := time.Now()
	a, err := Ask(context.Background(), &shell{}, q)
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]data.CheckResult{}
	for _, c := range Checks(a, needs, began, time.Now()) {
		got[c.Name] = c.Result
	}
	for name, want := range map[string]data.CheckResult{
		"clock": data.CheckPassed, "other jobs": data.CheckPassed, "free disk /": data.CheckPassed, "free disk /nowhere/at/all": data.CheckFailed,
	} {
		if got[name] != want {
			t.Errorf("%s: %q, want %q", name, got[name], want)
		}
	}
}

func TestCheckThatCannotLookDoesNotPass(t *testing.T) {
	a := Answer{{Name: "clock", Out: "x"}, {Name: "job", Status: 1}, {Name: "df /", Out: "df: no idea"}}
	for _, c := range Checks(a, []Need{{Path: "/"}, {Path: "/boot"}}, time.Now(), time.Now()) {
		if c.Result != data.CheckUnknown || c.Detail == "" {
			t.Errorf("%s: %q %q", c.Name, c.Result, c.Detail)
		}
	}
}

func TestDFIsRead(t *testing.T) {
	const head = "Filesystem     1024-blocks  Used Available Capacity Mounted on\n"
	if n, err := ParseDF(head + "//nas/my share   152576 25 149500       1% /mnt/with space\n"); err != nil || n != 149500<<10 {
		t.Errorf("%d, %v", n, err)
	}
	for _, s := range []string{"", head, head + "overlay 1 2 3 4% /\noverlay 1 2 3 4% /\n", "df: /x: No such file or directory"} {
		if _, err := ParseDF(s); !errors.Is(err, remote.ErrGarbage) {
			t.Errorf("%q: %v", s, err)
		}
	}
}

func TestServicesComeWithoutThoseThatComeAndGo(t *testing.T) {
	got, err := ParseServices([]string{
		"ssh.service          loaded active running OpenBSD Secure Shell server",
		"cron.service         loaded active running Regular background program processing daemon",
		"user@1000.service    loaded active running User Manager for UID 1000",
		"secondtuesday-1.service loaded active running Second Tuesday job 1",
	})
	if err != nil || !slices.Equal(got, []string{"cron", "ssh"}) {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := ParseServices(nil); err != nil || got == nil {
		t.Errorf("no service is %#v, %v; want an empty list, not an unknown one", got, err)
	}
	for _, line := range []string{"hello", "ssh.socket loaded active running x", "ssh.service loaded active exited x"} {
		if _, err := ParseServices([]string{line}); !errors.Is(err, remote.ErrGarbage) {
			t.Errorf("%q: %v", line, err)
		}
	}
}

func TestAliveOfThisComputer(t *testing.T) {
	a, err := Host{}.Alive(context.Background(), &shell{})
	if err != nil || len(a.BootID) != 36 || a.BootedAt.IsZero() || time.Since(a.HostNow).Abs() > 5*time.Second {
		t.Errorf("%+v, %v", a, err)
	}
}

func FuzzAnswersOfAHost(f *testing.F) {
	f.Add("exit 0\nstopped \nended 1790000000\n", "ended")
	f.Add("Filesystem 1024-blocks Used Available Capacity Mounted on\noverlay 1 2 3 4% /\n", "running")
	f.Add("NAME=\"A \\\"B\\\"\"\nVERSION_ID=\"9.4\"\n", "1 2 install 1 of 2")
	f.Add("ssh.service loaded active running x", "lost")
	f.Fuzz(func(t *testing.T, text, state string) {
		a := Answer{{Name: "state", Out: state}, {Name: "result", Out: text}, {Name: "started", Out: text}, {Name: "step", Out: text}, {Name: "log", Out: text}}
		if st, err := jobStatus(a, 7); err == nil && st.State == remote.JobEnded && st.Ended.IsZero() {
			t.Errorf("ended at no time: %+v", st)
		}
		if n, err := ParseDF(text); err != nil && n != 0 {
			t.Errorf("%d bytes beside %v", n, err)
		}
		_, _ = ParseServices([]string{text, state})
		_ = remote.EndOfLife(ParseOSRelease(text))
		_ = NewestKernel([]string{text}, []string{state}, text)
	})
}

// A desk whose clock is wrong would work past the end of the window it promised.
func TestClocksThatDifferByMinutesFailTheCheck(t *testing.T) {
	now := time.Unix(1790000000, 0)
	for ahead, want := range map[time.Duration]data.CheckResult{
		0: data.CheckPassed, 2 * time.Minute: data.CheckWarned, -2 * time.Minute: data.CheckWarned,
		6 * time.Minute: data.CheckFailed, -59 * time.Minute: data.CheckFailed,
	} {
		a := Answer{{Name: "clock", Out: strconv.FormatInt(now.Add(ahead).Unix(), 10)}}
		if c := checkClock(a, now, now); c.Result != want {
			t.Errorf("%s: %+v, want %q", ahead, c, want)
		}
	}
}
