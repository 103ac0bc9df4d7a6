package remote

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestCleanTextIsHarmless(t *testing.T) {
	for in, want := range map[string]string{
		"plain\ttext\n":                            "plain\ttext\n",
		"grün 日本 🙂":                                "grün 日本 🙂",
		"\x1b[31mred\x1b[0m":                       "red",
		"\x1b]0;title\x07x":                        "x",
		"\x1b]8;;http://evil\x1b\\link":            "link",
		"\x1b(Bx\x1b=y\x1bcz":                      "xyz",
		"\u009b31mred":                             "red",
		"10%\r50%\r100%\r\n":                       "10%\n50%\n100%\n",
		"a\x00b\x07c\x08d\x7fe":                    "abcde",
		"user\u202egnp.exe":                        "usergnp.exe",
		"zero\u200bwidth\ufeff":                    "zerowidth",
		"a\u2066b\u2069c\u061cd":                   "abcd",
		"line\u2028sep":                            "linesep",
		"\xff\xfe":                                 "\uFFFD",
		"\x1b[":                                    "",
		"\x1bP1;2q" + strings.Repeat("x", 99):      "1;2q" + strings.Repeat("x", 99),
		"a\x1b[38;5;196mb\x1b[?25lc\x1b[2Kd\x1b[H": "abcd",
	} {
		if got := CleanText(in); got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
}

func FuzzCleanText(f *testing.F) {
	f.Add("\x1b[31mred\u202e\x00")
	f.Add("\x1b\x1b[[31m31m")
	f.Fuzz(func(t *testing.T, s string) {
		got := CleanText(s)
		if !utf8.ValidString(got) || strings.IndexFunc(got, unwanted) >= 0 {
			t.Errorf("%q: got %q", s, got)
		}
		if again := CleanText(got); again != got {
			t.Errorf("%q: cleaning twice is another thing: %q, %q", s, got, again)
		}
	})
}

func TestCredentialsInAddressesAreHidden(t *testing.T) {
	for in, want := range map[string]string{
		"'http://joe:hunter2@repo.lab/deb/InRelease' x 0":       "'http://[redacted]@repo.lab/deb/InRelease' x 0",
		"Repo-baseurl : https://t0ken@repo.lab/a, HTTP://b:c@d": "Repo-baseurl : https://[redacted]@repo.lab/a, HTTP://[redacted]@d",
		"http://joe:p@ss@repo.lab/deb":                          "http://[redacted]@repo.lab/deb",
		"https://repo.lab/people/joe@example.org":               "https://repo.lab/people/joe@example.org",
	} {
		if got := CleanText(in); got != want {
			t.Errorf("%q becomes %q, want %q", in, got, want)
		}
	}
}

func TestTextIsClippedAtItsLimitAndStaysUTF8(t *testing.T) {
	for _, c := range []struct {
		in      string
		instead string
		want    string
	}{
		{"abcdef", "?", "abcdef"},
		{"abcdefg", "?", "abcdef…"},
		{"abcdeé", "?", "abcde?…"},
		{"abcdeé", "", "abcde…"},
		{"a\xffb", "?", "a?b"},
		{"", "?", ""},
	} {
		if got := Clip(c.in, 6, c.instead); got != c.want {
			t.Errorf("%q with %q: got %q, want %q", c.in, c.instead, got, c.want)
		}
	}
}
