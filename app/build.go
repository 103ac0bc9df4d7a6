package app

import (
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"secondtuesday/assets"
)

// A Build says which program this is: for people who report a fault, and for
// reports that are read years later.
type Build struct {
	Version  string    // of assets/VERSION: "0.1.0", "0.1.0-dev" between releases
	Revision string    // of the source, in full; "" where it was built without git
	Time     time.Time // of that revision; zero where there is none
	Changed  bool      // the source had changes that no revision holds
	Go       string    // "go1.26.1"
	System   string    // "linux/amd64"
}

// ThisBuild returns what the running program was built from.
var ThisBuild = sync.OnceValue(func() Build {
	info, _ := debug.ReadBuildInfo()
	return buildOf(info)
})

// buildOf reads what go build writes into a program; info may be nil.
func buildOf(info *debug.BuildInfo) Build {
	b := Build{Version: strings.TrimSpace(assets.Version), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH}
	if info == nil {
		return b
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time": // 2026-11-10T14:00:00Z
			b.Time, _ = time.Parse(time.RFC3339, s.Value) // zero: not known
		case "vcs.modified":
			b.Changed = s.Value == "true"
		}
	}
	return b
}

// String names the build in a few words: "0.1.0-dev (3f6c0a1b2c3d of 2026-11-10,
// changed since)"; the version alone where nothing else is known.
func (b Build) String() string {
	if b.Revision == "" {
		return b.Version
	}
	s := b.Revision[:min(12, len(b.Revision))]
	if !b.Time.IsZero() {
		s += " of " + b.Time.UTC().Format(time.DateOnly)
	}
	if b.Changed {
		s += ", changed since"
	}
	return b.Version + " (" + s + ")"
}
