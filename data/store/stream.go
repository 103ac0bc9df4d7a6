package store

import (
	"context"
	"database/sql"
	"fmt"

	"secondtuesday/data"
)

// EachMissing visits what all hosts lack, host by host in the order of their
// IDs, at one moment of the workspace. It stops at the first error of visit
// and returns it as it is. Advisories and CVEs are shared between hosts and
// callers: do not change them.
func (rd Reader) EachMissing(ctx context.Context, visit func(data.Missing) error) error {
	var stop error
	err := inTx(ctx, rd.r, func(tx *sql.Tx) error {
		offers, err := rd.offers.load(ctx, tx)
		if err != nil {
			return err
		}
		return eachEpisode(ctx, tx, "", func(host data.HostID, e [4]int64) error {
			u, known := offers[offerID(e[0])]
			if !known {
				return fmt.Errorf("%w: host %d lacks update %d, which is not stored", ErrCorrupt, host, e[0])
			}
			stop = visit(data.Missing{Host: host, Update: u,
				FirstSeen: fromUnix(e[1]), Since: fromUnix(e[2]), LastSeen: fromUnix(e[3])})
			return stop
		})
	})
	if stop != nil {
		return stop
	}
	return fault("read missing updates", err)
}

// eachEpisode visits open episodes, those that where leaves or all: offer,
// first seen, since, last seen.
//
// SQLite writes the episodes of a host into one text, and Go reads the numbers
// out of it: a million rows cross over as ten thousand, in less than half the
// time.
func eachEpisode(ctx context.Context, q querier, where string, visit func(data.HostID, [4]int64) error, args ...any) error {
	rows, err := q.QueryContext(ctx, `
		SELECT host, group_concat(offer || ' ' || first_seen || ' ' || since || ' ' || last_seen, ' ')
		FROM missing `+where+`
		GROUP BY host
		ORDER BY host`, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var host data.HostID
		var text sql.RawBytes
		if err := rows.Scan(&host, &text); err != nil {
			return err
		}
		for len(text) > 0 {
			var e [4]int64
			for i := range e {
				e[i], text = nextNumber(text)
			}
			if err := visit(host, e); err != nil {
				return err
			}
		}
	}
	return rows.Err()
}

// nextNumber returns the number that text, written by SQLite, begins with, and
// what follows the space after it.
func nextNumber(text []byte) (n int64, rest []byte) {
	negative := len(text) > 0 && text[0] == '-'
	if negative {
		text = text[1:]
	}
	for i, c := range text {
		if c == ' ' {
			rest = text[i+1:]
			break
		}
		n = n*10 + int64(c-'0')
	}
	if negative {
		n = -n
	}
	return n, rest
}
