package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/remote"
)

type rolloutJSON struct {
	ID        data.RolloutID       `json:"id"`
	Plan      data.PlanID          `json:"plan"`
	PlanName  string               `json:"plan_name"`
	State     data.RolloutState    `json:"state"`
	Note      string               `json:"note,omitempty"`
	Started   time.Time            `json:"started"`
	StartedBy string               `json:"started_by"`
	Reason    string               `json:"reason,omitempty"`
	Ended     time.Time            `json:"ended,omitzero"`
	Elsewhere bool                 `json:"driven_elsewhere,omitempty"`
	DrivenBy  string               `json:"driven_by,omitempty"`
	Undriven  time.Time            `json:"not_driven_since,omitzero"`
	Safe      string               `json:"safe_to_do,omitempty"`
	Counts    map[data.Outcome]int `json:"counts"`
	Runs      []runJSON            `json:"runs,omitempty"`

	driving  app.Driving
	headline app.Headline
}

type runJSON struct {
	ID       data.RunID   `json:"id"`
	Host     string       `json:"host"`
	Ring     int          `json:"ring"`
	Step     data.Step    `json:"step"`
	Outcome  data.Outcome `json:"outcome,omitempty"`
	Detail   string       `json:"detail,omitempty"`
	Stuck    bool         `json:"looks_stuck,omitempty"` // no sign of life of its job for 30 minutes or more
	Attempt  int          `json:"attempt"`
	Started  time.Time    `json:"started,omitzero"`
	Ended    time.Time    `json:"ended,omitzero"`
	Deadline time.Time    `json:"deadline,omitzero"`
	Job      string       `json:"job,omitempty"`
	Checks   []checkJSON  `json:"checks,omitempty"`
}

type checkJSON struct {
	Name   string `json:"name"`
	After  bool   `json:"after"`
	Result string `json:"result"`
	Detail string `json:"detail,omitempty"`
}

func (inv *inventory) runJSON(r data.Run) runJSON {
	j := runJSON{
		ID: r.ID, Host: inv.hostName(r.Host), Ring: r.Ring, Step: r.Step, Outcome: r.Outcome, Detail: clean(r.Detail), Stuck: r.LooksStuck(), Attempt: r.Attempt,
		Started: r.Started, Ended: r.Ended, Deadline: r.Deadline, Job: r.Job,
	}
	for _, c := range r.Checks {
		result := string(c.Result)
		if c.Result == data.CheckUnknown {
			result = "unknown"
		}
		j.Checks = append(j.Checks, checkJSON{clean(c.Name), c.After, result, clean(c.Detail)})
	}
	return j
}

func readRolloutJSON(ctx context.Context, d *app.Desk, inv *inventory, id data.RolloutID) (rolloutJSON, error) {
	r, err := d.DB.Rollout(ctx, id)
	if err != nil {
		return rolloutJSON{}, err
	}
	p, err := d.DB.Plan(ctx, r.Plan)
	if err != nil {
		return rolloutJSON{}, err
	}
	runs, err := d.DB.Runs(ctx, id)
	if err != nil {
		return rolloutJSON{}, err
	}
	j := asRolloutJSON(r, p.Name)
	if r.Open() {
		if j.driving, err = d.Driving(ctx, r.ID); err != nil {
			return rolloutJSON{}, err
		}
	}
	j.DrivenBy, j.Undriven = clean(j.driving.Holder), j.driving.Since
	j.headline = app.HeadlineOf(r, p, runs, j.driving)
	j.Safe = j.headline.Safe
	for _, run := range runs {
		x := inv.runJSON(run)
		j.Runs = append(j.Runs, x)
		if run.Outcome != data.OutcomeNone {
			j.Counts[run.Outcome]++
		}
	}
	return j, nil
}

func asRolloutJSON(r data.Rollout, plan string) rolloutJSON {
	return rolloutJSON{
		ID: r.ID, Plan: r.Plan, PlanName: plan, State: r.State, Note: clean(r.Note), Started: r.Started, StartedBy: r.StartedBy,
		Reason: r.Reason, Ended: r.Ended, Counts: map[data.Outcome]int{},
	}
}

// code is the exit code for how the rollout stands: unknown before failed
// before waiting.
func (j rolloutJSON) code() int {
	code := j.codeBesides(nil)
	if j.State == data.RolloutStopped {
		code = worseCode(code, exitFailed)
	}
	if j.Ended.IsZero() && j.State != data.RolloutStopped {
		code = worseCode(code, exitWaiting)
	}
	return code
}

// codeBesides is code for the runs alone, without those that had ended before.
func (j rolloutJSON) codeBesides(before map[end]bool) int {
	code := exitOK
	for _, r := range j.Runs {
		if before[endOf(r)] {
			continue
		}
		switch r.Outcome {
		case data.OutcomeUnknown:
			code = worseCode(code, exitUnknown)
		case data.OutcomeFailed, data.OutcomeSkipped, data.OutcomeCancelled:
			code = worseCode(code, exitFailed)
		}
	}
	return code
}

// An end is one end of a run, which may be retried or looked up and end again.
type end struct {
	run     data.RunID
	attempt int
	at      time.Time
}

func endOf(r runJSON) end { return end{r.ID, r.Attempt, r.Ended} }

// ends returns which runs have ended. What ended during a call is told by what
// had not before it, and not by the clock, which may be set back meanwhile.
func (j rolloutJSON) ends() map[end]bool {
	ends := map[end]bool{}
	for _, r := range j.Runs {
		if r.Outcome != data.OutcomeNone {
			ends[endOf(r)] = true
		}
	}
	return ends
}

// state says where the rollout stands and, while it is open, who drives it.
func (j rolloutJSON) state() string {
	if !j.Ended.IsZero() {
		return string(j.State)
	}
	return string(j.State) + ", " + clean(j.driving.Text())
}

// word is state for a narrow cell. What nobody drives does not run.
func (j rolloutJSON) word() string {
	if j.Ended.IsZero() && j.State == data.RolloutRunning && j.driving.Holder == "" {
		return "not driven"
	}
	return string(j.State)
}

// notes says who drives the rollout, and why it waits or stopped.
func (j rolloutJSON) notes() string {
	note := capital(j.Note)
	if j.Ended.IsZero() {
		note = strings.TrimSuffix(capital(j.driving.Text())+". "+note, ". ")
	}
	return note
}

func (j rolloutJSON) print(p *page) {
	p.title("Rollout %d of plan %d %q: %s", j.ID, j.Plan, j.PlanName, j.state())
	h := j.headline
	p.line("%s", clean(h.Sentence))
	p.facts("finished", h.Finished+": "+h.FinishedNote, "not finished", h.Open+": "+h.OpenNote,
		"needs you", h.NeedsYou+": "+h.NeedsYouNote, "safe to do", h.Safe)
	p.gap()
	where := "inside windows only"
	if j.Reason != "" {
		where = "outside windows, because: " + j.Reason
	}
	p.facts("started", when(j.Started)+" by "+j.StartedBy, "ended", when(j.Ended), "runs", where)
	var rows [][]any
	for _, r := range j.Runs {
		state := string(r.Outcome)
		if state == "" {
			state = string(r.Step)
		}
		rows = append(rows, []any{r.Host, r.Ring, state, r.Attempt, dash(when(r.Started)), dash(when(r.Ended)), dash(capital(r.Detail))})
	}
	if len(rows) > 0 {
		p.table("host|ring|state|attempt|started|ended|what happened", rows)
	}
	j.printLogs(p)
}

// mostLogs is how many logs are named one by one.
const mostLogs = 5

// printLogs names the logs of the runs that did not succeed.
func (j rolloutJSON) printLogs(p *page) {
	var hosts []string
	for _, r := range j.Runs {
		if r.Outcome != data.OutcomeNone && r.Outcome != data.OutcomeSucceeded && !r.Started.IsZero() {
			hosts = append(hosts, r.Host)
		}
	}
	if len(hosts) == 0 {
		return
	}
	p.gap()
	for _, h := range hosts[:min(len(hosts), mostLogs)] {
		p.line("What became of %s, line by line: stctl rollout log %d %s", h, j.ID, h)
	}
	if n := len(hosts) - mostLogs; n > 0 {
		p.line("And so for %d more.", n)
	}
}

func (c *cli) rolloutList() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "List the rollouts, newest first", Args: nothing, Example: "  stctl rollout list",
		RunE: func(cmd *cobra.Command, _ []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			all, err := d.DB.Rollouts(cmd.Context())
			if err != nil {
				return err
			}
			list := []rolloutJSON{}
			var rows [][]any
			for _, r := range all {
				j, err := readRolloutJSON(cmd.Context(), d, inv, r.ID)
				if err != nil {
					return err
				}
				rows = append(rows, []any{j.ID, j.PlanName, j.word(), outcomesText(j), when(j.Started), dash(when(j.Ended)), dash(j.notes())})
				j.Runs = nil
				list = append(list, j)
			}
			return c.out.show(list, func(p *page) {
				if len(rows) == 0 {
					p.line("There are no rollouts yet: stctl plan make --help")
					return
				}
				p.table("rollout|plan|state|runs|started|ended|note", rows)
			})
		},
	}
}

// outcomesText sums the runs up.
func outcomesText(j rolloutJSON) string {
	var parts []string
	ended := 0
	for _, o := range []data.Outcome{data.OutcomeUnknown, data.OutcomeFailed, data.OutcomeSkipped, data.OutcomeCancelled, data.OutcomeSucceeded} {
		if n := j.Counts[o]; n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, o))
			ended += n
		}
	}
	if open := len(j.Runs) - ended; open > 0 {
		parts = append(parts, fmt.Sprintf("%d open", open))
	}
	return strings.Join(parts, ", ")
}

func (c *cli) rolloutShow() *cobra.Command {
	host := ""
	cmd := &cobra.Command{
		Use: "show ROLLOUT", Short: "Show how a rollout and its runs stand", Args: wants(1, 1, "the number of a rollout"),
		Long:    "Show how a rollout and its runs stand: first what is finished, what is not, what\nneeds you and what is safe to do now. With --host one run with its checks.\nThe exit code is 4 when a run is unknown, 3 when one failed, was skipped or\ncancelled, 6 when it is not over yet, else 0.",
		Example: "  stctl rollout show 2\n  stctl rollout show 2 --host web1",
		RunE: func(cmd *cobra.Command, args []string) error {
			if host != "" {
				return c.showRun(cmd.Context(), args[0], host)
			}
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			r, err := readRollout(cmd.Context(), d, args[0])
			if err != nil {
				return err
			}
			j, err := readRolloutJSON(cmd.Context(), d, inv, r.ID)
			if err != nil {
				return err
			}
			if err := c.out.show(j, j.print); err != nil {
				return err
			}
			return asError(j.code())
		},
	}
	cmd.Flags().StringVar(&host, "host", "", "show the run of this `HOST`, with its checks")
	return cmd
}

func (c *cli) showRun(ctx context.Context, rollout, host string) error {
	d, run, err := c.readRun(ctx, rollout, host)
	if err != nil {
		return err
	}
	inv, err := readInventory(ctx, d)
	if err != nil {
		return err
	}
	j := inv.runJSON(run)
	err = c.out.show(j, func(p *page) {
		state := string(j.Outcome)
		if state == "" {
			state = string(j.Step)
		}
		p.title("Run of %s in rollout %d: %s", j.Host, run.Rollout, state)
		p.facts("what happened", capital(j.Detail), "ring", fmt.Sprint(j.Ring), "attempt", fmt.Sprint(j.Attempt), "started", when(j.Started),
			"ended", when(j.Ended), "deadline", when(j.Deadline), "job on the host", j.Job)
		var rows [][]any
		for _, ch := range j.Checks {
			rows = append(rows, []any{map[bool]string{false: "before", true: "after"}[ch.After], ch.Name, ch.Result, dash(ch.Detail)})
		}
		if len(rows) > 0 {
			p.gap()
			p.table("check|of|result|detail", rows)
		}
	})
	if err != nil {
		return err
	}
	one := rolloutJSON{Runs: []runJSON{j}, Ended: j.Ended}
	return asError(one.code())
}

type logJSON struct {
	At   time.Time `json:"at"`
	From string    `json:"from"`
	Text string    `json:"text"`
}

func (c *cli) rolloutLog() *cobra.Command {
	return &cobra.Command{
		Use: "log ROLLOUT HOST", Short: "Print what a run wrote, on the desk and on the host", Args: wants(2, 2, "the number of a rollout and a host"),
		Example: "  stctl rollout log 2 web1",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, run, err := c.readRun(cmd.Context(), args[0], args[1])
			if err != nil {
				return err
			}
			lines, _, err := d.DB.Log(cmd.Context(), run.ID, 0, 0)
			if err != nil {
				return err
			}
			list := []logJSON{}
			for _, l := range lines {
				list = append(list, logJSON{l.At, l.From, remote.CleanText(l.Text)})
			}
			return c.out.show(list, func(p *page) {
				for _, l := range list {
					p.line("%s %-4s %s", l.At.Local().Format("2006-01-02 15:04:05"), l.From, l.Text)
				}
			})
		},
	}
}

func (c *cli) rolloutWatch() *cobra.Command {
	return &cobra.Command{
		Use: "watch ROLLOUT", Short: "Follow a rollout until it ends, whoever drives it", Args: wants(1, 1, "the number of a rollout"),
		Long:    "Follow a rollout until it ends. Watching drives nothing. With --json each change\nis one line, a run as \"stctl rollout show\" prints it, and the last line is the\nrollout. The exit code is that of \"stctl rollout show\".",
		Example: "  stctl rollout watch 2",
		RunE: func(cmd *cobra.Command, args []string) error {
			d, inv, err := c.open(cmd.Context())
			if err != nil {
				return err
			}
			r, err := readRollout(cmd.Context(), d, args[0])
			if err != nil {
				return err
			}
			return c.watch(cmd.Context(), d, inv, r.ID)
		},
	}
}

// watchPoll is the time between two looks into the workspace.
const watchPoll = 500 * time.Millisecond

func (c *cli) watch(ctx context.Context, d *app.Desk, inv *inventory, id data.RolloutID) error {
	t := newTeller(c.out, inv)
	if c.out.json {
		t.to = c.out.stdout
	}
	tick := time.NewTicker(watchPoll)
	defer tick.Stop()
	for seen := int64(-1); ; {
		version, err := d.DB.DataVersion(ctx)
		if err != nil {
			return err
		}
		if version != seen {
			seen = version
			runs, err := d.DB.Runs(ctx, id)
			if err != nil {
				return err
			}
			for _, r := range runs {
				t.tell(r)
			}
			j, err := readRolloutJSON(ctx, d, inv, id)
			if err != nil {
				return err
			}
			if !j.Ended.IsZero() {
				return c.watched(j)
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// watched prints how a rollout ended; as JSON on one line, like the changes
// before it.
func (c *cli) watched(j rolloutJSON) error {
	if c.out.json {
		c.out.printed = true
		if err := json.NewEncoder(c.out.stdout).Encode(j); err != nil {
			return fmt.Errorf("print: %w", err)
		}
	} else if err := c.out.show(j, j.print); err != nil {
		return err
	}
	return asError(j.code())
}

// A teller tells of runs as they change: a line for people on stderr, or JSON
// lines. It may be used by several goroutines.
type teller struct {
	mu   sync.Mutex
	out  *output
	inv  *inventory
	to   io.Writer // JSON lines go here; nil: none
	last map[data.RunID]string
}

func newTeller(o *output, inv *inventory) *teller {
	return &teller{out: o, inv: inv, last: map[data.RunID]string{}}
}

func (t *teller) tell(r data.Run) {
	j := t.inv.runJSON(r)
	word := string(j.Step)
	if j.Outcome != data.OutcomeNone {
		word = string(j.Outcome)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	state := fmt.Sprint(word, "|", j.Detail, "|", j.Attempt)
	if t.last[r.ID] == state {
		return
	}
	t.last[r.ID] = state
	if t.to != nil {
		_ = json.NewEncoder(t.to).Encode(j) // the next line fails as well and ends the watch
		return
	}
	if j.Detail != "" {
		word += ": " + j.Detail
	}
	t.out.note("%s  %s: %s", time.Now().Format("15:04:05"), j.Host, word)
}
