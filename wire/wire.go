// Package wire opens a workspace and connects it with the means to reach
// hosts: SSH, secrets, update systems, or the practice shop instead. The desk
// and stctl are wired alike, here and nowhere else. It decides nothing.
package wire

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"
	_ "time/tzdata" // windows are in IANA time zones, also where a system has none

	"github.com/adrg/xdg"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/data/store"
	"secondtuesday/remote"
	"secondtuesday/remote/apk"
	"secondtuesday/remote/apt"
	"secondtuesday/remote/dnf"
	"secondtuesday/remote/pacman"
	"secondtuesday/remote/remotetest/practice"
	"secondtuesday/remote/winrm"
	"secondtuesday/remote/winupdate"
	"secondtuesday/remote/zypper"
)

// Options say which workspace to open, and how.
type Options struct {
	Workspace      string    // the file; empty: DefaultWorkspace, or the shop's own with Practice
	Practice       bool      // open the practice shop instead of real hosts
	PracticeDir    string    // where the shop keeps its state; empty: in the user's data folder
	PassphraseFile string    // holds the passphrase of the vault; empty: the system's keyring is used
	Speed          float64   // hosts of the practice shop install and reboot so many times faster; 0 means 1
	Pace           *app.Pace // nil: app.DefaultPace, or a quicker one with Practice
}

// An Office is an opened workspace with all that works on it.
type Office struct {
	Desk    *app.Desk
	Driver  *app.Driver
	SSH     *remote.SSH
	WinRM   *winrm.Dialer
	Secrets secret.Store // nil where there is neither keyring nor vault, and in the practice shop
	Path    string       // of the workspace
	Shop    *practice.Shop
	folder  string // beside which accepted keys lie
}

// Platforms are the update systems this program knows.
func Platforms() []app.Platform { return platforms(winupdate.Platform{}) }

func platforms(windows winupdate.Platform) []app.Platform {
	return []app.Platform{apt.Platform{}, dnf.Platform{}, zypper.Platform{}, pacman.Platform{}, apk.Platform{}, windows}
}

// AcceptHostKey notes that a person has vouched for a host's key or certificate.
func (off *Office) AcceptHostKey(e *remote.HostKeyUnknownError) error {
	if e.Type == remote.TypeCertificate {
		return off.WinRM.AcceptHostKey(e)
	}
	return off.SSH.AcceptHostKey(e)
}

// DefaultWorkspace is the workspace of a user who names none.
func DefaultWorkspace() string { return filepath.Join(xdg.DataHome, "secondtuesday", "workspace.db") }

// DefaultPracticeDir is where the practice shop keeps its state.
func DefaultPracticeDir() string { return filepath.Join(xdg.DataHome, "secondtuesday", "practice") }

// Open opens a workspace, making it where the file does not exist. From then on
// a crash leaves no core file, for passwords are in memory.
func Open(ctx context.Context, o Options) (*Office, error) {
	if err := secret.NoCoreFile(); err != nil {
		return nil, err
	}
	off := &Office{Path: o.Workspace, folder: filepath.Dir(DefaultWorkspace())}
	if o.Practice {
		return off, off.openPractice(ctx, o)
	}
	if off.Path == "" {
		off.Path = DefaultWorkspace()
	}
	if err := os.MkdirAll(off.folder, 0o700); err != nil {
		return nil, fmt.Errorf("open workspace: %w", err)
	}
	vault, err := off.openSecrets(ctx, o.PassphraseFile)
	if err != nil {
		return nil, err
	}
	config, err := remote.DefaultSSHConfig(filepath.Join(off.folder, "known_hosts"), vault)
	if err != nil {
		return nil, err
	}
	if err := off.open(ctx, config, o.Pace); err != nil {
		return nil, err
	}
	return off, remember(off.Path)
}

// openSecrets takes the vault where a passphrase is given, else the keyring
// where there is one. None is no error: keys and the agent need no secrets.
func (off *Office) openSecrets(ctx context.Context, passphraseFile string) (remote.Secrets, error) {
	if passphraseFile != "" {
		pass, err := secret.PassphraseFile(passphraseFile)
		if err != nil {
			return nil, err
		}
		v, err := secret.OpenVault(filepath.Join(off.folder, "vault.age"), pass)
		if err != nil {
			return nil, err
		}
		off.Secrets = v
		return v, nil
	}
	k := secret.NewKeyring(filepath.Base(off.Path))
	if err := k.Check(ctx); err != nil {
		return remote.NoSecrets{}, nil // said where a password is first needed
	}
	off.Secrets = k
	return k, nil
}

func (off *Office) open(ctx context.Context, config remote.SSHConfig, pace *app.Pace) error {
	if err := os.MkdirAll(filepath.Dir(off.Path), 0o700); err != nil {
		return fmt.Errorf("open workspace: %w", err)
	}
	db, err := store.Open(ctx, off.Path)
	if err != nil {
		return err
	}
	off.SSH = remote.NewSSH(config)
	off.WinRM = winrm.New(winrm.Config{
		Accepted: filepath.Join(filepath.Dir(config.AcceptedKeys), "known_certificates"),
		Secrets:  config.Secrets, DialContext: config.DialContext,
	})
	dialer := remote.ByReach{data.ReachSSH: off.SSH, data.ReachWinRM: off.WinRM, data.ReachLocal: remote.Local{Secrets: config.Secrets}}
	off.Desk = &app.Desk{DB: db, Dialer: dialer, Platforms: Platforms(), Now: time.Now, By: By(),
		Orders: app.NewOrders(filepath.Join(off.folder, "orders"))}
	if err := off.Desk.ReadSettings(ctx); err != nil {
		return errors.Join(err, db.Close())
	}
	off.Driver = &app.Driver{Desk: off.Desk, Holder: fmt.Sprintf("%s pid %d %s", By(), os.Getpid(), rand.Text()[:8])}
	if pace != nil {
		off.Driver.Pace = *pace
	}
	return nil
}

// openPractice starts the practice shop and fills its workspace when that is new.
func (off *Office) openPractice(ctx context.Context, o Options) error {
	dir := o.PracticeDir
	if dir == "" {
		dir = DefaultPracticeDir()
	}
	if off.Path == "" {
		off.Path = filepath.Join(dir, "practice.db")
	}
	off.folder = dir
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("open practice shop: %w", err)
	}
	shop, err := practice.Open(ctx, dir, practice.Options{Speed: o.Speed})
	if err != nil {
		return err
	}
	off.Shop = shop
	if err := off.fillPractice(ctx, o.Pace); err != nil {
		return errors.Join(err, off.Close())
	}
	return nil
}

// fillPractice opens the shop's workspace and fills it, once also where several
// programs are started at the same time.
func (off *Office) fillPractice(ctx context.Context, pace *app.Pace) error {
	release, err := off.Shop.Alone(ctx)
	if err != nil {
		return err
	}
	defer release() // it ends with the process at the latest
	if pace == nil {
		pace = &practicePace
	}
	if err := off.open(ctx, off.Shop.SSHConfig(), pace); err != nil {
		return err
	}
	off.Desk.Platforms = platforms(winupdate.Platform{Poll: practicePace.Poll / 3})
	if err := seed(ctx, off.Desk, off.Shop); err != nil {
		return fmt.Errorf("fill practice shop: %w", err)
	}
	return nil
}

// practicePace suits hosts that reboot in seconds.
var practicePace = app.Pace{
	Poll: 300 * time.Millisecond, Retry: time.Second, Boot: 2 * time.Minute, GiveUp: time.Hour, Tick: 2 * time.Second,
}

// Close closes the workspace and the shop. Jobs on real hosts go on.
func (off *Office) Close() error {
	var err error
	if off.Desk != nil {
		err = off.Desk.DB.Close()
	}
	if off.Shop != nil {
		err = errors.Join(err, off.Shop.Close())
	}
	return err
}

// By names the person and the computer, for audit entries: "anna@desk1".
func By() string {
	name := os.Getenv("USER")
	if u, err := user.Current(); err == nil {
		name = filepath.Base(filepath.FromSlash(u.Username)) // DOMAIN\user on Windows
	}
	host, err := os.Hostname()
	if err != nil || host == "" {
		return name
	}
	short, _, _ := strings.Cut(host, ".")
	return name + "@" + short
}
