package wsman

import (
	"context"
	"fmt"
	"io"
	"testing"
)

// echo plays a few command lines.
func echo(ctx context.Context, c *Call) int {
	switch c.Line {
	case "cat":
		io.Copy(c.Stdout, c.Stdin)
		return 0
	case "wait":
		<-ctx.Done()
		return 9
	}
	fmt.Fprintf(c.Stdout, "%s: %s\n", c.User, c.Line)
	fmt.Fprint(c.Stderr, "bad\n")
	return 7
}

func TestACommandRunsFromItsShellToItsExitCode(t *testing.T) {
	s := serveOn(t, Options{TLS: true, Auth: []Auth{Basic}, Exec: echo})
	c := overTLS(t, s)
	shell := c.open(t)
	g := c.all(t, shell, c.start(t, shell, "hello & <world>"))
	if g.stdout != "WIN\\admin: hello & <world>\n" || g.stderr != "bad\n" || g.exit != "7" {
		t.Errorf("got %+v", g)
	}
	c.must(t, ask{action: actionDelete, shell: shell})
	if n := s.Counts(); n.Shells != 0 || n.Created != 1 || n.Commands != 1 || n.Killed != 0 || n.ClearBodies != 0 {
		t.Errorf("counts %+v", n)
	}
}

func TestSealedMessagesGoBothWays(t *testing.T) {
	s := serveOn(t, Options{Exec: echo})
	c := sealed(t, s)
	shell := c.open(t)
	command := c.start(t, shell, "cat")
	c.must(t, sendOf(shell, command, []byte("wörld"), false))
	c.must(t, sendOf(shell, command, []byte("!"), true))
	if g := c.all(t, shell, command); g.stdout != "wörld!" || g.exit != "0" {
		t.Errorf("got %+v", g)
	}
	seen := s.Seen()
	if n := s.Counts(); n.ClearBodies != 0 || n.Sealed != n.Requests-2 || len(seen) != 1 || !seen[0].MIC || !seen[0].OK {
		t.Errorf("counts %+v, seen %+v", n, seen)
	}
}
