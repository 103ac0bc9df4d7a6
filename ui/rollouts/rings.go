package rollouts

import (
	"fmt"
	"strings"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/ui/kit"
)

// A stage is what is shown of one ring.
type stage struct {
	Number int
	Title  string
	Sign   kit.Status
	Word   string      // beside the sign
	Parts  []kit.Slice // of the bar
	Lines  []string    // below it: figures, soak and gate
	Tip    string
}

// liveStages says how each ring of a rollout stands.
func liveStages(r data.Rollout, rings []data.Ring, runs []data.Run, now time.Time) []stage {
	var out []stage
	before := true // every ring before has ended
	for i, ring := range rings {
		var in []data.Run
		for _, run := range runs {
			if run.Ring == ring.Number {
				in = append(in, run)
			}
		}
		t := tally(in)
		s := stage{Number: ring.Number, Title: title(ring), Parts: slicesOf(t)}
		done := t.Active+t.Queued == 0
		last := i == len(rings)-1
		s.Sign, s.Word = ringState(r, t, before)
		s.Lines = []string{told(t)}
		if !last {
			s.Lines = append(s.Lines, soakLine(ring, in, done, now))
		} else {
			s.Lines = append(s.Lines, "last ring")
		}
		before = before && done
		out = append(out, s)
	}
	return out
}

func title(r data.Ring) string {
	if r.Name != "" {
		return fmt.Sprintf("Ring %d · %s", r.Number, r.Name)
	}
	return fmt.Sprintf("Ring %d", r.Number)
}

func ringState(r data.Rollout, t store.Tally, before bool) (kit.Status, string) {
	bad := needsPerson(t)
	switch {
	case t.Active > 0:
		return kit.StatusRunning, ""
	case t.Queued == 0 && t.Outcomes[data.OutcomeSucceeded] == t.All():
		return kit.StatusSucceeded, ""
	case t.Outcomes[data.OutcomeUnknown] > 0:
		return kit.StatusUnknown, ""
	case bad > 0:
		return kit.StatusFailed, kit.Number(bad) + " failed"
	case t.Queued == 0:
		return kit.StatusSkipped, "Ended"
	case r.State == data.RolloutCancelled:
		return kit.StatusCancelled, ""
	case r.State == data.RolloutStopped:
		return kit.StatusStopped, "Not begun"
	case !before:
		return kit.StatusQueued, "Its turn comes"
	}
	return kit.StatusWaiting, ""
}

// soakLine says how long this ring soaks, or until when.
func soakLine(ring data.Ring, in []data.Run, done bool, now time.Time) string {
	text := soakText(ring.Soak)
	if done && len(in) > 0 && ring.Soak > 0 {
		var end time.Time
		for _, r := range in {
			if r.Ended.After(end) {
				end = r.Ended
			}
		}
		if until := end.Add(ring.Soak); now.Before(until) {
			text = "soaks until " + kit.Clock(until, now)
		} else {
			text = "soaked"
		}
	}
	return text + " · " + gateText(ring.Gate)
}

// planStages says when each ring of a plan is expected.
func planStages(p data.Plan, slots []app.Slot, now time.Time) []stage {
	var out []stage
	rings := app.RingsOf(p)
	for i, ring := range rings {
		var first, last time.Time
		never, n := 0, 0
		for k, h := range p.Hosts {
			if h.Ring != ring.Number {
				continue
			}
			n++
			if k >= len(slots) || slots[k].Start.IsZero() {
				never++
				continue
			}
			if first.IsZero() || slots[k].Start.Before(first) {
				first = slots[k].Start
			}
			if slots[k].End.After(last) {
				last = slots[k].End
			}
		}
		s := stage{Number: ring.Number, Title: title(ring), Sign: kit.StatusWaiting}
		switch {
		case len(slots) == 0:
			s.Sign, s.Word = kit.StatusNone, kit.Count(n, "host", "hosts")
		case never == n:
			s.Sign, s.Word = kit.StatusWarning, "Never, as it stands"
		default:
			s.Word = span(first, last, now)
		}
		line := kit.Count(n, "host", "hosts")
		if never > 0 && never < n {
			s.Sign = kit.StatusWarning
			line += fmt.Sprintf(", %d never reached", never)
		}
		s.Lines = []string{line, "last ring"}
		if i < len(rings)-1 {
			s.Lines[1] = soakText(ring.Soak) + " · " + gateText(ring.Gate)
		}
		out = append(out, s)
	}
	return out
}

// span writes from and to, the day once where both have the same.
func span(from, to, now time.Time) string {
	a, b := from.Local(), to.Local()
	if a.Format(time.DateOnly) == b.Format(time.DateOnly) || b.Sub(a) < 12*time.Hour {
		return strings.TrimSuffix(kit.Clock(from, now), a.Format(" MST")) + " – " + b.Format("15:04 MST")
	}
	return a.Format("Mon 2 Jan") + " – " + b.Format("Mon 2 Jan")
}

// A strip shows the rings as stages, one after the other. A click on one shows
// only its hosts.
type strip struct {
	widget.BaseWidget
	onTapped func(ring int) // 0: all
	chosen   int
	stages   []stage
	box      *fyne.Container
}

func newStrip(tapped func(ring int)) *strip {
	s := &strip{onTapped: tapped, box: container.New(&stageLayout{gap: 22})}
	s.ExtendBaseWidget(s)
	return s
}

// set shows stages; nothing is drawn anew when they are the same.
func (s *strip) set(stages []stage) {
	if sameStages(s.stages, stages) {
		return
	}
	s.stages = stages
	s.build()
}

func (s *strip) build() {
	s.box.Objects = nil
	for i, st := range s.stages {
		if i > 0 {
			s.box.Add(kit.NewPicture(kit.IconIn("chevron-right", kit.ColorMuted), 16))
		}
		s.box.Add(newStageCard(st, s.chosen == st.Number, len(s.stages) > 1, func() {
			if len(s.stages) < 2 {
				return
			}
			if s.chosen == st.Number {
				s.chosen = 0
			} else {
				s.chosen = st.Number
			}
			s.build()
			s.onTapped(s.chosen)
		}))
	}
	s.Refresh()
}

// choose drops or changes the ring shown, without telling.
func (s *strip) choose(ring int) {
	if s.chosen != ring {
		s.chosen = ring
		s.build()
	}
}

func sameStages(a, b []stage) bool { return fmt.Sprintf("%+v", a) == fmt.Sprintf("%+v", b) }

// CreateRenderer implements fyne.Widget.
func (s *strip) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(s.box) }

// A stageCard is one ring.
type stageCard struct {
	widget.BaseWidget
	st     stage
	chosen bool
	tapped func()
	can    bool
}

func newStageCard(st stage, chosen, can bool, tapped func()) *stageCard {
	c := &stageCard{st: st, chosen: chosen, tapped: tapped, can: can}
	c.ExtendBaseWidget(c)
	return c
}

// Label is the ring's name, so that it can be pressed by it.
func (c *stageCard) Label() string { return c.st.Title }

// Tapped implements fyne.Tappable.
func (c *stageCard) Tapped(*fyne.PointEvent) { c.tapped() }

// CreateRenderer implements fyne.Widget.
func (c *stageCard) CreateRenderer() fyne.WidgetRenderer {
	edge := theme.ColorNameSeparator
	if c.chosen {
		edge = theme.ColorNamePrimary
	}
	var word fyne.CanvasObject = kit.NewMuted(c.st.Word)
	if c.st.Sign != kit.StatusNone {
		word = kit.NewSign(c.st.Sign, c.st.Word)
	}
	head := container.NewBorder(nil, nil, nil, word, kit.NewStrong(c.st.Title).Cut())
	box := kit.VBox(4, head)
	if len(c.st.Parts) > 0 {
		box.Add(kit.NewParts(c.st.Parts...))
	}
	foot := container.NewBorder(nil, nil, nil, nil)
	if len(c.st.Lines) > 1 {
		foot = container.NewBorder(nil, nil, nil, kit.NewCaption(c.st.Lines[1]), kit.NewCaption(c.st.Lines[0]).Cut())
	}
	box.Add(foot)
	return widget.NewSimpleRenderer(container.NewStack(kit.NewFill(kit.ColorSurface, 8).Edged(edge), kit.Pad(box, 7, 7, 12, 12)))
}

// stageLayout gives every stage the same width, with the arrows in the gaps.
type stageLayout struct{ gap float32 }

// MinSize implements fyne.Layout.
func (l *stageLayout) MinSize(o []fyne.CanvasObject) fyne.Size {
	var h float32
	for _, x := range o {
		h = max(h, x.MinSize().Height)
	}
	return fyne.NewSize(80, h)
}

// Layout implements fyne.Layout.
func (l *stageLayout) Layout(o []fyne.CanvasObject, size fyne.Size) {
	n := float32((len(o) + 1) / 2)
	if n == 0 {
		return
	}
	w := (size.Width - l.gap*(n-1)) / n
	for i, x := range o {
		left := float32(i/2) * (w + l.gap)
		if i%2 == 0 {
			x.Move(fyne.NewPos(left, 0))
			x.Resize(fyne.NewSize(w, size.Height))
			continue
		}
		x.Move(fyne.NewPos(left+w+(l.gap-16)/2, (size.Height-16)/2))
		x.Resize(fyne.NewSquareSize(16))
	}
}
