package desk

import (
	"bytes"
	"errors"
	"log"
	"os"
	"strings"
	"testing"

	"fyne.io/fyne/v2"
)

func TestOnlyHarmlessErrorsAreLeftOutOfTheLog(t *testing.T) {
	var out bytes.Buffer
	log.SetOutput(Quiet(&out))
	defer log.SetOutput(os.Stderr)
	fyne.LogError("failed to watch theme settings", errors.New("no bus"))
	if out.Len() != 0 {
		t.Errorf("it says %s", out.String())
	}
	fyne.LogError("failed to watch theme settings", errors.New("no bus"))
	fyne.LogError("window was not made", errors.New("no display"))
	for _, want := range []string{"window was not made", "Cause: no display", "noise_test.go"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is lost; it says %s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "no bus") {
		t.Errorf("it says %s", out.String())
	}
}
