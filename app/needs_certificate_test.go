package app

import (
	"testing"

	"secondtuesday/data"
	"secondtuesday/remote"
)

// What remote says of certificates is told as what it says of host keys.
func TestCertificateNeedsTheEyeThatAHostKeyNeeds(t *testing.T) {
	unknown := (&remote.HostKeyUnknownError{Host: "win1:5986", Type: remote.TypeCertificate, Fingerprint: "SHA256:00", Certificate: &remote.Certificate{Why: "unknown authority"}}).Error()
	changed := (&remote.HostKeyChangedError{Host: "win1:5986", Type: remote.TypeCertificate, Known: []string{"certificate SHA256:00"}, Shown: "certificate SHA256:01"}).Error()
	if !keyUnknown(unknown) || keyChanged(unknown) || !keyChanged(changed) || keyUnknown(changed) {
		t.Errorf("%q, %q", unknown, changed)
	}
	ssh := (&remote.HostKeyUnknownError{Host: "web1", Type: "ssh-ed25519", Fingerprint: "SHA256:AA"}).Error()
	s := Situation{Failures: map[data.HostID]data.ScanFailure{1: {Error: ssh}, 2: {Error: unknown}, 3: {Error: unknown}}}
	for want, hosts := range map[string][]data.HostID{"1 host key": {1}, "2 certificates": {2, 3}, "1 host key and 1 certificate": {1, 2}} {
		if got := s.shown(hosts); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestChangedIdentityIsNamedAsWhatItIs(t *testing.T) {
	key := (&remote.HostKeyChangedError{Host: "web1", Type: "ssh-ed25519", Known: []string{"ssh-ed25519 SHA256:00"}, Shown: "ssh-ed25519 SHA256:01"}).Error()
	certificate := (&remote.HostKeyChangedError{Host: "win1:5986", Type: remote.TypeCertificate, Known: []string{"certificate SHA256:00"}, Shown: "certificate SHA256:01"}).Error()
	s := &Situation{Failures: map[data.HostID]data.ScanFailure{1: {Error: key}, 2: {Error: certificate}}}
	for want, hosts := range map[string][]data.HostID{"key": {1}, "certificate": {2}, "key or certificate": {1, 2}} {
		if got := s.identity(hosts); got != want {
			t.Errorf("%v: %q", hosts, got)
		}
	}
}
