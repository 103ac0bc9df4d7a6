package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"secondtuesday/data"
)

// day is a moment the tests count from.
var day = time.Date(2026, 11, 10, 12, 0, 0, 0, time.UTC)

// entry is an audit entry for a change the test is not about.
func entry(verb string) data.AuditEntry {
	return data.AuditEntry{At: day, By: "anna@desk1", Verb: verb, What: "a test"}
}

// newDB opens a new workspace in a folder whose name must be escaped in a URL.
func newDB(t testing.TB) *DB {
	t.Helper()
	return openDB(t, filepath.Join(t.TempDir(), "a 100% ?#é.db"))
}

func openDB(t testing.TB, path string) *DB {
	t.Helper()
	db, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantErr(t testing.TB, err, kind error, words ...string) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Errorf("err = %v, want kind %v", err, kind)
	}
	for _, w := range words {
		if err != nil && !strings.Contains(err.Error(), w) {
			t.Errorf("err = %v, want it to say %q", err, w)
		}
	}
}

// addHost stores a host of the name.
func addHost(t testing.TB, db *DB, name string) data.HostID {
	t.Helper()
	return must(db.SaveHosts(t.Context(), []data.Host{{Name: name, Reach: data.ReachSSH, Exposure: data.Internal}},
		entry("host added")))(t)[0]
}

// raw opens the file of db as somebody with the sqlite3 program would.
func raw(t testing.TB, db *DB) *sql.DB {
	t.Helper()
	s, err := sql.Open("sqlite3", "file:"+escape(db.Path()))
	ok(t, err)
	t.Cleanup(func() { s.Close() })
	return s
}

func escape(path string) string {
	return strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
}

func TestWorkspaceComesBackAfterClose(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	db := openDB(t, path)
	id := addHost(t, db, "web1")
	ok(t, db.Close())
	db = openDB(t, path)
	if h := must(db.Host(t.Context(), id))(t); h.Name != "web1" {
		t.Errorf("host = %+v", h)
	}
	fi, err := os.Stat(path)
	ok(t, err)
	if fi.Mode().Perm() != 0o600 {
		t.Errorf("mode = %v, want only the owner to read it", fi.Mode())
	}
	if left, _ := filepath.Glob(path + "*backup*"); len(left) != 0 {
		t.Errorf("a workspace that needed no migration was copied: %v", left)
	}
}

func TestPragmasHoldOnEveryConnection(t *testing.T) {
	db := newDB(t)
	for name, h := range map[string]*sql.DB{"reader": db.r, "writer": db.w} {
		for range 3 { // kept until the end, so that each is a new connection
			if name == "reader" {
				c := must(h.Conn(t.Context()))(t)
				defer c.Close()
				checkPragmas(t, name, c)
			} else {
				checkPragmas(t, name, h)
			}
		}
	}
	var full int
	ok(t, db.w.QueryRow(`PRAGMA synchronous`).Scan(&full))
	if full != 2 {
		t.Errorf("writer: synchronous = %d, want 2 (full)", full)
	}
}

func checkPragmas(t *testing.T, name string, q querier) {
	t.Helper()
	var keys, busy int
	var mode string
	ok(t, q.QueryRowContext(t.Context(), `PRAGMA foreign_keys`).Scan(&keys))
	ok(t, q.QueryRowContext(t.Context(), `PRAGMA busy_timeout`).Scan(&busy))
	ok(t, q.QueryRowContext(t.Context(), `PRAGMA journal_mode`).Scan(&mode))
	if keys != 1 || busy != 10000 || mode != "wal" {
		t.Errorf("%s: foreign_keys = %d, busy_timeout = %d, journal_mode = %s", name, keys, busy, mode)
	}
}

func TestForeignKeysHold(t *testing.T) {
	db := newDB(t)
	_, err := db.w.Exec(`INSERT INTO points VALUES (1, 99, 'unknown', 0, 0)`)
	if err == nil || !strings.Contains(err.Error(), "FOREIGN KEY") {
		t.Errorf("point of an unknown host: err = %v", err)
	}
}

func TestReaderCannotWrite(t *testing.T) {
	db := newDB(t)
	_, err := db.r.Exec(`INSERT INTO settings VALUES ('a', 'b')`)
	if err == nil || !strings.Contains(err.Error(), "readonly") {
		t.Errorf("the reader wrote: err = %v", err)
	}
	if v := must(db.Setting(t.Context(), "a"))(t); v != "" {
		t.Errorf("setting = %q", v)
	}
}

// refused opens a file that must be refused, and left as it is.
func refused(t *testing.T, path string, kind error) {
	t.Helper()
	before := must(os.ReadFile(path))(t)
	folder := must(os.ReadDir(filepath.Dir(path)))(t)
	db, err := Open(t.Context(), path)
	if err == nil {
		db.Close()
	}
	wantErr(t, err, kind, path)
	if !bytes.Equal(before, must(os.ReadFile(path))(t)) {
		t.Error("the file was changed")
	}
	if now := must(os.ReadDir(filepath.Dir(path)))(t); len(now) != len(folder) {
		t.Errorf("files were left beside it: %v", now)
	}
}

func TestForeignFilesAreRefusedUntouched(t *testing.T) {
	t.Run("another program's database", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "other.db")
		other := must(sql.Open("sqlite3", path))(t)
		must(other.Exec(`CREATE TABLE hosts (name TEXT)`))(t)
		ok(t, other.Close())
		refused(t, path, ErrForeign)
	})
	t.Run("another program's database with its own mark", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "other.db")
		other := must(sql.Open("sqlite3", path+"?_journal_mode=wal"))(t)
		must(other.Exec(`PRAGMA application_id = 7; CREATE TABLE hosts (name TEXT)`))(t)
		ok(t, other.Close())
		refused(t, path, ErrForeign)
	})
	t.Run("another program's database in use", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "other.db")
		other := must(sql.Open("sqlite3", path+"?_journal_mode=wal"))(t)
		defer other.Close()
		must(other.Exec(`PRAGMA application_id = 7; CREATE TABLE hosts (name TEXT)`))(t)
		refused(t, path, ErrForeign)
	})
	for name, content := range map[string]string{
		"text": "name,address\nweb1,192.0.2.1\n", "zeros": strings.Repeat("\x00", 8192), "one byte": "x",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "hosts.csv")
			ok(t, os.WriteFile(path, []byte(content), 0o600))
			refused(t, path, ErrForeign)
		})
	}
	t.Run("a folder", func(t *testing.T) {
		_, err := Open(t.Context(), t.TempDir())
		wantErr(t, err, ErrForeign)
	})
}

func TestEmptyFileBecomesAWorkspace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new.db")
	ok(t, os.WriteFile(path, nil, 0o600))
	addHost(t, openDB(t, path), "web1")
}

// closedWorkspace makes a workspace with something in it and returns its path.
func closedWorkspace(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "shop.db")
	db := openDB(t, path)
	for i := range 50 {
		addHost(t, db, fmt.Sprintf("web%d", i))
	}
	ok(t, db.Close())
	return path
}

func TestNewerWorkspaceIsRefusedUntouched(t *testing.T) {
	path := closedWorkspace(t)
	s := must(sql.Open("sqlite3", path))(t)
	must(s.Exec(`PRAGMA user_version = 99`))(t)
	ok(t, s.Close())
	refused(t, path, ErrNewer)
}

func TestNewerWorkspaceInUseIsRefused(t *testing.T) {
	db := newDB(t)
	must(db.w.Exec(`PRAGMA user_version = 99`))(t) // in the -wal file only
	_, err := Open(t.Context(), db.Path())
	wantErr(t, err, ErrNewer)
}

func TestCorruptWorkspaceIsRefusedUntouched(t *testing.T) {
	for name, spoil := range map[string]func([]byte) []byte{
		"cut in half":          func(b []byte) []byte { return b[:len(b)/2] },
		"cut in the header":    func(b []byte) []byte { return b[:60] },
		"cut after the header": func(b []byte) []byte { return b[:100] },
		"a page overwritten": func(b []byte) []byte {
			for i := len(b) / 2 &^ 4095; i < len(b)/2+4096; i++ {
				b[i] = 0xa5
			}
			return b
		},
		"the schema overwritten": func(b []byte) []byte {
			for i := 100; i < 3000; i++ {
				b[i] = 0xa5
			}
			return b
		},
		"page size nonsense": func(b []byte) []byte { binary.BigEndian.PutUint16(b[16:], 777); return b },
		"no schema number":   func(b []byte) []byte { binary.BigEndian.PutUint32(b[60:], 0); return b },
	} {
		t.Run(name, func(t *testing.T) {
			path := closedWorkspace(t)
			ok(t, os.WriteFile(path, spoil(must(os.ReadFile(path))(t)), 0o600))
			refused(t, path, ErrCorrupt)
		})
	}
}

// A workspace above checkWhole is not read through when it is opened, yet a
// cut one must not be.
func TestCutFileIsKnownByItsHeader(t *testing.T) {
	h, size, err := readHeader(closedWorkspace(t))
	ok(t, err)
	ok(t, h.check(size))
	wantErr(t, h.check(size-1), ErrCorrupt, "bytes")
}

func TestDamageFoundLaterIsCalledDamage(t *testing.T) {
	path := closedWorkspace(t)
	db := openDB(t, path)
	ok(t, db.Check(t.Context()))
	var root, size int64
	ok(t, db.r.QueryRow(`SELECT rootpage FROM sqlite_schema WHERE name = 'hosts'`).Scan(&root))
	ok(t, db.r.QueryRow(`PRAGMA page_size`).Scan(&size))
	ok(t, db.r.Close())
	f := must(os.OpenFile(path, os.O_RDWR, 0))(t)
	must(f.WriteAt(bytes.Repeat([]byte{0xa5}, int(size)), (root-1)*size))(t)
	ok(t, f.Close())
	db.r = must(sql.Open("sqlite3", dsn(path, "ro")))(t)
	_, err := db.Hosts(t.Context())
	wantErr(t, err, ErrCorrupt, "read hosts")
	wantErr(t, db.Check(t.Context()), ErrCorrupt)
}

func TestMissingFolderIsAnError(t *testing.T) {
	_, err := Open(t.Context(), filepath.Join(t.TempDir(), "none", "shop.db"))
	wantErr(t, err, os.ErrNotExist, "none")
}

// A desk killed between writing to the -wal file and copying it back leaves a
// file whose own first page is older than what is stored.
func TestKilledDeskLosesNothing(t *testing.T) {
	db := newDB(t)
	id := addHost(t, db, "web1")
	if h := must(copyOf(t, db).Host(t.Context(), id))(t); h.Name != "web1" {
		t.Errorf("host = %+v", h)
	}
}

// copyOf opens a copy of the files of db as they lie on the disk, as after a
// crash of its process.
func copyOf(t *testing.T, db *DB) *DB {
	t.Helper()
	copied := filepath.Join(t.TempDir(), "shop.db")
	for _, ext := range []string{"", "-wal"} {
		ok(t, os.WriteFile(copied+ext, must(os.ReadFile(db.Path()+ext))(t), 0o600))
	}
	return openDB(t, copied)
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "m.db")
	ok(t, os.WriteFile(path, nil, 0o600))
	w := must(sql.Open("sqlite3", dsn(path, "rw")))(t)
	defer w.Close()
	all := []migration{{"0001.sql", `CREATE TABLE a (x); INSERT INTO a VALUES (1)`}, {"0002.sql", `CREATE TABLE b (x); CREATE TABLE c(;`}}
	err := migrate(t.Context(), w, path, all)
	if err == nil || !strings.Contains(err.Error(), "0002.sql") {
		t.Errorf("err = %v, want it to name the migration", err)
	}
	var version, app, tables int
	ok(t, w.QueryRow(`PRAGMA user_version`).Scan(&version))
	ok(t, w.QueryRow(`PRAGMA application_id`).Scan(&app))
	ok(t, w.QueryRow(`SELECT count(*) FROM sqlite_schema`).Scan(&tables))
	if version != 1 || app != applicationID || tables != 1 {
		t.Errorf("version = %d, application = %#x, tables = %d; want the first migration whole and nothing of the second", version, app, tables)
	}
}

func TestMigrationKeepsACopy(t *testing.T) {
	path := closedWorkspace(t)
	all := must(embedded())(t)
	more := append(all, migration{"0099_more.sql", `ALTER TABLE hosts ADD COLUMN shelf TEXT NOT NULL DEFAULT ''`})
	ok(t, os.WriteFile(fmt.Sprintf("%s.schema%d.backup", path, len(all)), []byte("an older copy"), 0o600))
	db := must(open(t.Context(), path, more))(t)
	ok(t, db.Close())

	copied := fmt.Sprintf("%s.schema%d-2.backup", path, len(all))
	fi := must(os.Stat(copied))(t)
	if fi.Mode().Perm() != 0o600 {
		t.Errorf("mode of the copy = %v", fi.Mode())
	}
	old := openDB(t, copied) // the program of before can open it
	if hosts := must(old.Hosts(t.Context()))(t); len(hosts) != 50 {
		t.Errorf("the copy has %d hosts, want 50", len(hosts))
	}
	if b := must(os.ReadFile(fmt.Sprintf("%s.schema%d.backup", path, len(all))))(t); string(b) != "an older copy" {
		t.Error("an older copy was overwritten")
	}
	_, err := Open(t.Context(), path)
	wantErr(t, err, ErrNewer) // migrated, hence newer than this program's own list
}

func TestHalfACopyIsRemoved(t *testing.T) {
	path := closedWorkspace(t)
	w := must(sql.Open("sqlite3", dsn(path, "rw")))(t)
	defer w.Close()
	w.SetMaxOpenConns(1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := backup(ctx, w, path); err == nil {
		t.Error("a cancelled copy is called done")
	}
	if left, _ := filepath.Glob(path + "*backup*"); len(left) != 0 {
		t.Errorf("half a copy was left: %v", left)
	}
}

func TestTwoDesksMayOpenANewWorkspaceAtOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "shop.db")
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			db, err := Open(t.Context(), path)
			if err != nil {
				t.Error(err)
				return
			}
			db.Close()
		})
	}
	wg.Wait()
}

func TestConcurrentWritersLoseNothing(t *testing.T) {
	db := newDB(t)
	other := openDB(t, db.Path()) // a second desk on the file
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			d := db
			if i%2 == 1 {
				d = other
			}
			_, err := d.SaveHosts(t.Context(), []data.Host{{Name: fmt.Sprint("web", i)}}, entry("host added"))
			if err != nil {
				t.Error(err)
			}
			if _, err := d.Hosts(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := len(must(db.Hosts(t.Context()))(t)); n != 40 {
		t.Errorf("%d hosts, want 40", n)
	}
	if n := must(db.VerifyAudit(t.Context()))(t); n != 40 {
		t.Errorf("%d audit entries, want 40", n)
	}
}

func TestFullDiskChangesNothing(t *testing.T) {
	db := newDB(t)
	addHost(t, db, "web1")
	var pages int
	ok(t, db.w.QueryRow(`PRAGMA page_count`).Scan(&pages))
	must(db.w.Exec(fmt.Sprintf(`PRAGMA max_page_count = %d`, pages+2)))(t)
	var many []data.Host
	for i := range 500 {
		many = append(many, data.Host{Name: fmt.Sprint("db", i), Notes: strings.Repeat("x", 500)})
	}
	_, err := db.SaveHosts(t.Context(), many, entry("hosts imported"))
	wantErr(t, err, ErrFull, "save hosts")
	if n := len(must(db.Hosts(t.Context()))(t)); n != 1 {
		t.Errorf("%d hosts, want the one of before", n)
	}
	if n := must(db.VerifyAudit(t.Context()))(t); n != 1 {
		t.Errorf("%d audit entries, want the one of before", n)
	}
	must(db.w.Exec(`PRAGMA max_page_count = 1000000`))(t)
	must(db.SaveHosts(t.Context(), many, entry("hosts imported")))(t)
}

func TestDataVersionGrowsWithEveryDesksChanges(t *testing.T) {
	db := newDB(t)
	other := openDB(t, db.Path())
	a := must(db.DataVersion(t.Context()))(t)
	if b := must(db.DataVersion(t.Context()))(t); b != a {
		t.Errorf("version went from %d to %d without a change", a, b)
	}
	ok(t, other.SetSetting(t.Context(), "theme", "dark"))
	if b := must(db.DataVersion(t.Context()))(t); b <= a {
		t.Errorf("version is %d after another desk's change of %d", b, a)
	}
}

func TestSettingsComeBack(t *testing.T) {
	db := newDB(t)
	if v := must(db.Setting(t.Context(), "theme"))(t); v != "" {
		t.Errorf("absent setting = %q", v)
	}
	ok(t, db.SetSetting(t.Context(), "theme", "light"))
	ok(t, db.SetSetting(t.Context(), "theme", "dark"))
	if v := must(db.Setting(t.Context(), "theme"))(t); v != "dark" {
		t.Errorf("setting = %q", v)
	}
}

func TestOneHolderHasALease(t *testing.T) {
	db := newDB(t)
	other := openDB(t, db.Path())
	take := func(d *DB, holder string, now time.Time) bool {
		t.Helper()
		return must(d.Lease(t.Context(), "rollout 1", holder, now, time.Minute))(t)
	}
	if !take(db, "desk1", day) || take(other, "desk2", day.Add(59*time.Second)) {
		t.Fatal("the first holder does not have the lease alone")
	}
	if !take(db, "desk1", day.Add(50*time.Second)) || take(other, "desk2", day.Add(100*time.Second)) {
		t.Fatal("a renewed lease was lost")
	}
	holder, until, err := other.LeaseHolder(t.Context(), "rollout 1", day.Add(100*time.Second))
	ok(t, err)
	if holder != "desk1" || !until.Equal(day.Add(110*time.Second)) {
		t.Errorf("holder = %s until %v", holder, until)
	}
	if !take(other, "desk2", day.Add(110*time.Second)) || take(db, "desk1", day.Add(111*time.Second)) {
		t.Fatal("a lease that was not renewed was not free for the next")
	}
	ok(t, db.Release(t.Context(), "rollout 1", "desk1"))
	if take(db, "desk1", day.Add(112*time.Second)) {
		t.Fatal("somebody else released the lease")
	}
	ok(t, other.Release(t.Context(), "rollout 1", "desk2"))
	if !take(db, "desk1", day.Add(113*time.Second)) {
		t.Fatal("a released lease was not free")
	}
}

func TestManyDesksTakeALeaseOnce(t *testing.T) {
	db := newDB(t)
	got := make(chan string, 20)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			name := fmt.Sprint("desk", i)
			if must(db.Lease(t.Context(), "rollout 1", name, day, time.Minute))(t) {
				got <- name
			}
		})
	}
	wg.Wait()
	if len(got) != 1 {
		t.Errorf("%d desks have the lease, want 1", len(got))
	}
}
