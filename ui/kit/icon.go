package kit

import (
	"bytes"
	"fmt"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/theme"

	"secondtuesday/assets"
)

// Icon returns the icon assets/icons/NAME.svg in the colour of text.
func Icon(name string) fyne.Resource { return IconIn(name, theme.ColorNameForeground) }

// IconIn returns the icon assets/icons/NAME.svg painted in a colour of the
// theme. It follows a change of theme. theme.NewThemedResource would fill every
// path, which turns line icons into blobs, so the colour is put in by hand; its
// value is part of the name, because Fyne caches pictures by name.
func IconIn(name string, c fyne.ThemeColorName) fyne.Resource {
	b, err := assets.Look.ReadFile("icons/" + name + ".svg")
	if err != nil {
		panic(err) // names are constants of the program
	}
	return &icon{name: name, color: c, svg: b}
}

type icon struct {
	name  string
	color fyne.ThemeColorName
	svg   []byte
}

var _ fyne.ThemedResource = (*icon)(nil)

func (i *icon) rgb() string {
	c := color.NRGBAModel.Convert(theme.Color(i.color)).(color.NRGBA)
	return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B)
}

// Name implements fyne.Resource.
func (i *icon) Name() string { return i.name + i.rgb() + ".svg" }

// Content implements fyne.Resource.
func (i *icon) Content() []byte {
	return bytes.ReplaceAll(i.svg, []byte("currentColor"), []byte(i.rgb()))
}

// ThemeColorName implements fyne.ThemedResource; Fyne then asks for the content
// again when the theme changes.
func (i *icon) ThemeColorName() fyne.ThemeColorName { return i.color }

// NewPicture returns an icon as a square picture.
func NewPicture(r fyne.Resource, side float32) *canvas.Image {
	m := canvas.NewImageFromResource(r)
	m.FillMode = canvas.ImageFillContain
	m.SetMinSize(fyne.NewSquareSize(side))
	return m
}

// AppIcon returns the program's own icon.
func AppIcon() fyne.Resource { return asset("icon.png") }
