package remote

import (
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Terminal escapes (ECMA-48): "\x1b[31m" and its eight-bit form, "\x1b]0;title\x07",
// and the short ones such as "\x1b(B". A title without an end hides nothing.
var escapes = regexp.MustCompile("(?:\x1b\\[|\u009b)[0-?]*[ -/]*[@-~]|(?:\x1b[\\]PX^_]|[\u009d\u0090])[^\x07\x1b\u009c]*(?:\x07|\x1b\\\\|\u009c)|\x1b[ -/]*[0-~]")

// http://joe:hunter2@repo.example/debian, as apt-get update --print-uris and
// repository lists show it.
var userInfo = regexp.MustCompile(`(?i)([a-z][a-z0-9+.-]*://)[^/\s'"]+@`)

// HideCredentials takes user names, passwords and tokens out of the addresses
// in s: what a host shows of its repositories is kept as evidence, and
// credentials are not.
func HideCredentials(s string) string {
	if !holdsUserInfo(s) {
		return s // nearly all; the expression looks at every letter twice
	}
	return userInfo.ReplaceAllString(s, "${1}[redacted]@")
}

// holdsUserInfo reports whether an @ stands in the first part of an address.
func holdsUserInfo(s string) bool {
	for {
		_, rest, found := strings.Cut(s, "://")
		if !found {
			return false
		}
		end := strings.IndexAny(rest, "/ \t\n\f\r'\"")
		if end < 0 {
			end = len(rest)
		}
		if strings.LastIndexByte(rest[:end], '@') > 0 {
			return true
		}
		s = rest
	}
}

// CleanText returns s, which comes from a host, fit to show to people: without
// terminal escapes, control characters other than line feed and tab, and the
// characters that turn the direction of writing or hide. Bytes that are not
// UTF-8 become U+FFFD, credentials in addresses "[redacted]". "\r\n" becomes "\n", and so does a lone "\r", with
// which a progress bar would overwrite a line.
func CleanText(s string) string {
	s = HideCredentials(s)
	if isClean(s) {
		return s
	}
	s = strings.ToValidUTF8(s, "\uFFFD")
	s = escapes.ReplaceAllString(s, "")
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
	return strings.Map(func(r rune) rune {
		if unwanted(r) {
			return -1
		}
		return r
	}, s)
}

func isClean(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, unwanted) < 0
}

func unwanted(r rune) bool {
	switch {
	case r == '\n' || r == '\t':
		return false
	case unicode.IsControl(r): // C0, DEL, C1
		return true
	case r == 0x2028 || r == 0x2029: // line and paragraph separators
		return true
	}
	return unicode.Is(unicode.Cf, r) // bidi marks and overrides, zero width, soft hyphen, tags
}

// Clip cuts s after most bytes and marks the cut by "…". Bytes that are not
// UTF-8, such as half a character at the cut, become instead.
func Clip(s string, most int, instead string) string {
	if len(s) > most {
		s = s[:most] + "…"
	}
	return strings.ToValidUTF8(s, instead)
}
