package kit_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"testing"

	"fyne.io/fyne/v2"

	"secondtuesday/ui/kit"
	"secondtuesday/ui/kit/kittest"
)

func TestPartsOfADonutCanBeClicked(t *testing.T) {
	kittest.Start(t, false)
	c := kit.NewDonut([]kit.Slice{{Status: kit.StatusOverdue, Count: 50}, {Status: kit.StatusUnknown, Count: 50}}, "0 %", "compliant")
	var got kit.Status
	c.OnPart = func(s kit.Status) { got = s }
	kittest.Window(t, c, fyne.NewSize(400, 200))
	// The ring is 192 wide and begins 4 from the left; the first half is at its right.
	for _, p := range []struct {
		at   fyne.Position
		want kit.Status
	}{{fyne.NewPos(190, 100), kit.StatusOverdue}, {fyne.NewPos(10, 100), kit.StatusUnknown}, {fyne.NewPos(100, 100), kit.StatusNone}} {
		got = kit.StatusNone
		c.Tapped(&fyne.PointEvent{Position: p.at})
		if got != p.want {
			t.Errorf("at %v is %q, not %q", p.at, got.Word(), p.want.Word())
		}
	}
}

func TestFileIsWrittenWholeAndReplacedOnlyWhenAsked(t *testing.T) {
	kittest.Start(t, false)
	w := kittest.Window(t, kit.NewText("page"), fyne.NewSize(900, 600))
	dir := t.TempDir()
	file := filepath.Join(dir, "report.html")
	if err := os.WriteFile(file, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	done := ""
	kit.SaveFile(context.Background(), w, kit.FileSave{Title: "Write report", Name: "report.html",
		Write: func(_ context.Context, out io.Writer) error { _, err := out.Write([]byte("new")); return err },
		Done:  func(path string) { done = path }})
	kittest.Type(t, w, "/home/anna/report.html", file)
	kittest.Press(t, w, "Write")
	kittest.See(t, w, "is there already")
	if b, _ := os.ReadFile(file); string(b) != "mine" || done != "" {
		t.Fatalf("replaced by %q", b)
	}
	kittest.Press(t, w, "Replace the file if it is there")
	kittest.Press(t, w, "Write")
	kittest.Settle(t)
	if b, _ := os.ReadFile(file); string(b) != "new" || done != file {
		t.Errorf("holds %q, done %q", b, done)
	}
	if left, _ := filepath.Glob(filepath.Join(dir, ".write-*")); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}
