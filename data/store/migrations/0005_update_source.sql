-- Where a host gets its updates, as its policy says: 'Microsoft', 'WSUS http://…', or '': not told.
ALTER TABLE scans ADD COLUMN source TEXT NOT NULL DEFAULT '';
