package figures

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"regexp"
	"sync"
	"testing"

	"golang.org/x/crypto/ssh"

	"secondtuesday/remote/remotetest"
	"secondtuesday/remote/remotetest/lab"
)

// A tape is what one scan said to a host and what the host answered, byte by
// byte, so that others can be given the very same work.
type tape []exchange

type exchange struct {
	Line           string // for the login shell
	Stdin          []byte
	Stdout, Stderr []byte
	Status         uint32
}

// record lets scan talk to a host through a server that writes down all of it.
// scan gets the address to go to.
func record(t *testing.T, m *lab.Machine, scan func(addr *net.TCPAddr, key ssh.PublicKey)) tape {
	t.Helper()
	back := bareDial(t, m)
	defer back.Close()
	hostKey := remotetest.NewHostKey()
	config := &ssh.ServerConfig{PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil }}
	config.AddHostKey(hostKey)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	var mu sync.Mutex
	var all tape
	go serve(listener, config, func(line string, ch ssh.Channel) (status uint32) {
		e := exchange{Line: line}
		var in, out, errs bytes.Buffer
		s, err := back.NewSession()
		if err != nil {
			t.Error(err)
			return 255
		}
		defer s.Close()
		stdin, err := s.StdinPipe()
		if err != nil {
			t.Error(err)
			return 255
		}
		s.Stdout, s.Stderr = io.MultiWriter(ch, &out), io.MultiWriter(ch.Stderr(), &errs)
		if err := s.Start(line); err != nil {
			t.Error(err)
			return 255
		}
		fed := make(chan struct{})
		go func() {
			defer close(fed)
			io.Copy(io.MultiWriter(stdin, &in), ch)
			stdin.Close()
		}()
		err = s.Wait()
		<-fed
		var exit *ssh.ExitError
		if errors.As(err, &exit) {
			e.Status = uint32(exit.ExitStatus())
		} else if err != nil {
			t.Error(err)
		}
		e.Stdin, e.Stdout, e.Stderr = in.Bytes(), out.Bytes(), errs.Bytes()
		mu.Lock()
		defer mu.Unlock()
		all = append(all, e)
		return e.Status
	})
	scan(listener.Addr().(*net.TCPAddr), hostKey.PublicKey())
	mu.Lock()
	defer mu.Unlock()
	if len(all) == 0 {
		t.Fatal("the scan ran no command")
	}
	return all
}

// serve accepts SSH connections until the listener closes. run plays one
// command; its channel is closed afterwards.
func serve(listener net.Listener, config *ssh.ServerConfig, run func(line string, ch ssh.Channel) uint32) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			_, channels, requests, err := ssh.NewServerConn(conn, config)
			if err != nil {
				return
			}
			go func() { // keepalives are answered
				for r := range requests {
					if r.WantReply {
						r.Reply(false, nil)
					}
				}
			}()
			for c := range channels {
				if ch, asked, err := c.Accept(); err == nil {
					go serveChannel(ch, asked, run)
				}
			}
		}()
	}
}

func serveChannel(ch ssh.Channel, asked <-chan *ssh.Request, run func(string, ssh.Channel) uint32) {
	for r := range asked {
		var exec struct{ Line string }
		ok := r.Type == "exec" && ssh.Unmarshal(r.Payload, &exec) == nil
		if r.WantReply {
			r.Reply(ok, nil)
		}
		if ok {
			go func() {
				status := run(exec.Line, ch)
				ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
				ch.Close()
			}()
		}
	}
}

// random finds the random words of a script: the session's and the sections'.
var random = regexp.MustCompile(`\b[0-9a-f]{16}\b|\b[0-9a-f]{32}\b`)

// answer plays the exchange that fits the line, with the random words of this
// command in place of those on the tape.
func (tp tape) answer(line string, ch ssh.Channel) uint32 {
	for _, e := range tp {
		if random.ReplaceAllString(e.Line, "") != random.ReplaceAllString(line, "") {
			continue
		}
		in := make([]byte, len(e.Stdin))
		if _, err := io.ReadFull(ch, in); err != nil {
			return 255
		}
		stdout, stderr := e.Stdout, e.Stderr
		for _, at := range random.FindAllIndex(e.Stdin, -1) {
			old, now := e.Stdin[at[0]:at[1]], in[at[0]:at[1]]
			if !bytes.Equal(old, now) {
				stdout, stderr = bytes.ReplaceAll(stdout, old, now), bytes.ReplaceAll(stderr, old, now)
			}
		}
		ch.Write(stdout)
		ch.Stderr().Write(stderr)
		return e.Status
	}
	return 127
}

// bareConfig is what a plain program gives x/crypto/ssh.
func bareConfig(keyFile string, hostKey ssh.HostKeyCallback) (*ssh.ClientConfig, error) {
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return nil, err
	}
	signer, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, err
	}
	return &ssh.ClientConfig{User: lab.Root, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)}, HostKeyCallback: hostKey}, nil
}

func bareDial(t *testing.T, m *lab.Machine) *ssh.Client {
	t.Helper()
	config, err := bareConfig(m.Key, ssh.FixedHostKey(m.HostKey()))
	if err != nil {
		t.Fatal(err)
	}
	c, err := bareConnect(t.Context(), lab.Dial, m.Addr+":22", config)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func bareConnect(ctx context.Context, dial dialFunc, address string, config *ssh.ClientConfig) (*ssh.Client, error) {
	conn, err := dial(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c, channels, requests, err := ssh.NewClientConn(conn, address, config)
	if err != nil {
		conn.Close()
		return nil, err
	}
	return ssh.NewClient(c, channels, requests), nil
}

// replay sends a tape's commands over one connection, and wants their answers
// to be about as long as on the tape.
func (tp tape) replay(c *ssh.Client) error {
	for _, e := range tp {
		s, err := c.NewSession()
		if err != nil {
			return err
		}
		var out bytes.Buffer
		s.Stdin, s.Stdout, s.Stderr = bytes.NewReader(e.Stdin), &out, io.Discard
		err = s.Run(e.Line)
		var exit *ssh.ExitError
		if err != nil && !(errors.As(err, &exit) && uint32(exit.ExitStatus()) == e.Status) {
			return err
		}
		if out.Len() < len(e.Stdout)/2 {
			return errors.New("the answer is cut: " + out.String())
		}
	}
	return nil
}

// fan calls f for 0 to n-1, several at once, and returns how many failed, and
// one of the errors.
func fan(n, parallel int, f func(i int) error) (failed int, last error) {
	todo := make(chan int)
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range parallel {
		wait.Go(func() {
			for i := range todo {
				if err := f(i); err != nil {
					mu.Lock()
					failed, last = failed+1, err
					mu.Unlock()
				}
			}
		})
	}
	for i := range n {
		todo <- i
	}
	close(todo)
	wait.Wait()
	return failed, last
}
