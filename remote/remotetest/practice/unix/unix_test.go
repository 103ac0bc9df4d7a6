package unix

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// run runs a script as uid and returns what it printed and its status.
func run(t *testing.T, m *Machine, uid int, script, input string) (out, errOut string, status int) {
	t.Helper()
	var o, e bytes.Buffer
	r, w := NewPipe()
	go func() {
		w.s.Write(t.Context(), []byte(input))
		w.Close()
	}()
	p := m.Start(nil, Spec{Args: []string{"sh", "-c", script}, Run: Sh, UID: uid, Dir: "/root", Env: map[string]string{"PATH": "/usr/bin:/bin", "HOME": "/root"},
		FDs: map[int]*File{0: r, 1: NewFile(&Sink{W: &o}, "out"), 2: NewFile(&Sink{W: &e}, "err")}})
	status = p.Wait()
	return o.String(), e.String(), status
}

func TestShellDoesWhatDashDoes(t *testing.T) {
	// Expected output is what dash 0.5.12 on Debian 12 prints.
	tests := []struct{ name, script, in, want string }{
		{"eval of exactly the counted bytes", `eval "$(dd bs=8 count=1 iflag=fullblock 2>/dev/null)"; cat`, "echo hi\nrest\n", "hi\nrest\n"},
		{"arguments keep blanks", `set -- 'a b' "c'd" ''; for x; do printf '<%s>' "$x"; done; echo $#`, "", "<a b><c'd><>3\n"},
		{"and-or and not", `false && echo a || echo b; ! true; echo $?; ! false; echo $?`, "", "b\n1\n0\n"},
		{"set -e leaves conditions alone", `(set -e; if false; then :; fi; false || true; echo x; false; echo y); echo $?`, "", "x\n1\n"},
		{"functions and local", `x=1; f() { local x; x=2; echo $x $1; return 3; }; f a; echo $? $x`, "", "2 a\n3 1\n"},
		{"descriptors above two", `exec 3>&1; { echo a >&3; echo b; } >/dev/null; exec 3>&-; echo c`, "", "a\nc\n"},
		{"here document", "x=5; cat <<E\na $x $(echo b)\nE\ncat <<'E'\n$x\nE", "", "a 5 b\n$x\n"},
		{"read splits", `echo "a  b c" | { read -r x y; echo "$y|$x"; }; IFS=: read -r p q <<E
u:v:w
E
echo "$p $q"`, "", "b c|a\nu v:w\n"},
		{"while read keeps variables", "n=0; while read -r l; do n=$((n+1)); done <<E\n1\n2\nE\necho $n", "", "2\n"},
		{"case patterns", `for w in abc 12 ''; do case $w in [0-9]*) echo num;; a*|b*) echo let;; *) echo none;; esac; done`, "", "let\nnum\nnone\n"},
		{"parameter forms", `a=x.tar.gz; echo ${a%.*} ${a%%.*} ${a#*.} ${#a} ${b:-d} ${b:+n} ${c:=e} $c`, "", "x.tar x tar.gz 8 d e e\n"},
		{"background and wait", `sleep 0.01 & p=$!; wait $p; echo $?; (exit 7) & wait $!; echo $?`, "", "0\n7\n"},
		{"exit trap", `trap 'echo bye' EXIT; (trap - EXIT; exit 2); echo $?; exit 4`, "", "2\nbye\n"},
		{"term trap wakes wait", `trap 'echo got' TERM; sleep 30 & s=$!; (sleep 0.05; kill -TERM $$) & wait; echo on; kill $s`, "", "got\non\n"},
		{"pipes give the last status", `true | false; echo $?; false | true; echo $?; echo a b | tr ' ' '\n' | sort -r`, "", "1\n0\nb\na\n"},
		{"unknown command", `nonesuch 2>/dev/null; echo $?`, "", "127\n"},
		{"glob in the machine's files", `mkdir -p /tmp/g; touch /tmp/g/b.x /tmp/g/a.x /tmp/g/.h; echo /tmp/g/*.x /tmp/g/*.none`, "", "/tmp/g/a.x /tmp/g/b.x /tmp/g/*.none\n"},
		{"noclobber is a lock", `set -C; echo 1 2>/dev/null >/tmp/l && echo first; (echo 2 >/tmp/l) 2>/dev/null || echo second`, "", "first\nsecond\n"},
		{"loops leave", `for i in 1 2 3; do for j in a b; do [ $j = b ] && continue 2; [ $i = 3 ] && break 2; echo $i$j; done; done`, "", "1a\n2a\n"},
		{"process group from /proc", `{ IFS=' ' read -r a b c d g e </proc/$$/stat; } 2>/dev/null; [ "$g" = $$ ] && echo same; kill -0 $$ && echo alive`, "", "same\nalive\n"},
		{"sed", `printf 'a 1\nb 2\nc 3\n' | sed -n 's/^b \(.*\)$/<\1>/p;/^c/p'; echo 'k=v' | sed 's/=.*//'`, "", "<2>\nc 3\nk\n"},
		{"grep", `printf 'one\ntwo\n' | grep -c o; printf 'x\n' | grep -q y || echo no; printf 'a1\nb\n' | grep -E '^[a-z][0-9]+$'`, "", "2\nno\na1\n"},
		{"cut, head, tail, wc", `printf '1:a\n2:b\n3:c\n' | cut -d: -f2 | head -n 2 | tail -n 1; printf 'abc' | wc -c`, "", "b\n3\n"},
		{"printf repeats", `printf '%s-%d\n' a 1 b 2; printf '%5s|%-3s|\n' x y`, "", "a-1\nb-2\n    x|y  |\n"},
		{"locks", `exec 9>/tmp/lk; flock -n 9 && echo got; flock -n /tmp/lk true || echo busy`, "", "got\nbusy\n"},
		{"status of substitution", `x=$(exit 3); echo $?; y=$(echo z); echo $? $y`, "", "3\n0 z\n"},
		{"timeout", `timeout 0.05 sleep 9; echo $?`, "", "124\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := New("box", NewClock(time.Now()))
			out, errOut, _ := run(t, m, 0, tt.script, tt.in)
			if out != tt.want {
				t.Errorf("printed %q, want %q; standard error %q", out, tt.want, errOut)
			}
		})
	}
}

func TestOrdinaryUserMayNotWriteWhereRootMay(t *testing.T) {
	m := New("box", NewClock(time.Now()))
	m.Users = []User{{Name: "ops", UID: 1000, Home: "/home/ops", Sudo: "password", Password: "right"}}
	_, errOut, status := run(t, m, 1000, "echo x >/etc/passwd", "")
	if status == 0 || !strings.Contains(errOut, "Permission denied") {
		t.Errorf("status %d, %q", status, errOut)
	}
	out, _, _ := run(t, m, 1000, `sudo -k -S -p 'pw?' sh -c 'id -u; cat'`, "right\nrest\n")
	if out != "0\nrest\n" {
		t.Errorf("sudo with the password printed %q", out)
	}
	_, errOut, status = run(t, m, 1000, `sudo -k -S -p 'pw?' id -u`, "wrong\n")
	if status != 1 || !strings.Contains(errOut, "1 incorrect password attempt") {
		t.Errorf("sudo with a wrong password: status %d, %q", status, errOut)
	}
	_, errOut, status = run(t, m, 1000, `sudo -n true`, "")
	if status != 1 || errOut != "sudo: a password is required\n" {
		t.Errorf("sudo -n: status %d, %q", status, errOut)
	}
}

func TestFullDiskFailsAsOnLinux(t *testing.T) {
	m := New("box", NewClock(time.Now()))
	m.FS.SetFree(4)
	_, errOut, status := run(t, m, 0, "echo 123456789 >/tmp/x", "")
	if status != 1 || !strings.Contains(errOut, "No space left on device") {
		t.Errorf("status %d, %q", status, errOut)
	}
}

func TestPowerOffEndsEveryProcess(t *testing.T) {
	m := New("box", NewClock(time.Now()))
	p := m.Start(nil, Spec{Args: []string{"sh", "-c", "sleep 60 & setsid sleep 60; sleep 60"}, Run: Sh})
	time.Sleep(20 * time.Millisecond)
	m.PowerOff()
	if p.Wait() != 137 || len(m.Procs()) != 0 {
		t.Errorf("status %d, %d processes left", p.Wait(), len(m.Procs()))
	}
	if m.Start(nil, Spec{Run: Sh}) != nil {
		t.Error("a machine that is off started a process")
	}
}

func TestUnknownCommandIsTold(t *testing.T) {
	m := New("box", NewClock(time.Now()))
	var told string
	m.Unknown = func(name string, _ []string) { told = name }
	if _, _, status := run(t, m, 0, "frobnicate --now", ""); status != 127 || told != "frobnicate" {
		t.Errorf("status %d, told of %q", status, told)
	}
}
