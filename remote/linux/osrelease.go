package linux

import (
	"strings"

	"secondtuesday/data"
)

// ParseOSRelease reads os-release(5): shell-like assignments, values bare or
// quoted. Lines that are none are passed over, as the manual page asks.
func ParseOSRelease(text string) data.OS {
	v := osRelease(text)
	os := data.OS{
		ID:       v["ID"],
		Version:  v["VERSION_ID"],
		Name:     v["PRETTY_NAME"],
		Codename: v["VERSION_CODENAME"],
	}
	if os.Name == "" {
		os.Name = strings.TrimSpace(v["NAME"] + " " + v["VERSION"])
	}
	return os
}

func osRelease(text string) map[string]string {
	values := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok || strings.HasPrefix(key, "#") {
			continue
		}
		values[key] = unquote(value)
	}
	return values
}

// unquote takes away one pair of quotes, and the backslashes of a
// double-quoted value: NAME="A \"B\"".
func unquote(s string) string {
	if len(s) < 2 || s[0] != s[len(s)-1] || s[0] != '"' && s[0] != '\'' {
		return s
	}
	quote := s[0]
	s = s[1 : len(s)-1]
	if quote == '\'' || !strings.Contains(s, `\`) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && strings.IndexByte("\\\"$`", s[i+1]) >= 0 {
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
