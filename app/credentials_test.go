package app

import (
	"path/filepath"
	"strings"
	"testing"

	"secondtuesday/data"
	"secondtuesday/data/secret"
)

func TestCredentialIsInTheTrailByNameOnly(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	vault, err := secret.OpenVault(filepath.Join(t.TempDir(), "vault.age"), secret.New("open sesame"))
	must(t, err)
	must(t, s.KeepCredential(t.Context(), vault, secret.SudoKey("web1"), secret.New("hunter2")))
	got, err := vault.Get(t.Context(), secret.SudoKey("web1"))
	if err != nil || got.Reveal() != "hunter2" {
		t.Fatalf("kept %v, %v", got, err)
	}
	entries, err := s.DB.Audit(t.Context(), 0, 0)
	must(t, err)
	if entries[0].Verb != "credential kept" || entries[0].What != "sudo web1" {
		t.Errorf("newest entry = %+v", entries[0])
	}
	for _, e := range entries {
		if strings.Contains(e.Data+e.What+e.Why, "hunter2") {
			t.Errorf("the credential is in entry %d", e.ID)
		}
	}
	must(t, s.ForgetCredential(t.Context(), vault, secret.SudoKey("web1")))
	if err := s.KeepCredential(t.Context(), vault, secret.SudoKey(""), secret.New("x")); err == nil {
		t.Error("a credential of nobody was kept")
	}
}

func TestHostsAskedAtOnceAreKept(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	must(t, s.SetParallel(t.Context(), 4))
	other := &Desk{DB: s.DB}
	must(t, other.ReadSettings(t.Context()))
	if other.Parallel() != 4 {
		t.Errorf("another desk asks %d at once", other.Parallel())
	}
	if err := s.SetParallel(t.Context(), 0); err == nil {
		t.Error("0 at once was kept")
	}
}
