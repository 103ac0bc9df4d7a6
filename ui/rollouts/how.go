package rollouts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// An option is a word and what it stands for.
type option[T any] struct {
	word  string
	value T
}

var (
	soaks = []option[time.Duration]{{"no soak", 0}, {"soak 30 minutes", 30 * time.Minute}, {"soak 2 hours", 2 * time.Hour}, {"soak 12 hours", 12 * time.Hour},
		{"soak 1 day", 24 * time.Hour}, {"soak 2 days", 48 * time.Hour}, {"soak 3 days", 72 * time.Hour}, {"soak 1 week", 7 * 24 * time.Hour}}
	gates = []option[float64]{{"if all succeeded", 1}, {"if 95 % succeeded", 0.95}, {"if 90 % succeeded", 0.9}, {"if 75 % succeeded", 0.75}, {"if half succeeded", 0.5}}
	stops = []option[float64]{{"the first failed or unknown host", 0}, {"5 % of a ring", 0.05}, {"10 % of a ring", 0.1}, {"25 % of a ring", 0.25}, {"50 % of a ring", 0.5}}
	sizes = []option[int]{{"1 host", 1}, {"2 hosts", 2}, {"5 hosts", 5}, {"10 hosts", 10}, {"20 hosts", 20}, {"50 hosts", 50}}
)

func words[T any](all []option[T]) []string {
	out := make([]string, len(all))
	for i, o := range all {
		out[i] = o.word
	}
	return out
}

func valueOf[T any](all []option[T], word string) T {
	for _, o := range all {
		if o.word == word {
			return o.value
		}
	}
	return all[0].value
}

// A how is the second step: in which order, how many at once, when to stop and
// whether to reboot.
type how struct {
	m      *maker
	object *fyne.Container
	form   *kit.Form
	loads  *kit.Latest

	name     *kit.Entry
	auto     string // name given by the program
	parallel *kit.Select
	stop     *kit.Select
	reboot   *kit.Segmented
	kept     *kit.Check
	remove   *kit.Check
	rings    *fyne.Container
	ring     []*ringChoice
	strip    *strip
	problems *fyne.Container
	hosts    []*hostRow
}

// A ringChoice is how one ring goes over into the next.
type ringChoice struct {
	number int
	soak   *kit.Select
	gate   *kit.Select
}

func newHow(m *maker) *how {
	h := &how{m: m}
	h.loads = kit.NewLatest(func(err error) { m.page.Fail(err) })
	h.name = kit.NewEntry("August security updates")
	changed := func(string) { h.forecast() }
	h.parallel = kit.NewSelect(words(sizes), sizes[2].word, "", changed)
	h.stop = kit.NewSelect(words(stops), stops[0].word, "", nil)
	h.reboot = kit.NewSegmented(words2(data.RebootPolicies), string(data.RebootIfNeeded), nil)
	h.kept = kit.NewCheck("Also what an ordinary upgrade keeps back", false, nil)
	h.remove = kit.NewCheck("Packages may be removed where an update needs it", false, nil)
	h.rings = kit.VBox(6)
	h.strip = newStrip(func(int) {})
	h.form = kit.NewForm(
		&kit.Field{Label: "Name", Input: h.name, Check: kit.Required(h.name, "Give the plan a name.")},
		&kit.Field{Label: "Rings", Input: h.rings, Hint: "The next ring begins after this one's soak, if enough hosts of it succeeded."},
		&kit.Field{Label: "At once", Input: kit.AtMost(220, h.parallel), Hint: "Hosts that are worked on at the same time."},
		&kit.Field{Label: "Stop at", Input: kit.AtMost(260, h.stop), Hint: "Then nothing more starts until a person resumes the rollout."},
		&kit.Field{Label: "Reboot", Input: kit.HBox(0, h.reboot), Hint: "Only where the window permits reboots too. A new boot ID proves it.", Check: h.checkReboot},
		&kit.Field{Label: "Packages", Input: kit.VBox(0, h.kept, h.remove), Hint: "For Linux hosts. Held and phased updates are never planned. The preview shows every added and removed package."},
	)
	h.problems = kit.VBox(4)
	when := kit.VBox(8, kit.NewSubHeading("When, inside windows"), h.strip, h.problems, kit.NewCaption("An expectation from the calendar as it stands. Apply now, with a reason, needs no window."))
	h.object = container.NewBorder(kit.Pad(when, 0, 14, 0, 0), nil, nil, nil, container.NewVScroll(h.form))
	return h
}

func words2[T ~string](all []T) []string {
	out := make([]string, len(all))
	for i, o := range all {
		out[i] = string(o)
	}
	return out
}

// reset forgets what was said for another plan.
func (h *how) reset() {
	h.name.SetText("")
	h.auto = ""
	h.ring, h.rings.Objects = nil, nil
	h.parallel.Choose(sizes[2].word)
	h.stop.Choose(stops[0].word)
	h.reboot.Choose(string(data.RebootIfNeeded))
	h.kept.SetChecked(false)
	h.remove.SetChecked(false)
}

// begin shows the step for hosts; what was said before is kept where it fits.
func (h *how) begin(hosts []*hostRow, what string) {
	h.hosts = hosts
	if h.name.Text == h.auto {
		h.auto = planName(what, hosts, h.m.x.desk().Now())
		h.name.SetText(h.auto)
	}
	count := map[int]int{}
	last := lastRing(hosts)
	for _, x := range hosts {
		count[ringOf(x.Host, last)]++
	}
	before := map[int]*ringChoice{}
	for _, r := range h.ring {
		before[r.number] = r
	}
	h.ring, h.rings.Objects = nil, nil
	var numbers []int
	for n := 1; n <= 9; n++ {
		if count[n] > 0 {
			numbers = append(numbers, n)
		}
	}
	for i, n := range numbers {
		h.addRing(n, count[n], i == len(numbers)-1, before[n])
	}
	h.rings.Refresh()
	if h.m.rebootOnly() && h.policy() == data.RebootNever {
		h.reboot.Choose(string(data.RebootIfNeeded))
	}
	h.forecast()
}

func (h *how) policy() data.RebootPolicy { return data.RebootPolicy(h.reboot.Chosen()) }

// checkReboot refuses a plan that does nothing.
func (h *how) checkReboot() error {
	if h.m.rebootOnly() && h.policy() == data.RebootNever {
		return errors.New("a plan that only reboots cannot reboot never")
	}
	return nil
}

func (h *how) addRing(number, hosts int, last bool, before *ringChoice) {
	c := before
	if c == nil {
		changed := func(string) { h.forecast() }
		c = &ringChoice{number: number, soak: kit.NewSelect(words(soaks), soaks[4].word, "", changed), gate: kit.NewSelect(words(gates), gates[0].word, "", nil)}
	}
	h.ring = append(h.ring, c)
	label := kit.NewText(fmt.Sprintf("Ring %d · %s", number, kit.Count(hosts, "host", "hosts")))
	line := container.NewGridWrap(fyne.NewSize(130, 30), label)
	if last {
		words := "the last ring"
		if len(h.ring) == 1 {
			words = "the only ring: give hosts a ring in Hosts to test on a few first"
		}
		h.rings.Add(kit.HBox(8, line, kit.NewMuted(words)))
		return
	}
	h.rings.Add(kit.HBox(8, line, c.soak, c.gate))
}

// request is what was said here.
func (h *how) request() (app.PlanRequest, error) {
	req := app.PlanRequest{Name: h.name.Trimmed(), KeptBack: h.kept.Checked, Remove: h.remove.Checked, Rings: h.planRings(),
		Parallel: valueOf(sizes, h.parallel.Chosen()), StopAt: valueOf(stops, h.stop.Chosen()), Reboot: h.policy()}
	return req, nil
}

func (h *how) planRings() []data.Ring {
	var out []data.Ring
	for i, r := range h.ring {
		ring := data.Ring{Number: r.number}
		if i < len(h.ring)-1 {
			ring.Soak, ring.Gate = valueOf(soaks, r.soak.Chosen()), valueOf(gates, r.gate.Chosen())
		}
		out = append(out, ring)
	}
	return out
}

// forecast shows when each ring would be reached.
func (h *how) forecast() {
	s := h.m.stock
	if s == nil || len(h.hosts) == 0 {
		return
	}
	p := sketch(h.hosts, h.planRings(), valueOf(sizes, h.parallel.Chosen()))
	if h.m.rebootOnly() {
		p.Reboot = h.policy() // then windows that permit reboots count
	}
	now := h.m.x.desk().Now()
	kit.Load(h.m.x.shell.Context(), h.loads, func(context.Context) ([]app.Slot, error) {
		return s.agenda.Schedule(p, now)
	}, func(slots []app.Slot) {
		h.strip.set(planStages(p, slots, now))
		h.problems.Objects = nil
		for _, text := range obstacles(slots, s.byID) {
			h.problems.Add(kit.NewSign(kit.StatusWarning, text))
		}
		h.object.Refresh()
	})
}
