package secret

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zalando/go-keyring"
)

const place = `CORP\patching at win1.example.test:5986 by NTLM over HTTPS`

func TestStoresKeepThePlaceWithTheCredential(t *testing.T) {
	keyring.MockInit()
	path := filepath.Join(t.TempDir(), "vault")
	vault, err := openVault(path, New("open sesame"), fast)
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]Store{"keyring": NewKeyring("shop"), "vault": vault} {
		for of, want := range map[string]Secret{
			"bound": New(hush).For(place), "free": New(hush), "lines": New("a\nb\n").For(place),
			"marked": New(boundMark + "x\ny"), "marked line": New(boundMark + "x"), "torn": New("a").For("x\ny"),
		} {
			if err := s.Set(t.Context(), LoginKey(of), want); err != nil {
				t.Fatal(err)
			}
			if vault, err = openVault(path, New("open sesame"), fast); err != nil && name == "vault" {
				t.Fatal(err)
			}
			read := s
			if name == "vault" {
				read = vault
			}
			got, err := read.Get(t.Context(), LoginKey(of))
			if err != nil || got.Reveal() != want.Reveal() || got.Place() != want.Place() {
				t.Errorf("%s, %s: got %q for %q and %v", name, of, got.Reveal(), got.Place(), err)
			}
		}
	}
	b, err := os.ReadFile(path)
	if err != nil || strings.Contains(string(b), "win1.example.test") {
		t.Errorf("the vault's file tells the place: %v", err)
	}
}

func TestPasswordStoredForNoPlaceGoesNowhere(t *testing.T) {
	keyring.MockInit()
	k := NewKeyring("shop")
	if err := keyring.Set(service, k.entry(LoginKey("win1")), hush); err != nil {
		t.Fatal(err)
	}
	got, err := k.Get(t.Context(), LoginKey("win1"))
	if err != nil || got.Reveal() != hush {
		t.Fatalf("got %q and %v", got.Reveal(), err)
	}
	for _, asked := range []string{place, ""} {
		err := got.MayGoTo(asked, LoginKey("win1"))
		if !errors.Is(err, ErrElsewhere) || !strings.Contains(err.Error(), "login password of win1 was stored for no place: store it again for "+asked) {
			t.Errorf("%q: got %v", asked, err)
		}
	}
	if err := New(hush).Anywhere().MayGoTo(place, LoginKey("win1")); err != nil {
		t.Error(err)
	}
	if err := k.Set(t.Context(), LoginKey("win1"), New(hush).Anywhere()); err != nil {
		t.Fatal(err)
	}
	if got, err := k.Get(t.Context(), LoginKey("win1")); err != nil || got.MayGoTo(place, LoginKey("win1")) == nil {
		t.Errorf("a store kept that it may go anywhere: %v", err)
	}
}

func TestBoundCredentialGoesNowhereElse(t *testing.T) {
	s := New(hush).For(place)
	if err := s.MayGoTo(place, LoginKey("win1")); err != nil {
		t.Error(err)
	}
	for _, asked := range []string{"", "evil", place + " ", place + "\n", strings.ToUpper(place)} {
		err := s.MayGoTo(asked, LoginKey("win1"))
		if !errors.Is(err, ErrElsewhere) {
			t.Fatalf("%q: got %v", asked, err)
		}
		if strings.Contains(err.Error(), hush) || !strings.Contains(err.Error(), "login password of win1 was stored for "+place) {
			t.Errorf("got %v", err)
		}
	}
}
