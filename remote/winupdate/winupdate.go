// Package winupdate knows Windows Update: what to ask a host, what the answers
// mean, and how exact updates are brought in. Nearly all of it is done by a
// script that runs as SYSTEM in a scheduled task, because Windows denies a
// network logon much of the interface, and since Server 2025 all of it. It
// judges nothing.
package winupdate

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// Platform is Windows Update on a host that is reached by a session. Its zero
// value is ready.
type Platform struct {
	// Poll is the pause between two looks at a scan, at first; it grows to ten
	// times that. 0 means half a second.
	Poll time.Duration
}

// Name returns data.WindowsUpdate.
func (Platform) Name() data.Platform { return data.WindowsUpdate }

// LooksCost reports true: each look at a job starts a PowerShell on the host.
func (Platform) LooksCost() bool { return true }

// The scripts, as they are sent. task.ps1 is started by load.ps1, which is the
// command line of the task that start.ps1 registers.
var (
	//go:embed start.ps1
	startScript string
	//go:embed load.ps1
	loadScript string
	//go:embed task.ps1
	taskScript string
	//go:embed look.ps1
	lookScript string
	//go:embed cancel.ps1
	cancelScript string
	//go:embed forget.ps1
	forgetScript string
	//go:embed alive.ps1
	aliveScript string
	//go:embed reboot.ps1
	rebootScript string
	//go:embed check.ps1
	checkScript string
	//go:embed rights.ps1
	rightsScript string
)

// ask runs a script and reads the JSON it prints into v.
func ask(ctx context.Context, s remote.Session, c remote.Command, v any) error {
	out, err := s.Run(ctx, c)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(out.Stdout, v); err != nil {
		return fmt.Errorf("%s: %w: %w: %q", c.Name, remote.ErrGarbage, err, clip(string(out.Stdout)))
	}
	return nil
}

// A list is an array in JSON. PowerShell 5.1 also writes one as {"value": […],
// "Count": 2}, and an empty or single one as null or its element.
type list[T any] []T

// UnmarshalJSON implements json.Unmarshaler.
func (l *list[T]) UnmarshalJSON(b []byte) error {
	text := strings.TrimSpace(string(b))
	if text == "null" {
		return nil
	}
	if strings.HasPrefix(text, "{") {
		var wrapped struct {
			Value *[]T `json:"value"`
			Count *int `json:"Count"`
		}
		if err := json.Unmarshal(b, &wrapped); err == nil && wrapped.Value != nil && wrapped.Count != nil {
			*l = *wrapped.Value
			return nil
		}
	}
	if !strings.HasPrefix(text, "[") {
		var one T
		if err := json.Unmarshal(b, &one); err != nil {
			return err
		}
		*l = list[T]{one}
		return nil
	}
	var all []T
	if err := json.Unmarshal(b, &all); err != nil {
		return err
	}
	*l = all
	return nil
}

// moment reads "2026-11-23T03:20:55Z"; zero where there is none.
func moment(s string) time.Time {
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}
