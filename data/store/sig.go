package store

import (
	"context"
	"errors"
	"time"

	"secondtuesday/data"
)

var errNotBuilt = errors.New("not built yet")

type Reader struct{}
type DB struct{ Reader }

func Open(ctx context.Context, path string) (*DB, error) { return nil, errNotBuilt }
func (db *DB) Close() error                              { return errNotBuilt }
func (db *DB) Path() string                              { return "" }

func (db *DB) SaveHosts(ctx context.Context, hosts []data.Host, entry data.AuditEntry) ([]data.HostID, error) {
	return nil, errNotBuilt
}
func (db *DB) RemoveHosts(ctx context.Context, ids []data.HostID, entry data.AuditEntry) error {
	return errNotBuilt
}
func (rd Reader) Hosts(ctx context.Context) ([]data.Host, error) { return nil, errNotBuilt }
func (rd Reader) Host(ctx context.Context, id data.HostID) (data.Host, error) {
	return data.Host{}, errNotBuilt
}
func (rd Reader) HostByName(ctx context.Context, name string) (data.Host, error) {
	return data.Host{}, errNotBuilt
}
func (db *DB) SaveGroup(ctx context.Context, g data.Group, entry data.AuditEntry) (data.GroupID, error) {
	return 0, errNotBuilt
}
func (db *DB) RemoveGroup(ctx context.Context, id data.GroupID, entry data.AuditEntry) error {
	return errNotBuilt
}
func (rd Reader) Groups(ctx context.Context) ([]data.Group, error) { return nil, errNotBuilt }

func (db *DB) SaveScan(ctx context.Context, scan data.Scan, entry data.AuditEntry) (data.ScanID, error) {
	return 0, errNotBuilt
}
func (rd Reader) LatestScan(ctx context.Context, host data.HostID) (data.Scan, error) {
	return data.Scan{}, errNotBuilt
}
func (rd Reader) LatestScans(ctx context.Context) (map[data.HostID]data.Scan, error) {
	return nil, errNotBuilt
}
func (rd Reader) Evidence(ctx context.Context, scan data.ScanID) ([]data.Evidence, error) {
	return nil, errNotBuilt
}
func (rd Reader) Scans(ctx context.Context, host data.HostID, limit int) ([]data.Scan, error) {
	return nil, errNotBuilt
}
func (rd Reader) Missing(ctx context.Context, host data.HostID) ([]data.Missing, error) {
	return nil, errNotBuilt
}
func (rd Reader) EachMissing(ctx context.Context, visit func(data.Missing) error) error {
	return errNotBuilt
}
func (rd Reader) Closed(ctx context.Context, from time.Time) ([]data.Closed, error) {
	return nil, errNotBuilt
}

// KeepDue sets the deadline of closed updates: SaveScan does not know it.
func (db *DB) KeepDue(ctx context.Context, closed []data.Closed) error { return errNotBuilt }

func (db *DB) KeepVerdicts(ctx context.Context, verdicts []data.HostVerdict, points []data.Point) error {
	return errNotBuilt
}
func (rd Reader) HostVerdicts(ctx context.Context) ([]data.HostVerdict, error) {
	return nil, errNotBuilt
}
func (rd Reader) Points(ctx context.Context, from time.Time) ([]data.Point, error) {
	return nil, errNotBuilt
}

func (db *DB) SaveStandard(ctx context.Context, s data.Standard, entry data.AuditEntry) (data.StandardID, error) {
	return 0, errNotBuilt
}
func (rd Reader) Standards(ctx context.Context) ([]data.Standard, error) { return nil, errNotBuilt }
func (rd Reader) StandardAt(ctx context.Context, t time.Time) (data.Standard, error) {
	return data.Standard{}, errNotBuilt
}

func (db *DB) SaveWindow(ctx context.Context, w data.Window, entry data.AuditEntry) (data.WindowID, error) {
	return 0, errNotBuilt
}
func (db *DB) RemoveWindow(ctx context.Context, id data.WindowID, entry data.AuditEntry) error {
	return errNotBuilt
}
func (rd Reader) Windows(ctx context.Context) ([]data.Window, error) { return nil, errNotBuilt }
func (db *DB) SaveFreeze(ctx context.Context, f data.Freeze, entry data.AuditEntry) (data.FreezeID, error) {
	return 0, errNotBuilt
}
func (db *DB) RemoveFreeze(ctx context.Context, id data.FreezeID, entry data.AuditEntry) error {
	return errNotBuilt
}
func (rd Reader) Freezes(ctx context.Context) ([]data.Freeze, error) { return nil, errNotBuilt }
func (db *DB) SaveException(ctx context.Context, e data.Exception, entry data.AuditEntry) (data.ExceptionID, error) {
	return 0, errNotBuilt
}
func (rd Reader) Exceptions(ctx context.Context) ([]data.Exception, error) { return nil, errNotBuilt }

// A PlanHead is a plan without its package lists.
type PlanHead struct {
	data.Plan     // Hosts is nil
	Digest    string
	HostCount int
	Targets   int // packages changed, added or removed, over all hosts
}

func (db *DB) SavePlan(ctx context.Context, p data.Plan, entry data.AuditEntry) (data.PlanID, error) {
	return 0, errNotBuilt
}
func (db *DB) ApprovePlan(ctx context.Context, id data.PlanID, a data.Approval, entry data.AuditEntry) error {
	return errNotBuilt
}
func (rd Reader) Plans(ctx context.Context) ([]PlanHead, error) { return nil, errNotBuilt }
func (rd Reader) Plan(ctx context.Context, id data.PlanID) (data.Plan, error) {
	return data.Plan{}, errNotBuilt
}

func (db *DB) SaveRollout(ctx context.Context, r data.Rollout, runs []data.Run, entry data.AuditEntry) (data.RolloutID, error) {
	return 0, errNotBuilt
}
func (db *DB) UpdateRollout(ctx context.Context, r data.Rollout, entry data.AuditEntry) error {
	return errNotBuilt
}
func (db *DB) SaveRun(ctx context.Context, run data.Run) error { return errNotBuilt }
func (rd Reader) Rollouts(ctx context.Context) ([]data.Rollout, error) {
	return nil, errNotBuilt
}
func (rd Reader) Rollout(ctx context.Context, id data.RolloutID) (data.Rollout, error) {
	return data.Rollout{}, errNotBuilt
}
func (rd Reader) Runs(ctx context.Context, id data.RolloutID) ([]data.Run, error) {
	return nil, errNotBuilt
}
func (rd Reader) OpenRuns(ctx context.Context) ([]data.Run, error)       { return nil, errNotBuilt }
func (db *DB) AppendLog(ctx context.Context, lines []data.LogLine) error { return errNotBuilt }
func (rd Reader) Log(ctx context.Context, run data.RunID, afterID int64, limit int) (lines []data.LogLine, lastID int64, err error) {
	return nil, 0, errNotBuilt
}

func (rd Reader) Audit(ctx context.Context, limit int, before data.AuditID) ([]data.AuditEntry, error) {
	return nil, errNotBuilt
}
func (db *DB) AppendAudit(ctx context.Context, entry data.AuditEntry) error { return errNotBuilt }
func (rd Reader) VerifyAudit(ctx context.Context) (n int, err error)        { return 0, errNotBuilt }

// AuditHead returns how many entries there are and the hash of the newest.
func (rd Reader) AuditHead(ctx context.Context) (n int, hash string, err error) {
	return 0, "", errNotBuilt
}

func (rd Reader) Setting(ctx context.Context, key string) (string, error) { return "", errNotBuilt }
func (db *DB) SetSetting(ctx context.Context, key, value string) error   { return errNotBuilt }

func (db *DB) Lease(ctx context.Context, name, holder string, now time.Time, ttl time.Duration) (bool, error) {
	return false, errNotBuilt
}
func (db *DB) Release(ctx context.Context, name, holder string) error { return errNotBuilt }

// LeaseHolder returns who holds a lease and until when; "" when nobody does.
func (rd Reader) LeaseHolder(ctx context.Context, name string, now time.Time) (holder string, until time.Time, err error) {
	return "", time.Time{}, errNotBuilt
}

func (rd Reader) DataVersion(ctx context.Context) (int64, error) { return 0, errNotBuilt }
