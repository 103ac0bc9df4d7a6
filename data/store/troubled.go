package store

import (
	"context"
	"time"

	"secondtuesday/data"
)

// Troubled returns the runs of rollouts begun since from that failed or whose
// outcome is unknown, but for those of a host that a later run has patched,
// in the order they were given.
func (rd Reader) Troubled(ctx context.Context, from time.Time) ([]data.Run, error) {
	all, err := collect(ctx, rd.r, scanRun, `
		SELECT `+runColumns+` FROM runs r
		WHERE rollout IN (SELECT id FROM rollouts WHERE started >= ?)
		  AND json_extract(body, '$.Outcome') IN ('failed', 'unknown')
		  AND NOT EXISTS (SELECT 1 FROM runs l
			WHERE l.host = r.host AND l.id > r.id AND json_extract(l.body, '$.Outcome') = 'succeeded')
		ORDER BY id`, unix(from))
	return all, fault("read runs that failed or are unknown", err)
}

// RolledBack returns the runs of rollouts begun since from that Windows undid,
// in the opposite order to the one they were given in.
func (rd Reader) RolledBack(ctx context.Context, from time.Time) ([]data.Run, error) {
	all, err := collect(ctx, rd.r, scanRun, `
		SELECT `+runColumns+` FROM runs
		WHERE rollout IN (SELECT id FROM rollouts WHERE started >= ?)
		  AND json_array_length(body, '$.RolledBack') > 0
		ORDER BY id DESC`, unix(from))
	return all, fault("read runs that were rolled back", err)
}
