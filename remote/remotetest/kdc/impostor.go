package kdc

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"sync"
)

// An Impostor answers on loopback in the place of a Kerberos centre, as who
// sits between a desk and its domain controller could.
type Impostor struct {
	Config string // the path of a krb5.conf that names it

	listener net.Listener
	mu       sync.Mutex
	asked    [][]byte
}

// Impersonate starts an impostor for realm that keeps its krb5.conf in dir. It
// sends what answer returns for a message, frame included (see Frame).
func Impersonate(dir, realm string, answer func(message []byte) []byte) (*Impostor, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	i := &Impostor{Config: filepath.Join(dir, "krb5.conf"), listener: listener}
	text := fmt.Sprintf("[libdefaults]\n\tdefault_realm = %[1]s\n\tdns_lookup_kdc = false\n\tudp_preference_limit = 1\n[realms]\n\t%[1]s = {\n\t\tkdc = %[2]s\n\t}\n", realm, listener.Addr())
	if err := os.WriteFile(i.Config, []byte(text), 0o600); err != nil {
		listener.Close()
		return nil, err
	}
	go i.serve(answer)
	return i, nil
}

// Frame puts a message's length before it, RFC 4120 7.2.2.
func Frame(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
}

func (i *Impostor) serve(answer func([]byte) []byte) {
	for {
		conn, err := i.listener.Accept()
		if err != nil {
			return
		}
		go func() {
			defer conn.Close()
			var size [4]byte
			if _, err := io.ReadFull(conn, size[:]); err != nil {
				return
			}
			message, err := io.ReadAll(io.LimitReader(conn, int64(binary.BigEndian.Uint32(size[:]))))
			if err != nil {
				return
			}
			i.mu.Lock()
			i.asked = append(i.asked, message)
			i.mu.Unlock()
			conn.Write(answer(message))
		}()
	}
}

// Asked returns the messages that came so far.
func (i *Impostor) Asked() [][]byte {
	i.mu.Lock()
	defer i.mu.Unlock()
	return append([][]byte(nil), i.asked...)
}

// Close ends it.
func (i *Impostor) Close() error { return i.listener.Close() }
