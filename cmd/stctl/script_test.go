package main

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	_ "github.com/mattn/go-sqlite3" // to make files that are no workspaces
	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"stctl": func() { os.Exit(run(os.Args[1:])) },
	})
}

// TestScripts runs testdata/script: each file is a page of the manual that is
// held to what it says. They play on the practice shop, over real SSH.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup:               setUp,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"code":    runWithCode,
			"field":   checkField,
			"keep":    keepField,
			"sqlite":  runSQL,
			"damage":  damage,
			"host":    playBadHost,
			"private": private,
		},
	})
}

// setUp gives a script a home of its own: no keyring, no agent, no SSH
// configuration, one time zone.
func setUp(e *testscript.Env) error {
	home := filepath.Join(e.WorkDir, "home")
	for key, value := range map[string]string{
		"HOME": home, "USERPROFILE": home, "XDG_DATA_HOME": filepath.Join(e.WorkDir, "data"), "TZ": "UTC",
		"DBUS_SESSION_BUS_ADDRESS": "disabled:", "SSH_AUTH_SOCK": "",
		// The race detector waits a second before each end otherwise.
		"GORACE": os.Getenv("GORACE") + " atexit_sleep_ms=0",
	} {
		e.Setenv(key, value)
	}
	return os.MkdirAll(filepath.Join(home, ".ssh"), 0o700)
}

// runWithCode is "code 3 stctl …": the command must end with that exit code.
func runWithCode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code NUMBER command…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	var exit *exec.ExitError
	if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
		got = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// find returns a value of the JSON document on stdout by its path, such as
// "hosts.0.verdict.compliance" or "hosts.len" for the length. "name=web1" chooses
// the element of a list that has that value.
func find(ts *testscript.TestScript, path string) (string, bool) {
	var at any
	if err := json.Unmarshal([]byte(ts.ReadFile("stdout")), &at); err != nil {
		ts.Fatalf("stdout is not one JSON document: %v\n%s", err, ts.ReadFile("stdout"))
	}
	for _, step := range strings.Split(path, ".") {
		switch v := at.(type) {
		case map[string]any:
			next, ok := v[step]
			if !ok {
				return "", false
			}
			at = next
		case []any:
			next, ok := element(v, step)
			if !ok {
				return "", false
			}
			at = next
		default:
			return "", false
		}
	}
	if f, ok := at.(float64); ok {
		return strconv.FormatFloat(f, 'f', -1, 64), true
	}
	if s, ok := at.(string); ok {
		return s, true
	}
	b, err := json.Marshal(at)
	ts.Check(err)
	return string(b), true
}

func element(list []any, step string) (any, bool) {
	if step == "len" {
		return float64(len(list)), true
	}
	if key, value, ok := strings.Cut(step, "="); ok {
		for _, x := range list {
			if m, ok := x.(map[string]any); ok && fmt.Sprint(m[key]) == value {
				return x, true
			}
		}
		return nil, false
	}
	i, err := strconv.Atoi(step)
	if err != nil || i < 0 || i >= len(list) {
		return nil, false
	}
	return list[i], true
}

// checkField is "field hosts.0.host web1"; without a value the field must be
// there, with "!" before it must not be there, or not have the value.
func checkField(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 0 || len(args) > 2 {
		ts.Fatalf("usage: [!] field PATH [VALUE]")
	}
	got, there := find(ts, args[0])
	fits := there && (len(args) == 1 || got == args[1])
	if fits == neg {
		ts.Fatalf("%s is %q (there: %v)", args[0], got, there)
	}
}

// keepField is "keep DIGEST digest": it puts a field into the environment.
func keepField(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: keep VARIABLE PATH")
	}
	v, there := find(ts, args[1])
	if !there {
		ts.Fatalf("there is no %s", args[1])
	}
	ts.Setenv(args[0], v)
}

// runSQL is "sqlite FILE STATEMENT": somebody else's hand in a file.
func runSQL(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: sqlite FILE STATEMENT")
	}
	db, err := sql.Open("sqlite3", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	_, err = db.Exec(args[1])
	ts.Check(err)
}

// damage is "damage FILE": a disk that lost what was written.
func damage(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: damage FILE")
	}
	path := ts.MkAbs(args[0])
	b, err := os.ReadFile(path)
	ts.Check(err)
	for i := 100; i < len(b); i++ { // the head still says that it is SQLite's
		b[i] = 0xA5
	}
	ts.Check(os.WriteFile(path, b, 0o600))
}

// private is "private FILE": only its owner may read it.
func private(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: private FILE")
	}
	ts.Check(os.Chmod(ts.MkAbs(args[0]), 0o600))
}

// playBadHost is "host garbage|silent|closed PORT": a host on loopback that
// misbehaves before any login; its port goes into the variable.
func playBadHost(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: host garbage|silent|closed VARIABLE")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Setenv(args[1], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	if args[0] == "closed" {
		ts.Check(l.Close())
		return
	}
	ts.Defer(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if args[0] == "garbage" {
				fmt.Fprint(conn, "\x1b[31mHTTP/1.1 400 Bad Request\r\n\r\n\x00\xff\xfe")
				conn.Close()
			}
		}
	}()
}
