package kit

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/app/explain"
)

// Progress is how far a piece of work has come.
type Progress struct {
	Done, Total int    // Total 0: not known
	Note        string // what is being done now: "scanning web3"
}

// A Job is a piece of long work for the strip.
type Job struct {
	Title string // "Scan 12 hosts"
	// Do works until it has finished or ctx has ended, and tells how far it
	// is; report may be called from any goroutine, as often as it likes. It
	// returns one line about the result: "11 scanned, 1 unreachable".
	Do func(ctx context.Context, report func(Progress)) (string, error)
	// Sign says how good an end without an error is, such as StatusWarning
	// when a part was left undone; nil: succeeded.
	Sign func() Status
	// Then is called on the UI goroutine when it has ended; may be nil.
	Then func(error)
}

// workTick is how often progress is drawn: drawing a window is what costs.
const workTick = 90 * time.Millisecond

// A Work is the strip at the bottom of the window that shows running work:
// progress, a way to cancel, and the result. Several may run at once.
type Work struct {
	widget.BaseWidget
	// OnChanged is called when work began or ended.
	OnChanged func()

	ctx   context.Context // of the window: work ends with it
	tasks []*task
	box   *fyne.Container
}

// NewWork returns an empty strip. All work ends when ctx ends.
func NewWork(ctx context.Context) *Work {
	w := &Work{ctx: ctx, box: VBox(0)}
	w.ExtendBaseWidget(w)
	w.Hide()
	return w
}

type task struct {
	w      *Work
	job    Job
	stop   context.CancelFunc
	ended  bool
	row    fyne.CanvasObject
	note   *Caption
	bar    *Bar
	sign   *canvas.Image
	button *Button

	mu     sync.Mutex
	latest Progress
	queued bool
}

// Start begins a piece of work. Call it on the UI goroutine.
func (w *Work) Start(j Job) {
	ctx, stop := context.WithCancel(w.ctx)
	t := &task{w: w, job: j, stop: stop}
	t.build()
	w.tasks = append(w.tasks, t)
	w.arrange()
	background(func() func() {
		result, err := j.Do(ctx, t.report)
		return func() {
			stop()
			t.end(result, err)
		}
	})
}

// Running returns how much work is being done.
func (w *Work) Running() int {
	n := 0
	for _, t := range w.tasks {
		if !t.ended {
			n++
		}
	}
	return n
}

// CancelAll cancels all work.
func (w *Work) CancelAll() {
	for _, t := range w.tasks {
		t.stop()
	}
}

func (t *task) build() {
	t.sign = NewPicture(StatusRunning.Icon(), 14)
	t.note = newLine("", theme.SizeNameText, ColorMuted, fyne.TextStyle{}).Cut()
	t.bar = NewBar(StatusRunning)
	t.button = NewQuiet("Cancel", "", func() {
		t.stop()
		t.note.SetText("Cancelling…")
		t.button.Disable()
	})
	left := HBox(8, t.sign, NewStrong(t.job.Title))
	right := HBox(12, container.NewGridWrap(fyne.NewSize(180, 6), t.bar), container.NewGridWrap(fyne.NewSize(76, buttonHeight), t.button))
	t.row = container.NewBorder(NewRule(), nil, Pad(left, 2, 2, 16, 12), Pad(right, 2, 2, 12, 16), t.note)
}

// report may be called from any goroutine, and often: it keeps the newest
// progress and lets one drawing at a time be under way.
func (t *task) report(p Progress) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.latest = p
	if t.queued {
		return
	}
	t.queued = true
	time.AfterFunc(workTick, func() {
		onUI(func() {
			t.mu.Lock()
			p := t.latest
			t.queued = false
			t.mu.Unlock()
			t.show(p)
		})
	})
}

func (t *task) show(p Progress) {
	if t.ended {
		return
	}
	note := p.Note
	if p.Total > 0 {
		t.bar.Set(float64(p.Done)/float64(p.Total), StatusRunning)
		note = fmt.Sprintf("%s of %s", Number(p.Done), Number(p.Total))
		if p.Note != "" {
			note += " · " + p.Note
		}
	}
	t.note.SetText(note)
}

func (t *task) end(result string, err error) {
	t.ended = true
	sign, note := StatusSucceeded, result
	if t.job.Sign != nil {
		sign = t.job.Sign()
	}
	switch {
	case errors.Is(err, context.Canceled):
		sign = StatusCancelled
		if note == "" {
			note = "Cancelled. What was already done stays done."
		}
	case err != nil:
		sign = StatusFailed
		words := explain.Of(err)
		note = words.Title + ". " + words.Sentence + " " + words.Next
	}
	t.sign.Resource = sign.Icon()
	t.sign.Refresh()
	t.bar.Hide()
	t.note.SetText(note)
	t.button.OnTapped = t.dismiss
	t.button.SetText("Dismiss")
	t.button.Enable()
	if sign == StatusSucceeded {
		time.AfterFunc(6*time.Second, func() { onUI(t.dismiss) })
	}
	t.w.changed()
	if t.job.Then != nil {
		t.job.Then(err)
	}
}

func (t *task) dismiss() {
	for i, x := range t.w.tasks {
		if x == t {
			t.w.tasks = append(t.w.tasks[:i:i], t.w.tasks[i+1:]...)
		}
	}
	t.w.arrange()
}

func (w *Work) arrange() {
	w.box.Objects = nil
	for _, t := range w.tasks {
		w.box.Add(t.row)
	}
	if len(w.tasks) == 0 {
		w.Hide()
	} else {
		w.Show()
	}
	w.Refresh()
	w.changed()
}

func (w *Work) changed() {
	if w.OnChanged != nil {
		w.OnChanged()
	}
}

// CreateRenderer implements fyne.Widget.
func (w *Work) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(NewFill(ColorSurface, 0), w.box))
}

// A Bar is a thin progress bar that does not move by itself.
type Bar struct {
	widget.BaseWidget
	share       float64
	status      Status
	track, done *canvas.Rectangle
}

// NewBar returns an empty bar in a status's colour.
func NewBar(s Status) *Bar {
	b := &Bar{status: s, track: canvas.NewRectangle(nil), done: canvas.NewRectangle(nil)}
	b.track.CornerRadius, b.done.CornerRadius = 3, 3
	b.ExtendBaseWidget(b)
	return b
}

// Set shows a share, 0 to 1.
func (b *Bar) Set(share float64, s Status) {
	if share = max(0, min(1, share)); share == b.share && s == b.status {
		return // every drawing paints the whole window
	}
	b.share, b.status = share, s
	b.Refresh()
}

// CreateRenderer implements fyne.Widget.
func (b *Bar) CreateRenderer() fyne.WidgetRenderer {
	r := &barRenderer{b}
	r.apply()
	return r
}

type barRenderer struct{ b *Bar }

func (r *barRenderer) apply() {
	r.b.track.FillColor, r.b.done.FillColor = Color(ColorTrack), Color(r.b.status.Fill())
	r.b.done.Hidden = r.b.share == 0
}

// Destroy implements fyne.WidgetRenderer.
func (r *barRenderer) Destroy() {}

// Objects implements fyne.WidgetRenderer.
func (r *barRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.b.track, r.b.done}
}

// MinSize implements fyne.WidgetRenderer.
func (r *barRenderer) MinSize() fyne.Size { return fyne.NewSize(40, 6) }

// Layout implements fyne.WidgetRenderer.
func (r *barRenderer) Layout(size fyne.Size) {
	y := (size.Height - 6) / 2
	r.b.track.Move(fyne.NewPos(0, y))
	r.b.track.Resize(fyne.NewSize(size.Width, 6))
	r.b.done.Move(fyne.NewPos(0, y))
	r.b.done.Resize(fyne.NewSize(max(6, size.Width*float32(r.b.share)), 6))
}

// Refresh implements fyne.WidgetRenderer.
func (r *barRenderer) Refresh() {
	r.apply()
	r.Layout(r.b.Size())
	canvas.Refresh(r.b)
}
