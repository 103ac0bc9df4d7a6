// Package kdc starts a real MIT Kerberos key distribution centre on loopback,
// for tests of logins by ticket. It writes to a folder of the test only, and
// needs no root.
package kdc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// The programs, as Debian's krb5-kdc, krb5-admin-server and krb5-user have them.
const (
	daemon = "/usr/sbin/krb5kdc"
	makeDB = "/usr/sbin/kdb5_util"
	admin  = "/usr/sbin/kadmin.local"
	login  = "/usr/bin/kinit"
)

// ErrMissing means that this computer has no Kerberos centre to start.
var ErrMissing = errors.New("krb5-kdc, krb5-admin-server and krb5-user are not installed (packaging/need test installs them)")

// Options of a Centre.
type Options struct {
	Realm    string            // in capitals, such as "CORP.TEST"
	Users    map[string]string // passwords by name, without the realm
	Services []string          // such as "HTTP/web.corp.test", without the realm
	RC4      []string          // which of Users have an RC4 key and no other, as accounts of old domains do
}

// A Centre is a running key distribution centre.
type Centre struct {
	Realm  string
	Config string // the path of its krb5.conf
	Keytab string // the path of a keytab with the keys of all services

	dir  string
	env  []string
	done chan error
	end  context.CancelFunc
}

// Start starts a centre that keeps everything in dir.
func Start(dir string, o Options) (*Centre, error) {
	for _, p := range []string{daemon, makeDB, admin, login} {
		if _, err := os.Stat(p); err != nil {
			return nil, ErrMissing
		}
	}
	c := &Centre{
		Realm: o.Realm, Config: filepath.Join(dir, "krb5.conf"), Keytab: filepath.Join(dir, "service.keytab"), dir: dir,
	}
	profile := filepath.Join(dir, "kdc.conf")
	c.env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "KRB5_CONFIG=" + c.Config, "KRB5_KDC_PROFILE=" + profile}
	if err := c.configure(profile); err != nil {
		return nil, fmt.Errorf("start Kerberos centre: %w", err)
	}
	if err := c.fill(o); err != nil {
		return nil, fmt.Errorf("start Kerberos centre: %w", err)
	}
	// The port was free; if somebody else has taken it meanwhile, another will do.
	var err error
	for range 3 {
		if err = c.serve(o); err == nil {
			return c, nil
		}
		if bad := c.configure(profile); bad != nil {
			return nil, fmt.Errorf("start Kerberos centre: %w", bad)
		}
	}
	return nil, fmt.Errorf("start Kerberos centre: %w", err)
}

// configure writes the configurations, for a port that is free now.
func (c *Centre) configure(profile string) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	address := l.Addr().String()
	l.Close()
	client := fmt.Sprintf(`[libdefaults]
	default_realm = %[1]s
	dns_lookup_kdc = false
	dns_lookup_realm = false
	dns_canonicalize_hostname = false
	rdns = false
	udp_preference_limit = 1
	allow_rc4 = true
[realms]
	%[1]s = {
		kdc = %[2]s
	}
`, c.Realm, address)
	server := fmt.Sprintf(`[kdcdefaults]
	kdc_listen = ""
	kdc_tcp_listen = %[2]s
[realms]
	%[1]s = {
		database_name = %[3]s/principal
		key_stash_file = %[3]s/stash
		acl_file = %[3]s/kadm5.acl
		max_life = 1h
	}
[logging]
	kdc = FILE:%[3]s/kdc.log
	admin_server = FILE:%[3]s/kadmin.log
	default = FILE:%[3]s/krb5.log
`, c.Realm, address, c.dir)
	if err := os.WriteFile(c.Config, []byte(client), 0o600); err != nil {
		return err
	}
	return os.WriteFile(profile, []byte(server), 0o600)
}

// fill makes the database, its principals and the keytab.
func (c *Centre) fill(o Options) error {
	if err := c.run("master\nmaster\n", makeDB, "create", "-s", "-r", c.Realm); err != nil {
		return err
	}
	var lines strings.Builder
	for user, password := range o.Users {
		keys := ""
		if slices.Contains(o.RC4, user) {
			keys = "-e arcfour-hmac:normal "
		}
		fmt.Fprintf(&lines, "addprinc %s-pw %q %s\n", keys, password, user)
	}
	for _, service := range o.Services {
		fmt.Fprintf(&lines, "addprinc -randkey %s\nktadd -k %s %s\n", service, c.Keytab, service)
	}
	return c.run(lines.String(), admin, "-r", c.Realm)
}

// serve starts the daemon and waits until it gives tickets.
func (c *Centre) serve(o Options) error {
	ctx, end := context.WithCancel(context.Background())
	c.end = end
	line := exec.CommandContext(ctx, daemon, "-n", "-r", c.Realm, "-P", filepath.Join(c.dir, "kdc.pid"))
	line.Env = c.env
	line.WaitDelay = time.Second
	if err := line.Start(); err != nil {
		return err
	}
	c.done = make(chan error, 1)
	go func() { c.done <- line.Wait() }()
	for user, password := range o.Users {
		return c.await(user, password)
	}
	return nil
}

// await waits until a user gets a ticket. A daemon that ends is not waited for.
func (c *Centre) await(user, password string) error {
	for try := 0; ; try++ {
		_, err := c.Login(user, password)
		if err == nil {
			return nil
		}
		select {
		case ended := <-c.done:
			c.end()
			return errors.Join(ended, err)
		case <-time.After(100 * time.Millisecond):
		}
		if try == 100 {
			c.Close()
			return err
		}
	}
}

// run runs a program of the centre with input.
func (c *Centre) run(input, program string, args ...string) error {
	line := exec.Command(program, args...)
	line.Env = c.env
	line.Stdin = strings.NewReader(input)
	var out bytes.Buffer
	line.Stdout, line.Stderr = &out, io.Writer(&out)
	if err := line.Run(); err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(program), err, strings.TrimSpace(out.String()))
	}
	return nil
}

// Admin runs one command of kadmin(1), such as "modprinc -expire yesterday anna".
func (c *Centre) Admin(command string) error {
	return c.run("", admin, "-r", c.Realm, "-q", command)
}

// Login gets a user's first ticket, and returns the variables of an environment
// in which MIT's libraries find it.
func (c *Centre) Login(user, password string) ([]string, error) {
	cache := "FILE:" + filepath.Join(c.dir, "tickets-"+user)
	if err := c.run(password+"\n", login, "-c", cache, user+"@"+c.Realm); err != nil {
		return nil, err
	}
	return []string{"KRB5_CONFIG=" + c.Config, "KRB5CCNAME=" + cache}, nil
}

// Close ends the daemon.
func (c *Centre) Close() error {
	c.end()
	<-c.done
	return nil
}
