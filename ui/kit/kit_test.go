package kit_test

import (
	"context"
	"errors"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"

	"secondtuesday/data"
	"secondtuesday/remote"
	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
)

// luminance and contrast follow WCAG 2.2, "relative luminance" and "contrast ratio".
func luminance(c color.Color) float64 {
	r, g, b, _ := c.RGBA()
	lin := func(v uint32) float64 {
		x := float64(v) / 0xffff
		if x <= 0.04045 {
			return x / 12.92
		}
		return math.Pow((x+0.055)/1.055, 2.4)
	}
	return 0.2126*lin(r) + 0.7152*lin(g) + 0.0722*lin(b)
}

func contrast(a, b color.Color) float64 {
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestEverySignIsReadableOnEveryGround(t *testing.T) {
	for mode, variant := range map[kit.Mode]fyne.ThemeVariant{kit.ModeLight: theme.VariantLight, kit.ModeDark: theme.VariantDark} {
		th := kit.NewTheme(mode)
		for s := kit.StatusCompliant; s <= kit.StatusFrozen; s++ {
			for _, ground := range []fyne.ThemeColorName{kit.ColorSurface, kit.ColorZebra, kit.ColorSelected, kit.ColorHovered, theme.ColorNameBackground} {
				if r := contrast(th.Color(s.Color(), variant), th.Color(ground, variant)); r < 4.5 {
					t.Errorf("%s: %q on %s is %.1f:1", mode, s.Word(), ground, r)
				}
			}
			if r := contrast(th.Color(s.Fill(), variant), th.Color(kit.ColorSurface, variant)); r < 2.9 {
				t.Errorf("%s: the fill of %q is %.1f:1 on the surface", mode, s.Word(), r)
			}
		}
		for _, c := range []fyne.ThemeColorName{theme.ColorNameForeground, kit.ColorMuted, theme.ColorNamePlaceHolder, theme.ColorNamePrimary} {
			if r := contrast(th.Color(c, variant), th.Color(kit.ColorSurface, variant)); r < 4.5 {
				t.Errorf("%s: %s on the surface is %.1f:1", mode, c, r)
			}
		}
		if r := contrast(th.Color(theme.ColorNameInputBorder, variant), th.Color(kit.ColorSurface, variant)); r < 3 {
			t.Errorf("%s: outlines are %.1f:1", mode, r)
		}
	}
}

func TestUnknownIsNeverGreen(t *testing.T) {
	if s := kit.OfCompliance("something new"); s != kit.StatusUnknown {
		t.Errorf("a judgement nobody knows is %q", s.Word())
	}
	if s := kit.OfRun(data.Run{Step: data.StepEnded}); s != kit.StatusUnknown {
		t.Errorf("a run that ended without an outcome is %q", s.Word())
	}
	if s := kit.OfRun(data.Run{Step: data.StepInstall, Outcome: data.OutcomeUnknown}); s != kit.StatusUnknown {
		t.Errorf("a run of unknown outcome is %q", s.Word())
	}
	if kit.OfRun(data.Run{Outcome: data.OutcomeFailed}) == kit.OfRun(data.Run{Outcome: data.OutcomeUnknown}) {
		t.Error("failed and unknown look alike")
	}
	if kit.OfCheck("") != kit.StatusUnknown || kit.OfSeverity("") != kit.StatusUnknown || kit.OfRollout("") != kit.StatusUnknown {
		t.Error("an empty value is not unknown")
	}
	if s := kit.Status(250); s.Word() != "Unknown" {
		t.Errorf("a sign that does not exist is %q", s.Word())
	}
}

func TestEveryValueOfTheNounsHasItsSign(t *testing.T) {
	for _, c := range data.Compliances {
		if got := strings.ToLower(kit.OfCompliance(c).Word()); got != string(c) {
			t.Errorf("%q is shown as %q", c, got)
		}
	}
	for _, s := range data.Severities {
		if got := strings.ToLower(kit.OfSeverity(s).Word()); got != string(s) && s != data.SeverityUnknown {
			t.Errorf("%q is shown as %q", s, got)
		}
	}
	for _, s := range []data.Step{data.StepQueued, data.StepPreCheck, data.StepInstall, data.StepReboot, data.StepPostCheck, data.StepVerify} {
		if got := strings.ToLower(kit.OfRun(data.Run{Step: s}).Word()); got != string(s) {
			t.Errorf("%q is shown as %q", s, got)
		}
	}
}

func TestTimesAreSaidInWords(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	const day = 24 * time.Hour
	for d, want := range map[time.Duration]string{
		0: "just now", -30 * time.Second: "just now", 5 * time.Minute: "in 5 min", -2 * time.Hour: "2 h ago", -47 * time.Hour: "47 h ago",
		3 * day: "in 3 days", -20 * day: "20 days ago", -21 * day: "3 weeks ago", -100 * day: "3 months ago", -1000 * day: "2 years ago",
	} {
		if got := kit.Ago(now.Add(d), now); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
	for d, want := range map[time.Duration]string{3 * day: "in 3 days", -5 * day: "5 days over", -time.Second: "1 s over", 30 * time.Second: "now"} {
		if got := kit.Due(now.Add(d), now); got != want {
			t.Errorf("due %v: %q, want %q", d, got, want)
		}
	}
	if kit.Ago(time.Time{}, now) != "never" || kit.Due(time.Time{}, now) != "no deadline" || kit.DateTime(time.Time{}) != "never" {
		t.Error("the zero time has a date")
	}
}

func TestNumbersAndShares(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "1,000", -1234567: "-1,234,567"} {
		if got := kit.Number(n); got != want {
			t.Errorf("%d is %q", n, got)
		}
	}
	for f, want := range map[float64]string{0: "0 %", 0.004: "< 1 %", 0.999: "99 %", 1: "100 %", 0.29: "29 %"} {
		if got := kit.Percent(f); got != want {
			t.Errorf("%v is %q, want %q", f, got, want)
		}
	}
}

func TestNaturalOrder(t *testing.T) {
	for _, p := range [][2]string{{"web2", "web10"}, {"a", "b"}, {"1.9", "1.10"}, {"web", "web1"}, {"", "a"}, {"x09y", "x10"}} {
		if kit.Natural(p[0], p[1]) >= 0 || kit.Natural(p[1], p[0]) <= 0 {
			t.Errorf("%q does not come before %q", p[0], p[1])
		}
	}
	if kit.Natural("web01", "web1") != 0 && kit.Natural("web01", "web1") == kit.Natural("web1", "web01") {
		t.Error("the order contradicts itself")
	}
}

func TestOvertakenAnswersAreDropped(t *testing.T) {
	kittest.Start(t, false)
	var failed []error
	at := kit.NewLatest(func(err error) { failed = append(failed, err) })
	var seen []int
	slow := make(chan struct{})
	var ended error
	kit.Load(context.Background(), at, func(ctx context.Context) (int, error) {
		<-slow
		ended = ctx.Err()
		return 1, nil
	}, func(n int) { seen = append(seen, n) })
	kit.Load(context.Background(), at, func(context.Context) (int, error) { return 2, nil }, func(n int) { seen = append(seen, n) })
	close(slow)
	kittest.Settle(t)
	if len(seen) != 1 || seen[0] != 2 {
		t.Errorf("shown: %v", seen)
	}
	if !errors.Is(ended, context.Canceled) {
		t.Errorf("the overtaken fetch was not ended: %v", ended)
	}
	kit.Load(context.Background(), at, func(context.Context) (int, error) { return 0, remote.ErrUnreachable }, func(int) { t.Error("shown beside an error") })
	kittest.Settle(t)
	if len(failed) != 1 || !errors.Is(failed[0], remote.ErrUnreachable) {
		t.Errorf("failures: %v", failed)
	}
	kit.Load(context.Background(), at, func(context.Context) (int, error) { return 3, nil }, func(n int) { seen = append(seen, n) })
	at.Cancel()
	kittest.Settle(t)
	if len(seen) != 1 || len(failed) != 1 {
		t.Errorf("a cancelled question was answered: %v %v", seen, failed)
	}
}

func TestPageShowsAnErrorInWordsUntilClosed(t *testing.T) {
	kittest.Start(t, false)
	p := kit.NewPage("Hosts", "", kit.NewText("content"))
	w := kittest.Window(t, p, wide)
	p.Fail(remote.ErrUnreachable)
	kittest.See(t, w, "Host is unreachable")
	kittest.See(t, w, "VPN")
	kittest.Press(t, w, "Close")
	if strings.Contains(kittest.Text(w), "unreachable") {
		t.Error("it is still there")
	}
	kittest.See(t, w, "content")
}

func TestDialogKeepsWhatFailsAndClosesWhatWorked(t *testing.T) {
	kittest.Start(t, false)
	w := kittest.Window(t, kit.NewText("below"), wide)
	tries, done := 0, 0
	name := kit.NewEntry("name")
	kit.ShowDialog(context.Background(), w, kit.Dialog{Title: "Add", Confirm: "Save", Form: kit.NewForm(&kit.Field{Label: "Name", Input: name, Check: kit.Required(name, "Give it a name.")}),
		Work: func(context.Context) error {
			if tries++; tries == 1 {
				return remote.ErrTimeout
			}
			return nil
		}, OnDone: func() { done++ }})
	kittest.Key(t, w, fyne.KeyReturn) // the form is not filled in
	kittest.See(t, w, "Give it a name.")
	if tries != 0 {
		t.Fatal("it worked with an empty form")
	}
	kittest.Type(t, w, "name", "web1")
	kittest.Key(t, w, fyne.KeyReturn)
	kittest.See(t, w, "did not answer in time")
	kittest.Press(t, w, "Save")
	if tries != 2 || done != 1 || w.Canvas().Overlays().Top() != nil {
		t.Errorf("tries %d, done %d", tries, done)
	}
}

func TestEnterNeverDestroys(t *testing.T) {
	kittest.Start(t, false)
	w := kittest.Window(t, kit.NewText("below"), wide)
	removed := 0
	kit.Confirm(context.Background(), w, "Remove 3 hosts?", "Their scans go too.", "Remove 3 hosts", func() { removed++ })
	kittest.Key(t, w, fyne.KeyReturn)
	if removed != 0 {
		t.Fatal("Enter removed hosts")
	}
	kit.Confirm(context.Background(), w, "Remove 3 hosts?", "Their scans go too.", "Remove 3 hosts", func() { removed++ })
	w.Canvas().Unfocus()
	w.Canvas().OnTypedKey()(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if removed != 0 {
		t.Fatal("Enter removed hosts")
	}
	kittest.Press(t, w, "Remove 3 hosts")
	if removed != 1 {
		t.Error("the button does nothing")
	}
}

func TestHostKeyIsAcceptedOnlyAfterComparing(t *testing.T) {
	kittest.Start(t, false)
	w := kittest.Window(t, kit.NewText("below"), wide)
	accepted := 0
	m := kit.AskHostKey(context.Background(), w, &remote.HostKeyUnknownError{Host: "web1", Type: "ssh-ed25519", Fingerprint: "SHA256:abc"}, func() { accepted++ })
	kittest.See(t, w, "SHA256:abc")
	m.Press()
	m.TypedKey(&fyne.KeyEvent{Name: fyne.KeyReturn})
	if accepted != 0 {
		t.Fatal("accepted unseen")
	}
	kittest.Press(t, w, "I compared it with the fingerprint on the host's own console")
	kittest.Press(t, w, "Accept key")
	if accepted != 1 {
		t.Error("not accepted")
	}
	kit.ShowHostKeyChanged(context.Background(), w, &remote.HostKeyChangedError{Host: "web1", Known: []string{"SHA256:abc"}, Shown: "SHA256:def", Where: "known_hosts:3"})
	for _, word := range kittest.Words(w) {
		if strings.Contains(strings.ToLower(word), "accept") {
			t.Errorf("a changed key can be accepted by %q", word)
		}
	}
	kittest.See(t, w, "SHA256:def")
}

func TestCertificateIsComparedWithACommandThatCanBeCopied(t *testing.T) {
	kittest.Start(t, false)
	w := kittest.Window(t, kit.NewText("below"), wide)
	kit.AskHostKey(context.Background(), w, &remote.HostKeyUnknownError{Host: "dc1", Type: remote.TypeCertificate, Fingerprint: "SHA256:78C4", Certificate: &remote.Certificate{Why: "x509: certificate signed by unknown authority"}}, nil)
	kittest.See(t, w, "Accept certificate")
	kittest.See(t, w, "SHA256:78C4")
	for _, word := range kittest.Words(w) {
		if strings.Contains(strings.ToLower(word), "key") {
			t.Errorf("%q speaks of a key", word)
		}
	}
	kittest.Press(t, w, "Copy command")
	if got := fyne.CurrentApp().Clipboard().Content(); got != remote.ReadCertificates {
		t.Errorf("copied %q", got)
	}
}

func TestWorkShowsProgressCancelsAndTells(t *testing.T) {
	kittest.Start(t, false)
	strip := kit.NewWork(context.Background())
	w := kittest.Window(t, strip, fyne.NewSize(900, 200))
	strip.OnChanged = func() { w.Content().Refresh() }
	ended := make(chan error, 2)
	strip.Start(kit.Job{Title: "Scan 3 hosts", Do: func(ctx context.Context, report func(kit.Progress)) (string, error) {
		report(kit.Progress{Done: 1, Total: 3, Note: "web2"})
		<-ctx.Done()
		return "1 scanned", ctx.Err()
	}, Then: func(err error) { ended <- err }})
	kittest.Until(t, "progress is seen", func() bool { return strings.Contains(kittest.Text(w), "1 of 3 · web2") })
	o := kittest.Find(w, func(o fyne.CanvasObject) bool { b, ok := o.(*kit.Button); return ok && b.Label() == "Cancel" })
	o.(*kit.Button).Tapped(nil)
	kittest.Settle(t)
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	kittest.See(t, w, "1 scanned")
	kittest.Press(t, w, "Dismiss")
	strip.Start(kit.Job{Title: "Scan web1", Do: func(context.Context, func(kit.Progress)) (string, error) { return "", remote.ErrUnreachable }})
	kittest.Settle(t)
	kittest.See(t, w, "Host is unreachable")
	if strip.Running() != 0 {
		t.Error("work that failed is still running")
	}
}

func TestLogKeepsTheNewestLines(t *testing.T) {
	kittest.Start(t, false)
	l := kit.NewLog()
	kittest.Window(t, l, wide)
	for range 50 {
		lines := make([]string, 60)
		for i := range lines {
			lines[i] = "line"
		}
		l.Append(kit.StatusNone, lines...)
	}
	l.Append(kit.StatusFailed, "the last")
	if l.Len() != kit.LogRows || !strings.HasSuffix(l.Text(), "\nthe last") {
		t.Errorf("%d lines are kept", l.Len())
	}
}

func TestScrollBarOfALogLiesOnNoLine(t *testing.T) {
	kittest.Start(t, false)
	l := kit.NewLog()
	w := kittest.Window(t, l, fyne.NewSize(300, 120))
	for i := range 20 {
		l.Append(kit.StatusNone, fmt.Sprintf("%d %s", i, strings.Repeat("wide ", 40)))
	}
	if text := l.Text(); strings.Count(text, "\n") != 19 || strings.HasSuffix(text, "\n") || l.Len() != 20 {
		t.Errorf("the log holds %d lines: %q", l.Len(), text)
	}
	bar := kittest.Find(w, func(o fyne.CanvasObject) bool {
		s, ok := o.(*container.Scroll)
		return ok && s.Offset.Y > 0
	})
	if bar == nil {
		t.Fatal("the log has not followed the newest line")
	}
	s := bar.(*container.Scroll)
	line := s.Content.MinSize().Height / 21
	if below := s.Content.MinSize().Height - 20*line; below < theme.Size(theme.SizeNameScrollBar)-1 {
		t.Errorf("%v are free below the last line, the bar is %v high", below, theme.Size(theme.SizeNameScrollBar))
	}
}

func TestUndoOfAToastUndoesOnce(t *testing.T) {
	kittest.Start(t, false)
	w := kittest.Window(t, kit.NewText("below"), wide)
	undone := 0
	kit.Toast(w, kit.StatusDone, "3 hosts removed", func() { undone++ })
	kittest.See(t, w, "3 hosts removed")
	kittest.Press(t, w, "Undo")
	if undone != 1 || strings.Contains(kittest.Text(w), "3 hosts removed") {
		t.Errorf("undone %d times", undone)
	}
}

func TestEntryLeavesShortcutsToTheWindow(t *testing.T) {
	kittest.Start(t, false)
	e := kit.NewEntry("find")
	w := kittest.Window(t, e, wide)
	var got []string
	w.Content().(*kit.Layers).OnShortcut = func(s fyne.Shortcut) { got = append(got, s.ShortcutName()) }
	w.Canvas().Focus(e)
	kittest.Shortcut(t, w, fyne.KeyModifierControl, fyne.KeyK)
	if len(got) != 1 || !strings.Contains(got[0], "K") {
		t.Errorf("Ctrl+K in a field reached %v", got)
	}
}

func TestTabLeavesAFieldOfSeveralLines(t *testing.T) {
	kittest.Start(t, false)
	notes, next := kit.NewMultiLine("notes", 2), kit.NewEntry("next")
	w := kittest.Window(t, kit.VBox(4, notes, next), wide)
	w.Canvas().Focus(notes)
	if f, ok := w.Canvas().Focused().(fyne.Tabbable); ok && f.AcceptsTab() {
		t.Fatal("the driver gives Tab to the field, and the keyboard stays there")
	}
	w.Canvas().FocusNext()
	if w.Canvas().Focused() != next {
		t.Errorf("the focus is on %T", w.Canvas().Focused())
	}
}

func TestSentenceUnderAFieldGoesWhenItIsNoLongerTrue(t *testing.T) {
	kittest.Start(t, false)
	why := kit.NewEntry("why")
	told := ""
	why.OnChanged = func(s string) { told = s }
	form := kit.NewForm(&kit.Field{Label: "Reason", Must: true, Input: why, Check: kit.Required(why, "Say in a few words why.")})
	w := kittest.Window(t, form, fyne.NewSize(500, 200))
	kittest.See(t, w, "Reason *")
	if form.Valid() {
		t.Fatal("an empty reason is enough")
	}
	kittest.See(t, w, "Say in a few words why.")
	kittest.Type(t, w, "why", "broken")
	if text := kittest.Text(w); strings.Contains(text, "Say in a few words") {
		t.Errorf("the sentence stays: %s", text)
	}
	if told != "broken" {
		t.Errorf("the screen was told %q", told)
	}
}

func TestDeadlinesAreOrderedAndMarkedByWhatHasPassed(t *testing.T) {
	now := time.Date(2026, 1, 16, 12, 0, 0, 0, time.UTC)
	soon, past := now.Add(time.Hour), now.Add(-time.Hour)
	order := []time.Time{{}, soon, past}
	slices.SortFunc(order, kit.CompareTime)
	if !order[0].Equal(past) || !order[2].IsZero() {
		t.Errorf("order %v", order)
	}
	for at, want := range map[time.Time]fyne.ThemeColorName{{}: "", soon: "", now: "", past: kit.ColorLate} {
		if got := kit.DueTint(at, now); got != want {
			t.Errorf("%v: %q, want %q", at, got, want)
		}
	}
	for _, c := range data.Compliances {
		if got := kit.OverdueTint(c) == kit.ColorLate; got != (c == data.Overdue) {
			t.Errorf("%s is marked: %v", c, got)
		}
	}
}
