package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"secondtuesday/data"
)

// A PlanHead is a plan without its hosts.
type PlanHead struct {
	data.Plan        // Hosts and LeftOut are nil
	Digest    string // of the whole plan; hides the method, which would give that of the head
	HostCount int
	Targets   int // packages to upgrade, add or remove, over all hosts
}

// SavePlan stores a new plan with its digest, whatever p.ID says. From then on
// it cannot be changed or removed. It is stored unapproved, whatever p.Approved
// says: ApprovePlan does that.
func (db *DB) SavePlan(ctx context.Context, p data.Plan, entry data.AuditEntry) (id data.PlanID, err error) {
	op := fmt.Sprintf("save plan %q", p.Name)
	name := p.Name
	p.ID, p.Name, p.Approved = 0, "", data.Approval{}
	p.Created = fromUnix(unix(p.Created))
	body, err1 := json.Marshal(p)
	sum, hosts, targets := p.Digest(), len(p.Hosts), countTargets(p)
	p.Hosts, p.LeftOut = nil, nil
	head, err2 := json.Marshal(p)
	if err := errors.Join(err1, err2); err != nil {
		return 0, fault(op, err)
	}
	err = db.change(ctx, op, entry, func(tx *sql.Tx) error {
		id, err = insertedID[data.PlanID](tx.ExecContext(ctx, `
			INSERT INTO plans (name, created, created_by, head, body, digest, hosts, targets)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			name, unix(p.Created), p.CreatedBy, string(head), string(body), sum, hosts, targets))
		return err
	})
	return id, err
}

func countTargets(p data.Plan) (n int) {
	for _, h := range p.Hosts {
		n += len(h.Changes.Upgrade) + len(h.Changes.Add) + len(h.Changes.Remove)
	}
	return n
}

// ApprovePlan records the approval of a plan, which must have a person and a
// time. A plan that is approved already is an ErrConflict, one that is not
// what was stored an ErrCorrupt.
func (db *DB) ApprovePlan(ctx context.Context, id data.PlanID, a data.Approval, entry data.AuditEntry) error {
	return db.change(ctx, fmt.Sprintf("approve plan %d", id), entry, func(tx *sql.Tx) error {
		if a.By == "" || a.At.IsZero() {
			return errors.New("an approval needs a person and a time")
		}
		p, err := readPlan(ctx, tx, id)
		if err != nil {
			return err
		}
		if !p.Approved.At.IsZero() {
			return fmt.Errorf("%w: %s has approved it already", ErrConflict, p.Approved.By)
		}
		return mustTouch(tx.ExecContext(ctx, `
			UPDATE plans SET approved_role = ?, approved_by = ?, approved_at = ?, approved_note = ? WHERE id = ?`,
			a.Role, a.By, unix(a.At), a.Note, id))
	})
}

// WithdrawApproval takes the approval of a plan back. It is an ErrConflict when
// the plan is not approved, or when a rollout of it is under way: that is
// cancelled instead.
func (db *DB) WithdrawApproval(ctx context.Context, id data.PlanID, entry data.AuditEntry) error {
	return db.change(ctx, fmt.Sprintf("withdraw approval of plan %d", id), entry, func(tx *sql.Tx) error {
		if _, err := readPlan(ctx, tx, id); err != nil {
			return err
		}
		if err := mayRollOut(ctx, tx, data.Rollout{Plan: id}); err != nil {
			return err
		}
		return mustTouch(tx.ExecContext(ctx, `
			UPDATE plans SET approved_role = '', approved_by = '', approved_at = 0, approved_note = '' WHERE id = ?`, id))
	})
}

// Plans returns the heads of all plans, newest first.
func (rd Reader) Plans(ctx context.Context) ([]PlanHead, error) {
	all, err := collect(ctx, rd.r, func(r row) (h PlanHead, err error) {
		var body string
		var p data.Plan
		if err := r.Scan(append(planFields(&p), &body, &h.Digest, &h.HostCount, &h.Targets)...); err != nil {
			return h, err
		}
		h.Plan, err = planOf(p, body)
		return h, err
	}, `SELECT `+planColumns+`, head, digest, hosts, targets FROM plans ORDER BY id DESC`)
	return all, fault("read plans", err)
}

// Plan returns a whole plan. One whose body no longer gives the digest it was
// stored with is an ErrCorrupt.
func (rd Reader) Plan(ctx context.Context, id data.PlanID) (data.Plan, error) {
	p, err := readPlan(ctx, rd.r, id)
	return p, fault(fmt.Sprintf("read plan %d", id), err)
}

const planColumns = `id, name, approved_role, approved_by, approved_at, approved_note`

func planFields(p *data.Plan) []any {
	return []any{&p.ID, &p.Name, &p.Approved.Role, &p.Approved.By, moment{&p.Approved.At}, &p.Approved.Note}
}

// planOf returns the plan in body with what is stored beside it.
func planOf(beside data.Plan, body string) (data.Plan, error) {
	var p data.Plan
	err := unjson([]byte(body), &p)
	p.ID, p.Name, p.Approved = beside.ID, beside.Name, beside.Approved
	return p, err
}

func readPlan(ctx context.Context, q querier, id data.PlanID) (data.Plan, error) {
	return one(ctx, q, func(r row) (data.Plan, error) {
		var beside data.Plan
		var body, sum string
		if err := r.Scan(append(planFields(&beside), &body, &sum)...); err != nil {
			return data.Plan{}, err
		}
		p, err := planOf(beside, body)
		if err != nil {
			return data.Plan{}, err
		}
		if p.Digest() != sum {
			return data.Plan{}, fmt.Errorf("%w: the plan is not the one that was stored", ErrCorrupt)
		}
		return p, nil
	}, `SELECT `+planColumns+`, body, digest FROM plans WHERE id = ?`, id)
}
