-- Times are Unix seconds, UTC; 0 means not set. Durations are seconds. Enums
-- are the text of package data. Lists that no query looks into are JSON with
-- the field names of package data: renaming a field there needs a migration.
-- IDs are never reused: a standard or a plan may name a thing that is gone.

-- One row. changes counts writing transactions, so that a screen can tell when
-- to read again; audit_count and audit_head are what the chain should end in.
CREATE TABLE meta (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    changes     INTEGER NOT NULL,
    audit_count INTEGER NOT NULL,
    audit_head  TEXT    NOT NULL
) STRICT;
INSERT INTO meta VALUES (1, 0, 0, '');

CREATE TABLE audit (
    id   INTEGER PRIMARY KEY, -- 1, 2, 3, … without a gap
    at   INTEGER NOT NULL,
    by   TEXT    NOT NULL,
    verb TEXT    NOT NULL,
    what TEXT    NOT NULL,
    why  TEXT    NOT NULL,
    data TEXT    NOT NULL,
    prev TEXT    NOT NULL,
    hash TEXT    NOT NULL
) STRICT;
CREATE TRIGGER audit_never_changes BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'audit entries are never changed'); END;
CREATE TRIGGER audit_never_removed BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'audit entries are never removed'); END;
-- INSERT OR REPLACE removes a row without asking the trigger above.
CREATE TRIGGER audit_only_grows BEFORE INSERT ON audit
WHEN NEW.id <> (SELECT coalesce(max(id), 0) + 1 FROM audit)
BEGIN SELECT raise(ABORT, 'audit entries are only appended'); END;

CREATE TABLE groups (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    name      TEXT NOT NULL CHECK (name <> ''),
    key       TEXT NOT NULL UNIQUE, -- name without regard to case
    time_zone TEXT NOT NULL,
    notes     TEXT NOT NULL
) STRICT;

CREATE TABLE hosts (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT    NOT NULL CHECK (name <> ''),
    key           TEXT    NOT NULL UNIQUE, -- name without regard to case
    reach         TEXT    NOT NULL,
    address       TEXT    NOT NULL,
    port          INTEGER NOT NULL,
    user          TEXT    NOT NULL,
    jump          TEXT    NOT NULL,
    identity_file TEXT    NOT NULL,
    sudo          TEXT    NOT NULL,
    platform      TEXT    NOT NULL,
    technology    TEXT    NOT NULL,
    business_unit TEXT    NOT NULL,
    owner         TEXT    NOT NULL,
    admin         TEXT    NOT NULL,
    criticality   TEXT    NOT NULL,
    exposure      TEXT    NOT NULL,
    environment   TEXT    NOT NULL,
    ring          INTEGER NOT NULL,
    group_id      INTEGER REFERENCES groups ON DELETE SET NULL,
    notes         TEXT    NOT NULL
) STRICT;
CREATE INDEX hosts_by_group ON hosts (group_id);

-- The head of every scan: what the host said of itself, without the lists.
CREATE TABLE scans (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    host             INTEGER NOT NULL REFERENCES hosts ON DELETE CASCADE,
    at               INTEGER NOT NULL,
    host_now         INTEGER NOT NULL,
    platform         TEXT    NOT NULL,
    os_id            TEXT    NOT NULL,
    os_version       TEXT    NOT NULL,
    os_name          TEXT    NOT NULL,
    os_codename      TEXT    NOT NULL,
    os_end_of_life   INTEGER NOT NULL,
    kernel_running   TEXT    NOT NULL,
    kernel_installed TEXT    NOT NULL,
    boot_id          TEXT    NOT NULL,
    booted_at        INTEGER NOT NULL,
    reboot           TEXT    NOT NULL, -- JSON of []data.RebootReason
    reboot_known     INTEGER NOT NULL,
    restart          TEXT    NOT NULL, -- JSON of []string
    restart_known    INTEGER NOT NULL,
    metadata_at      INTEGER NOT NULL,
    root             INTEGER NOT NULL,
    problems         TEXT    NOT NULL  -- JSON of []data.Problem
) STRICT;
CREATE INDEX scans_by_host ON scans (host, id);

-- The scan that speaks for a host now, and what it found installed.
CREATE TABLE latest (
    host      INTEGER PRIMARY KEY REFERENCES hosts ON DELETE CASCADE,
    scan      INTEGER NOT NULL REFERENCES scans ON DELETE CASCADE,
    at        INTEGER NOT NULL,
    installed BLOB    NOT NULL -- gzip of JSON of []data.Package
) STRICT;
CREATE INDEX latest_by_scan ON latest (scan);

CREATE TABLE evidence (
    scan INTEGER PRIMARY KEY REFERENCES scans ON DELETE CASCADE,
    host INTEGER NOT NULL,
    body BLOB    NOT NULL -- gzip of JSON of []data.Evidence
) STRICT;
CREATE INDEX evidence_by_host ON evidence (host, scan);

-- What hosts are offered, each distinct content once.
CREATE TABLE offers (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    digest     BLOB    NOT NULL UNIQUE, -- SHA-256 of the fields below
    name       TEXT    NOT NULL,
    arch       TEXT    NOT NULL,
    installed  TEXT    NOT NULL,
    available  TEXT    NOT NULL,
    title      TEXT    NOT NULL,
    origin     TEXT    NOT NULL,
    class      TEXT    NOT NULL,
    severity   TEXT    NOT NULL,
    hold       TEXT    NOT NULL,
    advisories TEXT    NOT NULL, -- JSON of []string
    cves       TEXT    NOT NULL, -- JSON of []string
    replaces   TEXT    NOT NULL,
    released   INTEGER NOT NULL,
    size       INTEGER NOT NULL
) STRICT;

-- Episodes that are open: updates a host lacks.
CREATE TABLE missing (
    host       INTEGER NOT NULL REFERENCES hosts ON DELETE CASCADE,
    offer      INTEGER NOT NULL REFERENCES offers,
    first_seen INTEGER NOT NULL,
    since      INTEGER NOT NULL,
    last_seen  INTEGER NOT NULL,
    scan       INTEGER NOT NULL, -- the last one that offered it
    worst      INTEGER NOT NULL, -- worst class and severity of the episode so far
    PRIMARY KEY (host, offer)
) STRICT, WITHOUT ROWID;

-- Episodes that a trusted scan closed.
CREATE TABLE closed (
    id         INTEGER PRIMARY KEY,
    host       INTEGER NOT NULL REFERENCES hosts ON DELETE CASCADE,
    offer      INTEGER NOT NULL REFERENCES offers,
    first_seen INTEGER NOT NULL,
    since      INTEGER NOT NULL,
    closed_at  INTEGER NOT NULL,
    due        INTEGER NOT NULL
) STRICT;
CREATE INDEX closed_by_time ON closed (closed_at);
CREATE INDEX closed_by_host ON closed (host, closed_at);

CREATE TABLE verdicts (
    host        INTEGER PRIMARY KEY REFERENCES hosts ON DELETE CASCADE,
    compliance  TEXT    NOT NULL,
    because     TEXT    NOT NULL,
    missing     INTEGER NOT NULL,
    overdue     INTEGER NOT NULL,
    unknown     INTEGER NOT NULL,
    due_soon    INTEGER NOT NULL,
    excepted    INTEGER NOT NULL,
    compliant   INTEGER NOT NULL,
    next_due    INTEGER NOT NULL,
    scan_at     INTEGER NOT NULL,
    valid_until INTEGER NOT NULL,
    version     INTEGER NOT NULL,
    reboot_debt INTEGER NOT NULL
) STRICT;

CREATE TABLE points (
    at         INTEGER NOT NULL,
    host       INTEGER NOT NULL REFERENCES hosts ON DELETE CASCADE,
    compliance TEXT    NOT NULL,
    missing    INTEGER NOT NULL,
    overdue    INTEGER NOT NULL,
    PRIMARY KEY (at, host)
) STRICT, WITHOUT ROWID;
CREATE INDEX points_by_host ON points (host);

CREATE TABLE standards (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    version       INTEGER NOT NULL UNIQUE,
    name          TEXT    NOT NULL,
    owner         TEXT    NOT NULL,
    approver      TEXT    NOT NULL,
    template      TEXT    NOT NULL,
    source        TEXT    NOT NULL,
    valid_from    INTEGER NOT NULL,
    created       INTEGER NOT NULL,
    created_by    TEXT    NOT NULL,
    note          TEXT    NOT NULL,
    rules         TEXT    NOT NULL, -- JSON of []data.Rule
    scan_max_age  INTEGER NOT NULL,
    reboot_within INTEGER NOT NULL,
    due_soon      INTEGER NOT NULL,
    target        REAL    NOT NULL
) STRICT;
CREATE TRIGGER standards_never_change BEFORE UPDATE ON standards
BEGIN SELECT raise(ABORT, 'a version of the standard is never changed'); END;
CREATE TRIGGER standards_never_removed BEFORE DELETE ON standards
BEGIN SELECT raise(ABORT, 'a version of the standard is never removed'); END;
CREATE TRIGGER standards_never_replaced BEFORE INSERT ON standards
WHEN EXISTS (SELECT 1 FROM standards WHERE id = NEW.id OR version = NEW.version)
BEGIN SELECT raise(ABORT, 'a version of the standard is never changed'); END;

CREATE TABLE windows (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT    NOT NULL,
    rule        TEXT    NOT NULL,
    plus_days   INTEGER NOT NULL,
    first_year  INTEGER NOT NULL, -- wall clock of time_zone
    first_month INTEGER NOT NULL,
    first_day   INTEGER NOT NULL,
    hour        INTEGER NOT NULL,
    minute      INTEGER NOT NULL,
    time_zone   TEXT    NOT NULL,
    duration    INTEGER NOT NULL,
    install     INTEGER NOT NULL,
    reboot      INTEGER NOT NULL,
    agreed_role TEXT    NOT NULL,
    agreed_by   TEXT    NOT NULL,
    agreed_at   INTEGER NOT NULL,
    agreed_note TEXT    NOT NULL,
    until       INTEGER NOT NULL,
    notes       TEXT    NOT NULL
) STRICT;
CREATE TABLE window_groups (
    window   INTEGER NOT NULL REFERENCES windows ON DELETE CASCADE,
    group_id INTEGER NOT NULL REFERENCES groups ON DELETE CASCADE,
    PRIMARY KEY (window, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX window_groups_by_group ON window_groups (group_id);

CREATE TABLE freezes (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    name       TEXT    NOT NULL,
    from_time  INTEGER NOT NULL,
    until_time INTEGER NOT NULL,
    reason     TEXT    NOT NULL,
    agreed_by  TEXT    NOT NULL
) STRICT;
-- No cascade from groups: a freeze without groups is a freeze of every host.
CREATE TABLE freeze_groups (
    freeze   INTEGER NOT NULL REFERENCES freezes ON DELETE CASCADE,
    group_id INTEGER NOT NULL REFERENCES groups,
    PRIMARY KEY (freeze, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX freeze_groups_by_group ON freeze_groups (group_id);

CREATE TABLE exceptions (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    host         INTEGER REFERENCES hosts ON DELETE CASCADE, -- NULL: every host
    update_key   TEXT    NOT NULL,
    reason       TEXT    NOT NULL,
    requested_by TEXT    NOT NULL CHECK (requested_by <> ''),
    mitigation   TEXT    NOT NULL,
    waits_for    TEXT    NOT NULL,
    approvals    TEXT    NOT NULL, -- JSON of []data.Approval
    expires      INTEGER NOT NULL CHECK (expires <> 0),
    created      INTEGER NOT NULL,
    withdrawn    INTEGER NOT NULL
) STRICT;
CREATE INDEX exceptions_by_host ON exceptions (host);

CREATE TABLE plans (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    name          TEXT    NOT NULL,
    created       INTEGER NOT NULL,
    created_by    TEXT    NOT NULL,
    head          TEXT    NOT NULL, -- JSON of data.Plan without Hosts
    body          TEXT    NOT NULL, -- JSON of data.Plan
    digest        TEXT    NOT NULL, -- data.Plan.Digest
    hosts         INTEGER NOT NULL,
    targets       INTEGER NOT NULL,
    approved_role TEXT    NOT NULL DEFAULT '',
    approved_by   TEXT    NOT NULL DEFAULT '',
    approved_at   INTEGER NOT NULL DEFAULT 0,
    approved_note TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE TRIGGER plans_never_change BEFORE UPDATE ON plans
WHEN (NEW.id, NEW.name, NEW.created, NEW.created_by, NEW.head, NEW.body, NEW.digest, NEW.hosts, NEW.targets)
  IS NOT (OLD.id, OLD.name, OLD.created, OLD.created_by, OLD.head, OLD.body, OLD.digest, OLD.hosts, OLD.targets)
BEGIN SELECT raise(ABORT, 'a stored plan is never changed'); END;
CREATE TRIGGER plans_approved_once BEFORE UPDATE ON plans
WHEN OLD.approved_at <> 0
BEGIN SELECT raise(ABORT, 'an approved plan is never changed'); END;
CREATE TRIGGER plans_never_removed BEFORE DELETE ON plans
BEGIN SELECT raise(ABORT, 'a stored plan is never removed'); END;
CREATE TRIGGER plans_never_replaced BEFORE INSERT ON plans
WHEN EXISTS (SELECT 1 FROM plans WHERE id = NEW.id)
BEGIN SELECT raise(ABORT, 'a stored plan is never changed'); END;

CREATE TABLE rollouts (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    plan       INTEGER NOT NULL REFERENCES plans,
    started    INTEGER NOT NULL,
    started_by TEXT    NOT NULL,
    reason     TEXT    NOT NULL,
    ended      INTEGER NOT NULL,
    resumed    INTEGER NOT NULL,
    state      TEXT    NOT NULL,
    note       TEXT    NOT NULL
) STRICT;
CREATE INDEX rollouts_by_plan ON rollouts (plan);

-- host has no foreign key: what was done stays known when the host is gone.
CREATE TABLE runs (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    rollout INTEGER NOT NULL REFERENCES rollouts,
    host    INTEGER NOT NULL,
    step    TEXT    NOT NULL,
    attempt INTEGER NOT NULL,
    body    TEXT    NOT NULL, -- JSON of data.Run
    UNIQUE (rollout, host)
) STRICT;
CREATE INDEX runs_by_host ON runs (host);
CREATE INDEX runs_open ON runs (step) WHERE step <> 'ended';

CREATE TABLE log (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    run         INTEGER NOT NULL REFERENCES runs,
    at          INTEGER NOT NULL,
    from_source TEXT    NOT NULL,
    text        TEXT    NOT NULL
) STRICT;
CREATE INDEX log_by_run ON log (run, id);

CREATE TABLE settings (
    key   TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- until is in milliseconds: a lease may be shorter than two seconds.
CREATE TABLE leases (
    name   TEXT PRIMARY KEY,
    holder TEXT    NOT NULL,
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
