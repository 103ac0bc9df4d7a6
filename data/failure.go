package data

import "time"

// A ScanFailure is the last attempt to scan a host, when it brought no scan.
// The last good scan stays what it is.
type ScanFailure struct {
	Host  HostID
	At    time.Time
	Error string // as errors are written; holds no secret
}
