package rpm

import "strings"

// Compare orders two [epoch:]version-release as rpm does: -1 when a is older,
// 0 when they are the same, 1 when a is newer. A missing epoch is 0; a missing
// release matches any.
func Compare(a, b string) int {
	ae, av, ar := splitEVR(a)
	be, bv, br := splitEVR(b)
	if c := compareNumbers(ae, be); c != 0 {
		return c
	}
	if c := compareLabels(av, bv); c != 0 {
		return c
	}
	if ar == "" || br == "" {
		return 0
	}
	return compareLabels(ar, br)
}

func splitEVR(s string) (epoch, version, release string) {
	if e, rest, ok := strings.Cut(s, ":"); ok {
		epoch, s = e, rest
	}
	version, release, _ = cutLast(s, "-")
	return epoch, version, release
}

// compareLabels is rpmvercmp of rpm 4.15 and later: runs of digits and of
// letters are compared pairwise, digits beat letters, "~" sorts before
// everything, even the end, and "^" after the end but before anything else.
func compareLabels(a, b string) int {
	for a != "" || b != "" {
		a, b = strings.TrimLeftFunc(a, isSeparator), strings.TrimLeftFunc(b, isSeparator)
		if c, done, marked := compareMarks(a, b); done {
			return c
		} else if marked {
			a, b = a[1:], b[1:]
			continue
		}
		if a == "" || b == "" {
			break
		}
		digits := isDigit(rune(a[0]))
		x, y := run(a, digits), run(b, digits)
		if y == "" { // of different kinds: digits are newer
			return sign(digits)
		}
		a, b = a[len(x):], b[len(y):]
		c := strings.Compare(x, y)
		if digits {
			c = compareNumbers(x, y)
		}
		if c != 0 {
			return c
		}
	}
	switch {
	case a == "" && b == "":
		return 0
	case a == "":
		return -1
	}
	return 1
}

// compareMarks handles "~" and "^" at the front of both; marked: both have it.
func compareMarks(a, b string) (c int, done, marked bool) {
	at, bt := strings.HasPrefix(a, "~"), strings.HasPrefix(b, "~")
	if at || bt {
		return sign(bt), at != bt, true
	}
	ac, bc := strings.HasPrefix(a, "^"), strings.HasPrefix(b, "^")
	switch {
	case ac && bc:
		return 0, false, true
	case ac: // newer than the end, older than anything else
		return sign(b == ""), true, false
	case bc:
		return sign(a != ""), true, false
	}
	return 0, false, false
}

func sign(newer bool) int {
	if newer {
		return 1
	}
	return -1
}

func run(s string, digits bool) string {
	i := strings.IndexFunc(s, func(r rune) bool {
		if digits {
			return !isDigit(r)
		}
		return !isLetter(r)
	})
	if i < 0 {
		return s
	}
	return s[:i]
}

// compareNumbers orders digits of any length.
func compareNumbers(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return sign(len(a) > len(b))
	}
	return strings.Compare(a, b)
}

func isDigit(r rune) bool     { return r >= '0' && r <= '9' }
func isLetter(r rune) bool    { return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' }
func isSeparator(r rune) bool { return !isDigit(r) && !isLetter(r) && r != '~' && r != '^' }
