package assets

import (
	"bytes"
	"encoding/binary"
	"testing"
)

// Fyne cannot switch ligatures off, and a fingerprint is compared letter by
// letter: "++" must be two signs.
func TestFixedFontHasNoLigatures(t *testing.T) {
	font, err := Look.ReadFile("fonts/JetBrainsMono-Regular.ttf")
	if err != nil {
		t.Fatal(err)
	}
	substitutions := table(t, font, "GSUB")
	for _, feature := range []string{"calt", "liga", "clig", "dlig"} {
		if bytes.Contains(substitutions, []byte(feature)) {
			t.Errorf("the font has the feature %s", feature)
		}
	}
	if !bytes.Contains(substitutions, []byte("zero")) {
		t.Error("this is not the table of substitutions")
	}
}

// table returns one table of an OpenType font; its directory is at byte 12, 16
// bytes a table: tag, checksum, offset, length.
func table(t *testing.T, font []byte, tag string) []byte {
	t.Helper()
	for i := range int(binary.BigEndian.Uint16(font[4:])) {
		if e := font[12+16*i:]; string(e[:4]) == tag {
			at, length := binary.BigEndian.Uint32(e[8:]), binary.BigEndian.Uint32(e[12:])
			return font[at : at+length]
		}
	}
	t.Fatalf("the font has no table %s", tag)
	return nil
}
