// Package storetest fills a workspace with a made-up shop, so that tests and
// benchmarks of other rooms can measure themselves on a large one. It is for
// tests only.
package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3" // the database/sql driver

	"secondtuesday/data"
	"secondtuesday/data/store"
)

// Now is the moment up to which the shop is made: its newest scans are an hour
// to a day older.
var Now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

// templates is how many hosts are scanned through the store; the others are
// copies of them, because a scan by scan would take minutes.
const templates = 20

// Fill adds hosts (host00000, host00001, …) in five groups, the newest scan of
// each with missing updates, verdicts, and a point a week of the last quarter.
// The updates differ in class, severity and age; one host in 50 has a scan
// that proves nothing, so it is unknown. The workspace must be empty.
func Fill(ctx context.Context, db *store.DB, hosts, missing int) error {
	ids, err := addHosts(ctx, db, hosts)
	if err != nil {
		return err
	}
	for i, id := range ids[:min(templates, len(ids))] {
		if err := scan(ctx, db, id, i, missing); err != nil {
			return err
		}
	}
	if err := copyScans(ctx, db); err != nil {
		return fmt.Errorf("copy scans: %w", err)
	}
	return judge(ctx, db, ids, missing)
}

func entry(verb string) data.AuditEntry {
	return data.AuditEntry{At: Now, By: "storetest", Verb: verb}
}

func addHosts(ctx context.Context, db *store.DB, n int) ([]data.HostID, error) {
	var groups []data.GroupID
	for _, name := range []string{"web", "mail", "database", "files", "Munich"} {
		id, err := db.SaveGroup(ctx, data.Group{Name: name, TimeZone: "Europe/Berlin"}, entry("group added"))
		if err != nil {
			return nil, err
		}
		groups = append(groups, id)
	}
	platforms := []data.Platform{data.APT, data.DNF, data.Zypper}
	technologies := []string{"Debian", "AlmaLinux", "SUSE"}
	hosts := make([]data.Host, n)
	for i := range hosts {
		hosts[i] = data.Host{
			Name: fmt.Sprintf("host%05d", i), Reach: data.ReachSSH, Address: fmt.Sprintf("192.0.2.%d", i%256),
			Platform: platforms[i%3], Technology: technologies[i%3], Ring: i%3 + 1, Group: groups[i%5],
			BusinessUnit: fmt.Sprint("unit ", i%7), Owner: "eva", Admin: "anna", Exposure: data.Exposures[i%3],
			Criticality: data.Criticalities[i%5], Environment: data.OnPremises,
		}
	}
	return db.SaveHosts(ctx, hosts, entry("hosts imported"))
}

// scan saves the scan of template i. Neighbours share half of their updates.
func scan(ctx context.Context, db *store.DB, id data.HostID, i, missing int) error {
	s := data.Scan{
		Host: id, At: Now.Add(-time.Hour - time.Duration(i)*time.Minute), Platform: data.APT, Root: true, RebootKnown: true,
		OS:     data.OS{ID: "debian", Version: "12", Name: "Debian GNU/Linux 12 (bookworm)", Codename: "bookworm"},
		Kernel: data.Kernel{Running: "6.1.0-17-amd64", Installed: "6.1.0-18-amd64"},
		BootID: fmt.Sprint("boot ", i), BootedAt: Now.AddDate(0, -1, 0), MetadataAt: Now.Add(-2 * time.Hour),
	}
	for p := range 300 {
		s.Installed = append(s.Installed, data.Package{Name: fmt.Sprintf("package%04d", p), Arch: "amd64", Version: "1.0-1"})
	}
	for u := range missing {
		s.Updates = append(s.Updates, update(i*missing/2+u))
	}
	_, err := db.SaveScan(ctx, s, entry("scan saved"), nil)
	return err
}

// update returns the n-th update of the world.
func update(n int) data.Update {
	return data.Update{
		Name: fmt.Sprintf("package%04d", n), Arch: "amd64", Installed: "1.0-1", Available: fmt.Sprintf("1.0-%d", n%9+2),
		Origin: "Debian-Security:12/oldstable-security", Class: data.Classes[n%len(data.Classes)],
		Severity: data.Severities[n%7%len(data.Severities)], Advisories: []string{fmt.Sprintf("DSA-%d-1", 5000+n)},
		CVEs:     []string{fmt.Sprintf("CVE-2026-%d", 10000+n), fmt.Sprintf("CVE-2026-%d", 20000+n)},
		Released: Now.AddDate(0, 0, -n%90), Size: int64(n) * 1000,
	}
}

// copyScans gives every host without a scan those of a template, with ages of
// its own.
func copyScans(ctx context.Context, db *store.DB) error {
	// Escaped as a URL, because the path may hold a question mark.
	u := url.URL{Scheme: "file", Path: "/" + strings.TrimPrefix(filepath.ToSlash(db.Path()), "/")}
	w, err := sql.Open("sqlite3", u.String()+"?_txlock=immediate&_busy_timeout=10000&_foreign_keys=on")
	if err != nil {
		return err
	}
	defer w.Close()
	tx, err := w.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback() // no effect after Commit
	if _, err := tx.ExecContext(ctx, copySQL, templates); err != nil {
		return err
	}
	return tx.Commit()
}

// copySQL copies from the template whose number in the order of IDs is that of
// the host modulo ?1. Ages spread over half a year.
const copySQL = `
	CREATE TEMP TABLE copies AS
	WITH numbered AS (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n FROM hosts)
	SELECT h.id AS host, h.n AS n, l.host AS template, l.scan AS scan
	FROM numbered h
	JOIN numbered t ON t.n = h.n % ?1
	JOIN latest l ON l.host = t.id
	WHERE NOT EXISTS (SELECT 1 FROM latest x WHERE x.host = h.id);

	INSERT INTO scans (host, at, host_now, platform, os_id, os_version, os_name, os_codename, os_end_of_life,
		kernel_running, kernel_installed, boot_id, booted_at, reboot, reboot_known, restart, restart_known,
		metadata_at, root, problems)
	SELECT c.host, s.at - c.n * 7919 % 86400, s.host_now, s.platform, s.os_id, s.os_version, s.os_name, s.os_codename,
		s.os_end_of_life, s.kernel_running, s.kernel_installed, 'boot of ' || c.host, s.booted_at, s.reboot,
		s.reboot_known, s.restart, s.restart_known, s.metadata_at, s.root,
		iif(c.n % 50 = 49, '[{"Kind":"source unreachable","Detail":"connection refused","Untrusted":true}]', s.problems)
	FROM copies c JOIN scans s ON s.id = c.scan
	ORDER BY c.host;

	INSERT INTO latest (host, scan, at, installed)
	SELECT c.host, s.id, s.at, l.installed
	FROM copies c JOIN scans s ON s.host = c.host JOIN latest l ON l.host = c.template;

	INSERT INTO missing (host, offer, first_seen, since, last_seen, scan, worst)
	SELECT c.host, m.offer, l.at - (c.n * 31 + m.offer * 17) % 180 * 86400, l.at - (c.n * 31 + m.offer * 17) % 180 * 86400,
		l.at, l.scan, m.worst
	FROM copies c JOIN missing m ON m.host = c.template JOIN latest l ON l.host = c.host
	ORDER BY c.host, m.offer;

	DROP TABLE copies;`

// judge keeps a verdict and the points of each host; they look like a
// standard's, but none made them.
func judge(ctx context.Context, db *store.DB, ids []data.HostID, missing int) error {
	verdicts := make([]data.HostVerdict, len(ids))
	var points []data.Point
	for i, id := range ids {
		c := data.Compliances[i%len(data.Compliances)]
		if i >= templates && i%50 == 49 {
			c = data.Unknown // its scan proves nothing
		}
		verdicts[i] = data.HostVerdict{
			Host: id, Compliance: c, Because: "rule 4.2: security updates are in within 14 days", Missing: missing,
			Counts:  map[data.Compliance]int{c: missing},
			NextDue: Now.AddDate(0, 0, i%30-10), ScanAt: Now.Add(-time.Hour), ValidUntil: Now.AddDate(0, 0, 1), Version: 1,
		}
		for week := range 13 {
			points = append(points, data.Point{Host: id, At: Now.AddDate(0, 0, -7*week), Compliance: c, Missing: missing})
		}
	}
	return db.KeepVerdicts(ctx, verdicts, points)
}
