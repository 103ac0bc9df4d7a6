-- The last attempt to scan a host, when it brought no scan.
CREATE TABLE scan_failures (
    host  INTEGER PRIMARY KEY REFERENCES hosts ON DELETE CASCADE,
    at    INTEGER NOT NULL,
    error TEXT    NOT NULL
) STRICT;
