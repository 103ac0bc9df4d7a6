package app

import (
	"bytes"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"
)

func TestABuildNamesItsSource(t *testing.T) {
	info := &debug.BuildInfo{Settings: []debug.BuildSetting{
		{Key: "vcs.revision", Value: "3f6c0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b"}, {Key: "vcs.time", Value: "2026-11-10T14:00:00Z"}, {Key: "vcs.modified", Value: "true"},
	}}
	b := buildOf(info)
	if want := b.Version + " (3f6c0a1b2c3d of 2026-11-10, changed since)"; b.Version == "" || b.String() != want {
		t.Errorf("it is called %q, want %q", b, want)
	}
	if !b.Time.Equal(time.Date(2026, 11, 10, 14, 0, 0, 0, time.UTC)) || b.Go == "" || b.System == "" {
		t.Errorf("read %+v", b)
	}
	if b := buildOf(nil); b.String() != b.Version || strings.ContainsAny(b.Version, " \n") {
		t.Errorf("without git it is called %q", b)
	}
}

// TestOneVersion holds the file that fyne package reads to the one the programs show.
func TestOneVersion(t *testing.T) {
	text, err := os.ReadFile("../FyneApp.toml")
	if err != nil {
		t.Fatal(err)
	}
	release, _, _ := strings.Cut(ThisBuild().Version, "-") // it knows three numbers only
	if !strings.Contains(string(text), "\nVersion = \""+release+"\"\n") {
		t.Errorf("FyneApp.toml has another version than assets/VERSION, %s", release)
	}
}

func TestReportNamesTheProgramThatMadeIt(t *testing.T) {
	var b bytes.Buffer
	if err := WriteReport(&b, reported(t), ReportFacts{}); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "Made by Second Tuesday "+ThisBuild().Version) {
		t.Error("the report does not say which program made it")
	}
}
