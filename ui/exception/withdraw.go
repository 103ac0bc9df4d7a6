package exception

import (
	"context"
	"errors"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/kit"
)

// Withdraw shows an exception with all that was recorded about it, and ends it
// now when a reason is given. It stays in the records.
func Withdraw(s *ui.Shell, t *ui.Tools, id data.ExceptionID) {
	fail := kit.NewLatest(func(err error) { kit.ShowError(s.Context(), s.Window(), err) })
	kit.Load(s.Context(), fail, func(ctx context.Context) (data.Exception, error) {
		all, err := t.Desk.DB.Exceptions(ctx)
		if err != nil {
			return data.Exception{}, err
		}
		i := slices.IndexFunc(all, func(e data.Exception) bool { return e.ID == id })
		if i < 0 {
			return data.Exception{}, errors.New("the exception is not there any more")
		}
		return all[i], nil
	}, func(e data.Exception) { askWithdraw(s, t, e) })
}

func askWithdraw(s *ui.Shell, t *ui.Tools, e data.Exception) {
	why := kit.NewEntry("The vendor has cleared the new version")
	form := kit.NewForm(&kit.Field{Label: "Why now", Input: why, Hint: "It is kept in the audit trail with your name and the time.", Check: kit.Required(why, "Say why the exception ends now.")})
	reason := ""
	kit.ShowDialog(s.Context(), s.Window(), kit.Dialog{Title: "Withdraw the exception for " + nameOf(e) + "?", Sign: kit.StatusExcepted, Width: 600, Content: details(e), Form: form, Confirm: "Withdraw",
		Text: "From now on its deadline counts again. The exception stays in the records.",
		OnConfirm: func() error {
			reason = why.Trimmed()
			return nil
		},
		Work: func(ctx context.Context) error { return t.Desk.WithdrawException(ctx, e.ID, reason) },
		OnDone: func() {
			s.Say(kit.StatusDone, "The exception is withdrawn", nil)
			s.Reload()
		}})
}

func nameOf(e data.Exception) string {
	if e.Update == "" {
		return "every update"
	}
	return e.Update
}

// details are what was recorded when the exception was asked for.
func details(e data.Exception) fyne.CanvasObject {
	var yes []string
	for _, a := range e.Approvals {
		yes = append(yes, a.By+" ("+a.Role+")")
	}
	if len(yes) == 0 {
		yes = []string{"nobody yet"}
	}
	box := kit.VBox(4)
	for _, f := range [][2]string{{"Requested by", e.RequestedBy}, {"Reason", e.Reason}, {"Mitigation", e.Mitigation}, {"Waits for", e.WaitsFor},
		{"Approved by", strings.Join(yes, ", ")}, {"Since", kit.Date(e.Created)}, {"Expires", kit.DateTime(e.Expires)}} {
		if f[1] != "" {
			box.Add(container.NewBorder(nil, nil, container.NewVBox(container.NewGridWrap(fyne.NewSize(110, 18), kit.NewMuted(f[0]))), nil, kit.Pad(kit.NewParagraph(f[1]), -6, -6, -6, -6)))
		}
	}
	return box
}
