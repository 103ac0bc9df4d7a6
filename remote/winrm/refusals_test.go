package winrm

import (
	"context"
	"errors"
	"testing"
	"time"

	"secondtuesday/data/secret"
	"secondtuesday/remote"
)

// TestRefusalsAreForgottenInTime counts by a clock of its own.
func TestRefusalsAreForgottenInTime(t *testing.T) {
	now := time.Now()
	r := newRefusals()
	r.now = func() time.Time { return now }
	on := func(host, user, domain, password string) target {
		return target{name: host, user: user, domain: domain, secret: secret.New(password)}
	}
	try := func(t target, err error) error {
		leave, held := r.enter(context.Background(), t)
		if held == nil {
			leave(err)
		}
		return held
	}
	no := &refusal{cause: causeUntold}
	for _, host := range []string{"win1", "win2"} {
		if err := try(on(host, "anna", "CORP", "old"), no); err != nil {
			t.Fatal(err)
		}
	}
	for _, same := range []string{`corp\Anna`, "anna@corp", "ANNA@Corp.Example.Test", `corp.example.test\anna`} {
		user, domain := splitUser(same)
		if err := try(on("win3", user, domain, "old"), nil); !errors.Is(err, remote.ErrHeldBack) {
			t.Errorf("%s: got %v", same, err)
		}
	}
	for _, other := range []target{on("win3", "anna", "CORP", "new"), on("win3", "bert", "CORP", "old"), on("win3", "anna", "", "old"), on("win3", "anna", "CORP2", "old"), on("win3", "anna@lab.example.test", "", "old")} {
		if err := try(other, nil); err != nil {
			t.Errorf("another account or password: %v", err)
		}
	}
	now = now.Add(holdBack)
	if err := try(on("win3", "anna", "CORP", "old"), nil); err != nil {
		t.Errorf("half an hour later: %v", err)
	}
	for range maxRefusals { // on one host alone
		if err := try(on("win1", "anna", "CORP", "old"), no); err != nil {
			t.Fatal(err)
		}
	}
	if err := try(on("win1", "anna", "CORP", "old"), nil); !errors.Is(err, remote.ErrHeldBack) {
		t.Errorf("got %v", err)
	}
	if err := try(on("win2", "bert", "CORP", "x"), &refusal{cause: causeSkew}); err != nil || len(r.of(on("win2", "bert", "CORP", "x")).refusers) > 0 {
		t.Errorf("a clock that is off is held against the password: %v", err)
	}
}
