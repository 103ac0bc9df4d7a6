package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"
)

// NewProse returns muted text that wraps at the width it is given, for the
// sentence below a line.
func NewProse(text string) *widget.RichText {
	r := widget.NewRichText(&widget.TextSegment{Text: text, Style: widget.RichTextStyle{ColorName: ColorMuted}})
	r.Wrapping = fyne.TextWrapWord
	return r
}

// Flush takes away the room that Fyne leaves round wrapping text, so that a
// paragraph or prose begins where a caption above it does.
func Flush(o fyne.CanvasObject) fyne.CanvasObject { return Pad(o, -6, -6, -6, -6) }
