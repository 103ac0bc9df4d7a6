package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"secondtuesday/data"
)

// SaveRollout stores a new rollout with its runs, whatever their IDs say, and
// returns its ID; Runs has those of the runs. It is an ErrConflict when a
// rollout of the same plan is open, when a host is in it twice, or when the
// plan is not approved and no reason says why it goes on all the same.
func (db *DB) SaveRollout(ctx context.Context, r data.Rollout, runs []data.Run, entry data.AuditEntry) (id data.RolloutID, err error) {
	op := fmt.Sprintf("save rollout of plan %d", r.Plan)
	err = db.change(ctx, op, entry, func(tx *sql.Tx) error {
		if err := mayRollOut(ctx, tx, r); err != nil {
			return err
		}
		id, err = insertedID[data.RolloutID](tx.ExecContext(ctx, `
			INSERT INTO rollouts (plan, started, started_by, reason, ended, resumed, state, note)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			r.Plan, unix(r.Started), r.StartedBy, r.Reason, unix(r.Ended), unix(r.Resumed), r.State, r.Note))
		if err != nil {
			return err
		}
		return insertRuns(ctx, tx, id, runs)
	})
	return id, err
}

func mayRollOut(ctx context.Context, tx *sql.Tx, r data.Rollout) error {
	var approved bool
	err := tx.QueryRowContext(ctx, `SELECT approved_at <> 0 FROM plans WHERE id = ?`, r.Plan).Scan(&approved)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case err != nil:
		return err
	case !approved && r.Reason == "":
		return fmt.Errorf("%w: the plan is not approved", ErrConflict)
	}
	var other data.RolloutID
	err = tx.QueryRowContext(ctx, `SELECT id FROM rollouts WHERE plan = ? AND ended = 0`, r.Plan).Scan(&other)
	if err == nil {
		return fmt.Errorf("%w: rollout %d of the plan has not ended", ErrConflict, other)
	}
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	return err
}

func insertRuns(ctx context.Context, tx *sql.Tx, id data.RolloutID, runs []data.Run) error {
	put, err := tx.PrepareContext(ctx, `
		INSERT INTO runs (rollout, host, step, attempt, body) VALUES (?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	for _, r := range runs {
		body, err := runBody(r)
		if err != nil {
			return err
		}
		if _, err := put.ExecContext(ctx, id, r.Host, r.Step, r.Attempt, body); err != nil {
			return fmt.Errorf("run of host %d: %w", r.Host, err)
		}
	}
	return nil
}

// runBody returns r as it is stored, its times in UTC. ID, Rollout and Host
// have columns.
func runBody(r data.Run) (string, error) {
	r.ID, r.Rollout, r.Host = 0, 0, 0
	for _, t := range []*time.Time{&r.Started, &r.Ended, &r.Deadline, &r.RebootAsked, &r.JobBegan} {
		*t = fromUnix(unix(*t))
	}
	b, err := json.Marshal(r)
	return string(b), err
}

// UpdateRollout changes state, end, resumption and note of a rollout from was
// to now, and saves the runs that change with it, in one transaction. When the
// rollout is not as it was any more, because somebody else was quicker, that is
// an ErrConflict and nothing changes.
func (db *DB) UpdateRollout(ctx context.Context, was, now data.Rollout, entry data.AuditEntry, runs ...data.Run) error {
	return db.change(ctx, fmt.Sprintf("update rollout %d", now.ID), entry, func(tx *sql.Tx) error {
		have, err := readRollout(ctx, tx, now.ID)
		if err != nil {
			return err
		}
		if have.State != was.State || unix(have.Ended) != unix(was.Ended) || unix(have.Resumed) != unix(was.Resumed) {
			return fmt.Errorf("%w: it is %s by now", ErrConflict, have.State)
		}
		_, err = tx.ExecContext(ctx, `UPDATE rollouts SET ended = ?, resumed = ?, state = ?, note = ? WHERE id = ?`,
			unix(now.Ended), unix(now.Resumed), now.State, now.Note, now.ID)
		for _, run := range runs {
			if err == nil {
				err = putRun(ctx, tx, run)
			}
		}
		return err
	})
}

// SaveRun stores how far a run has come, with an audit entry where that is worth
// one: both are on the disk when SaveRun returns, or neither. A run that has
// ended goes on only as a later attempt, and no attempt replaces a later one:
// that is an ErrConflict.
func (db *DB) SaveRun(ctx context.Context, run data.Run, entries ...data.AuditEntry) error {
	return db.write(ctx, fmt.Sprintf("save run %d", run.ID), func(tx *sql.Tx) error { return putRun(ctx, tx, run) }, entries...)
}

// A Lease names a lease and who has it.
type Lease struct{ Name, Holder string }

// SaveLeasedRun is SaveRun for the holder of a lease. It is an ErrConflict when
// somebody else holds it by now: one that slept must not write over the work
// of the one that took its place.
func (db *DB) SaveLeasedRun(ctx context.Context, run data.Run, l Lease, entries ...data.AuditEntry) error {
	return db.write(ctx, fmt.Sprintf("save run %d", run.ID), func(tx *sql.Tx) error {
		var other string
		err := tx.QueryRowContext(ctx, `SELECT holder FROM leases WHERE name = ? AND holder <> ?`, l.Name, l.Holder).Scan(&other)
		if err == nil {
			return fmt.Errorf("%w: %s has taken it over", ErrConflict, other)
		}
		if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return putRun(ctx, tx, run)
	}, entries...)
}

func putRun(ctx context.Context, tx *sql.Tx, run data.Run) error {
	body, err := runBody(run)
	if err != nil {
		return err
	}
	var step data.Step
	var attempt int
	err = tx.QueryRowContext(ctx, `SELECT step, attempt FROM runs WHERE id = ?`, run.ID).Scan(&step, &attempt)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrNotFound
	case err != nil:
		return err
	case run.Attempt < attempt:
		return fmt.Errorf("%w: attempt %d has begun", ErrConflict, attempt)
	case step == data.StepEnded && run.Step != data.StepEnded && run.Attempt == attempt:
		return fmt.Errorf("%w: attempt %d has ended", ErrConflict, attempt)
	}
	_, err = tx.ExecContext(ctx, `UPDATE runs SET step = ?, attempt = ?, body = ? WHERE id = ?`,
		run.Step, run.Attempt, body, run.ID)
	return err
}

const rolloutColumns = `id, plan, started, started_by, reason, ended, resumed, state, note`

func scanRollout(r row) (data.Rollout, error) {
	var o data.Rollout
	err := r.Scan(&o.ID, &o.Plan, moment{&o.Started}, &o.StartedBy, &o.Reason, moment{&o.Ended}, moment{&o.Resumed},
		&o.State, &o.Note)
	return o, err
}

// Rollouts returns all rollouts, newest first.
func (rd Reader) Rollouts(ctx context.Context) ([]data.Rollout, error) {
	all, err := collect(ctx, rd.r, scanRollout, `SELECT `+rolloutColumns+` FROM rollouts ORDER BY id DESC`)
	return all, fault("read rollouts", err)
}

// Rollout returns one rollout.
func (rd Reader) Rollout(ctx context.Context, id data.RolloutID) (data.Rollout, error) {
	r, err := readRollout(ctx, rd.r, id)
	return r, fault(fmt.Sprintf("read rollout %d", id), err)
}

func readRollout(ctx context.Context, q querier, id data.RolloutID) (data.Rollout, error) {
	return one(ctx, q, scanRollout, `SELECT `+rolloutColumns+` FROM rollouts WHERE id = ?`, id)
}

const runColumns = `id, rollout, host, body`

func scanRun(r row) (data.Run, error) {
	var run data.Run
	var id data.RunID
	var rollout data.RolloutID
	var host data.HostID
	var body string
	if err := r.Scan(&id, &rollout, &host, &body); err != nil {
		return run, err
	}
	err := unjson([]byte(body), &run)
	run.ID, run.Rollout, run.Host = id, rollout, host
	return run, err
}

// Runs returns the runs of a rollout in the order they were given.
func (rd Reader) Runs(ctx context.Context, id data.RolloutID) ([]data.Run, error) {
	all, err := collect(ctx, rd.r, scanRun, `SELECT `+runColumns+` FROM runs WHERE rollout = ? ORDER BY id`, id)
	return all, fault(fmt.Sprintf("read runs of rollout %d", id), err)
}

// OpenRuns returns the runs of all rollouts that have not ended.
func (rd Reader) OpenRuns(ctx context.Context) ([]data.Run, error) {
	all, err := collect(ctx, rd.r, scanRun, `SELECT `+runColumns+` FROM runs WHERE step <> 'ended' ORDER BY id`)
	return all, fault("read open runs", err)
}

// AppendLog appends lines to the logs of their runs.
func (db *DB) AppendLog(ctx context.Context, lines []data.LogLine) error {
	if len(lines) == 0 {
		return nil
	}
	return fault("append to log", inTx(ctx, db.w, func(tx *sql.Tx) error {
		put, err := tx.PrepareContext(ctx, `INSERT INTO log (run, at, from_source, text) VALUES (?, ?, ?, ?)`)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if _, err := put.ExecContext(ctx, l.Run, unix(l.At), l.From, l.Text); err != nil {
				return err
			}
		}
		return nil
	}))
}

// Log returns up to limit lines of a run that were appended after the line
// afterID, oldest first, and the ID of the last one to ask on from; that is
// afterID when there is none. A limit of 0 means all.
func (rd Reader) Log(ctx context.Context, run data.RunID, afterID int64, limit int) (lines []data.LogLine, lastID int64, err error) {
	lastID = afterID
	lines, err = collect(ctx, rd.r, func(r row) (l data.LogLine, err error) {
		l.Run = run
		err = r.Scan(&lastID, moment{&l.At}, &l.From, &l.Text)
		return l, err
	}, `SELECT id, at, from_source, text FROM log WHERE run = ? AND id > ? ORDER BY id LIMIT ?`,
		run, afterID, limitOf(limit))
	return lines, lastID, fault(fmt.Sprintf("read log of run %d", run), err)
}

// A Tally counts the runs of a rollout: those that ended by outcome, those
// under way, and those not begun.
type Tally struct {
	Outcomes map[data.Outcome]int // of ended runs and unknown ones; no zeros
	Active   int
	Queued   int
}

// All returns how many runs there are.
func (t Tally) All() int {
	n := t.Active + t.Queued
	for _, c := range t.Outcomes {
		n += c
	}
	return n
}

// Tallies returns the counts of every rollout's runs.
func (rd Reader) Tallies(ctx context.Context) (map[data.RolloutID]Tally, error) {
	type part struct {
		rollout data.RolloutID
		outcome data.Outcome
		step    data.Step
		n       int
	}
	parts, err := collect(ctx, rd.r, func(r row) (p part, err error) {
		err = r.Scan(&p.rollout, &p.outcome, &p.step, &p.n)
		return p, err
	}, `SELECT rollout, coalesce(json_extract(body, '$.Outcome'), '') AS outcome, step, count(*)
		FROM runs GROUP BY rollout, outcome, step`)
	m := map[data.RolloutID]Tally{}
	for _, p := range parts {
		t := m[p.rollout]
		switch {
		case p.outcome != data.OutcomeNone:
			if t.Outcomes == nil {
				t.Outcomes = map[data.Outcome]int{}
			}
			t.Outcomes[p.outcome] += p.n
		case p.step == data.StepQueued:
			t.Queued += p.n
		default:
			t.Active += p.n
		}
		m[p.rollout] = t
	}
	return m, fault("read tallies of rollouts", err)
}
