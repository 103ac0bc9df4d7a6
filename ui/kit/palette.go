package kit

import (
	"image/color"
	"strconv"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/theme"
)

// Colours of our own beside Fyne's. Text colours reach 4.5:1 on every ground
// they may stand on; fills are for charts and bars, never for text.
const (
	ColorSurface    fyne.ThemeColorName = "kit.surface"
	ColorZebra      fyne.ThemeColorName = "kit.zebra"
	ColorSidebar    fyne.ThemeColorName = "kit.sidebar"
	ColorSelected   fyne.ThemeColorName = "kit.selected" // a selected row
	ColorHovered    fyne.ThemeColorName = "kit.hovered"  // the row under the mouse
	ColorMuted      fyne.ThemeColorName = "kit.muted"
	ColorTrack      fyne.ThemeColorName = "kit.track" // the empty part of a bar
	ColorGood       fyne.ThemeColorName = "kit.good"
	ColorSoon       fyne.ThemeColorName = "kit.soon"
	ColorLate       fyne.ThemeColorName = "kit.late"
	ColorCritical   fyne.ThemeColorName = "kit.critical"
	ColorUnknown    fyne.ThemeColorName = "kit.unknown"
	ColorExcepted   fyne.ThemeColorName = "kit.excepted"
	ColorRunning    fyne.ThemeColorName = "kit.running"
	FillGood        fyne.ThemeColorName = "kit.fill.good"
	FillSoon        fyne.ThemeColorName = "kit.fill.soon"
	FillLate        fyne.ThemeColorName = "kit.fill.late"
	FillCritical    fyne.ThemeColorName = "kit.fill.critical"
	FillUnknown     fyne.ThemeColorName = "kit.fill.unknown"
	FillExcepted    fyne.ThemeColorName = "kit.fill.excepted"
	ColorChoiceEdge fyne.ThemeColorName = "kit.choice.edge" // outline of a check box
)

type palette map[fyne.ThemeColorName]color.NRGBA

var light = palette{
	theme.ColorNameBackground:          hex("F4F6F8"),
	ColorSurface:                       hex("FFFFFF"),
	ColorZebra:                         hex("F8FAFB"),
	ColorSidebar:                       hex("E9EDF2"),
	ColorSelected:                      hex("DCE8FB"),
	ColorHovered:                       hex("EEF3FA"),
	ColorTrack:                         hex("E4E8EE"),
	ColorMuted:                         hex("556070"),
	ColorGood:                          hex("17713F"),
	ColorSoon:                          hex("8A5300"),
	ColorLate:                          hex("B2420A"),
	ColorCritical:                      hex("B3201B"),
	ColorUnknown:                       hex("556070"),
	ColorExcepted:                      hex("0E6470"),
	ColorRunning:                       hex("6A3FB5"),
	FillGood:                           hex("2E9E62"),
	FillSoon:                           hex("B98410"),
	FillLate:                           hex("DB6526"),
	FillCritical:                       hex("C9302A"),
	FillUnknown:                        hex("8A95A3"),
	FillExcepted:                       hex("2A8FA0"),
	ColorChoiceEdge:                    hex("5F6C7B"),
	theme.ColorNameForeground:          hex("1A2330"),
	theme.ColorNamePlaceHolder:         hex("6B7685"),
	theme.ColorNameDisabled:            hex("8A95A3"),
	theme.ColorNamePrimary:             hex("1D5FC4"),
	theme.ColorNameHyperlink:           hex("1D5FC4"),
	theme.ColorNameForegroundOnPrimary: hex("FFFFFF"),
	theme.ColorNameButton:              hex("FFFFFF"),
	theme.ColorNameDisabledButton:      hex("EDF0F4"),
	theme.ColorNameInputBackground:     hex("F2F5F8"),
	theme.ColorNameInputBorder:         hex("7F8B99"),
	theme.ColorNameSeparator:           hex("D5DBE3"),
	theme.ColorNameHeaderBackground:    hex("EDF0F4"),
	theme.ColorNameMenuBackground:      hex("FFFFFF"),
	theme.ColorNameOverlayBackground:   hex("FFFFFF"),
	theme.ColorNameScrollBar:           hex("8A95A3"),
	theme.ColorNameSuccess:             hex("17713F"),
	theme.ColorNameWarning:             hex("8A5300"),
	theme.ColorNameError:               hex("B3201B"),
	theme.ColorNameForegroundOnError:   hex("FFFFFF"),
	theme.ColorNameForegroundOnSuccess: hex("FFFFFF"),
	theme.ColorNameForegroundOnWarning: hex("FFFFFF"),
}

var dark = palette{
	theme.ColorNameBackground:          hex("12161C"),
	ColorSurface:                       hex("1A2028"),
	ColorZebra:                         hex("1D242D"),
	ColorSidebar:                       hex("0E1217"),
	ColorSelected:                      hex("1F3A63"),
	ColorHovered:                       hex("232C37"),
	ColorTrack:                         hex("2E3845"),
	ColorMuted:                         hex("9DA9B8"),
	ColorGood:                          hex("4CC48A"),
	ColorSoon:                          hex("EDB84A"),
	ColorLate:                          hex("FF9A62"),
	ColorCritical:                      hex("FF8078"),
	ColorUnknown:                       hex("9DA9B8"),
	ColorExcepted:                      hex("5CC5D6"),
	ColorRunning:                       hex("BF9BFF"),
	FillGood:                           hex("34A873"),
	FillSoon:                           hex("D9A233"),
	FillLate:                           hex("EE7F45"),
	FillCritical:                       hex("E5574F"),
	FillUnknown:                        hex("667384"),
	FillExcepted:                       hex("3FA5B6"),
	ColorChoiceEdge:                    hex("9DA9B8"),
	theme.ColorNameForeground:          hex("E3E8EF"),
	theme.ColorNamePlaceHolder:         hex("8592A2"),
	theme.ColorNameDisabled:            hex("667384"),
	theme.ColorNamePrimary:             hex("73A9FF"),
	theme.ColorNameHyperlink:           hex("73A9FF"),
	theme.ColorNameForegroundOnPrimary: hex("0B1220"),
	theme.ColorNameButton:              hex("232B35"),
	theme.ColorNameDisabledButton:      hex("1D242D"),
	theme.ColorNameInputBackground:     hex("151A21"),
	theme.ColorNameInputBorder:         hex("667384"),
	theme.ColorNameSeparator:           hex("2E3845"),
	theme.ColorNameHeaderBackground:    hex("222A34"),
	theme.ColorNameMenuBackground:      hex("222A34"),
	theme.ColorNameOverlayBackground:   hex("1A2028"),
	theme.ColorNameScrollBar:           hex("667384"),
	theme.ColorNameSuccess:             hex("4CC48A"),
	theme.ColorNameWarning:             hex("EDB84A"),
	theme.ColorNameError:               hex("FF8078"),
	theme.ColorNameForegroundOnError:   hex("0B1220"),
	theme.ColorNameForegroundOnSuccess: hex("0B1220"),
	theme.ColorNameForegroundOnWarning: hex("0B1220"),
}

// hex reads six hexadecimal digits, RRGGBB.
func hex(s string) color.NRGBA {
	v, err := strconv.ParseUint(s, 16, 24)
	if err != nil {
		panic(err) // a constant of this file
	}
	return color.NRGBA{R: uint8(v >> 16), G: uint8(v >> 8), B: uint8(v), A: 255}
}

// Color returns a colour of the theme in force.
func Color(name fyne.ThemeColorName) color.Color { return theme.Color(name) }

// Tint returns a colour of the theme at the given opacity, 0 to 255.
func Tint(name fyne.ThemeColorName, alpha uint8) color.Color {
	c := color.NRGBAModel.Convert(theme.Color(name)).(color.NRGBA)
	c.A = alpha
	return c
}

// mix returns a with a share of b in it, 0 to 1.
func mix(a, b color.Color, share float64) color.Color {
	x, y := color.NRGBAModel.Convert(a).(color.NRGBA), color.NRGBAModel.Convert(b).(color.NRGBA)
	m := func(p, q uint8) uint8 { return uint8(float64(p)*(1-share) + float64(q)*share) }
	return color.NRGBA{m(x.R, y.R), m(x.G, y.G), m(x.B, y.B), x.A}
}

func hexAlpha(s string, alpha uint8) color.NRGBA {
	c := hex(s)
	c.A = alpha
	return c
}
