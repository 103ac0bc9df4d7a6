package wire_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/data/store"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/pwsh"
	"secondtuesday/remote/remotetest/windows"
	"secondtuesday/remote/remotetest/wsman"
	"secondtuesday/remote/winrm"
	"secondtuesday/wire"
)

type windowsPassword struct{}

func (windowsPassword) Get(context.Context, secret.Key) (secret.Secret, error) {
	return secret.New("pw").Anywhere(), nil
}

// TestWindowsHostGoesTheWholeWay goes from the desk over WinRM's wire to a real
// PowerShell on a make-believe Windows Server 2025, which denies a network logon
// everything, and back to the evidence in the file: scan, plan, approval,
// rollout without a reboot, another of the reboot alone, proof.
func TestWindowsHostGoesTheWholeWay(t *testing.T) {
	program, _ := pwsh.Need(t)
	now := time.Now()
	state := windows.Server2025("win1", now)
	state.Updates = []windows.Update{state.Cumulative("5060001", 4100, now.AddDate(0, 0, -40))}
	world, err := windows.Create(filepath.Join(t.TempDir(), "win"), state)
	if err != nil {
		t.Fatal(err)
	}
	world.Pwsh = program
	server, err := wsman.Start(wsman.Options{
		TLS: true, StrictBinding: true, Users: map[string]wsman.User{`CORP\anna`: {Password: "pw", Admin: true}},
		Exec: func(ctx context.Context, c *wsman.Call) int {
			return world.Exec(ctx, c.User, c.Line, c.Stdin, c.Stdout, c.Stderr)
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	world.OnDown, world.OnUp = server.Down, func() { server.Up() }
	t.Cleanup(func() { server.Close(); world.Close() })

	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "shop.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	dialer := winrm.New(winrm.Config{Accepted: filepath.Join(t.TempDir(), "known_certificates"), Secrets: windowsPassword{}, ConnectTimeout: 2 * time.Second})
	desk := &app.Desk{DB: db, Dialer: dialer, Platforms: wire.Platforms(), By: "anna@desk1", Now: time.Now}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	std, _ := app.Template("small-shop")
	std.ValidFrom, std.Owner = now.AddDate(-1, 0, 0), "Petra Lang"
	_, err = desk.SaveStandard(t.Context(), std)
	must(err)
	id, err := desk.AddHost(t.Context(), server.Host("win1", `CORP\anna`))
	must(err)

	scan := func() (out app.ScanResult) {
		must(desk.Scan(t.Context(), []data.HostID{id}, true, func(r app.ScanResult) { out = r }))
		return out
	}
	var key *remote.HostKeyUnknownError
	if err := scan().Err; !errors.As(err, &key) || key.Type != remote.TypeCertificate || len(server.Seen()) > 0 {
		t.Fatalf("%v; the unknown host was sent %v", err, server.Seen())
	}
	must(desk.AcceptHostKey(t.Context(), key, dialer.AcceptHostKey))
	before := scan()
	must(before.Err)
	if before.Verdict.Compliance == data.Compliant || before.Verdict.Missing != 1 || before.Host.Platform != data.WindowsUpdate || before.Host.Technology != "Windows" {
		t.Fatalf("%+v of a %s on %s", before.Verdict, before.Host.Platform, before.Host.Technology)
	}

	background, err := desk.Background(t.Context(), id)
	must(err)
	if c := background.Certificate; c.Fingerprint != key.Fingerprint || c.By != "a person" || !c.Until.Equal(key.Certificate.NotAfter) || c.Subject == "" {
		t.Errorf("the scan kept of the certificate %+v", c)
	}

	driver := &app.Driver{Desk: desk, Holder: "test", Pace: app.Pace{Poll: 2 * time.Second, Retry: time.Second, Boot: 2 * time.Minute, GiveUp: time.Hour, Tick: time.Second}}
	carryOut := func(req app.PlanRequest) data.Run {
		req.Hosts, req.PostWait = []data.HostID{id}, time.Second
		p, notes, err := desk.MakePlan(t.Context(), req, nil)
		if err != nil {
			t.Fatalf("%v, notes %v", err, notes)
		}
		plan, err := desk.SavePlan(t.Context(), p)
		must(err)
		must(desk.ApprovePlan(t.Context(), plan, p.Digest(), ""))
		rollout, err := desk.StartRollout(t.Context(), plan, "a test on a make-believe Windows")
		must(err)
		must(driver.Drive(t.Context(), rollout, true))
		runs, err := db.Runs(t.Context(), rollout)
		must(err)
		return runs[0]
	}
	run := carryOut(app.PlanRequest{Name: "Patch Tuesday", Reboot: data.RebootNever})
	if run.Outcome != data.OutcomeSucceeded || !strings.Contains(run.Detail, "a reboot is pending") {
		t.Errorf("%s: %s", run.Outcome, run.Detail)
	}
	run = carryOut(app.PlanRequest{Name: "the reboot", Reboot: data.RebootIfNeeded, RebootOnly: true})
	if run.Outcome != data.OutcomeSucceeded || run.Detail != "rebooted, no updates planned; no reboot is pending any more" {
		t.Errorf("%s: %s", run.Outcome, run.Detail)
	}

	after, err := db.LatestScan(t.Context(), id)
	must(err)
	if !strings.HasSuffix(after.OS.Version, ".4100") || after.BootID == before.Scan.BootID || len(after.Updates) != 0 {
		t.Errorf("OS %s, boot %s, %d missing", after.OS.Version, after.BootID, len(after.Updates))
	}
	evidence, err := db.Evidence(t.Context(), after.ID)
	must(err)
	if len(evidence) == 0 || !strings.Contains(evidence[0].Output, "5060001") {
		t.Errorf("evidence: %+v", evidence)
	}
	if audit, err := desk.VerifyAudit(t.Context()); err != nil || audit.Err() != nil {
		t.Errorf("audit trail: %+v, %v", audit, err)
	}
	if n := server.Counts(); n.ClearBodies > 0 || n.Refused > 0 {
		t.Errorf("%d messages in clear, %d logins refused", n.ClearBodies, n.Refused)
	}
}
