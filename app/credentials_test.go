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
	_, err = s.KeepCredential(t.Context(), vault, secret.SudoKey("web1"), secret.New("hunter2"))
	must(t, err)
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
	if _, err := s.KeepCredential(t.Context(), vault, secret.SudoKey(""), secret.New("x")); err == nil {
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

func TestPasswordIsBoundToWhereItsHostIsNow(t *testing.T) {
	s := newShop(t, newWorld(), data.RebootNever)
	vault, err := secret.OpenVault(filepath.Join(t.TempDir(), "vault.age"), secret.New("open sesame"))
	must(t, err)
	_, err = s.AddHost(t.Context(), data.Host{Name: "Win1", Address: "win1.example.test", Reach: data.ReachWinRM, User: `CORP\patching`, Exposure: data.Internal})
	must(t, err)
	const win1, bastion = `CORP\patching at win1.example.test:5986 by NTLM over HTTPS`, "ops at bastion:2222 by SSH"
	for k, want := range map[secret.Key]string{secret.LoginKey("WIN1"): win1, secret.LoginKey("ops@bastion:2222"): bastion, secret.PassphraseKey("/k"): ""} {
		place, err := s.KeepCredential(t.Context(), vault, k, secret.New("hunter2"))
		must(t, err)
		got, err := vault.Get(t.Context(), k)
		must(t, err)
		if place != want || got.Place() != want {
			t.Errorf("%s: kept for %q, stored for %q, want %q", k, place, got.Place(), want)
		}
	}
	shown := secret.New("hunter2").For("what the person saw")
	if place, err := s.KeepCredential(t.Context(), vault, secret.LoginKey("win1"), shown); err != nil || place != shown.Place() {
		t.Errorf("what the person saw became %q, %v", place, err)
	}
	kept, err := KeptFor(t.Context(), vault, "win1")
	if err != nil || len(kept) != 1 || kept[0] != secret.LoginKey("win1") {
		t.Errorf("kept for win1: %v, %v", kept, err)
	}
}
