package kit

import (
	"regexp"
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

// idle is what the titles of Windows updates say of every update alike, or for
// the second time: "2026-11 Cumulative Update for Windows Server 2019 for
// x64-based Systems (KB5070750)".
var idle = strings.NewReplacer("Cumulative Update for .NET Framework", ".NET", " for x64-based Systems", "", " for x64 ", " ", " Update for ", " · ")

// product: what the number of a version in a title belongs to, "Windows Server
// 2019" or "Microsoft server operating system, version 22H2"; one word of it will do.
var product = regexp.MustCompile(`(?:Windows|Microsoft) ([Ss]erver)(?: operating system)?`)

// month: "2026-11 " at the beginning of a title; the number stands for it too.
var month = regexp.MustCompile(`^20[0-9]{2}-[01][0-9] `)

// cutTitle shortens an update that is named with its title. The number in front
// stays; what the titles of a month have in common goes first, then their
// middle: the product stands at the end.
func cutTitle(s string, room, size float32, style fyne.TextStyle) (text string, whole bool) {
	width := func(s string) float32 { return fyne.MeasureText(s, size, style).Width }
	key, title, titled := strings.Cut(s, " · ")
	if !titled || width(s) <= room {
		return cut(s, room, size, style)
	}
	title = idle.Replace(month.ReplaceAllString(strings.TrimSuffix(title, " ("+key+")"), "") + " ")
	letters := []rune(strings.TrimSpace(product.ReplaceAllString(title, "$1")))
	if short := key + " · " + string(letters); width(short) <= room {
		return short, false
	}
	split := func(n int) string { // n letters are left: three of five at the end
		end := n * 3 / 5
		return key + " · " + string(letters[:n-end]) + "…" + strings.TrimLeft(string(letters[len(letters)-end:]), " ")
	}
	n := most(len(letters)-1, func(n int) bool { return width(split(n)) <= room })
	if n < 8 {
		return cut(key+" · "+string(letters), room, size, style)
	}
	return split(n), false
}

// most returns the largest number up to limit that fits, where all below one
// that fits fit too.
func most(limit int, fits func(int) bool) int {
	return sort.Search(limit, func(i int) bool { return !fits(i + 1) })
}
