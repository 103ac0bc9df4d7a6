package kittest

import (
	"cmp"
	"image"
	"image/color"
	"image/png"
	"io"
	"maps"
	"slices"
)

// encode writes a picture as a PNG of at most 256 colours, a third of the
// size: pictures of the manual stay in the history for ever. The rarest
// colours, shades at the edges of letters, become the nearest of the others.
func encode(w io.Writer, img image.Image) error {
	b := img.Bounds()
	seen := map[color.RGBA]int{}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			seen[color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)]++
		}
	}
	palette := paletteOf(seen)
	index := make(map[color.RGBA]uint8, len(seen))
	for c := range seen {
		index[c] = uint8(palette.Index(c))
	}
	small := image.NewPaletted(b, palette)
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			small.SetColorIndex(x, y, index[color.RGBAModel.Convert(img.At(x, y)).(color.RGBA)])
		}
	}
	return (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(w, small)
}

// paletteOf returns colours that stand for all seen, in an order that does not
// change from one drawing to the next.
func paletteOf(seen map[color.RGBA]int) color.Palette {
	number := func(c color.RGBA) uint32 { return uint32(c.R)<<24 | uint32(c.G)<<16 | uint32(c.B)<<8 | uint32(c.A) }
	all := slices.SortedFunc(maps.Keys(seen), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(seen[b], seen[a]), cmp.Compare(number(a), number(b)))
	})
	// First what is far from all chosen before, so that the one warning of a
	// page keeps its colour; then what is frequent.
	var palette color.Palette
	taken := map[color.RGBA]bool{}
	for _, apart := range []int{900, 0} {
		for _, c := range all {
			if len(palette) < 256 && !taken[c] && seen[c] > 2 && distance(palette, c) >= apart {
				taken[c] = true
				palette = append(palette, c)
			}
		}
	}
	for _, c := range all { // a picture of few colours
		if len(palette) < 256 && !taken[c] {
			palette = append(palette, c)
		}
	}
	return palette
}

// distance is how far a colour is from the nearest of a palette: the sum of the
// squares over red, green and blue.
func distance(p color.Palette, c color.RGBA) int {
	least := 3 * 255 * 255
	for _, o := range p {
		x := o.(color.RGBA)
		r, g, b := int(x.R)-int(c.R), int(x.G)-int(c.G), int(x.B)-int(c.B)
		least = min(least, r*r+g*g+b*b)
	}
	return least
}
