package rollouts

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/ui/kit"
)

type storeTally = store.Tally

// A heading answers the three questions of ten seconds: what is finished, what
// is not, and what is safe to do.
type heading struct {
	object   fyne.CanvasObject
	sign     *canvas.Image
	sentence *widget.Label
	finished *figure
	open     *figure
	person   *figure
	safe     *widget.Label
}

func newHeading() *heading {
	h := &heading{sign: kit.NewPicture(kit.StatusUnknown.Icon(), 22), sentence: kit.NewParagraph(""), safe: kit.NewParagraph("")}
	h.sentence.SizeName = theme.SizeNameSubHeadingText
	h.sentence.TextStyle.Bold = true
	h.finished, h.open, h.person = newFigure("Finished"), newFigure("Not finished"), newFigure("Needs you")
	safe := kit.VBox(2, kit.NewCaption("Safe to do"), kit.Pad(h.safe, -6, -6, -6, -6))
	body := newColumns([]float32{150, 190, 170}, 16, h.finished.object, h.open.object, h.person.object, safe)
	top := newColumns([]float32{22}, 8, container.NewVBox(h.sign), kit.Pad(h.sentence, -6, -8, -6, -6))
	h.object = kit.NewCard("", nil, kit.VBox(10, top, body))
	return h
}

func (h *heading) set(s *snapshot, t store.Tally) {
	status := kit.OfRollout(s.rollout.State)
	if s.rollout.State == data.RolloutWaiting && t.Active > 0 {
		status = kit.StatusRunning // the state follows with the driver's next move
	}
	switch {
	case t.Outcomes[data.OutcomeUnknown] > 0 && s.rollout.State == data.RolloutDone:
		status = kit.StatusUnknown
	case s.rollout.State == data.RolloutDone && t.Outcomes[data.OutcomeSucceeded] < t.All():
		status = kit.StatusWarning
	}
	// An open desk drives what was ordered on its computer.
	says := app.HeadlineOf(s.rollout, s.plan, s.runs, app.Driving{Holder: "this desk"})
	if s.foreign {
		status, says.Sentence, says.Safe = kit.StatusWarning, notDriven, "Look through its plan. Adopt it if it is yours to drive, and no other computer drives it any more."
	}
	if len(s.late.hosts) > 0 {
		says.Sentence += " " + s.late.sentence()
		if status == kit.OfRollout(data.RolloutDone) {
			status = kit.StatusWarning
		}
		if t.Outcomes[data.OutcomeSucceeded] == t.All() {
			says.Safe = "Nothing is left to do in this rollout. What is still overdue needs a plan of its own: see the hosts or Updates for why."
		}
	}
	h.sign.Resource = status.Icon()
	h.sign.Refresh()
	h.sentence.SetText(says.Sentence)
	h.finished.set(says.Finished, says.FinishedNote, t.Outcomes[data.OutcomeSucceeded] > 0, kit.StatusSucceeded)
	h.open.set(says.Open, says.OpenNote, t.Active > 0, kit.StatusRunning)
	h.person.set(says.NeedsYou, says.NeedsYouNote, needsPerson(t) > 0, personSign(t))
	h.safe.SetText(says.Safe)
}

// notDriven stands over a rollout of a workspace that came from elsewhere: what
// it says of itself must not sound as if this computer were at work.
const notDriven = "This computer does not drive it: it was not started here as it now stands."

func personSign(t store.Tally) kit.Status {
	if t.Outcomes[data.OutcomeFailed] > 0 {
		return kit.StatusFailed
	}
	return kit.StatusUnknown
}

// A figure is a number with its name and a note.
type figure struct {
	object fyne.CanvasObject
	value  *kit.Caption
	note   *kit.Caption
	sign   *canvas.Image
}

func newFigure(name string) *figure {
	f := &figure{value: kit.NewSubHeading("–"), note: kit.NewCaption("").Cut(), sign: kit.NewPicture(kit.StatusUnknown.Icon(), 14)}
	f.sign.Hide()
	f.object = kit.VBox(2, kit.NewCaption(name), kit.HBox(6, f.sign, f.value), f.note)
	return f
}

func (f *figure) set(value, note string, signed bool, s kit.Status) {
	f.value.SetText(value)
	f.note.SetText(note)
	f.sign.Hidden = !signed
	color := theme.ColorNameForeground
	if signed {
		f.sign.Resource = s.Icon()
		f.sign.Refresh()
		color = s.Color()
	}
	f.value.SetColor(color)
	f.object.Refresh()
}

// newColumns sets objects side by side: the first ones with fixed widths, the
// last with what is left.
func newColumns(widths []float32, gap float32, objects ...fyne.CanvasObject) *fyne.Container {
	c := &fyne.Container{Layout: &columnsLayout{widths, gap}, Objects: objects}
	return c
}

type columnsLayout struct {
	widths []float32
	gap    float32
}

func (l *columnsLayout) width(i int, total float32) float32 {
	if i < len(l.widths) {
		return l.widths[i]
	}
	for _, w := range l.widths {
		total -= w + l.gap
	}
	return max(total, 0)
}

// MinSize implements fyne.Layout.
func (l *columnsLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	var s fyne.Size
	for i, x := range o {
		m := x.MinSize()
		s.Height = max(s.Height, m.Height)
		s.Width += l.width(i, 0)
	}
	s.Width += l.gap*float32(len(o)-1) + 60
	return s
}

// Layout implements fyne.Layout.
func (l *columnsLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	x := float32(0)
	for i, obj := range o {
		w := l.width(i, size.Width)
		obj.Move(fyne.NewPos(x, 0))
		obj.Resize(fyne.NewSize(w, size.Height))
		x += w + l.gap
	}
}
