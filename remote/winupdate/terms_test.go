package winupdate

import (
	"strings"
	"testing"
)

// The host counts characters, and so does who says that it cut them.
func TestTermsAreCalledCutOnlyWhereTheyAre(t *testing.T) {
	for text, cut := range map[string]bool{strings.Repeat("ü", 7999): false, strings.Repeat("ü", 8000): true, strings.Repeat("\U0001F600", 4000): true} {
		if got := strings.HasSuffix(update{Terms: text}.termsText(), "… (cut)"); got != cut {
			t.Errorf("%d bytes: cut %t", len(text), got)
		}
	}
}

// What was not downloaded whole was not installed: no scan needs to tell.
func TestADownloadWithErrorsIsAFailure(t *testing.T) {
	u := updated{Status: "failed", Phase: "download", Code: succeededWithErrors, HResult: "0x80246007"}
	if got := u.fate(); !strings.HasPrefix(got, "download failed: ") || !strings.Contains(got, "0x80246007") {
		t.Errorf("%q", got)
	}
	if u.Phase = "install"; !strings.Contains(u.fate(), "the next scan tells") {
		t.Errorf("%q", u.fate())
	}
}
