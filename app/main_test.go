package app

import (
	"os"
	"testing"
	"time"
)

// TestMain sets the zone in which sentences name times, so that tests read the
// same on every computer.
func TestMain(m *testing.M) {
	time.Local = time.UTC
	os.Exit(m.Run())
}

func TestSentencesNameTimesInTheZoneOfThisComputer(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	time.Local = berlin
	defer func() { time.Local = time.UTC }()
	for at, want := range map[string]string{"2026-11-22T23:05:00Z": "2026-11-23 00:05 CET", "2026-07-01T12:00:00Z": "2026-07-01 14:00 CEST"} {
		when, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := Moment(when); got != want {
			t.Errorf("%s is %q, want %q", at, got, want)
		}
	}
}
