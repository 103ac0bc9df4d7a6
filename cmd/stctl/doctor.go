package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/app/explain"
	"secondtuesday/data"
	"secondtuesday/remote"
)

// doctorJSON is what a check of a host found.
type doctorJSON struct {
	Host     string        `json:"host"`
	Sound    bool          `json:"sound"` // every step passed, but for warnings
	Findings []findingJSON `json:"findings"`
	Record   string        `json:"record,omitempty"` // the transcript's file
}

type findingJSON struct {
	Name   string           `json:"name"`
	Result data.CheckResult `json:"result"` // "passed", "warning", "failed" or "not tried"
	Detail string           `json:"detail"`
	Mend   string           `json:"mend,omitempty"` // what to do; may have several lines
}

func (c *cli) doctorCommand() *cobra.Command {
	record := ""
	cmd := &cobra.Command{
		Use: "doctor HOST", Short: "Check step by step what a host needs, and say how to mend it", Args: wants(1, 1, "the name of a host"),
		Long: `Walk the way to a host step by step: name, port, host key or certificate, login
(one try), rights, update system, disk, clock, locks, update source; on Windows
also PowerShell's policy and a scheduled task. It stops where the next step makes
no sense, and says how to mend what is in the way.

Nothing is changed on the host. On Windows a probe task is made and removed again,
which also asks the host's update source; that can take minutes.

--record writes the conversation into a file (mode 0600; a file that is there is
not touched): for each command its name, the digest of the script, arguments,
output, exit status and times; for WinRM also kinds of messages and HTTP statuses.
Passwords, tokens and user info of addresses are taken out. Read it before you
send it to anybody: the names of your hosts and updates are in it.

The exit code is 3 when a step failed.`,
		Example: "  stctl doctor web1\n  stctl doctor win1 --record win1.jsonl\n  stctl doctor web1 --json",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			h, err := inv.host(args[0])
			if err != nil {
				return err
			}
			return c.doctor(cmd.Context(), d, h, record)
		},
	}
	cmd.Flags().StringVar(&record, "record", "", "write the conversation into this `FILE`, without secrets")
	return cmd
}

func (c *cli) doctor(ctx context.Context, d *app.Desk, h data.Host, record string) (err error) {
	note := func(app.Finding) {}
	if record != "" {
		file, err := remote.CreateTranscript(record)
		if errors.Is(err, os.ErrExist) {
			return &refusal{title: "File is there already", text: record + " is there already, and a transcript overwrites nothing", next: "Give another name with --record."}
		}
		if err != nil {
			return err
		}
		recorder := remote.NewRecorder(d.Dialer, c.office.Secrets, file)
		before := d.Dialer
		d.Dialer = recorder
		defer func() {
			d.Dialer = before
			err = errors.Join(err, recorder.Err(), file.Close())
		}()
		recorder.Note("program", app.ThisBuild().String())
		note = func(f app.Finding) {
			if b, err := json.Marshal(asFindingJSON(f)); err == nil { // it holds strings only
				recorder.Note("finding", string(b))
			}
		}
	}
	j := doctorJSON{Host: h.Name, Sound: true, Findings: []findingJSON{}, Record: record}
	err = d.Doctor(ctx, h, func(f app.Finding) {
		if f.Result == app.Looking {
			if c.out.errTerminal {
				c.out.note("Looking at %s: %s …", h.Name, f.Name)
			}
			return
		}
		note(f)
		j.Findings = append(j.Findings, asFindingJSON(f))
		j.Sound = j.Sound && app.Passes(f)
	})
	if err != nil {
		return err
	}
	return c.examined(j)
}

// asFindingJSON falls back to the general words of an error where the step
// knows nothing better to do.
func asFindingJSON(f app.Finding) findingJSON {
	j := findingJSON{Name: f.Name, Result: f.Result, Detail: clean(f.Detail), Mend: remote.CleanText(f.Mend)}
	if j.Mend == "" && f.Err != nil {
		j.Mend = clean(explain.Of(f.Err).Next)
	}
	return j
}

// examined prints the findings and sets the exit code.
func (c *cli) examined(j doctorJSON) error {
	code := exitOK
	if !j.Sound {
		code = exitFailed
	}
	err := c.out.show(j, func(p *page) {
		if c.out.quiet && j.Sound {
			return
		}
		var rows [][]any
		for _, f := range j.Findings {
			rows = append(rows, []any{f.Name, string(f.Result), f.Detail})
		}
		p.table("step|result|what was found", rows)
		for _, f := range j.Findings {
			if f.Mend != "" && f.Result != data.CheckPassed {
				p.title("To mend: %s", f.Name)
				for _, line := range strings.Split(f.Mend, "\n") {
					p.line("%s", line)
				}
			}
		}
		p.gap()
		if j.Sound {
			p.line("%s can be scanned and patched.", j.Host)
		} else {
			p.line("Mend the first step that failed, then check again: stctl doctor %s", j.Host)
		}
		if j.Record != "" {
			p.line("The conversation is in %s.", j.Record)
		}
	})
	if err != nil {
		return err
	}
	return asError(code)
}
