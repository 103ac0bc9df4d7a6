package ui

import (
	"context"
	"image"
	"sync/atomic"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
)

// A paintMark is a dot that nobody sees. It tells when the window was painted.
type paintMark struct {
	object *canvas.Raster
	wanted atomic.Pointer[chan struct{}] // closed by the next painting
}

func newPaintMark() *paintMark {
	m := &paintMark{}
	m.object = canvas.NewRaster(func(int, int) image.Image {
		if c := m.wanted.Swap(nil); c != nil {
			close(*c)
		}
		return image.NewNRGBA(image.Rect(0, 0, 1, 1))
	})
	return m
}

// Painted waits until all that has been shown so far was painted. Call it beside
// the UI goroutine, one call at a time.
func (s *Shell) Painted(ctx context.Context) error {
	seen := make(chan struct{})
	fyne.DoAndWait(func() {
		s.painted.wanted.Store(&seen)
		s.painted.object.Refresh()
	})
	select {
	case <-seen:
	case <-ctx.Done():
		return ctx.Err()
	}
	fyne.DoAndWait(func() {}) // the painting that has begun has ended by then
	return nil
}
