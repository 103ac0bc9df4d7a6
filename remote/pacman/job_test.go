package pacman

import (
	"strings"
	"testing"

	"secondtuesday/remote/remotetest/jobtest"
)

// newWorld is a host whose lists offer what the file "offered" says. When pacman
// is to change something it prints "log", and has from then on what "after" says.
func newWorld(t *testing.T) *jobtest.World {
	w := jobtest.New(t, commonScript+jobScript, "/var/cache/secondtuesday", "/var/lib/pacman")
	for name, text := range map[string]string{
		"now": "labhello 1.0-1\nlabrep 1.0-1\n", "after": "labhello 1.1-1\nlabrep 1.0-1\n", "offered": "labhello 1.1-1\n",
		"replaces": "None\n", "log": "upgrading labhello...\n", "log.status": "0\n", "fetch.status": "0\n", "download.status": "0\n",
		"var/lib/pacman/local/desc": "",
		"bin/pacman-conf":           `echo "$world/var/lib/pacman/"`,
		"bin/pacman": `last=
for a in "$@"; do last=$a; done
said() { cat "$world/$1" 2>/dev/null; read -r status <"$world/$1.status"; exit "$status"; }
case "$*" in
-Q*)
	while read -r n v; do
		[ "$n" = "$last" ] || continue
		case $1 in -Qq) echo "$n" ;; *) echo "$n $v" ;; esac
		exit 0
	done <"$world/now"
	exit 1
	;;
*--downloadonly*) said download ;;
-Su*--print*) cat "$world/whole" 2>/dev/null || cat "$world/offered" ;;
*--print*) cat "$world/offered" ;;
-Sy*) echo lists >"$world/var/cache/secondtuesday/pacman.job/sync/lab.db"; said fetch ;;
-Si*) echo "Name            : labhello"; echo "Replaces        : $(cat "$world/replaces")" ;;
*) echo "$*" >"$world/began"; cp "$world/after" "$world/now"; said log ;;
esac`,
	} {
		w.Put(name, text)
	}
	return w
}

// The whole system is upgraded where that is the plan; what is named where the
// plan leaves something out, and the log says that Arch does not support it.
func TestJobUpgradesTheWholeSystemWhereThatIsThePlan(t *testing.T) {
	for whole, want := range map[string]string{
		"labhello 1.1-1\n":               "-Su --noconfirm\n",
		"labhello 1.1-1\nglibc 2.40-1\n": "-S --noconfirm labhello\n",
	} {
		w := newWorld(t)
		w.Put("whole", whole)
		st := w.Run("upgrade labhello 1.1-1\n")
		partial := strings.Contains(string(st.Log), "this is a partial upgrade")
		if got := w.Get("began"); st.Exit != 0 || got != want || partial != strings.Contains(want, "labhello") {
			t.Errorf("exit status %d, pacman was asked %q, want %q:\n%s", st.Exit, got, want, st.Log)
		}
	}
}

func TestJobBeginsOnlyWhatWasPlanned(t *testing.T) {
	const want = "upgrade labhello 1.1-1\n"
	for name, c := range map[string]struct {
		input string
		files map[string]string
		exit  int
		began bool
	}{
		"as planned":              {want, nil, 0, true},
		"one is gone already":     {want + "remove gone 1.0-1\n", nil, 0, true},
		"in already":              {"upgrade labhello 1.0-1\n", nil, 0, false},
		"the sources have moved":  {want, map[string]string{"offered": "labhello 1.2-1\n"}, 20, false},
		"one more":                {want, map[string]string{"offered": "labhello 1.1-1\nglibc 2.40-1\n"}, 20, false},
		"one is missing":          {want + "upgrade openssl 3.0.1-1\n", nil, 20, false},
		"one is listed twice":     {want + "upgrade openssl 3.0.1-1\n", map[string]string{"offered": "labhello 1.1-1\nlabhello 1.1-1\n"}, 20, false},
		"one would be replaced":   {want, map[string]string{"replaces": "labrep<2\n"}, 20, false},
		"one is to be replaced":   {want + "remove labrep 1.0-1\n", map[string]string{"replaces": "labrep<2\n", "after": "labhello 1.1-1\n"}, 0, true},
		"lists cannot be fetched": {want, map[string]string{"fetch.status": "1\n"}, 22, false},
		"download fails":          {want, map[string]string{"download.status": "1\n"}, 22, false},
		"another one works":       {want, map[string]string{"var/lib/pacman/db.lck": ""}, 24, false},
		"nothing came in":         {want, map[string]string{"after": "labhello 1.0-1\n"}, 1, true},
		"pacman fails":            {want, map[string]string{"log.status": "1\n"}, 1, true},
		"failed script beside exit status 0": {want,
			map[string]string{"log": "upgrading labhello...\nerror: command failed to execute correctly\n"}, 25, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			for name, text := range c.files {
				w.Put(name, text)
			}
			st := w.Run(c.input)
			w.Ended(st, c.exit, c.began)
			// The host's own lists change only when the plan goes in: Arch
			// knows no partial upgrades.
			if w.Has("var/lib/pacman/sync/lab.db") != c.began {
				t.Errorf("the host has new lists: %v", !c.began)
			}
			if says := "package labhello 1.1-1 "; c.began && !strings.Contains(string(st.Log), says) {
				t.Errorf("the log does not say %q:\n%s", says, st.Log)
			}
		})
	}
}
