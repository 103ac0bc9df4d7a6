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

// paletteOf returns the most frequent colours, in an order that does not
// change from one drawing to the next.
func paletteOf(seen map[color.RGBA]int) color.Palette {
	number := func(c color.RGBA) uint32 { return uint32(c.R)<<24 | uint32(c.G)<<16 | uint32(c.B)<<8 | uint32(c.A) }
	all := slices.SortedFunc(maps.Keys(seen), func(a, b color.RGBA) int {
		return cmp.Or(cmp.Compare(seen[b], seen[a]), cmp.Compare(number(a), number(b)))
	})
	var palette color.Palette
	for _, c := range all[:min(len(all), 256)] {
		palette = append(palette, c)
	}
	return palette
}
