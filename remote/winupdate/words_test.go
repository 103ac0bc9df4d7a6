package winupdate

import "testing"

func TestAnHRESULTIsNamedOnce(t *testing.T) {
	for _, c := range []struct{ message, code, want string }{
		{"Ausnahme von HRESULT: 0x80072EE2", "0x80072EE2", "the update server did not answer in time (0x80072EE2)"},
		{"Exception from HRESULT: 0x80072EE2", "0x80072ee2", "the update server did not answer in time (0x80072EE2)"},
		{"Zugriff verweigert (Ausnahme von HRESULT: 0x80070005 (E_ACCESSDENIED))", "0x80070005", "access denied: a policy or the rights of SYSTEM: Zugriff verweigert (0x80070005)"},
		{"Access is denied. (Exception from HRESULT: 0x80070005 (E_ACCESSDENIED))", "0x80070005", "access denied: a policy or the rights of SYSTEM: Access is denied. (0x80070005)"},
		{"Exception from HRESULT: 0x80240FFF", "0x80240FFF", "(0x80240FFF)"},
		{"Not enough storage.", "0x80240FFF", "Not enough storage. (0x80240FFF)"},
		{"failed after Exception from HRESULT: 0x80070005", "0x80072EE2", "the update server did not answer in time: failed after Exception from HRESULT: 0x80070005 (0x80072EE2)"},
		{"", "0x80070070", "the disk is full (0x80070070)"},
		{"no code", "", "no code"},
	} {
		if got := withCode(c.message, c.code); got != c.want {
			t.Errorf("%q, %q:\n got %q\nwant %q", c.message, c.code, got, c.want)
		}
	}
}
