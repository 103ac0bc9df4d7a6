package winrm

import (
	"context"
	"errors"
	"strings"
	"testing"

	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
	"secondtuesday/remote/remotetest/wsman"
)

// boundTo is a remote.Secrets whose one password was stored for a place.
type boundTo string

func (b boundTo) Get(context.Context, secret.Key) (secret.Secret, error) {
	return secret.New(password).For(string(b)), nil
}

func TestPasswordStoredForAnotherPlaceIsNotSent(t *testing.T) {
	for name, change := range map[string]func(*data.Host){
		"nothing": func(*data.Host) {},
		"address": func(h *data.Host) { h.Address = "localhost" },
		"port":    func(h *data.Host) { h.Port = 0 },
		"user":    func(h *data.Host) { h.User = `CORP\anna` },
		"auth":    func(h *data.Host) { h.Auth = data.AuthBasic },
	} {
		s := host(t, wsman.Options{TLS: true})
		h := s.Host("win1", "admin")
		d := dialer(t, s)
		d.config.Secrets = boundTo(h.Destination())
		stored := h.Destination()
		change(&h)
		session, err := d.Dial(t.Context(), h)
		if name == "nothing" {
			if err != nil {
				t.Fatal(err)
			}
			session.Close()
			continue
		}
		if !errors.Is(err, secret.ErrElsewhere) || !errors.Is(err, remote.ErrLoginRefused) {
			t.Fatalf("%s: got %v", name, err)
		}
		if !strings.Contains(err.Error(), "stored for "+stored) || !strings.Contains(err.Error(), "now says "+h.Destination()) {
			t.Errorf("%s: got %v", name, err)
		}
		if n := s.Counts(); n.Connections != 0 || len(s.Seen()) != 0 {
			t.Errorf("%s: %d connections, seen %v", name, n.Connections, s.Seen())
		}
		if strings.Contains(err.Error(), password) {
			t.Errorf("%s: the error tells the password", name)
		}
	}
}
