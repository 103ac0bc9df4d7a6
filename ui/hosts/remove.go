package hosts

import (
	"context"

	"secondtuesday/ui/kit"
)

func (x *Screen) removeChosen() { x.remove(x.grid.Selected()) }

// remove takes hosts out of the inventory after a question, and offers to take
// it back. What comes back is the inventory, not what scans have found.
func (x *Screen) remove(rows []*row) {
	if len(rows) == 0 {
		return
	}
	ids := idsOf(rows)
	what := names(rows)
	kit.Confirm(x.shell.Context(), x.shell.Window(), "Remove "+what+"?",
		"Scans, history and exceptions go with it; the audit trail stays. Undo brings back the inventory only: the hosts are then unknown until they are scanned. Passwords kept for it stay; Settings forgets them.",
		"Remove "+what, func() {
			var undo func(context.Context) error
			kit.Load(x.shell.Context(), kit.NewLatest(x.page.Fail), func(ctx context.Context) (_ struct{}, err error) {
				undo, err = x.tools.Desk.RemoveHosts(ctx, ids, "")
				return struct{}{}, err
			}, func(struct{}) {
				x.shell.Say(kit.StatusDone, what+" removed", func() { x.do(what+" back in the inventory, without scans, history and exceptions", undo) })
				x.load()
			})
		})
}
