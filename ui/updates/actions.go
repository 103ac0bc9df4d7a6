package updates

import (
	"context"

	"fyne.io/fyne/v2"

	"secondtuesday/data"
	"secondtuesday/ui"
	"secondtuesday/ui/exception"
	"secondtuesday/ui/kit"
)

// Actions implements ui.Screen.
func (x *Screen) Actions() []ui.Action {
	any := func() bool { return x.grid != nil && len(x.grid.Selected()) > 0 }
	one := func() bool { return x.grid != nil && len(x.grid.Selected()) == 1 }
	return []ui.Action{
		{Title: "Plan selected updates", Hint: "Goes to Rollouts with them and the hosts that lack them.", Icon: "rocket", Key: fyne.KeyP, Modifier: ui.Ctrl, Do: x.planChosen, Enabled: any},
		{Title: "Ask for an exception", Hint: "Leaves the update out until a date, with a reason, a requester and a mitigation.", Icon: "flag", Do: func() { x.exceptionFor(x.grid.Selected()[0]) }, Enabled: one},
		{Title: "Show the hosts that lack the update", Icon: "server", Do: func() { x.showHosts(x.grid.Selected()[0]) }, Enabled: one},
		{Title: "Show the update's panel", Icon: "info-circle", Do: func() { x.panel.open(x.grid.Selected()[0]) }, Enabled: one},
		{Title: "Close the update's panel", Icon: "x", Key: fyne.KeyEscape, Do: func() { x.panel.close() }, Enabled: func() bool { return x.panel != nil && x.panel.isOpen() }},
	}
}

func menuItem(word, icon string, do func()) *fyne.MenuItem {
	i := fyne.NewMenuItem(word, do)
	i.Icon = kit.Icon(icon)
	return i
}

// menu is what may be done with updates.
func (x *Screen) menu(rows []*row) []*fyne.MenuItem {
	if len(rows) == 0 {
		return nil
	}
	items := []*fyne.MenuItem{menuItem("Plan "+kit.Count(len(rows), "update", "updates")+"…", "rocket", func() { x.shell.Go(planPlace(rows)) })}
	if len(rows) > 1 {
		return items
	}
	r := rows[0]
	return append(items,
		menuItem("Show details", "info-circle", func() { x.panel.open(r) }),
		menuItem("Show hosts", "server", func() { x.showHosts(r) }),
		fyne.NewMenuItemSeparator(),
		menuItem("Exception…", "flag", func() { x.exceptionFor(r) }))
}

func (x *Screen) showHosts(r *row) { x.shell.Go(ui.Place{Screen: ui.Hosts, Update: r.Name}) }

// exceptionFor asks for an exception of an update on the hosts that lack it.
func (x *Screen) exceptionFor(r *row) {
	kit.Load(x.shell.Context(), kit.NewLatest(x.page.Fail), func(ctx context.Context) ([]data.Host, error) {
		all, err := x.tools.Desk.UpdateVerdicts(ctx, r.Name)
		var hosts []data.Host
		for _, h := range all {
			if len(hosts) == 0 || hosts[len(hosts)-1].ID != h.Host.ID {
				hosts = append(hosts, h.Host)
			}
		}
		return hosts, err
	}, func(hosts []data.Host) {
		exception.Ask(x.shell, x.tools, exception.Subject{Updates: r.Keys, Name: r.Name, Hosts: hosts})
	})
}
