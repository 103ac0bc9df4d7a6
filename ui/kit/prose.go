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
