package hosts

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/data/store/storetest"
	"secondtuesday/remote"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/uitest"
	"secondtuesday/wire"
)

func TestFirstHostIsAddedByHandAndNeedsAnExposure(t *testing.T) {
	o := open(t, false, small, nil)
	kittest.See(t, o.window, "No hosts yet")
	kittest.Shortcut(t, o.window, ui.Ctrl, fyne.KeyN)
	kittest.Press(t, o.window, "Add host")
	kittest.See(t, o.window, "Give the host a name.")
	kittest.See(t, o.window, "only you know")
	kittest.Type(t, o.window, "web1", "shop1")
	kittest.Type(t, o.window, "as OpenSSH says, else 22", "99999")
	kittest.Choose(t, o.window, "internet")
	kittest.Press(t, o.window, "Add host")
	kittest.See(t, o.window, "from 1 to 65535")
	kittest.Type(t, o.window, "as OpenSSH says, else 22", "2222")
	kittest.Type(t, o.window, "who agrees windows", "Petra Lang")
	kittest.Press(t, o.window, "Scan it at once") // there is nobody to dial here
	kittest.Press(t, o.window, "Add host")
	all := o.inventory(t)
	if len(all) != 1 || all[0].Name != "shop1" || all[0].Port != 2222 || all[0].Exposure != data.Internet || all[0].Owner != "Petra Lang" || all[0].Reach != data.ReachSSH {
		t.Fatalf("inventory: %+v", all)
	}
	kittest.See(t, o.window, "Nothing is known yet")
	if v := o.verbs(t, 1); v != "host added" {
		t.Errorf("audit says %q", v)
	}
}

// TestHostIsAddedByKeyboardAlone goes by Tab, as the real window does.
func TestHostIsAddedByKeyboardAlone(t *testing.T) {
	o := open(t, false, small, nil)
	c := o.window.Canvas()
	kittest.Shortcut(t, o.window, ui.Ctrl, fyne.KeyN)
	kittest.See(t, o.window, "Exposure *")
	typed := func(s string) {
		for _, r := range s {
			c.Focused().TypedRune(r)
		}
	}
	typed("shop1")
	kittest.Shortcut(t, o.window, ui.Ctrl, fyne.KeyReturn)
	kittest.See(t, o.window, "only you know")
	if _, ok := c.Focused().(*kit.Select); !ok {
		t.Fatalf("the keyboard is at %T, not at what is missing", c.Focused())
	}
	typed("i")
	for range 9 { // over the other lists and fields to the tick
		c.FocusNext()
	}
	if _, ok := c.Focused().(*kit.Check); !ok {
		t.Fatalf("Tab leads to %T", c.Focused())
	}
	typed(" ")
	kittest.Shortcut(t, o.window, ui.Ctrl, fyne.KeyReturn)
	if all := o.inventory(t); len(all) != 1 || all[0].Name != "shop1" || all[0].Exposure != data.Internet {
		t.Fatalf("inventory: %+v", all)
	}
	if o.screen.scanning != 0 {
		t.Error("it is scanned though the tick is off")
	}
}

func TestThisComputerNeedsNoAddress(t *testing.T) {
	o := open(t, false, small, nil)
	o.screen.add()
	kittest.Type(t, o.window, "web1", "mydesk")
	kittest.Choose(t, o.window, "This computer")
	kittest.Choose(t, o.window, "internal")
	kittest.Press(t, o.window, "Scan it at once")
	if strings.Contains(kittest.Text(o.window), "Jump host") || !kittest.Field(t, o.window, "name or IP, if it differs").Disabled() {
		t.Error("an address or a jump host can be given for this computer")
	}
	kittest.Press(t, o.window, "Add host")
	if all := o.inventory(t); len(all) != 1 || all[0].Reach != data.ReachLocal {
		t.Errorf("inventory: %+v", all)
	}
}

func TestNameThatIsTakenIsExplainedAndNothingIsLost(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { addHosts(t, d, "web1") })
	o.screen.add()
	kittest.Type(t, o.window, "web1", "WEB1")
	kittest.Choose(t, o.window, "internal")
	kittest.Type(t, o.window, "who agrees windows", "Petra Lang")
	kittest.Press(t, o.window, "Add host")
	if got := kittest.Field(t, o.window, "who agrees windows").Text; got != "Petra Lang" {
		t.Errorf("what was typed is lost: %q", got)
	}
	kittest.See(t, o.window, "WEB1")
	if n := len(o.inventory(t)); n != 1 {
		t.Errorf("%d hosts", n)
	}
}

func TestManyHostsChangeOnlyWhatIsTouched(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) {
		ids := addHosts(t, d, "web1", "web2")
		if err := d.EditHosts(context.Background(), ids[:1], func(h *data.Host) { h.Owner, h.Ring = "Jonas Weber", 1 }); err != nil {
			t.Fatal(err)
		}
	})
	o.screen.grid.SelectAll()
	kittest.Settle(t)
	kittest.Shortcut(t, o.window, ui.Ctrl, fyne.KeyE)
	kittest.Press(t, o.window, "Save")
	kittest.See(t, o.window, "othing is ticked")
	kittest.Choose(t, o.window, "critical")
	kittest.Press(t, o.window, "Save")
	for _, h := range o.inventory(t) {
		owner := map[string]string{"web1": "Jonas Weber", "web2": "Petra Lang"}[h.Name]
		if h.Criticality != data.CriticalityCritical || h.Owner != owner || h.Exposure != data.Internal {
			t.Errorf("%+v", h)
		}
	}
	kittest.Press(t, o.window, "Undo")
	kittest.Settle(t)
	for _, h := range o.inventory(t) {
		if h.Criticality != data.CriticalityUnset {
			t.Errorf("%s is %s after undo", h.Name, h.Criticality)
		}
	}
}

func TestRemovedHostsComeBackByUndo(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { addHosts(t, d, "web1", "web2", "web3") })
	o.screen.grid.Select(func(r *row) bool { return r.Name != "web2" })
	kittest.Settle(t)
	kittest.Press(t, o.window, "Remove…")
	kittest.Key(t, o.window, fyne.KeyEscape)
	if n := len(o.inventory(t)); n != 3 {
		t.Fatalf("Esc removed hosts: %d left", n)
	}
	kittest.Press(t, o.window, "Remove…")
	kittest.Press(t, o.window, "Remove web1 and web3")
	if all := o.inventory(t); len(all) != 1 || all[0].Name != "web2" {
		t.Fatalf("left: %+v", all)
	}
	kittest.Press(t, o.window, "Undo")
	kittest.Settle(t)
	if n := len(o.inventory(t)); n != 3 {
		t.Errorf("%d hosts after undo", n)
	}
}

func TestChipsListsAndSearchFilterTogether(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { fillShop(t, d) })
	shown := func() int { _, n := o.screen.grid.Rows(); return n }
	all := shown()
	kittest.Press(t, o.window, "Unknown")
	if shown() != 2 {
		t.Errorf("%d unknown shown, not 2", shown())
	}
	kittest.Press(t, o.window, "Overdue")
	if shown() != all {
		t.Errorf("overdue or unknown: %d of %d", shown(), all)
	}
	kittest.Press(t, o.window, "Unknown")
	kittest.Choose(t, o.window, "SUSE")
	kittest.Settle(t)
	for i := range shown() {
		if r := o.screen.grid.At(i); r.Technology != "SUSE" || r.verdict.Compliance != data.Overdue {
			t.Errorf("%s is shown", r.Name)
		}
	}
	kittest.Type(t, o.window, "Find a host, or group:web owner:lang -debian", "host00002")
	if shown() != 1 {
		t.Errorf("%d shown for one name", shown())
	}
	o.screen.reveal()
	kittest.Settle(t)
	if shown() != all {
		t.Errorf("%d of %d after all filters", shown(), all)
	}
	kittest.Press(t, o.window, "Last scan failed")
	if shown() != 1 {
		t.Errorf("%d with a failed scan", shown())
	}
}

func TestPlaceLeadsToHostGroupAndUpdate(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { fillShop(t, d) })
	groups, err := o.desk.DB.Groups(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	o.shell.Go(ui.Place{Screen: ui.Hosts, Group: groups[0].ID})
	kittest.Settle(t)
	_, n := o.screen.grid.Rows()
	for i := range n {
		if r := o.screen.grid.At(i); r.Group != groups[0].ID {
			t.Errorf("%s is in %s", r.Name, r.group)
		}
	}
	if n == 0 {
		t.Error("no host of the group is shown")
	}
	o.shell.Go(ui.Place{Screen: ui.Hosts, Update: "openssl"})
	kittest.Settle(t)
	if _, n := o.screen.grid.Rows(); n != 1 {
		t.Errorf("%d hosts lack openssl, not 1", n)
	}
	kittest.Press(t, o.window, "Lacks openssl")
	if all, n := o.screen.grid.Rows(); n != all {
		t.Errorf("%d of %d after the filter was taken away", n, all)
	}
	h := o.inventory(t)[1]
	o.shell.Go(ui.Place{Screen: ui.Hosts, Host: h.ID})
	kittest.Settle(t)
	if r, ok := o.screen.grid.Current(); !ok || r.ID != h.ID || o.screen.panel.id != h.ID {
		t.Errorf("%s is not the one shown", h.Name)
	}
	kittest.Press(t, o.window, "Plan updates…")
	if went := *o.last; went.Host != h.ID {
		t.Errorf("went to %+v", went)
	}
}

func TestPlaceOpensTheFormOrAsksForACredential(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { addHosts(t, d, "web1", "web2") })
	o.screen.tools.Secrets = nil
	id := o.screen.rows[0].ID
	for want, p := range map[string]ui.Place{
		"Edit web1": {Screen: ui.Hosts, Hosts: []data.HostID{id}, Edit: true},
		"There is no place for a credential of web1": {Screen: ui.Hosts, Hosts: []data.HostID{id}, Credential: true},
		"Add a host": {Screen: ui.Hosts, New: true},
	} {
		o.shell.Go(p)
		kittest.Settle(t)
		kittest.See(t, o.window, want)
		kittest.Key(t, o.window, fyne.KeyEscape)
	}
}

func TestUnprovedHostShowsNoGreenAndNoZero(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { fillShop(t, d) })
	for _, r := range o.screen.rows {
		if r.verdict.Compliance != data.Unknown {
			continue
		}
		if text := overdueText(r); text == "0" {
			t.Errorf("%s is unknown and shows no overdue update", r.Name)
		}
		if !r.scanned() && missingText(r) != "–" {
			t.Errorf("%s was never scanned and shows %s missing", r.Name, missingText(r))
		}
		if s := kit.OfCompliance(r.verdict.Compliance); s != kit.StatusUnknown {
			t.Errorf("%s has the sign %s", r.Name, s.Word())
		}
	}
}

func TestPanelTellsWindowsOwnHistory(t *testing.T) {
	o := open(t, false, large, uitest.WindowsHost(t, now))
	o.shell.Go(ui.Place{Screen: ui.Hosts, Host: o.inventory(t)[0].ID})
	kittest.Settle(t)
	kittest.See(t, o.window, "Windows' own history")
	kittest.See(t, o.window, "KB5044281 · 2026-11 Cumulative Update (KB5044281): failed: the update's installer failed; for WinRE updates the recovery partition is often too small (0x80070643), by UpdateOrchestrator")
	o.screen.panel.tabs.Choose(tabMissing)
	o.screen.panel.show()
	kittest.Settle(t)
	o.screen.panel.missing.grid.GoTo(0)
	kittest.Settle(t)
	kittest.See(t, o.window, "Replaces KB5040437 and 2 others.")
	kittest.See(t, o.window, "by UpdateOrchestrator: failed:")
}

func TestPanelTellsProblemsRebootServicesAndRawOutput(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { fillShop(t, d) })
	id := o.inventory(t)[0].ID // a-host-with-…
	o.shell.Go(ui.Place{Screen: ui.Hosts, Host: id})
	kittest.Settle(t)
	for _, words := range []string{"source unreachable", "The scan proves nothing while this stands", "clock skew", "6.1.0-38-amd64 is installed", "nginx.service", "Pending", "no: part of the scan may be missing"} {
		kittest.See(t, o.window, words)
	}
	kittest.See(t, o.window, "2028-06-30")
	kittest.Press(t, o.window, "Raw output…")
	kittest.See(t, o.window, "What a-host-with-a-rather-long-name.munich.example.net printed")
	kittest.ShotOf(t, "hosts-evidence", o.window, false)
	if !slices.ContainsFunc(rawLines("a\r\nb\tc\n"), func(l rawLine) bool { return l.text == "b    c" }) {
		t.Errorf("%+v", rawLines("a\r\nb\tc\n"))
	}
}

func TestPracticeShopIsScannedAndUnknownKeyIsAccepted(t *testing.T) {
	ctx := context.Background()
	off, err := wire.Open(ctx, wire.Options{Practice: true, PracticeDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { off.Close() })
	o := show(t, false, small, &ui.Tools{Desk: off.Desk, Driver: off.Driver, Path: off.Path, Practice: true})
	o.screen.tools.Keys = off
	kittest.Shortcut(t, o.window, ui.Ctrl|fyne.KeyModifierShift, fyne.KeyR)
	kittest.Settle(t)
	accepted, vouched, changed := false, false, false
	for range 6 {
		top := kittest.Text(o.window)
		switch {
		case strings.Contains(top, "Do you vouch for this host key?"):
			kittest.ShotOf(t, "hosts-key", o.window, false)
			kittest.Press(t, o.window, "I compared it with the fingerprint on the host's own console")
			kittest.Press(t, o.window, "Accept key")
			kittest.Settle(t)
			accepted = true
		case strings.Contains(top, "Do you vouch for this certificate?"):
			kittest.Press(t, o.window, "I compared it with the fingerprint on the host's own console")
			kittest.Press(t, o.window, "Accept certificate")
			kittest.Settle(t)
			vouched = true
		case strings.Contains(top, "has changed") && o.window.Canvas().Overlays().Top() != nil:
			kittest.Press(t, o.window, "Close")
			kittest.Settle(t)
			changed = true
		}
	}
	if !accepted || !vouched || !changed {
		t.Fatalf("unknown key asked for: %v, certificate: %v, changed key shown: %v", accepted, vouched, changed)
	}
	kittest.Settle(t)
	states := map[string]data.Compliance{}
	for _, r := range o.screen.rows {
		states[r.Name] = r.verdict.Compliance
		if failed := r.failure != nil; failed != (r.Name == "files") {
			t.Errorf("%s: last scan failed %v", r.Name, failed)
		}
	}
	if states["files"] != data.Unknown || states["print"] != data.Unknown {
		t.Errorf("a blocked host and one with a dead repository: %s, %s", states["files"], states["print"])
	}
	o.screen.reveal()
	kittest.ShotOf(t, "hosts-practice", o.window, false)
}

func TestCredentialIsKeptWhereItBelongsAndNowhereElse(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { addHosts(t, d, "dns1") })
	v := &vault{kept: map[secret.Key]string{}}
	o.screen.tools.Secrets = v
	h := o.inventory(t)[0]
	o.screen.doors.meet(o.screen, []app.ScanResult{{Host: h, Err: fmt.Errorf("become root: %w: %w", remote.ErrSudoPassword, secret.ErrNone)}}, false)
	kittest.See(t, o.window, "sudo on dns1 asks for a password")
	kittest.ShotOf(t, "hosts-credential", o.window, false)
	kittest.Press(t, o.window, "Keep")
	kittest.See(t, o.window, "Type the password")
	kittest.Type(t, o.window, "not shown, not logged", "correct horse")
	o.desk.Dialer = refuser{} // the scan that follows reaches nobody
	kittest.Press(t, o.window, "Keep")
	kittest.Settle(t)
	if v.kept[secret.SudoKey("dns1")] != "correct horse" {
		t.Errorf("kept %v", v.kept)
	}
	trail, err := o.desk.DB.Audit(context.Background(), 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	kept := false
	for _, e := range trail {
		kept = kept || e.Verb == "credential kept"
		if strings.Contains(fmt.Sprint(e), "horse") {
			t.Errorf("the password is in the audit trail: %+v", e)
		}
	}
	if !kept {
		t.Error("nothing in the audit trail says that a credential was kept")
	}
}

// refuser reaches no host.
type refuser struct{}

func (refuser) Dial(context.Context, data.Host) (remote.Session, error) {
	return nil, remote.ErrUnreachable
}

func TestRefusedKeyLeavesTheOthersForLater(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { addHosts(t, d, "web1", "web2", "web3") })
	var results []app.ScanResult
	for _, h := range o.inventory(t) {
		results = append(results, app.ScanResult{Host: h, Err: &remote.HostKeyUnknownError{Host: h.Name, Type: "ssh-ed25519", Fingerprint: "SHA256:" + h.Name}})
	}
	o.screen.doors.meet(o.screen, results, false)
	kittest.Press(t, o.window, "Do not connect")
	kittest.See(t, o.window, "2 hosts could not be scanned without you")
	kittest.ShotOf(t, "hosts-doors", o.window, false)
	if len(o.keys.accepted) != 0 {
		t.Fatalf("accepted %v", o.keys.accepted)
	}
	kittest.Press(t, o.window, "Look at them…")
	kittest.Press(t, o.window, "I compared it with the fingerprint on the host's own console")
	kittest.Press(t, o.window, "Accept key")
	kittest.Settle(t)
	o.desk.Dialer = refuser{}
	kittest.Press(t, o.window, "I compared it with the fingerprint on the host's own console")
	kittest.Press(t, o.window, "Accept key")
	kittest.Settle(t)
	if !slices.Equal(o.keys.accepted, []string{"SHA256:web2", "SHA256:web3"}) {
		t.Errorf("accepted %v", o.keys.accepted)
	}
}

func TestScanOutcomeNamesWhatHappened(t *testing.T) {
	got := outcome([]app.ScanResult{{}, {}, {Err: remote.ErrUnreachable}, {Err: &remote.HostKeyUnknownError{}}, {Err: errors.New("x")}}, false)
	if got != "2 scanned, 1 unreachable, 1 with an unknown host key, 1 failed" {
		t.Errorf("%q", got)
	}
	if got := outcome([]app.ScanResult{{}, {Err: context.Canceled}}, true); got != "1 scanned, 1 not scanned" {
		t.Errorf("%q", got)
	}
}

func TestCSVIsPreviewedMappedAndImportedWhole(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { addHosts(t, d, "web1") })
	file := filepath.Join(t.TempDir(), "servers.csv")
	text := "name;address;zone;who\nweb1;192.0.2.1;dmz;Petra\nweb2;192.0.2.2;;Petra\nweb3;192.0.2.3;moon;Petra\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	kittest.Shortcut(t, o.window, ui.Ctrl, fyne.KeyI)
	kittest.Type(t, o.window, "/home/anna/servers.csv", file+".no")
	kittest.Press(t, o.window, "Read file")
	kittest.See(t, o.window, "does not exist")
	kittest.Type(t, o.window, "/home/anna/servers.csv", file)
	kittest.Press(t, o.window, "Read file")
	kittest.See(t, o.window, "3 problems to solve or leave out")
	kittest.ShotOf(t, "hosts-import", o.window, false)
	kittest.Choose(t, o.window, "Columns")
	kittest.ShotOf(t, "hosts-import-columns", o.window, false)
	pick := kittest.Find(o.window, func(c fyne.CanvasObject) bool {
		s, ok := c.(*kit.Select)
		return ok && s.Chosen() == notSet && slices.Contains(s.Options(), string(app.FieldOwner))
	})
	pick.(*kit.Select).Choose(string(app.FieldOwner))
	kittest.Choose(t, o.window, "Preview")
	kittest.Choose(t, o.window, string(data.Internal))
	kittest.Choose(t, o.window, wordSkip)
	kittest.See(t, o.window, "1 problem to solve or leave out")
	kittest.Press(t, o.window, "Leave out lines with problems")
	kittest.See(t, o.window, "1 host to import")
	kittest.Press(t, o.window, "Import")
	kittest.Settle(t)
	all := o.inventory(t)
	if len(all) != 2 || all[1].Name != "web2" || all[1].Owner != "Petra" || all[1].Exposure != data.Internal {
		t.Errorf("inventory: %+v", all)
	}
}

func TestImportOfExistingHostsIsAChoiceAndCanBeUndone(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { addHosts(t, d, "web1") })
	file := filepath.Join(t.TempDir(), "servers.csv")
	if err := os.WriteFile(file, []byte("name,address,owner\nweb1,192.0.2.1,Jonas Weber\nweb2,192.0.2.2,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.screen.importHosts()
	kittest.Type(t, o.window, "/home/anna/servers.csv", file)
	kittest.Press(t, o.window, "Read file")
	kittest.Choose(t, o.window, "air-gapped")
	kittest.Choose(t, o.window, wordUpdate)
	kittest.See(t, o.window, "2 hosts to import")
	kittest.Press(t, o.window, "Import")
	kittest.Settle(t)
	all := o.inventory(t)
	if len(all) != 2 || all[0].Owner != "Jonas Weber" || all[0].Exposure != data.Internal || all[1].Exposure != data.AirGapped {
		t.Fatalf("inventory: %+v", all)
	}
	kittest.See(t, o.window, "1 new host is unknown")
	kittest.Press(t, o.window, "Undo")
	kittest.Settle(t)
	if all := o.inventory(t); len(all) != 1 || all[0].Owner != "Petra Lang" {
		t.Errorf("after undo: %+v", all)
	}
}

func TestAFileMakesThisComputerAHostOnlyWhenAllowed(t *testing.T) {
	o := open(t, false, small, func(*app.Desk) {})
	file := filepath.Join(t.TempDir(), "servers.csv")
	if err := os.WriteFile(file, []byte("name,reach,exposure\nhere,local,internal\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.screen.importHosts()
	kittest.Type(t, o.window, "/home/anna/servers.csv", file)
	kittest.Press(t, o.window, "Read file")
	kittest.See(t, o.window, "1 problem to solve or leave out")
	kittest.Press(t, o.window, "Take in lines that mean this computer, which is worked on without SSH")
	kittest.See(t, o.window, "1 host to import")
	kittest.Press(t, o.window, "Import")
	kittest.Settle(t)
	if all := o.inventory(t); len(all) != 1 || all[0].Reach != data.ReachLocal {
		t.Errorf("inventory: %+v", all)
	}
}

func TestKindOfFileIsFoundOut(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"servers.csv", "", formatCSV}, {"inventory.yml", "", formatYAML}, {"hosts.ini", "", formatINI}, {"known_hosts", "", formatKnown}, {"config", "", formatSSH},
		{"hosts", "# ours\n[web]\nweb1\n", formatINI}, {"x", "Host web1\n  User root\n", formatSSH}, {"x", "all:\n  hosts:\n", formatYAML},
		{"x", "web1 ssh-ed25519 AAAA\n", formatKnown}, {"x.txt", "name;address\n", formatCSV}, {"x", "", formatCSV},
	} {
		if got := guess(c.name, []byte(c.text)); got != c.want {
			t.Errorf("%s %q is taken for %s, not %s", c.name, c.text, got, c.want)
		}
	}
}

func TestExportReplacesNoFileUnasked(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { addHosts(t, d, "web1", "web2") })
	file := filepath.Join(t.TempDir(), "hosts.csv")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	o.screen.export(formatCSV)
	kittest.Type(t, o.window, "/home/anna/hosts.csv", file)
	kittest.Press(t, o.window, "Export")
	kittest.See(t, o.window, "is there already")
	if b, _ := os.ReadFile(file); string(b) != "mine" {
		t.Fatalf("the file was replaced by %q", b)
	}
	kittest.Press(t, o.window, "Replace the file if it is there")
	kittest.Press(t, o.window, "Export")
	b, err := os.ReadFile(file)
	if err != nil || !strings.Contains(string(b), "web2") {
		t.Errorf("%q, %v", b, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(file), ".export-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestGroupsAreMadeChangedAndRemoved(t *testing.T) {
	o := open(t, false, small, func(d *app.Desk) { addHosts(t, d, "web1") })
	kittest.Shortcut(t, o.window, ui.Ctrl, fyne.KeyG)
	kittest.Press(t, o.window, "Add group…")
	kittest.Type(t, o.window, "web", "Munich")
	kittest.Type(t, o.window, "Europe/Berlin", "Europe/Bavaria")
	kittest.Press(t, o.window, "Add group")
	kittest.See(t, o.window, "No such time zone")
	kittest.Type(t, o.window, "Europe/Berlin", "Europe/Berlin")
	kittest.Press(t, o.window, "Add group")
	kittest.Settle(t)
	kittest.ShotOf(t, "hosts-groups", o.window, false)
	groups, err := o.desk.DB.Groups(context.Background())
	if err != nil || len(groups) != 1 || groups[0].TimeZone != "Europe/Berlin" {
		t.Fatalf("groups: %+v, %v", groups, err)
	}
}

// The promised 16 ms are a figure of docs/figures.md. This holds the order of
// magnitude, on any machine.
func TestTenThousandHostsFilterAndSortInTheTimeOfOneStepOfFynesTable(t *testing.T) {
	o := open(t, false, large, func(d *app.Desk) {
		standard(t, d)
		if err := storetest.Fill(context.Background(), d.DB, 10000, 3); err != nil {
			t.Fatal(err)
		}
	})
	took := kittest.Least(t, kittest.FynesTable(t),
		func(i int) { o.screen.search.SetText(fmt.Sprint("host0", i)) },
		func(i int) { o.screen.grid.SortBy("deadline", i%2 == 0) },
		func(int) { o.screen.bar.chips[data.Overdue].Tapped(nil) })
	t.Log("Fyne's table, search, sort, chip:", took)
	if slices.Max(took[1:]) > took[0] {
		t.Errorf("search, sort and chip hold the UI goroutine for %v, a step of Fyne's table for %v", took[1:], took[0])
	}
}

func TestFormOfAWindowsHostAsksWhatWinRMNeeds(t *testing.T) {
	kittest.Start(t, false)
	f := newHostForm(data.Host{Name: "win1", Reach: data.ReachSSH}, nil)
	w := kittest.Window(t, f.object, fyne.NewSize(900, 700))
	kittest.See(t, w, "Jump host")
	kittest.See(t, w, "Sudo")
	f.reach.Choose(wordWinRM)
	kittest.See(t, w, "NTLM over HTTPS")
	for _, gone := range []string{"Jump host", "Sudo"} {
		if strings.Contains(kittest.Text(w), gone) {
			t.Errorf("%s is asked of a Windows host", gone)
		}
	}
	if f.valid(); !strings.Contains(kittest.Text(w), "Windows wants a user: name one.") {
		t.Error("a Windows host may do without a user")
	}
	f.auth.Choose("Kerberos over HTTPS")
	var h data.Host
	f.fill(&h)
	if h.Reach != data.ReachWinRM || h.Auth != data.AuthKerberos {
		t.Errorf("%+v", h)
	}
}

func TestPreviewOfAnImportSaysHowAHostIsReached(t *testing.T) {
	for want, r := range map[string]*previewRow{
		"":                        {index: -1},
		"SSH":                     {host: data.Host{Reach: data.ReachSSH}},
		"WinRM, NTLM over HTTPS":  {host: data.Host{Reach: data.ReachWinRM}},
		"WinRM, Basic over HTTPS": {host: data.Host{Reach: data.ReachWinRM, Auth: data.AuthBasic}},
	} {
		if got := wayText(r); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
}
