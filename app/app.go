// Package app does the work: it scans, judges, plans, rolls out, audits and
// reports. It joins data to remote, writes every change together with its audit
// entry, and knows no window and no command line.
package app
