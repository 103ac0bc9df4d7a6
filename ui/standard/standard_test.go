package standard_test

import (
	"strings"
	"testing"

	"fyne.io/fyne/v2"

	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit/kittest"
	"secondtuesday/ui/standard"
	"secondtuesday/ui/uitest"
)

func show(t *testing.T, tools *ui.Tools, dark bool, size fyne.Size) (w fyne.Window, last *ui.Place) {
	t.Helper()
	s, last := uitest.Show(t, dark, size, func(s *ui.Shell) ui.Screen { return standard.New(s, tools) }, ui.Hosts)
	return s.Window(), last
}

func saved(t *testing.T, tools *ui.Tools) []data.Standard {
	t.Helper()
	all, err := tools.Desk.DB.Standards(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestFirstStandardComesFromATemplate(t *testing.T) {
	tools := uitest.Filled(t, 40, 20, "")
	w, _ := show(t, tools, false, uitest.Small)
	kittest.See(t, w, "No standard yet")
	kittest.Press(t, w, "Use a template…")
	kittest.See(t, w, "Second Tuesday's own proposal")
	kittest.Press(t, w, "Use as draft")
	kittest.See(t, w, "Draft of version 1, not saved")
	kittest.Press(t, w, "Save…")
	kittest.Press(t, w, "Save version")
	kittest.Settle(t)
	all := saved(t, tools)
	if len(all) != 1 || all[0].Template != "small-shop" || len(all[0].Rules) != 8 {
		t.Fatalf("saved %+v", all)
	}
	kittest.See(t, w, "Version 1 is in force since")
}

func TestDraftIsJudgedBeforeItIsSaved(t *testing.T) {
	tools := uitest.Filled(t, 40, 20, "30-60-90")
	w, last := show(t, tools, false, uitest.Small)
	kittest.Press(t, w, "Edit")
	kittest.Press(t, w, "Add rule…")
	kittest.Type(t, w, "4.2, or ISM-1877", "0.1")
	kittest.Type(t, w, "14 days", "soon")
	kittest.Press(t, w, "Take over")
	kittest.See(t, w, "is not a time such as 14 days")
	kittest.Type(t, w, "14 days", "2 days")
	kittest.See(t, w, "All updates: 2 days.")
	kittest.Press(t, w, "Take over")
	kittest.See(t, w, "Doubtful") // nothing reaches a rule below one that catches all
	for range 3 {
		kittest.Shortcut(t, w, ui.Ctrl, fyne.KeyUp)
	}
	kittest.Press(t, w, "What would change")
	kittest.Settle(t)
	kittest.See(t, w, "If this draft were in force now")
	if n := len(saved(t, tools)); n != 1 {
		t.Fatalf("asking what would change left %d versions", n)
	}
	kittest.Press(t, w, shows(w))
	if last.Screen != ui.Hosts || len(last.Hosts) == 0 {
		t.Errorf("went to %+v", *last)
	}
	kittest.Press(t, w, "Standard")
	kittest.Press(t, w, "Save…")
	kittest.Press(t, w, "Save version")
	kittest.See(t, w, "Say what changed, and why.")
	kittest.Type(t, w, "Critical updates on internet hosts now have 24 hours, as decided on 12 November", "Two days for all, as the board decided")
	kittest.Press(t, w, "Save version")
	kittest.Settle(t)
	all := saved(t, tools)
	if len(all) != 2 || all[0].Rules[0].Clause != "0.1" || all[0].Rules[0].Due != (data.Span{Days: 2}) || all[0].Note == "" {
		t.Fatalf("saved %+v", all)
	}
	kittest.Press(t, w, "Version 2")
	kittest.See(t, w, "New, as rule 1")
}

// shows returns the word of the button that shows the hosts newly overdue.
func shows(w fyne.Window) string {
	for _, word := range kittest.Words(w) {
		if strings.HasPrefix(word, "Show ") {
			return word
		}
	}
	return "Show hosts"
}

func TestDiscardedDraftComesBack(t *testing.T) {
	tools := uitest.Filled(t, 40, 20, "small-shop")
	w, _ := show(t, tools, false, uitest.Small)
	kittest.Press(t, w, "Edit")
	kittest.Press(t, w, "Remove the rule")
	kittest.Press(t, w, "Discard")
	kittest.See(t, w, "Version 1 is in force")
	kittest.Press(t, w, "Undo")
	kittest.See(t, w, "Draft of version 2")
	if n := len(saved(t, tools)); n != 1 {
		t.Errorf("%d versions", n)
	}
}

func TestPromisesAreEditedAndChecked(t *testing.T) {
	tools := uitest.Filled(t, 40, 20, "small-shop")
	w, _ := show(t, tools, false, uitest.Small)
	kittest.Press(t, w, "Edit")
	kittest.Press(t, w, "Edit…")
	kittest.Type(t, w, "95", "120")
	kittest.Press(t, w, "Take over")
	kittest.See(t, w, "Type a whole number from 0 to 100.")
	kittest.Type(t, w, "95", "99")
	kittest.Press(t, w, "Take over")
	kittest.See(t, w, "99 % of hosts compliant")
}

func TestPicturesOfStandard(t *testing.T) {
	for _, dark := range []bool{false, true} {
		first, shop := uitest.Filled(t, 40, 20, ""), uitest.Filled(t, 40, 20, "au-e8-ml1")
		w, _ := show(t, first, dark, uitest.Small)
		kittest.ShotOf(t, "standard-empty", w, dark)
		kittest.Press(t, w, "Use a template…")
		kittest.ShotOf(t, "standard-templates", w, dark)
		kittest.Key(t, w, fyne.KeyEscape)
		w, _ = show(t, shop, dark, uitest.Small)
		kittest.ShotOf(t, "standard", w, dark)
		kittest.Press(t, w, "Edit")
		kittest.Press(t, w, "Add rule…")
		kittest.ShotOf(t, "standard-rule", w, dark)
		kittest.Press(t, w, "Take over")
		kittest.Press(t, w, "What would change")
		kittest.Settle(t)
		kittest.ShotOf(t, "standard-draft", w, dark)
		kittest.Press(t, w, "Save…")
		kittest.ShotOf(t, "standard-save", w, dark)
	}
}
