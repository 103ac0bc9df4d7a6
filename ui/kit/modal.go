package kit

import (
	"context"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"

	"secondtuesday/app/explain"
)

// A Dialog is what a modal shows and does. Esc cancels, Enter confirms.
type Dialog struct {
	Title   string
	Text    string            // a paragraph under the title; may be empty
	Content fyne.CanvasObject // may be nil
	Form    *Form             // below Content; its checks run before Confirm; may be nil
	Width   float32           // 0 means 480; never more than 720
	Bare    bool              // Content alone, without title and buttons
	Sign    Status            // beside the title; StatusNone for none

	Confirm string // the button's word, a verb: "Save"; empty: only Close is there
	Danger  bool   // the confirm button destroys something: Enter does not press it
	Cancel  string // empty means "Cancel", or "Close" without Confirm
	Extra   []fyne.CanvasObject

	// Valid is asked after Form's checks and shows what is wrong itself, for
	// forms within Content; false keeps the dialog. May be nil.
	Valid func() bool
	// OnConfirm is called on the UI goroutine; an error is shown and the
	// dialog stays. May be nil.
	OnConfirm func() error
	// Work is done beside the UI goroutine after OnConfirm; an error is
	// explained and the dialog stays. May be nil.
	Work func(context.Context) error
	// OnDone is called when all has worked and the dialog is closed.
	OnDone func()
	// OnCancel is called when the dialog is closed without.
	OnCancel func()
}

// A Modal is a dialog being shown.
type Modal struct {
	widget.BaseWidget

	d       Dialog
	ctx     context.Context // of the window; a dialog lives shorter than it
	canvas  fyne.Canvas
	panel   fyne.CanvasObject
	problem *fyne.Container
	confirm *Button
	cancel  *Button
	tips    *fyne.Container
	before  func(*fyne.KeyEvent)
	was     fyne.Focusable
	busy    bool
	closed  bool
	stop    context.CancelFunc
	after   func()
}

// Then calls f when the dialog is closed, confirmed or not, after what it was
// closed for: the next of several dialogs comes up there.
func (m *Modal) Then(f func()) { m.after = f }

func (m *Modal) next() {
	if f := m.after; f != nil {
		m.after = nil
		f()
	}
}

// ShowDialog shows a dialog above a window. ctx bounds its Work.
func ShowDialog(ctx context.Context, w fyne.Window, d Dialog) *Modal {
	m := &Modal{d: d, ctx: ctx, canvas: w.Canvas(), tips: container.NewWithoutLayout(), problem: container.NewStack()}
	m.panel = m.build()
	m.ExtendBaseWidget(m)
	m.was = m.canvas.Focused()
	m.before = m.canvas.OnTypedKey()
	m.canvas.SetOnTypedKey(m.TypedKey)
	m.canvas.Overlays().Add(m)
	m.focusFirst()
	return m
}

func (m *Modal) build() fyne.CanvasObject {
	if m.d.Bare {
		return container.NewStack(newPanel(), Pad(m.d.Content, 12, 12, 12, 12))
	}
	title := HBox(8)
	if m.d.Sign != StatusNone {
		title.Add(NewPicture(m.d.Sign.Icon(), 20))
	}
	title.Add(newLine(m.d.Title, theme.SizeNameSubHeadingText, theme.ColorNameForeground, fyne.TextStyle{Bold: true}))
	box := VBox(10, Pad(title, 0, 2, 0, 0))
	if m.d.Text != "" {
		box.Add(Pad(NewParagraph(m.d.Text), -6, -6, -6, -6))
	}
	if m.d.Content != nil {
		box.Add(m.d.Content)
	}
	if m.d.Form != nil {
		box.Add(m.d.Form)
	}
	m.problem.Hide()
	box.Add(m.problem)
	box.Add(Pad(m.buttons(), 8, 0, 0, 0))
	return container.NewStack(newPanel(), Pad(box, 16, 16, 20, 20))
}

func (m *Modal) buttons() fyne.CanvasObject {
	word := m.d.Cancel
	if word == "" {
		word = "Cancel"
		if m.d.Confirm == "" {
			word = "Close"
		}
	}
	m.cancel = NewButton(word, "", m.Close)
	row := HBox(8, m.d.Extra...)
	row.Add(Spacer())
	row.Add(m.cancel)
	if m.d.Confirm != "" {
		m.confirm = NewPrimary(m.d.Confirm, "", m.Press)
		if m.d.Danger {
			m.confirm = NewDanger(m.d.Confirm, "", m.Press)
		}
		row.Add(m.confirm)
	}
	return row
}

// newPanel is the ground of a dialog, with its shadow.
func newPanel() fyne.CanvasObject {
	return NewFill(theme.ColorNameOverlayBackground, 8).Edged(theme.ColorNameSeparator)
}

func (m *Modal) focusFirst() {
	switch {
	case m.d.Bare:
	case m.d.Form != nil && m.d.Form.focusFirst(m.canvas):
	case m.d.Danger || m.confirm == nil:
		m.canvas.Focus(m.cancel)
	default:
		m.canvas.Focus(m.confirm)
	}
}

func (m *Modal) tipLayer() *fyne.Container { return m.tips }

// TypedKey does what a key means in a dialog.
func (m *Modal) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyEscape:
		m.Close()
	case fyne.KeyReturn, fyne.KeyEnter:
		if m.confirm != nil && !m.d.Danger {
			m.Press()
		}
	}
}

// Press confirms, as the button does.
func (m *Modal) Press() {
	if m.busy || m.confirm == nil || m.confirm.Disabled() {
		return
	}
	m.problem.Hide()
	valid := m.d.Form == nil || m.d.Form.Valid()
	if m.d.Valid != nil {
		valid = m.d.Valid() && valid
	}
	m.Refresh() // sentences came or went
	if !valid {
		return
	}
	if m.d.OnConfirm != nil {
		if err := m.d.OnConfirm(); err != nil {
			m.Fail(err)
			return
		}
	}
	if m.d.Work == nil {
		m.done()
		return
	}
	ctx, stop := context.WithCancel(m.ctx)
	m.stop = stop
	m.setBusy(true)
	background(func() func() {
		err := m.d.Work(ctx)
		return func() {
			stop()
			m.setBusy(false)
			switch {
			case m.closed:
			case err != nil:
				m.Fail(err)
			default:
				m.done()
			}
		}
	})
}

func (m *Modal) setBusy(on bool) {
	m.busy = on
	if on {
		m.confirm.Disable()
	} else {
		m.confirm.Enable()
	}
}

func (m *Modal) done() {
	m.remove()
	if m.d.OnDone != nil {
		m.d.OnDone()
	}
	m.next()
}

// Fail shows an error above the buttons.
func (m *Modal) Fail(err error) {
	w := explain.Of(err)
	m.problem.Objects = []fyne.CanvasObject{NewBanner(StatusFailed, w.Title, w.Sentence+" "+w.Next, nil)}
	m.problem.Show()
	m.Refresh()
}

// Close closes the dialog without confirming. Work being done is cancelled.
func (m *Modal) Close() {
	if m.closed {
		return
	}
	if m.stop != nil {
		m.stop()
	}
	m.remove()
	if m.d.OnCancel != nil {
		m.d.OnCancel()
	}
	m.next()
}

func (m *Modal) remove() {
	if m.closed {
		return
	}
	m.closed = true
	m.canvas.Overlays().Remove(m)
	m.canvas.SetOnTypedKey(m.before)
	if m.was != nil {
		m.canvas.Focus(m.was)
	}
}

// SetConfirmable switches the confirm button on and off.
func (m *Modal) SetConfirmable(on bool) {
	if m.confirm == nil {
		return
	}
	if on {
		m.confirm.Enable()
	} else {
		m.confirm.Disable()
	}
}

// Tapped implements fyne.Tappable, so that the window below is not reached.
func (m *Modal) Tapped(*fyne.PointEvent) {}

// CreateRenderer implements fyne.Widget.
func (m *Modal) CreateRenderer() fyne.WidgetRenderer {
	return &modalRenderer{m: m, veil: canvas.NewRectangle(veil)}
}

var veil = hexAlpha("05080D", 110)

type modalRenderer struct {
	m    *Modal
	veil *canvas.Rectangle
}

// Destroy implements fyne.WidgetRenderer.
func (r *modalRenderer) Destroy() {}

// Objects implements fyne.WidgetRenderer.
func (r *modalRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.veil, r.m.panel, r.m.tips}
}

// MinSize implements fyne.WidgetRenderer.
func (r *modalRenderer) MinSize() fyne.Size { return r.m.panel.MinSize() }

// Layout implements fyne.WidgetRenderer.
func (r *modalRenderer) Layout(size fyne.Size) {
	r.veil.Resize(size)
	w := r.m.d.Width
	if w == 0 {
		w = 480
	}
	w = max(min(w, 720, size.Width-40), r.m.panel.MinSize().Width)
	r.m.panel.Resize(fyne.NewSize(w, 10)) // wrapped text learns its width
	h := min(r.m.panel.MinSize().Height, size.Height-20)
	r.m.panel.Resize(fyne.NewSize(w, h))
	r.m.panel.Move(fyne.NewPos((size.Width-w)/2, max(10, (size.Height-h)*0.4)))
	r.m.tips.Resize(size)
}

// Refresh implements fyne.WidgetRenderer.
func (r *modalRenderer) Refresh() {
	r.Layout(r.m.Size())
	canvas.Refresh(r.m)
}
