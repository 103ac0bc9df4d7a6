package windows

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"
)

// remoteAdmin has logged on over the network.
var remoteAdmin = Caller{User: `SHOP\Administrator`, Network: true}

func code(err error) HRESULT {
	if f := (*Fault)(nil); errors.As(err, &f) {
		return f.Code
	}
	return 0
}

func TestCriteriaFollowTheGrammar(t *testing.T) {
	s := Server2022("web01", day)
	u := s.Cumulative("5034129", 2402, day)
	for text, want := range map[string]bool{
		"":                               true,
		"IsInstalled=0":                  true,
		"isinstalled = 0 AND IsHidden=0": true,
		"IsInstalled=0 and Type='Software' and DeploymentAction='Installation'":  true,
		"IsInstalled=0 and Type!='Software'":                                     false,
		"IsInstalled=1 or (IsInstalled=0 and BrowseOnly=0)":                      true,
		"CategoryIDs contains '" + SecurityUpdates + "'":                         true,
		"CategoryIDs contains '" + Drivers + "'":                                 false,
		"UpdateID='" + u.UpdateID + "' and RevisionNumber=200":                   true,
		"UpdateID='" + u.UpdateID + "' and RevisionNumber=201":                   false,
		"IsInstalled=1 and RebootRequired=1":                                     false,
		"DeploymentAction='Uninstallation' and IsInstalled=0":                    false,
		"( (IsInstalled=0) and IsHidden=0 ) or UpdateID != '" + u.UpdateID + "'": true,
	} {
		c, ok := parseCriteria(text)
		if !ok || c.match(&u) != want {
			t.Errorf("%q: valid %v, match %v", text, ok, !want)
		}
	}
	for _, text := range []string{"nonsense", "IsInstalled", "IsInstalled=0 and", "(IsInstalled=0", "IsInstalled=0)", "IsInstalled='0'", "IsInstalled!=0",
		"RevisionNumber=200", "(IsInstalled=0) and (IsHidden=0 or IsHidden=1)", "IsInstalled=0 IsHidden=0", "Type=1", "Title='x'", "IsInstalled=2"} {
		if _, ok := parseCriteria(text); ok {
			t.Errorf("%q is valid", text)
		}
	}
}

// installed does what a good client does: accept nothing, download, install.
func installed(t *testing.T, w *World, u Update) *Done {
	t.Helper()
	id := ID{u.UpdateID, u.Revision}
	if d, err := w.Download(System, id); err != nil || d.ResultCode != Succeeded {
		t.Fatalf("download: %+v, %v", d, err)
	}
	d, err := w.Install(System, "test", id)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestACumulativeUpdateTakesEffectAtBoot(t *testing.T) {
	s := Server2022("web01", day)
	u := s.Cumulative("5034129", 2402, day)
	older := s.Cumulative("5033118", 2300, day.AddDate(0, -1, 0))
	u.Superseded = []string{older.UpdateID}
	s.Updates = []Update{u, older}
	w := world(t, s)
	var steps []string
	w.OnDown = func() { steps = append(steps, "down") }
	w.OnUp = func() { steps = append(steps, "up") }

	if d := installed(t, w, u); d.ResultCode != Succeeded || !d.Reboot || !d.Each[0].Reboot {
		t.Fatalf("install: %+v", d)
	}
	found, err := w.Search(System, Query{Criteria: "IsInstalled=1 and RebootRequired=1"})
	if err != nil || len(found.Updates) != 1 {
		t.Fatalf("waiting for a boot: %+v, %v", found, err)
	}
	if found, _ = w.Search(System, Query{}); len(found.Updates) != 0 {
		t.Errorf("what it supersedes is still offered: %+v", found.Updates)
	}
	if v, _, _ := w.Key(`HKLM:\SOFTWARE\Microsoft\Windows\CurrentVersion\Component Based Servicing\RebootPending`); v == nil {
		t.Error("CBS has no RebootPending")
	}
	if v, _, _ := w.Key(`HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion`); v["UBR"].Data != int64(2340) {
		t.Errorf("UBR before the boot: %v", v["UBR"])
	}
	before, _ := w.State()
	if err := w.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	after, _ := w.State()
	required, err := w.RebootRequired(System)
	if err != nil || required || after.UBR != 2402 || !after.BootedAt.After(before.BootedAt) || !after.update(u.UpdateID).Installed || len(after.Pending) != 0 {
		t.Errorf("after the boot: reboot %v, %v; %+v", required, err, after)
	}
	if !reflect.DeepEqual(steps, []string{"down", "up"}) {
		t.Errorf("steps %v", steps)
	}
}

func TestAnInstallationDiesWithTheComputer(t *testing.T) {
	s := Server2022("web01", day)
	u := s.Plain("1", "slow", PlainUpdates, day)
	u.Downloaded, u.InstallTakes = true, time.Hour
	s.Updates = []Update{u}
	w := world(t, s)
	ended := make(chan error)
	go func() {
		_, err := w.Install(System, "test", ID{u.UpdateID, 1})
		ended <- err
	}()
	for busy := false; !busy; {
		busy, _, _ = w.Installer()
	}
	if _, err := w.Install(System, "other", ID{u.UpdateID, 1}); code(err) != inProgress {
		t.Errorf("a second installer: %v", err)
	}
	if err := w.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-ended; !errors.Is(err, ErrDown) {
		t.Errorf("got %v", err)
	}
	after, _ := w.State()
	if busy, _, _ := w.Installer(); busy || after.Updates[0].Installed || len(after.History) != 0 {
		t.Errorf("busy %v, %+v", busy, after.History)
	}
}

func TestATaskThatItsProgramLeftIsTerminated(t *testing.T) {
	w := world(t, Server2022("web01", day))
	w.Run = func(ctx context.Context, p *Program) int { <-ctx.Done(); return 1 }
	if err := w.RegisterTask(remoteAdmin, Task{Path: "P", Name: "x", Execute: "powershell.exe", User: "SYSTEM"}, false); err != nil {
		t.Fatal(err)
	}
	if err := w.StartTask(`\P\x`); err != nil {
		t.Fatal(err)
	}
	if tasks, _ := w.Tasks(); tasks[0].State != TaskRunning || tasks[0].LastResult != taskRunning {
		t.Errorf("running: %+v", tasks[0])
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := Open(w.Dir())
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if tasks, _ := again.Tasks(); tasks[0].State != TaskReady || tasks[0].LastResult != taskTerminated {
		t.Errorf("after: %+v", tasks[0])
	}
}

func TestAnUpdateThatRollsBackIsPendingAgain(t *testing.T) {
	s := Server2022("web01", day)
	u := s.Cumulative("5034129", 2402, day)
	u.RollsBack = true
	s.Updates = []Update{u}
	w := world(t, s)
	installed(t, w, u)
	if err := w.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	found, err := w.Search(System, Query{})
	if err != nil || len(found.Updates) != 1 {
		t.Fatalf("offered: %+v, %v", found, err)
	}
	past, err := w.Past(System)
	if err != nil || len(past) != 2 || past[0].ResultCode != Failed || past[0].HResult != rolledBack || past[1].ResultCode != Succeeded {
		t.Errorf("history %+v, %v", past, err)
	}
	if after, _ := w.State(); after.UBR != 2340 {
		t.Errorf("UBR %d", after.UBR)
	}
}

func TestTheWallBeforeANetworkLogon(t *testing.T) {
	old := world(t, Server2022("web01", day))
	if _, err := old.Search(remoteAdmin, Query{}); err != nil {
		t.Errorf("2022 denies searching: %v", err)
	}
	if _, err := old.RebootRequired(remoteAdmin); code(err) != accessDenied {
		t.Errorf("2022 tells whether a reboot is required: %v", err)
	}
	if _, err := old.Install(remoteAdmin, "", ID{"x", 1}); code(err) != accessDenied {
		t.Errorf("2022 installs: %v", err)
	}
	current := world(t, Server2025("web02", day))
	if _, err := current.Search(remoteAdmin, Query{}); code(err) != accessDenied {
		t.Errorf("2025 searches: %v", err)
	}
	if _, err := current.Past(remoteAdmin); code(err) != accessDenied {
		t.Errorf("2025 tells its history: %v", err)
	}
	if _, err := current.Search(System, Query{}); err != nil {
		t.Errorf("2025 denies SYSTEM: %v", err)
	}
}

func TestWhatGoesWrongWithAnUpdate(t *testing.T) {
	s := Server2022("web01", day)
	plain := func(kb string, change func(*Update)) ID {
		u := s.Plain(kb, "Update "+kb, PlainUpdates, day)
		change(&u)
		s.Updates = append(s.Updates, u)
		return ID{u.UpdateID, u.Revision}
	}
	noDownload := plain("1", func(u *Update) { u.DownloadError = 0x80072EE2 })
	noInstall := plain("2", func(u *Update) { u.InstallError, u.Downloaded = 0x80070643, true })
	eula := plain("3", func(u *Update) { u.Eula = "Licence" })
	huge := plain("4", func(u *Update) { u.MaxSize = 65 << 30 })
	fine := plain("5", func(u *Update) { u.Downloaded, u.InstallsAs = true, 7 })
	cold := plain("6", func(*Update) {})
	w := world(t, s)

	d, err := w.Download(System, noDownload, eula, huge)
	if err != nil || d.ResultCode != Failed || d.HResult != allFailed || d.Each[0].HResult != 0x80072EE2 || d.Each[1].HResult != eulaDeclined || d.Each[2].HResult != diskFull {
		t.Errorf("download: %+v, %v", d, err)
	}
	d, err = w.Install(System, "desk", noInstall, fine, cold)
	if err != nil || d.ResultCode != SucceededWithErrors || d.Each[0].HResult != 0x80070643 || d.Each[1].ResultCode != Succeeded || d.Each[2].HResult != notDownloaded {
		t.Errorf("install: %+v, %v", d, err)
	}
	if _, err = w.Install(System, "desk", eula); code(err) != eulaDeclined {
		t.Errorf("without its licence: %v", err)
	}
	if _, err = w.Install(System, "desk"); code(err) != noUpdate {
		t.Errorf("nothing to install: %v", err)
	}
	if err := w.AcceptEula(System, eula); err != nil {
		t.Error(err)
	}
	if d, err = w.Download(System, eula); err != nil || d.ResultCode != Succeeded {
		t.Errorf("with its licence: %+v, %v", d, err)
	}
	if after, _ := w.State(); after.update(fine.UpdateID).Revision != 7 || len(after.History) != 2 {
		t.Errorf("after: %+v", after.History)
	}
	if err := w.Change(func(s *State) error { s.Faults.MandatoryReboot = true; return nil }); err != nil {
		t.Fatal(err)
	}
	if _, err = w.Install(System, "desk", cold); code(err) != notAllowed {
		t.Errorf("before a mandatory reboot: %v", err)
	}
}

func TestARevisedUpdateIsNotTheOneThatWasShown(t *testing.T) {
	s := Server2022("web01", day)
	u := s.Cumulative("5034129", 2402, day)
	u.RevisedTo = 201
	s.Updates = []Update{u}
	w := world(t, s)
	first, _ := w.Search(System, Query{})
	second, _ := w.Search(System, Query{})
	if first.Updates[0].Revision != 200 || second.Updates[0].Revision != 201 {
		t.Errorf("revisions %d, %d", first.Updates[0].Revision, second.Updates[0].Revision)
	}
	if d, err := w.Download(System, ID{u.UpdateID, 200}); err != nil || d.ResultCode != Failed {
		t.Errorf("the old revision: %+v, %v", d, err)
	}
}

func TestASourceThatDoesNotAnswer(t *testing.T) {
	s := Core2019German("db01", day)
	s.Source.Error = 0x80244022
	w := world(t, s)
	_, err := w.Search(System, Query{})
	if code(err) != 0x80244022 || err.Error() != "Ausnahme von HRESULT: 0x80244022" {
		t.Errorf("got %v", err)
	}
	if _, err := w.Search(System, Query{Offline: true}); err != nil {
		t.Errorf("offline: %v", err)
	}
	err = w.Change(func(s *State) error {
		s.Source.Error, s.Source.Warnings = 0, []Warning{{4, 0x80240024, "incomplete"}}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := w.Search(System, Query{}); err != nil || found.ResultCode != SucceededWithErrors || len(found.Warnings) != 1 {
		t.Errorf("partly: %+v, %v", found, err)
	}
	if _, err := w.Search(System, Query{ServerSelection: 3, ServiceID: "x"}); code(err) != unknownService {
		t.Errorf("an unknown service: %v", err)
	}
}

func TestShutdownExeAsWindowsAnswers(t *testing.T) {
	w := world(t, Server2022("web01", day))
	run := func(args ...string) int {
		t.Helper()
		_, code, err := w.shutdownExe(remoteAdmin, args)
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	for _, step := range []struct {
		args []string
		want int
	}{
		{[]string{"/a"}, 1116}, {[]string{"/r", "/t", "600", "/d", "p:2:17", "/c", "patching"}, 0}, {[]string{"/r", "/t", "5"}, 1190},
		{[]string{"/a"}, 0}, {[]string{"/r", "/t", "x"}, 87}, {[]string{"/z"}, 1},
	} {
		if got := run(step.args...); got != step.want {
			t.Errorf("%v: %d, want %d", step.args, got, step.want)
		}
	}
	if err := w.Change(func(s *State) error { s.Shutdown = &Shutdown{InProgress: true}; return nil }); err != nil {
		t.Fatal(err)
	}
	if got := run("/r"); got != 1115 {
		t.Errorf("while going down: %d", got)
	}
	if _, err := w.Download(System, ID{"x", 1}); code(err) != shutdownInProgress {
		t.Errorf("a download while going down: %v", err)
	}
}

func TestServicingGoesOnAfterABoot(t *testing.T) {
	s := Server2022("web01", day)
	s.Faults.ServicingSeconds, s.Faults.LogonSeconds = 30, 60
	w := world(t, s)
	now := day
	w.Clock = func() time.Time { return now }
	if err := w.Reboot(t.Context()); err != nil {
		t.Fatal(err)
	}
	look := func() (any, bool, int) {
		v, _, _ := w.Key(cbs + `\Interface`)
		logon, _, _ := w.Key(`HKLM:\SOFTWARE\Microsoft\Windows NT\CurrentVersion\Winlogon\AutoLogonChecked`)
		workers, _ := w.Instances("Win32_Process", "Name='TiWorker.exe'")
		return v["ServicingInProgress"].Data, logon != nil, len(workers)
	}
	if servicing, logon, workers := look(); servicing != int64(2) || logon || workers != 1 {
		t.Errorf("at once: %v %v %v", servicing, logon, workers)
	}
	now = now.Add(61 * time.Second)
	if servicing, logon, workers := look(); servicing != int64(0) || !logon || workers != 0 {
		t.Errorf("a minute later: %v %v %v", servicing, logon, workers)
	}
}

func TestRegistryRemembersWhatScriptsDo(t *testing.T) {
	s := Server2022("web01", day)
	s.Pending = []string{FileRename, ComputerRename, UpdateServices}
	w := world(t, s)
	if err := w.SetKey(`HKLM:\SOFTWARE\Shop\Desk`, "Ran", Value{"DWord", 3}); err != nil {
		t.Fatal(err)
	}
	v, _, _ := w.Key(`Registry::HKEY_LOCAL_MACHINE\software\shop\DESK\`)
	if v["Ran"].Kind != "DWord" {
		t.Errorf("got %v", v)
	}
	if _, keys, _ := w.Key(`HKLM:\SOFTWARE\Shop`); !reflect.DeepEqual(keys, []string{"Desk"}) {
		t.Errorf("below: %v", keys)
	}
	if _, keys, _ := w.Key(wuServices); len(keys) != 1 {
		t.Errorf("pending services: %v", keys)
	}
	if err := w.RemoveKey(autoLogon); err != nil {
		t.Fatal(err)
	}
	if v, _, _ := w.Key(autoLogon); v != nil {
		t.Error("a removed key is there")
	}
}

func TestTwoProgramsSeeOneWorld(t *testing.T) {
	s := Server2022("web01", day)
	s.Updates = []Update{s.Plain("1", "One", PlainUpdates, day)}
	one := world(t, s)
	two, err := Open(one.Dir())
	if err != nil {
		t.Fatal(err)
	}
	defer two.Close()
	done := make(chan error, 2)
	for _, w := range []*World{one, two} {
		go func() {
			for range 50 {
				if err := w.Change(func(s *State) error { s.UBR++; return nil }); err != nil {
					done <- err
					return
				}
			}
			done <- nil
		}()
	}
	for range 2 {
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
	if s, err := two.State(); err != nil || s.UBR != 2440 {
		t.Errorf("UBR %d, %v", s.UBR, err)
	}
}

func TestArgumentsAsWindowsSplitsThem(t *testing.T) {
	for line, want := range map[string][]string{
		`powershell.exe -File "C:\a b\x.ps1" -Name "say \"hi\""`: {"powershell.exe", "-File", `C:\a b\x.ps1`, "-Name", `say "hi"`},
		`"C:\Program Files\p.exe" a\\b "c\\"`:                    {`C:\Program Files\p.exe`, `a\\b`, `c\`},
		` x  "" y `:                                              {"x", "", "y"},
	} {
		if got := Arguments(line); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
	for _, args := range [][]string{{"-nop", "-noni", "-ex", "Bypass", "-c", "1", "+", "1"}, {"-NoLogo", "-Command", "1 + 1"}, {"1", "+", "1"}} {
		if got, err := commandText(args, ""); err != nil || got != "1 + 1" {
			t.Errorf("%v: %q, %v", args, got, err)
		}
	}
	if _, err := commandText([]string{"-File", "x.ps1"}, "AllSigned"); err == nil {
		t.Error("a policy lets a file run")
	}
	if got, _ := commandText([]string{"-File", `C:\x.ps1`, "-Job", "it's"}, ""); got != `& 'C:/x.ps1' -Job 'it''s'; exit $LASTEXITCODE` {
		t.Errorf("got %s", got)
	}
}
