package data

import "testing"

func TestUpdateIsNamedByItsTitleWhereTheNameSaysLittle(t *testing.T) {
	for want, u := range map[string]Update{
		"curl:amd64":                            {Name: "curl", Arch: "amd64"},
		"KB5044281 · 2024-10 Cumulative Update": {Name: "KB5044281", Title: "2024-10 Cumulative Update"},
		"Driver of a printer":                   {Name: "Driver of a printer", Title: "Driver of a printer"},
	} {
		if got := u.Label(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestVersionOfWindowsIsReadAsItsRevision(t *testing.T) {
	for in, want := range map[string]string{"fe6a7fbf-3500-41cd-811c-6a7fbf350011.200": "revision 200", "1:9.18.41-1~deb12u1": "1:9.18.41-1~deb12u1", "": ""} {
		if got := VersionText(in); got != want {
			t.Errorf("%q is read as %q, want %q", in, got, want)
		}
	}
}
