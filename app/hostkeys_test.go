package app

import (
	"errors"
	"testing"

	"secondtuesday/remote"
)

func TestAcceptedHostKeyIsOnRecord(t *testing.T) {
	d, _, _ := newOffice(t)
	before, err := d.DB.Audit(t.Context(), 0, 0)
	must(t, err)
	key := &remote.HostKeyUnknownError{Host: "web1", Type: "ssh-ed25519", Fingerprint: "SHA256:abc", Line: "web1 ssh-ed25519 AAAA"}
	kept := 0
	keep := func(k *remote.HostKeyUnknownError) error { kept++; return nil }
	if err := d.AcceptHostKey(t.Context(), key, keep); err != nil || kept != 1 {
		t.Fatalf("kept %d times, %v", kept, err)
	}
	if e := lastAudit(t, d); e.Verb != "host key accepted" || e.What != "host key of web1" {
		t.Errorf("newest entry %+v", e)
	}
	broken := errors.New("disk is full")
	if err := d.AcceptHostKey(t.Context(), key, func(*remote.HostKeyUnknownError) error { return broken }); !errors.Is(err, broken) {
		t.Errorf("error %v", err)
	}
	if after, err := d.DB.Audit(t.Context(), 0, 0); err != nil || len(after) != len(before)+1 {
		t.Errorf("a key that was not kept is on record: %d entries, %v", len(after), err)
	}
}
