package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"maps"
	"sync"

	"secondtuesday/data"
)

// offerID names a distinct content of an update. What is stored under it never
// changes and never goes away.
type offerID int64

// offerDigest returns the SHA-256 of all fields of u. Each text is preceded by
// its length and each list by its number, so that no two updates read the same.
func offerDigest(u data.Update) [sha256.Size]byte {
	var b []byte
	text := func(all ...string) {
		b = binary.BigEndian.AppendUint64(b, uint64(len(all)))
		for _, s := range all {
			b = binary.BigEndian.AppendUint64(b, uint64(len(s)))
			b = append(b, s...)
		}
	}
	text(u.Name, u.Arch, u.Installed, u.Available, u.Title, u.Origin)
	text(string(u.Class), string(u.Severity), string(u.Hold), u.Replaces)
	text(u.Advisories...)
	text(u.CVEs...)
	b = binary.BigEndian.AppendUint64(b, uint64(unix(u.Released)))
	b = binary.BigEndian.AppendUint64(b, uint64(u.Size))
	return sha256.Sum256(b)
}

// An offerWriter finds or makes the IDs of offers in a transaction.
type offerWriter struct {
	tx    *sql.Tx
	cache *offerCache
	found map[[sha256.Size]byte]offerID // for the cache, once committed
}

func (w *offerWriter) id(ctx context.Context, u data.Update, digest [sha256.Size]byte) (id offerID, err error) {
	if id, ok := w.cache.id(digest); ok {
		return id, nil
	}
	if id, err = w.stored(ctx, u, digest); err != nil {
		return 0, err
	}
	if w.found == nil {
		w.found = map[[sha256.Size]byte]offerID{}
	}
	w.found[digest] = id
	return id, nil
}

func (w *offerWriter) stored(ctx context.Context, u data.Update, digest [sha256.Size]byte) (id offerID, err error) {
	err = w.tx.QueryRowContext(ctx, `SELECT id FROM offers WHERE digest = ?`, digest[:]).Scan(&id)
	if !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	advisories, err1 := list(u.Advisories)
	cves, err2 := list(u.CVEs)
	if err := errors.Join(err1, err2); err != nil {
		return 0, err
	}
	return insertedID[offerID](w.tx.ExecContext(ctx, `
		INSERT INTO offers (digest, name, arch, installed, available, title, origin, class, severity, hold,
			advisories, cves, replaces, released, size)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, digest[:], u.Name, u.Arch, u.Installed, u.Available,
		u.Title, u.Origin, u.Class, u.Severity, u.Hold, advisories, cves, u.Replaces, unix(u.Released), u.Size))
}

const updateColumns = `o.name, o.arch, o.installed, o.available, o.title, o.origin, o.class, o.severity, o.hold,
	o.advisories, o.cves, o.replaces, o.released, o.size`

func updateFields(u *data.Update) []any {
	return []any{&u.Name, &u.Arch, &u.Installed, &u.Available, &u.Title, &u.Origin, &u.Class, &u.Severity, &u.Hold,
		fromList[string]{&u.Advisories}, fromList[string]{&u.CVEs}, &u.Replaces, moment{&u.Released}, &u.Size}
}

func scanUpdate(r row) (data.Update, error) {
	var u data.Update
	err := r.Scan(updateFields(&u)...)
	return u, err
}

// An offerCache keeps the offers read so far, which may be shared because they
// never change. Its size is that of the offers, not of the hosts.
type offerCache struct {
	mu   sync.Mutex
	all  map[offerID]data.Update
	upTo offerID
	few  map[offerID]data.Update // read one by one
	ids  map[[sha256.Size]byte]offerID
}

// id returns the ID of an offer that is known to be stored.
func (c *offerCache) id(digest [sha256.Size]byte) (offerID, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	id, ok := c.ids[digest]
	return id, ok
}

// keep remembers the IDs of offers that are committed.
func (c *offerCache) keep(ids map[[sha256.Size]byte]offerID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ids == nil {
		c.ids = map[[sha256.Size]byte]offerID{}
	}
	maps.Copy(c.ids, ids)
}

// one returns one offer, read from q where nobody has asked for it before:
// who wants to know about a single host need not read those of all.
func (c *offerCache) one(ctx context.Context, q querier, id offerID) (data.Update, error) {
	c.mu.Lock()
	u, ok := c.all[id]
	if !ok {
		u, ok = c.few[id]
	}
	c.mu.Unlock() // a query may wait for a connection that waits for this lock
	if ok {
		return u, nil
	}
	u, err := one(ctx, q, scanUpdate, `SELECT `+updateColumns+` FROM offers o WHERE o.id = ?`, id)
	if err != nil {
		return u, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.few == nil {
		c.few = map[offerID]data.Update{}
	}
	c.few[id] = u
	return u, nil
}

// load returns all offers that q sees. The map is the caller's to read only.
func (c *offerCache) load(ctx context.Context, q querier) (map[offerID]data.Update, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	type stored struct {
		id offerID
		u  data.Update
	}
	fresh, err := collect(ctx, q, func(r row) (s stored, err error) {
		err = r.Scan(append([]any{&s.id}, updateFields(&s.u)...)...)
		return s, err
	}, `SELECT o.id, `+updateColumns+` FROM offers o WHERE o.id > ? ORDER BY o.id`, c.upTo)
	if err != nil || len(fresh) == 0 {
		return c.all, err
	}
	// Earlier callers may still read the old map.
	all := make(map[offerID]data.Update, len(c.all)+len(fresh))
	for id, u := range c.all {
		all[id] = u
	}
	for _, s := range fresh {
		all[s.id] = s.u
	}
	c.all, c.upTo = all, fresh[len(fresh)-1].id
	return all, nil
}
