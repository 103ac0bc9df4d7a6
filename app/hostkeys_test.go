package app

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"secondtuesday/data/store"
	"secondtuesday/remote"
)

// keyring notes what was accepted, or refuses.
type keyring struct {
	accepted []string
	err      error
}

func (k *keyring) AcceptHostKey(e *remote.HostKeyUnknownError) error {
	if k.err == nil {
		k.accepted = append(k.accepted, e.Fingerprint)
	}
	return k.err
}

func TestAcceptedHostKeyIsInTheAuditTrail(t *testing.T) {
	ctx := context.Background()
	db, err := store.Open(ctx, filepath.Join(t.TempDir(), "w.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	d := &Desk{DB: db, Now: time.Now, By: "anna@desk1"}
	e := &remote.HostKeyUnknownError{Host: "web1", Type: "ssh-ed25519", Fingerprint: "SHA256:abc"}
	k := &keyring{}
	if err := d.AcceptHostKey(ctx, k, e, ""); !errors.Is(err, ErrNoReason) || len(k.accepted) != 0 {
		t.Errorf("accepted without a word: %v, %v", k.accepted, err)
	}
	if err := d.AcceptHostKey(ctx, k, e, "compared with the console"); err != nil {
		t.Fatal(err)
	}
	if err := d.AcceptHostKey(ctx, &keyring{err: errors.New("disk is full")}, e, "compared"); err == nil {
		t.Error("a key that could not be noted counts as accepted")
	}
	trail, err := db.Audit(ctx, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	if len(trail) != 1 || trail[0].Verb != "host key accepted" || !strings.Contains(trail[0].What, "SHA256:abc") || trail[0].Why != "compared with the console" {
		t.Errorf("audit trail: %+v", trail)
	}
}
