package store

import (
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"secondtuesday/data"
)

// An identity tells the updates of one host apart, whatever their versions.
type identity struct{ name, arch, replaces string }

func identityOf(u data.Update) identity { return identity{u.Name, u.Arch, u.Replaces} }

// worst is the worst class and severity of an episode so far: 1 for what is
// judged like security, and the rank of the severity.
type worst struct{ class, severity int }

func worstOf(u data.Update) worst {
	w := worst{severity: u.Severity.Rank()}
	if u.Class == data.Security || u.Class == data.ClassUnknown {
		w.class = 1
	}
	return w
}

// code is how a worst is stored.
func (w worst) code() int { return w.class*10 + w.severity }

func worstFrom(code int) worst { return worst{code / 10, code % 10} }

// join returns the worse of both, field by field.
func (w worst) join(v worst) worst {
	return worst{max(w.class, v.class), max(w.severity, v.severity)}
}

// An offering is what an episode was last offered.
type offering struct {
	class                data.Class
	installed, available string
}

// An episode is an open row of missing.
type episode struct {
	offer  offerID
	digest [sha256.Size]byte
	id     identity
	of     offering
	first  int64
	since  int64
	last   int64
	worst  worst
}

// missing returns the episode as data, with what the update is now.
func (e episode) missing(h data.HostID, u data.Update) data.Missing {
	return data.Missing{Host: h, Update: u, FirstSeen: fromUnix(e.first), Since: fromUnix(e.since), LastSeen: fromUnix(e.last)}
}

// An offered is an update of the scan with its digest.
type offered struct {
	data.Update
	digest [sha256.Size]byte
}

// seen carries an episode on to the scan at that moment. The clock restarts
// only when the update is worse than it ever was in this episode, so that a
// source which forgets a severity and remembers it again gives no new time. A
// start in the future, from a clock that was wrong, moves back to at.
func (e *episode) seen(u offered, at int64) {
	now := worstOf(u.Update)
	if e.worst.join(now) != e.worst {
		e.worst, e.since = e.worst.join(now), at
	}
	e.first, e.since = min(e.first, at), min(e.since, at)
}

// save brings the host's open episodes to what the scan offers, but for those
// that end: close does that, when their deadlines are known. It returns what is
// missing now, in the order of Missing, and what is not any more.
func (w *episodeWriter) save(ctx context.Context, s data.Scan) (missing, gone []data.Missing, err error) {
	open, err := openEpisodes(ctx, w.tx, s.Host)
	if err != nil {
		return nil, nil, err
	}
	pairs, fresh, left := match(open, distinct(s.Updates))
	missing = make([]data.Missing, 0, len(pairs)+len(fresh)+len(left))
	for _, p := range pairs {
		e, err := w.carryOn(ctx, p.episode, p.offered)
		if err != nil {
			return nil, nil, err
		}
		missing = append(missing, e.missing(s.Host, p.offered.Update))
	}
	for _, u := range fresh {
		e, err := w.open(ctx, u)
		if err != nil {
			return nil, nil, err
		}
		missing = append(missing, e.missing(s.Host, u.Update))
	}
	if err := w.flush(ctx); err != nil {
		return nil, nil, err
	}
	for _, e := range left {
		u, err := w.offers.cache.one(ctx, w.tx, e.offer)
		if err != nil {
			return nil, nil, err
		}
		if s.Trusted() {
			gone = append(gone, e.missing(s.Host, u))
		} else {
			missing = append(missing, e.missing(s.Host, u))
		}
	}
	if s.Trusted() {
		w.ended = left
	}
	slices.SortStableFunc(missing, byName)
	return missing, gone, nil
}

// byName is the order of Missing.
func byName(a, b data.Missing) int {
	return cmp.Or(cmp.Compare(a.Update.Name, b.Update.Name), cmp.Compare(a.Update.Arch, b.Update.Arch),
		cmp.Compare(a.Update.Replaces, b.Update.Replaces), cmp.Compare(a.Update.Available, b.Update.Available))
}

// distinct returns updates sorted by identity, each content once.
func distinct(updates []data.Update) []offered {
	all := make([]offered, len(updates))
	for i, u := range updates {
		u.Released = fromUnix(unix(u.Released)) // as it is stored
		all[i] = offered{u, offerDigest(u)}
	}
	slices.SortFunc(all, func(a, b offered) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Arch, b.Arch), cmp.Compare(a.Replaces, b.Replaces),
			cmp.Compare(a.Available, b.Available), slices.Compare(a.digest[:], b.digest[:]))
	})
	return slices.CompactFunc(all, func(a, b offered) bool { return a.digest == b.digest })
}

// A pair is an episode and the update that carries it on.
type pair struct {
	episode episode
	offered offered
}

// goneBy reports whether u is another update than that of e, of the same name.
// Definitions keep one name and are replaced several times a day: each is an
// update of its own once the host has taken another one. A host that takes none
// has lacked them all the while, and one that does not tell proves nothing.
func (e episode) goneBy(u offered) bool {
	return u.Class == data.Definition && e.of.class == data.Definition &&
		u.Available != e.of.available && u.Installed != e.of.installed
}

// match finds for each offered update the open episode that it carries on:
// one of the same content, else one of the same identity. Fresh updates have
// none, gone episodes no update.
func match(open []episode, updates []offered) (pairs []pair, fresh []offered, gone []episode) {
	if len(open) == 0 {
		return nil, updates, nil
	}
	byDigest := make(map[[sha256.Size]byte]episode, len(open))
	for _, e := range open {
		byDigest[e.digest] = e
	}
	var moved []offered
	pairs = make([]pair, 0, len(updates))
	for _, u := range updates {
		if e, ok := byDigest[u.digest]; ok {
			pairs = append(pairs, pair{e, u})
			delete(byDigest, u.digest)
		} else {
			moved = append(moved, u)
		}
	}
	waiting := map[identity][]episode{}
	for _, e := range open {
		if _, left := byDigest[e.digest]; left {
			waiting[e.id] = append(waiting[e.id], e)
		}
	}
	for _, u := range moved {
		id := identityOf(u.Update)
		same := waiting[id]
		if i := slices.IndexFunc(same, func(e episode) bool { return !e.goneBy(u) }); i >= 0 {
			pairs = append(pairs, pair{same[i], u})
			waiting[id] = slices.Delete(same, i, i+1)
		} else {
			fresh = append(fresh, u)
		}
	}
	for _, e := range open { // in their order
		if same := waiting[e.id]; len(same) > 0 && same[0].offer == e.offer {
			gone = append(gone, e)
			waiting[e.id] = same[1:]
		}
	}
	return pairs, fresh, gone
}

func openEpisodes(ctx context.Context, tx *sql.Tx, h data.HostID) ([]episode, error) {
	return collect(ctx, tx, func(r row) (e episode, err error) {
		var digest []byte
		var code int
		err = r.Scan(&e.offer, &digest, &e.id.name, &e.id.arch, &e.id.replaces, &e.of.class, &e.of.installed, &e.of.available, &e.first, &e.since, &e.last, &code)
		copy(e.digest[:], digest)
		e.worst = worstFrom(code)
		return e, err
	}, `
		SELECT m.offer, o.digest, o.name, o.arch, o.replaces, o.class, o.installed, o.available, m.first_seen, m.since, m.last_seen, m.worst
		FROM missing m JOIN offers o ON o.id = m.offer
		WHERE m.host = ?
		ORDER BY m.first_seen, m.offer`, h)
}

// An episodeWriter changes the episodes of one scan. What all hosts have in
// common, opening and carrying on, it collects into one statement each.
type episodeWriter struct {
	tx     *sql.Tx
	offers offerWriter
	host   data.HostID
	scan   data.ScanID
	at     int64
	opened [][2]int64 // offer and worst
	same   []offerID  // carried on with nothing new
	ended  []episode  // not offered any more
}

// open begins an episode; flush writes it.
func (w *episodeWriter) open(ctx context.Context, u offered) (episode, error) {
	offer, err := w.offers.id(ctx, u.Update, u.digest)
	e := episode{offer: offer, first: w.at, since: w.at, last: w.at, worst: worstOf(u.Update)}
	w.opened = append(w.opened, [2]int64{int64(offer), int64(e.worst.code())})
	return e, err
}

// carryOn goes on with an episode; flush writes it where nothing of it changed.
func (w *episodeWriter) carryOn(ctx context.Context, e episode, u offered) (episode, error) {
	was, offer := e, e.offer
	e.seen(u, w.at)
	if e == was && e.digest == u.digest {
		w.same = append(w.same, e.offer)
		e.last = w.at
		return e, nil
	}
	if e.digest != u.digest {
		var err error
		if offer, err = w.offers.id(ctx, u.Update, u.digest); err != nil {
			return e, err
		}
	}
	_, err := w.tx.ExecContext(ctx, `
		UPDATE missing
		SET offer = ?3, first_seen = ?4, since = ?5, last_seen = ?6, scan = ?7, worst = ?8
		WHERE host = ?1 AND offer = ?2`, w.host, e.offer, offer, e.first, e.since, w.at, w.scan, e.worst.code())
	e.last = w.at
	return e, err
}

func (w *episodeWriter) flush(ctx context.Context) error {
	if len(w.same) > 0 {
		same, err := json.Marshal(w.same)
		if err == nil {
			_, err = w.tx.ExecContext(ctx, `
				UPDATE missing SET last_seen = ?2, scan = ?3
				WHERE host = ?1 AND offer IN (SELECT value FROM json_each(?4))`, w.host, w.at, w.scan, string(same))
		}
		if err != nil {
			return err
		}
	}
	if len(w.opened) == 0 {
		return nil
	}
	opened, err := json.Marshal(w.opened)
	if err == nil {
		_, err = w.tx.ExecContext(ctx, `
			INSERT INTO missing (host, offer, first_seen, since, last_seen, scan, worst)
			SELECT ?1, value ->> 0, ?2, ?2, ?2, ?3, value ->> 1 FROM json_each(?4)`, w.host, w.at, w.scan, string(opened))
	}
	return err
}

// close ends the episodes that are left. due are their deadlines; nil: not known.
func (w *episodeWriter) close(ctx context.Context, due []time.Time) error {
	for i, e := range w.ended {
		if _, err := w.tx.ExecContext(ctx, `DELETE FROM missing WHERE host = ? AND offer = ?`, w.host, e.offer); err != nil {
			return err
		}
		var by time.Time
		if due != nil {
			by = due[i]
		}
		// A clock that was wrong must not make a latency below zero.
		_, err := w.tx.ExecContext(ctx, `
			INSERT INTO closed (host, offer, first_seen, since, closed_at, due)
			VALUES (?, ?, ?, ?, ?, ?)`, w.host, e.offer, min(e.first, w.at), min(e.since, w.at), w.at, unix(by))
		if err != nil {
			return err
		}
	}
	return nil
}

// Missing returns what one host lacks, by name. Advisories and CVEs are shared
// with other callers: do not change them.
func (rd Reader) Missing(ctx context.Context, host data.HostID) ([]data.Missing, error) {
	var episodes [][4]int64
	err := eachEpisode(ctx, rd.r, "WHERE host = ?", func(_ data.HostID, e [4]int64) error {
		episodes = append(episodes, e)
		return nil
	}, host)
	var all []data.Missing
	for _, e := range episodes {
		if err != nil {
			break
		}
		m := data.Missing{Host: host, FirstSeen: fromUnix(e[1]), Since: fromUnix(e[2]), LastSeen: fromUnix(e[3])}
		m.Update, err = rd.offers.one(ctx, rd.r, offerID(e[0]))
		all = append(all, m)
	}
	if err != nil {
		return nil, fault(fmt.Sprintf("read missing updates of host %d", host), err)
	}
	slices.SortStableFunc(all, byName)
	return all, nil
}

// MissingNamed returns the episodes of one name (a package, a KB) on all hosts
// that lack it, by host. Advisories and CVEs are shared with other callers: do
// not change them.
func (rd Reader) MissingNamed(ctx context.Context, name string) ([]data.Missing, error) {
	all, err := collect(ctx, rd.r, func(r row) (m data.Missing, err error) {
		err = r.Scan(append(updateFields(&m.Update), &m.Host, moment{&m.FirstSeen}, moment{&m.Since}, moment{&m.LastSeen})...)
		return m, err
	}, `
		SELECT `+updateColumns+`, m.host, m.first_seen, m.since, m.last_seen
		FROM missing m JOIN offers o ON o.id = m.offer
		WHERE m.offer IN (SELECT id FROM offers WHERE name = ?)
		ORDER BY m.host, o.arch, o.replaces, o.available`, name)
	return all, fault("read hosts that lack "+name, err)
}

// Closed returns the updates that scans since from have proved to be in,
// oldest first.
func (rd Reader) Closed(ctx context.Context, from time.Time) ([]data.Closed, error) {
	all, err := collect(ctx, rd.r, func(r row) (c data.Closed, err error) {
		err = r.Scan(append(updateFields(&c.Update), &c.Host, moment{&c.FirstSeen}, moment{&c.Since},
			moment{&c.ClosedAt}, moment{&c.Due})...)
		return c, err
	}, `
		SELECT `+updateColumns+`, c.host, c.first_seen, c.since, c.closed_at, c.due
		FROM closed c JOIN offers o ON o.id = c.offer
		WHERE c.closed_at >= ?
		ORDER BY c.closed_at, c.id`, unix(from))
	return all, fault("read closed updates", err)
}
