package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"secondtuesday/data"
	"secondtuesday/data/store"
	"secondtuesday/remote"
	"secondtuesday/remote/linux"
)

// DefaultScanTimeout is how long one host may take to be scanned.
const DefaultScanTimeout = 10 * time.Minute

// scanTimeout is how long h may take: the first search of a Windows server that
// never searched takes many minutes.
func scanTimeout(h data.Host) time.Duration {
	if h.Windows() {
		return 35 * time.Minute
	}
	return DefaultScanTimeout
}

// A ScanResult is how the scan of one host ended.
type ScanResult struct {
	Host    data.Host
	Scan    data.Scan        // as saved; zero beside an error
	Verdict data.HostVerdict // after the scan; zero beside an error
	Took    time.Duration
	Err     error // the last good scan of the host, if any, still stands
}

// Scan scans the hosts, several at once, and saves what each says. With
// refresh the hosts fetch their sources' lists first. done is called once for
// each host, from one goroutine, as they end; it may be nil. One host's
// failure stops no other's. When ctx ends, hosts not begun are given up with
// its error, and those under way are ended.
//
// The error returned is about the desk or ctx, never about a host.
func (d *Desk) Scan(ctx context.Context, ids []data.HostID, refresh bool, done func(ScanResult)) error {
	hosts, err := d.hostsByID(ctx, ids)
	if err != nil {
		return fmt.Errorf("scan: %w", err)
	}
	if _, err := d.Refresh(ctx); err != nil { // what changed by itself before these scans belongs in the history
		return fmt.Errorf("scan: %w", err)
	}
	eachHost(hosts, d.Parallel(), func(h data.Host) ScanResult {
		return d.scanOne(ctx, h, refresh) // at once when ctx has ended
	}, func(_ data.Host, r ScanResult) {
		if done != nil {
			done(r)
		}
	})
	return ctx.Err()
}

// scanOne dials, scans and saves one host.
func (d *Desk) scanOne(ctx context.Context, h data.Host, refresh bool) ScanResult {
	began := time.Now()
	r := ScanResult{Host: h}
	if r.Err = ctx.Err(); r.Err != nil {
		return r // not begun: nothing is known anew, nothing is recorded
	}
	within, cancel := context.WithTimeout(ctx, scanTimeout(h))
	defer cancel()
	s, err := d.Dialer.Dial(within, h)
	if err == nil {
		defer s.Close()
		r.Host, r.Scan, r.Verdict, err = d.scanIn(within, s, h, refresh)
	}
	r.Took = time.Since(began)
	if err == nil {
		return r
	}
	if within.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: scan not done after %s", remote.ErrTimeout, DurationText(scanTimeout(h)))
	}
	r.Err = d.scanFailed(ctx, h, err)
	return r
}

// ScanIn scans h in a session that is open, and saves and judges the result:
// what a rollout does to verify itself.
func (d *Desk) ScanIn(ctx context.Context, s remote.Session, h data.Host, refresh bool) (data.Scan, error) {
	_, scan, _, err := d.scanIn(ctx, s, h, refresh)
	if err != nil {
		return data.Scan{}, d.scanFailed(ctx, h, err)
	}
	return scan, nil
}

// scanFailed records that a host could not be scanned and returns why. A scan
// that a person cancelled is no failure of the host and is not recorded.
func (d *Desk) scanFailed(ctx context.Context, h data.Host, cause error) error {
	if ctx.Err() != nil {
		return cause
	}
	why := remote.CleanText(cause.Error()) // it may quote what the host said
	f := data.ScanFailure{Host: h.ID, At: d.Now().UTC(), Error: why}
	entry := d.entry("scan failed", "host "+h.Name, why, change{})
	if err := d.DB.SaveScanFailure(ctx, f, entry); err != nil {
		return errors.Join(cause, err)
	}
	return cause
}

func (d *Desk) scanIn(ctx context.Context, s remote.Session, h data.Host, refresh bool) (data.Host, data.Scan, data.HostVerdict, error) {
	scan, err := d.ask(ctx, s, h, refresh)
	if err != nil {
		return h, data.Scan{}, data.HostVerdict{}, err
	}
	scan.Host, scan.At = h.ID, d.Now().UTC()
	scan.Evidence = append(scan.Evidence, certificateEvidence(s)...)
	for i := range scan.Problems {
		scan.Problems[i].Detail = remote.CleanText(scan.Problems[i].Detail)
	}
	if h, err = d.learn(ctx, h, scan); err != nil {
		return h, data.Scan{}, data.HostVerdict{}, err
	}
	return d.keep(ctx, h, scan)
}

// keep saves a scan and judges its host, in one step: a scan never counts
// without its verdict, nor a verdict without its scan.
func (d *Desk) keep(ctx context.Context, h data.Host, scan data.Scan) (data.Host, data.Scan, data.HostVerdict, error) {
	what := fmt.Sprintf("%s missing", counted(len(scan.Updates), "update"))
	if !scan.Trusted() {
		what += "; not trusted"
	}
	var v data.HostVerdict
	id, err := d.DB.SaveScan(ctx, scan, d.entry("host scanned", "host "+h.Name, "", change{After: what}), func(found store.Finding) store.Judgement {
		j := judgeFinding(h, scan, found, d.Now().UTC())
		v = j.Verdict
		return j
	})
	if err != nil {
		return h, data.Scan{}, data.HostVerdict{}, err
	}
	scan.ID = id
	if v.Host == 0 { // a newer scan was saved meanwhile, and speaks for the host
		v, err = d.judgeAnew(ctx, h.ID)
	}
	return h, scan, v, err
}

// ask lets the host's platform scan it. A host whose platform is not known, or
// that has another system now, is asked what it has.
func (d *Desk) ask(ctx context.Context, s remote.Session, h data.Host, refresh bool) (data.Scan, error) {
	name := h.Platform
	for range 2 {
		known := name != data.PlatformUnknown
		if !known {
			var err error
			if name, err = d.detect(ctx, s, h); err != nil {
				return data.Scan{}, err
			}
		}
		p, ok := d.PlatformOf(name)
		if !ok {
			return data.Scan{}, fmt.Errorf("%w: %s", remote.ErrNotSupported, name)
		}
		scan, err := p.Scan(ctx, s, refresh)
		if err == nil || !known || !errors.Is(err, remote.ErrNotSupported) {
			scan.Platform = name
			return scan, err
		}
		name = data.PlatformUnknown // installed anew with something else
	}
	return data.Scan{}, fmt.Errorf("%w: it says so of itself", remote.ErrNotSupported)
}

func (d *Desk) detect(ctx context.Context, s remote.Session, h data.Host) (data.Platform, error) {
	if h.Reach == data.ReachWinRM {
		return data.WindowsUpdate, nil // what answers WinRM has no other
	}
	if d.Detect != nil {
		return d.Detect(ctx, s)
	}
	return linux.Detect(ctx, s)
}

// learn keeps in the inventory what the scan found out: the platform, and the
// technology where nobody has set one.
func (d *Desk) learn(ctx context.Context, h data.Host, scan data.Scan) (data.Host, error) {
	technology := h.Technology
	if technology == "" {
		technology = technologyOf(scan.OS)
	}
	if h.Platform == scan.Platform && h.Technology == technology {
		return h, nil
	}
	now, err := d.DB.Host(ctx, h.ID) // it may have been edited during the scan
	if err != nil {
		return h, err
	}
	before := now
	now.Platform = scan.Platform
	if now.Technology == "" {
		now.Technology = technology
	}
	_, err = d.DB.SaveHosts(ctx, []data.Host{now}, d.entry("platform found", "host "+h.Name, "", change{before, now}))
	return now, err
}

// technologies maps os-release's ID to the line a standard would have for it.
var technologies = map[string]string{
	"debian": "Debian", "ubuntu": "Ubuntu", "rhel": "Red Hat Enterprise Linux", "centos": "CentOS", "fedora": "Fedora",
	"almalinux": "AlmaLinux", "rocky": "Rocky Linux", "ol": "Oracle Linux", "amzn": "Amazon Linux",
	"windows": "Windows",
	"sles":    "SUSE Linux Enterprise", "sled": "SUSE Linux Enterprise", "opensuse-leap": "openSUSE", "opensuse-tumbleweed": "openSUSE",
	"arch": "Arch Linux", "alpine": "Alpine Linux", "raspbian": "Raspbian", "linuxmint": "Linux Mint",
}

func technologyOf(os data.OS) string {
	if t := technologies[os.ID]; t != "" {
		return t
	}
	return os.ID
}

// judgeFinding judges a host by the scan that is being saved, and keeps a point
// of its history, changed or not: one per scan. The updates that the scan closed
// get the deadline that was in force, so that it can be said later whether they
// were in time. An excepted update had none.
func judgeFinding(h data.Host, scan data.Scan, found store.Finding, now time.Time) store.Judgement {
	f := newDocket(found.Standards, found.Exceptions)
	f.Hosts, f.scans = []data.Host{h}, map[data.HostID]data.Scan{h.ID: scan}
	f.pending = map[data.HostID]time.Time{h.ID: found.RebootSince}
	v := f.judge(f.subject(h, found.Missing), now)
	j := store.Judgement{Verdict: v, Point: point(v, now)}
	f.measure(scan.At).Each(f.subject(h, found.Gone), scan.At, func(v data.Verdict) {
		due := v.Due
		if v.Compliance == data.Excepted {
			due = time.Time{}
		}
		j.Due = append(j.Due, due)
	})
	return j
}
