package kit

import (
	"sort"
	"strings"

	"fyne.io/fyne/v2"
)

// cut shortens s with an ellipsis to fit into room, and reports whether it is
// whole. Fyne remembers measurements, so repeating one is cheap.
func cut(s string, room, size float32, style fyne.TextStyle) (text string, whole bool) {
	if s == "" {
		return "", true
	}
	if i := strings.IndexAny(s, "\r\n"); i >= 0 {
		text, _ = cut(strings.TrimSpace(s[:i])+" …", room, size, style)
		return text, false
	}
	if fyne.MeasureText(s, size, style).Width <= room {
		return s, true
	}
	letters := []rune(s)
	n := most(min(len(letters), int(room/2)+1), func(n int) bool {
		return fyne.MeasureText(string(letters[:n])+"…", size, style).Width <= room
	})
	return strings.TrimRight(string(letters[:n]), " ") + "…", false
}

// cutName shortens the name of a host so that it can be told from others of
// its kind: in its domain if there is room for what stands before that, else in
// the middle, because names that begin alike differ at the end:
// "datenbankserve…ord-01" for datenbankserver-produktion-nord-01.example.test.
func cutName(s string, room, size float32, style fyne.TextStyle) (text string, whole bool) {
	label, _, _ := strings.Cut(s, ".")
	width := func(s string) float32 { return fyne.MeasureText(s, size, style).Width }
	if width(s) <= room || width(label+"…") <= room {
		return cut(s, room, size, style)
	}
	letters := []rune(label)
	split := func(n int) string { // n letters are left: two of five at the end
		end := n * 2 / 5
		return string(letters[:n-end]) + "…" + string(letters[len(letters)-end:])
	}
	return split(most(len(letters), func(n int) bool { return width(split(n)) <= room })), false
}

// most returns the largest number up to limit that fits, where all below one
// that fits fit too.
func most(limit int, fits func(int) bool) int {
	return sort.Search(limit, func(i int) bool { return !fits(i + 1) })
}
