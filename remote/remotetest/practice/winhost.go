package practice

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"secondtuesday/remote/remotetest/twin"
	"secondtuesday/remote/remotetest/windows"
	"secondtuesday/remote/remotetest/wsman"
)

// LoginPassword is the password of every login on the Windows hosts. It
// protects nothing, as SudoPassword does not.
const LoginPassword = SudoPassword

// domain is where the Windows hosts have their names. Nothing looks them up:
// the shop's dialer knows which port on loopback each is.
const domain = ".shop.example"

// A winHost is one Windows computer of the shop: a make-believe Windows that
// answers by itself, behind a WS-Management endpoint with TLS.
type winHost struct {
	def    winDefinition
	shop   *Shop
	world  *windows.World
	server *wsman.Server
}

// playWindows starts the Windows hosts in this process.
func (s *Shop) playWindows(ports map[string]int) error {
	for _, def := range windowsCompany() {
		h := &winHost{def: def, shop: s}
		s.windowsHosts = append(s.windowsHosts, h)
		port, err := h.start(ports[def.Name])
		if err != nil {
			return fmt.Errorf("host %s: %w", def.Name, err)
		}
		ports[def.Name] = port
	}
	return s.writeCertificates()
}

// start opens the host's world, making it the first time, and its port: the one
// it had before if that is free.
func (h *winHost) start(before int) (port int, err error) {
	dir := h.shop.file("windows-" + h.def.Name)
	h.world, err = windows.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		h.world, err = windows.Create(dir, h.firstState())
	}
	if err != nil {
		return 0, err
	}
	twin.Play(h.world)
	if err := h.pace(); err != nil {
		return 0, err
	}
	cert, err := h.shop.certificate(h.def.Name)
	if err != nil {
		return 0, err
	}
	listen := func(port int) (*wsman.Server, error) {
		return wsman.Start(wsman.Options{
			Users: map[string]wsman.User{h.def.Login: {Password: LoginPassword, Admin: true}},
			Name:  strings.ToUpper(h.def.Name), Listen: "127.0.0.1:" + strconv.Itoa(port), TLS: true, Present: &cert,
			Exec: func(ctx context.Context, c *wsman.Call) int {
				return h.world.Exec(ctx, c.User, c.Line, c.Stdin, c.Stdout, c.Stderr)
			},
		})
	}
	if h.server, err = listen(before); err != nil {
		if h.server, err = listen(0); err != nil {
			return 0, err
		}
	}
	h.world.OnDown, h.world.OnUp = h.server.Down, func() { _ = h.server.Up() } // a port that is gone leaves the host unreachable
	return h.server.Host("", "").Port, nil
}

// firstState is the host when the shop opens for the first time.
func (h *winHost) firstState() windows.State {
	anchor := h.shop.anchor
	s := h.def.Base(h.def.Name, anchor)
	s.Domain = strings.TrimPrefix(domain, ".")
	if h.def.Login == localLogin {
		s.Domain = ""
	}
	s.BootedAt = h.def.booted(anchor)
	s.SessionManager = s.BootedAt.Add(time.Second)
	s.LastSearch = anchor.Add(-time.Duration(h.def.ListAge)*time.Hour - 7*time.Minute).Truncate(time.Second)
	if h.def.Silent > 0 {
		s.LastSearch = h.def.silentSince(anchor)
	}
	s.UBR = h.def.ubr(h.shop.patchDays(), anchor)
	s.Updates = nil
	s.History = h.def.past(h.shop.patchDays(), &s, anchor)
	for _, o := range h.def.known(h.shop.patchDays(), anchor) {
		u := o.update(&s)
		u.Installed, u.RebootPending = !o.In.IsZero(), o.Waits
		u.Superseded = h.def.replaces(o, h.shop.patchDays(), &s)
		if u.Installed {
			s.LastInstall = o.In
		}
		if o.Waits {
			s.Pending = []string{windows.CBSRebootPending, windows.UpdateRebootRequired}
		}
		s.Updates = append(s.Updates, u)
	}
	if h.def.State != nil {
		h.def.State(&s)
	}
	return s
}

// booted is when the host started last, as seen when the shop opened first. No
// two start in one second: their boot IDs would be one.
func (d winDefinition) booted(anchor time.Time) time.Time {
	return anchor.Add(-time.Duration(spread(d.Name+"boot", 600)) * time.Second).Add(-time.Duration(d.UpDays)*24*time.Hour + 3*time.Hour).UTC().Truncate(time.Second)
}

// silentSince is when the update server answered last.
func (d winDefinition) silentSince(anchor time.Time) time.Time {
	return anchor.AddDate(0, 0, -d.Silent).Add(-time.Hour).UTC().Truncate(time.Second)
}

// pace lets searches, installations and reboots take what the shop's speed makes of them.
func (h *winHost) pace() error {
	takes := func(d time.Duration) time.Duration {
		return time.Duration(float64(d) / math.Float64frombits(h.shop.speed.Load()))
	}
	return h.world.Change(func(s *windows.State) error {
		s.RebootTakes, s.Source.Takes = takes(7*time.Second), takes(time.Second)
		for i := range s.Updates {
			u := &s.Updates[i]
			u.DownloadTakes, u.InstallTakes = takes(time.Second), takes(2*time.Second)
			if u.NeedsReboot {
				u.InstallTakes = takes(4 * time.Second)
			}
		}
		return nil
	})
}

// working tells whether a task is at work.
func (h *winHost) working() bool {
	tasks, err := h.world.Tasks()
	for _, t := range tasks {
		if err == nil && t.State == windows.TaskRunning {
			return true
		}
	}
	return false
}

// stop ends the host with this process. What was scheduled goes on when the
// shop is opened again.
func (h *winHost) stop() (err error) {
	if h.server != nil {
		err = h.server.Close()
	}
	if h.world != nil {
		err = errors.Join(err, h.world.Close())
	}
	return err
}

// certificate returns the certificate of that host, made at the first time.
func (s *Shop) certificate(name string) (tls.Certificate, error) {
	path := "certificate-" + name + ".pem"
	b, err := os.ReadFile(s.file(path))
	if errors.Is(err, fs.ErrNotExist) {
		if b, err = newCertificate(name + domain); err == nil {
			err = s.write(path, b)
		}
	}
	if err != nil {
		return tls.Certificate{}, err
	}
	return tls.X509KeyPair(b, b)
}

func newCertificate(name string) ([]byte, error) {
	c := wsman.NewCertificate(name)
	key, err := x509.MarshalPKCS8PrivateKey(c.PrivateKey)
	if err != nil {
		return nil, err
	}
	b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Certificate[0]})
	return append(b, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})...), nil
}

// writeCertificates writes, the first time, which certificates somebody has
// vouched for. Later the file is the person's own.
func (s *Shop) writeCertificates() error {
	if s.fileExists("known_certificates") {
		return nil
	}
	var known strings.Builder
	for _, h := range s.windowsHosts {
		if h.def.Key != "unknown" {
			fmt.Fprintf(&known, "%s%s:%d %s\n", h.def.Name, domain, winrmPort, h.server.Fingerprint())
		}
	}
	return s.write("known_certificates", []byte(known.String()))
}

const winrmPort = 5986

// removeWorlds removes the folders of the Windows hosts from dir.
func removeWorlds(dir string) error {
	folders, err := filepath.Glob(filepath.Join(dir, "windows-*"))
	for _, f := range folders {
		if _, missing := os.Stat(filepath.Join(f, "windows.json")); missing == nil { // else it is somebody else's
			err = errors.Join(err, os.RemoveAll(f))
		}
	}
	return err
}
