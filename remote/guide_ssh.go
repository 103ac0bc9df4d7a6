package remote

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"

	"golang.org/x/crypto/ssh"

	"secondtuesday/data"
	"secondtuesday/data/secret"
)

// Way implements Guide.
func (s *SSH) Way(h data.Host) (Way, error) {
	t, err := s.ssh.target(h)
	return Way{By: "SSH", Name: t.Address, Port: t.Port, Jumps: t.Jumps}, err
}

// Knock implements Guide. Jump hosts are logged in to.
func (s *SSH) Knock(ctx context.Context, h data.Host) (string, error) {
	address := ""
	err := s.visit(ctx, h, func(_ target, line net.Conn, direct bool) error {
		if direct {
			address = line.RemoteAddr().String()
		}
		return nil
	})
	return address, err
}

// visit opens a line to h, lets f have it, and closes it.
func (s *SSH) visit(ctx context.Context, h data.Host, f func(t target, line net.Conn, direct bool) error) error {
	t, err := s.ssh.target(h)
	if err != nil {
		return err
	}
	via, release, err := s.jumps.reach(ctx, s, t, 0)
	if err != nil {
		return err
	}
	defer release()
	line, err := s.open(ctx, via, net.JoinHostPort(t.Address, strconv.Itoa(t.Port)))
	if err != nil {
		return err
	}
	defer line.Close()
	return f(t, line, via == nil)
}

var errGreeted = errors.New("seen the key, and gone")

// Greet implements Guide.
func (s *SSH) Greet(ctx context.Context, h data.Host) (Identity, error) {
	var id Identity
	err := s.visit(ctx, h, func(t target, line net.Conn, _ bool) error {
		check, err := s.keys.check(t)
		if err != nil {
			return err
		}
		guard := newGuard(ctx, line, s.config.HandshakeTimeout)
		defer guard.stop()
		seen := false
		_, _, _, err = ssh.NewClientConn(&greeting{Conn: line, check: check}, t.Address, &ssh.ClientConfig{
			HostKeyCallback: func(name string, addr net.Addr, key ssh.PublicKey) error {
				if err := check.callback(name, addr, key); err != nil {
					return err
				}
				seen, id = true, identityOf(key)
				return errGreeted
			},
			HostKeyAlgorithms: check.algorithms(),
			ClientVersion:     "SSH-2.0-SecondTuesday",
		})
		if seen {
			return nil
		}
		return handshakeError(err, check, guard, newLogin(ctx, s.config, t, guard))
	})
	return id, err
}

func identityOf(key ssh.PublicKey) Identity {
	id := Identity{Type: key.Type(), Fingerprint: ssh.FingerprintSHA256(key), By: "a person"}
	if cert, ok := key.(*ssh.Certificate); ok {
		id.By, id.Fingerprint = "an authority", ssh.FingerprintSHA256(cert.Key)
	}
	return id
}

// Mend implements Guide.
func (s *SSH) Mend(h data.Host, err error) string {
	var unknown *HostKeyUnknownError
	var changed *HostKeyChangedError
	switch {
	case errors.As(err, &unknown):
		return fmt.Sprintf("Compare the fingerprint on the host's own console: ssh-keygen -lf %s\nIf it is the same: stctl host accept-key %s --fingerprint %s",
			keyFile(unknown.Type), h.Name, unknown.Fingerprint)
	case errors.As(err, &changed):
		return fmt.Sprintf("Find out on the host's own console why it has another key: ssh-keygen -lf %s\nOnly if it was renewed on purpose, remove the old line: %s. Then accept the new key.",
			keyFile(changed.Type), changed.Where)
	case errors.Is(err, errDropped):
		return "The port answers and hangs up: it may be no SSH server (set the right port: stctl host edit " + h.Name + " --port 22), or sshd refuses this computer. On the host: journalctl -u ssh -u sshd"
	case errors.Is(err, ErrUnreachable):
		return "On the host, as root: systemctl status ssh sshd; ss -ltn\nIt must listen on the port that the inventory names, and no firewall between may block it."
	case errors.Is(err, ErrGarbage):
		return "Something that is no SSH server answers at this port. Set the right one: stctl host edit " + h.Name + " --port 22"
	case errors.Is(err, secret.ErrElsewhere):
		return "The password was not sent. If the entry is right, store the password again: stctl secret set login " + h.Name + "\nIf you do not know who changed it, look first: stctl audit list"
	case errors.Is(err, ErrLoginRefused):
		return fmt.Sprintf("Put the desk's public key into ~/.ssh/authorized_keys of the user on the host, or keep the password: stctl secret set login %s\nsshd's own reason is on the host: journalctl -u ssh -u sshd", h.Name)
	case errors.Is(err, ErrHostKeyRefused):
		return "Ask whoever signs the host's keys for a new certificate, or why the key was revoked."
	}
	return ""
}

// keyFile is where sshd keeps the public half of a key of this type.
func keyFile(keyType string) string {
	for _, name := range []string{"ed25519", "ecdsa", "rsa"} {
		if strings.Contains(keyType, name) {
			return "/etc/ssh/ssh_host_" + name + "_key.pub"
		}
	}
	return "/etc/ssh/ssh_host_*_key.pub"
}
