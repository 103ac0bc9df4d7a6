package kit

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"

	"secondtuesday/assets"
)

// Mode says which of the two palettes is used.
type Mode string

// The modes. System follows the desktop.
const (
	ModeSystem Mode = ""
	ModeLight  Mode = "light"
	ModeDark   Mode = "dark"
)

// A Theme is the look of the desk: two palettes, our own sizes and fonts.
type Theme struct {
	mode                Mode
	regular, bold, mono fyne.Resource
}

var _ fyne.Theme = (*Theme)(nil)

// NewTheme returns the desk's theme in a mode.
func NewTheme(m Mode) *Theme {
	return &Theme{
		mode:    m,
		regular: asset("fonts/Roboto-Regular.ttf"),
		bold:    asset("fonts/Roboto-Medium.ttf"),
		mono:    asset("fonts/JetBrainsMono-Regular.ttf"),
	}
}

// asset returns an embedded file; a missing one is a fault of the build.
func asset(path string) fyne.Resource {
	b, err := assets.Look.ReadFile(path)
	if err != nil {
		panic(err)
	}
	return fyne.NewStaticResource(path, b)
}

// Color implements fyne.Theme.
func (t *Theme) Color(n fyne.ThemeColorName, v fyne.ThemeVariant) color.Color {
	switch t.mode {
	case ModeLight:
		v = theme.VariantLight
	case ModeDark:
		v = theme.VariantDark
	}
	p := light
	if v == theme.VariantDark {
		p = dark
	}
	veil := func(of fyne.ThemeColorName, alpha uint8) color.Color {
		c := p[of]
		c.A = alpha
		return c
	}
	switch n {
	case theme.ColorNameHover:
		return veil(theme.ColorNameForeground, 14)
	case theme.ColorNamePressed:
		return veil(theme.ColorNameForeground, 28)
	case theme.ColorNameFocus:
		return veil(theme.ColorNamePrimary, 60)
	case theme.ColorNameSelection:
		return veil(theme.ColorNamePrimary, 45)
	case theme.ColorNameShadow:
		return color.NRGBA{A: 28}
	case theme.ColorNameScrollBarBackground:
		return color.Transparent
	}
	if c, ok := p[n]; ok {
		return c
	}
	return theme.DefaultTheme().Color(n, v)
}

// Font implements fyne.Theme.
func (t *Theme) Font(s fyne.TextStyle) fyne.Resource {
	switch {
	case s.Symbol:
		return theme.DefaultTheme().Font(s)
	case s.Monospace:
		return t.mono
	case s.Bold:
		return t.bold
	}
	return t.regular
}

// Icon implements fyne.Theme: the few icons that stock widgets show are ours too.
func (t *Theme) Icon(n fyne.ThemeIconName) fyne.Resource {
	switch n {
	case theme.IconNameCheckButton:
		return boxOutline
	case theme.IconNameRadioButton:
		return ringOutline
	}
	return theme.DefaultTheme().Icon(n)
}

// Fyne's own outlines are one unit thin and vanish on a dark ground.
var (
	boxOutline = fyne.NewStaticResource("kit-box.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24"><path fill="#000000" fill-rule="evenodd" d="M6 2h12a4 4 0 0 1 4 4v12a4 4 0 0 1 -4 4h-12a4 4 0 0 1 -4 -4v-12a4 4 0 0 1 4 -4zM6 4.4a1.6 1.6 0 0 0 -1.6 1.6v12a1.6 1.6 0 0 0 1.6 1.6h12a1.6 1.6 0 0 0 1.6 -1.6v-12a1.6 1.6 0 0 0 -1.6 -1.6z"/></svg>`))

	ringOutline = fyne.NewStaticResource("kit-ring.svg", []byte(`<svg xmlns="http://www.w3.org/2000/svg" width="24" height="24" viewBox="0 0 24 24"><path fill="#000000" fill-rule="evenodd" d="M12 2a10 10 0 1 1 0 20a10 10 0 1 1 0 -20zM12 4.4a7.6 7.6 0 1 0 0 15.2a7.6 7.6 0 1 0 0 -15.2z"/></svg>`))
)

var sizes = map[fyne.ThemeSizeName]float32{
	theme.SizeNameText:            13,
	theme.SizeNameCaptionText:     11,
	theme.SizeNameSubHeadingText:  15,
	theme.SizeNameHeadingText:     20,
	theme.SizeNameInlineIcon:      16,
	theme.SizeNamePadding:         4,
	theme.SizeNameInnerPadding:    6,
	theme.SizeNameLineSpacing:     3,
	theme.SizeNameScrollBar:       10,
	theme.SizeNameScrollBarSmall:  5,
	theme.SizeNameInputRadius:     6,
	theme.SizeNameButtonRadius:    6,
	theme.SizeNamePopupRadius:     6,
	theme.SizeNameMenuRadius:      6,
	theme.SizeNameSelectionRadius: 4,
	theme.SizeNameCardRadius:      8,
	theme.SizeNameDialogRadius:    8,
	theme.SizeNameSplitThickness:  6,
	theme.SizeNameModalBlurRadius: 0, // a blur of the whole window costs too much without a GPU
}

// Size implements fyne.Theme.
func (t *Theme) Size(n fyne.ThemeSizeName) float32 {
	if s, ok := sizes[n]; ok {
		return s
	}
	return theme.DefaultTheme().Size(n)
}
