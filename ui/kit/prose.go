package kit

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
	"fyne.io/fyne/v2/widget"
)

// NewProse returns muted text that wraps at the width it is given, for the
// sentence below a line.
func NewProse(text string) *widget.RichText { return prose(text, theme.SizeNameText) }

// NewSmallProse is NewProse in the size of a caption.
func NewSmallProse(text string) *widget.RichText { return prose(text, theme.SizeNameCaptionText) }

func prose(text string, size fyne.ThemeSizeName) *widget.RichText {
	r := widget.NewRichText(&widget.TextSegment{Text: text, Style: widget.RichTextStyle{ColorName: ColorMuted, SizeName: size}})
	r.Wrapping = fyne.TextWrapWord
	return r
}

// Flush takes away the room that Fyne leaves round wrapping text, so that a
// paragraph or prose begins where a caption above it does.
func Flush(o fyne.CanvasObject) fyne.CanvasObject { return Pad(o, -6, -6, -6, -6) }
