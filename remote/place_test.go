package remote_test

import (
	"context"
	"errors"
	"testing"

	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest"
)

// boundTo is a remote.Secrets whose passwords were stored for a place.
type boundTo struct {
	remotetest.Secrets
	place string
}

func (b boundTo) Get(ctx context.Context, k secret.Key) (secret.Secret, error) {
	s, err := b.Secrets.Get(ctx, k)
	return s.For(b.place), err
}

func TestSSHPasswordStoredForAnotherPlaceIsNotSent(t *testing.T) {
	srv, c := playHost(t, remotetest.Options{Exec: remotetest.RunSh})
	h := srv.Host("web1", "root")
	known := remotetest.Secrets{secret.LoginKey("web1"): "secret"}
	c.Secrets = boundTo{known, "root at 192.0.2.7:22 by SSH"}
	_, err := remote.NewSSH(c).Dial(t.Context(), h)
	if !errors.Is(err, secret.ErrElsewhere) || !errors.Is(err, remote.ErrLoginRefused) {
		t.Errorf("got %v", err)
	}
	if n := srv.Counts().Passwords; n != 0 {
		t.Errorf("the password was sent %d times", n)
	}
	c.Secrets = boundTo{known, h.Destination()}
	s, err := remote.NewSSH(c).Dial(t.Context(), h)
	if err != nil {
		t.Fatal(err)
	}
	hello(t, s)
	s.Close()
}

func TestSudoPasswordStoredForAnotherPlaceIsNotSent(t *testing.T) {
	srv, c, h := admin(t, remotetest.SudoAsks)
	h.User = "admin"
	login, sudo := secret.LoginKey(h.Name), secret.SudoKey(h.Name)
	for place, want := range map[string]error{"admin at 192.0.2.7:22 by SSH": secret.ErrElsewhere, h.Destination(): nil} {
		c.Secrets = only{remotetest.Secrets{login: "secret", sudo: "sesame"}, sudo, place}
		before := srv.Counts().SudoTries
		_, err := dial(t, c, h).Run(t.Context(), whoami)
		if !errors.Is(err, want) {
			t.Errorf("%s: got %v", place, err)
		}
		if n := srv.Counts().SudoTries - before; want != nil && n != 0 {
			t.Errorf("%s: sudo was given the password", place)
		}
	}
	if h.Reach != data.ReachSSH {
		t.Fatal("not the host this test is about")
	}
}

// only binds one of its passwords.
type only struct {
	remotetest.Secrets
	key   secret.Key
	place string
}

func (o only) Get(ctx context.Context, k secret.Key) (secret.Secret, error) {
	s, err := o.Secrets.Get(ctx, k)
	if k == o.key {
		s = s.For(o.place)
	}
	return s, err
}
