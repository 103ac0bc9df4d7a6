package hosts

import (
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// overview is what one should know of the host, most pressing first.
func (p *panel) overview() fyne.CanvasObject {
	r, d := p.row, p.detail
	box := kit.VBox(14)
	box.Add(kit.VBox(4, kit.NewStrong("Why it is judged so"), sentence(d.verdict.Because)))
	if f := r.failure; f != nil {
		box.Add(kit.VBox(8, kit.NewBanner(kit.StatusWarning, "The last scan, "+kit.Ago(f.At, r.now)+", failed", f.Error, nil),
			container.NewHBox(kit.NewButton("Check host…", "list-check", func() { p.x.check(r.Host) }))))
	}
	for _, because := range r.duplicates {
		box.Add(kit.NewBanner(kit.StatusWarning, "Perhaps twice in the inventory", because, nil))
	}
	if r.scanned() {
		if o := problems(d.scan.Problems); o != nil {
			box.Add(part("Problems", o))
		}
		box.Add(part("Reboot", p.rebootPart()))
		if d.scan.Platform != data.WindowsUpdate { // Windows replaces files in use with the next boot
			box.Add(part("Services that still run old libraries", servicesPart(d.scan)))
		}
		if d.background.Known || d.background.Because != "" {
			box.Add(part("Windows' own history", historyPart(d.background)))
		}
		box.Add(part("System", p.systemPart()))
	} else {
		box.Add(part("System", sentence("Nothing is known yet. Scan the host: it is only asked, nothing is changed.")))
	}
	box.Add(part("Inventory", inventoryPart(r)))
	return box
}

func part(title string, content fyne.CanvasObject) fyne.CanvasObject {
	return kit.VBox(6, kit.NewStrong(title), content)
}

// sentence is wrapped text without the room Fyne puts round labels.
func sentence(text string) fyne.CanvasObject {
	return kit.Pad(kit.NewParagraph(text), -6, -6, -6, -6)
}

// factWidth is the room for the names of facts.
const factWidth = 124

// fact is a name and what holds for it.
func fact(name, value string) fyne.CanvasObject {
	if value == "" {
		value = "–"
	}
	return container.NewBorder(nil, nil, container.NewVBox(container.NewGridWrap(fyne.NewSize(factWidth, 16), kit.NewMuted(name))), nil, sentence(value))
}

func facts(pairs ...string) fyne.CanvasObject {
	box := kit.VBox(4)
	for i := 0; i+1 < len(pairs); i += 2 {
		box.Add(fact(pairs[i], pairs[i+1]))
	}
	return box
}

// problems tells what was wrong with the scan; nil for nothing.
func problems(all []data.Problem) fyne.CanvasObject {
	if len(all) == 0 {
		return nil
	}
	box := kit.VBox(6)
	for _, p := range all {
		sign := kit.StatusWarning
		if p.Untrusted {
			sign = kit.StatusUnknown
		}
		box.Add(kit.VBox(2, kit.NewSign(sign, string(p.Kind)), kit.Pad(sentence(problemText(p)), 0, 0, 20, 0)))
	}
	return box
}

func problemText(p data.Problem) string {
	text := strings.TrimSpace(p.Detail)
	if p.Untrusted {
		text = strings.TrimSuffix(text, ".") + ". The scan proves nothing while this stands."
	}
	return strings.TrimPrefix(text, ". ")
}

// problemsText is the same for a tooltip.
func problemsText(s data.Scan) string {
	if len(s.Problems) == 0 {
		return "No problem was found."
	}
	var lines []string
	for _, p := range s.Problems {
		lines = append(lines, string(p.Kind)+": "+problemText(p))
	}
	return strings.Join(lines, "\n")
}

func (p *panel) rebootPart() fyne.CanvasObject {
	s := p.detail.scan
	switch rebootOf(s) {
	case rebootPending:
		box := kit.VBox(4, kit.NewSign(kit.StatusPendingReboot, rebootLine(p.detail.verdict.RebootDebt(p.now))))
		for _, why := range s.Reboot {
			box.Add(fact(capital(why.Source), rebootWhy(why)))
		}
		host := s.Host
		box.Add(kit.HBox(0, kit.NewQuiet("Plan a reboot…", "rotate-clockwise", func() {
			p.x.shell.Go(ui.Place{Screen: ui.Rollouts, Hosts: []data.HostID{host}, Reboot: true})
		}).WithTip("A plan that brings nothing in and reboots the host in its window")))
		return box
	case rebootNone:
		return kit.NewSign(kit.StatusPassed, "None is pending")
	}
	return kit.VBox(2, kit.NewSign(kit.StatusUnknown, "Not known"), kit.Pad(sentence("The host has no means to tell, or the session had no right to ask."), 0, 0, 20, 0))
}

// rebootNames are the registry's names for a pending reboot of Windows, and
// what else its scan says, in words.
var rebootNames = map[string]string{
	"RebootPending":    "an update that is in waits for it (RebootPending)",
	"RebootInProgress": "one was begun and has not ended (RebootInProgress)",
	"PackagesPending":  "parts of an update wait for it (PackagesPending)",
	"RebootRequired":   "asks for it (RebootRequired)",
	"it says so":       "says that one is needed",
}

func rebootWhy(r data.RebootReason) string {
	if words, ok := rebootNames[r.Detail]; ok {
		return words
	}
	return r.Detail
}

func rebootLine(debt time.Duration) string {
	if debt <= 0 {
		return "Pending"
	}
	return "Pending for " + kit.Span(debt)
}

func servicesPart(s data.Scan) fyne.CanvasObject {
	switch {
	case len(s.Restart) > 0:
		return sentence(strings.Join(s.Restart, ", "))
	case s.RestartKnown:
		return kit.NewSign(kit.StatusPassed, "None")
	}
	return kit.VBox(2, kit.NewSign(kit.StatusUnknown, "Not known"), kit.Pad(sentence("The host has no means to tell, or the session had no right to ask."), 0, 0, 20, 0))
}

// historyPart lists what Windows says became of updates there, newest first.
func historyPart(b data.Background) fyne.CanvasObject {
	switch {
	case !b.Known:
		return kit.VBox(2, kit.NewSign(kit.StatusUnknown, "Not known"), kit.Pad(sentence(b.Because+"."), 0, 0, 20, 0))
	case len(b.History) == 0:
		return sentence("It has no entry.")
	}
	const shown = 10
	box := kit.VBox(4)
	for _, l := range b.History[:min(len(b.History), shown)] {
		box.Add(fact(l.At.Local().Format("2006-01-02 15:04"), app.PastText(l)))
	}
	if left := len(b.History) + b.Older - shown; left > 0 {
		box.Add(sentence("And " + kit.Count(left, "older line", "older lines") + "; the raw output has them."))
	}
	return box
}

func (p *panel) systemPart() fyne.CanvasObject {
	s, now := p.detail.scan, p.row.now
	raw := kit.NewButton("Raw output…", "terminal-2", func() { p.x.showEvidence(p.row.Host, s) })
	all := []string{"System", s.OS.Name, "End of life", endOfLife(s.OS, now), "Platform", string(s.Platform)}
	if s.Platform == data.WindowsUpdate {
		all = append(all, "Build", kernelText(s.Kernel), "Booted", bootedText(s),
			"Update source", sourceText(s), "It answered", listsText(s, now), "Updates", installedText(s))
	} else {
		all = append(all, "Kernel", kernelText(s.Kernel), "Booted", bootedText(s),
			"Lists fetched", listsText(s, now), "Asked as root", yesNo(s.Root), "Packages", installedText(s))
	}
	box := kit.VBox(8, facts(append(all, "Scanned", kit.DateTime(s.At)+" ("+kit.Ago(s.At, now)+")")...))
	if c := p.detail.background.Certificate; c.Fingerprint != "" {
		box.Add(certificatePart(c, now))
	}
	box.Add(container.NewHBox(raw))
	return box
}

// certificatePart is what the host showed of itself at its scan.
func certificatePart(c data.Certificate, now time.Time) fyne.CanvasObject {
	end, soon := app.CertificateEnd(c, now)
	box := kit.VBox(4, facts("Certificate", app.CertificateText(c), "Valid", end, "Vouched for by", c.By, "Fingerprint", c.Fingerprint))
	if soon {
		box.Add(kit.NewSign(kit.StatusWarning, "The certificate of its WinRM listener must be renewed"))
	}
	return box
}

// sourceText is where a Windows host gets its updates. Scans from before it was
// kept tell it by what they miss.
func sourceText(s data.Scan) string {
	if s.Source != "" {
		return s.Source
	}
	for _, u := range s.Updates {
		if u.Origin != "" {
			return u.Origin
		}
	}
	return ""
}

// installedText counts what is installed. A host without any did not tell.
func installedText(s data.Scan) string {
	if len(s.Installed) == 0 {
		return "not known"
	}
	return kit.Number(len(s.Installed)) + " installed"
}

func endOfLife(os data.OS, now time.Time) string {
	switch {
	case os.EndOfLife.IsZero():
		return "unknown to this program"
	case os.EndOfLife.Before(now):
		return kit.Date(os.EndOfLife) + ": over for " + kit.Span(now.Sub(os.EndOfLife))
	}
	return kit.Date(os.EndOfLife) + " (" + kit.Ago(os.EndOfLife, now) + ")"
}

func kernelText(k data.Kernel) string {
	switch {
	case k.Running == "":
		return "unknown"
	case k.Installed == "" || k.Installed == k.Running:
		return k.Running
	}
	return k.Running + " runs, " + k.Installed + " is installed"
}

func bootedText(s data.Scan) string {
	if s.BootedAt.IsZero() {
		return "unknown"
	}
	return kit.DateTime(s.BootedAt)
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no: part of the scan may be missing"
}

// reachText is the way to a host, and to the rights it takes there.
func reachText(h data.Host) string {
	if h.Windows() {
		return wayWord(h)
	}
	return wayWord(h) + ", sudo " + strings.ToLower(sudos.word(h.Sudo))
}

func inventoryPart(r *row) fyne.CanvasObject {
	ring := "last, because none is set"
	if r.Ring > 0 {
		ring = ringText(r)
	}
	return facts(
		"Exposure", string(r.Exposure),
		"Criticality", string(r.Criticality),
		"Technology", r.Technology,
		"Group", r.group,
		"Ring", ring,
		"Business unit", r.BusinessUnit,
		"Owner", r.Owner,
		"Admin", r.Admin,
		"Environment", string(r.Environment),
		"Reached by", reachText(r.Host),
		"Notes", r.Notes,
	)
}
