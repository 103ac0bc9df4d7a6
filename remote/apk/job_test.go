package apk

import (
	"strings"
	"testing"

	"secondtuesday/remote/remotetest/jobtest"
)

const database = "lib/apk/db/installed"

// newWorld is a host whose apk prints the file "simulation", and when it is to
// change something "log"; its database is from then on what "after" says.
func newWorld(t *testing.T) *jobtest.World {
	w := jobtest.New(t, commonScript+jobScript, "/lib/apk/db", "/usr/lib/apk/db")
	for name, text := range map[string]string{
		database: "P:labdep\nV:1.0-r0\n\nP:old\nV:1.2.4-r0\n\n", "after": "P:labdep\nV:2.0-r0\n\nP:labnew\nV:1.0-r0\n\n",
		"simulation.status": "0\n", "log.status": "0\n",
		"bin/apk": `said() { cat "$world/$1" 2>/dev/null; read -r status <"$world/$1.status"; exit "$status"; }
case "$*" in
*--help*) echo "  --no-self-upgrade" ;;
*--simulate*) said simulation ;;
*" upgrade --no-self-upgrade"*) echo "$*" >"$world/began"; cp "$world/after" "$world/lib/apk/db/installed"; said log ;;
*) exit 9 ;;
esac`,
	} {
		w.Put(name, text)
	}
	return w
}

func TestJobBeginsOnlyWhatWasPlanned(t *testing.T) {
	const want = "upgrade labdep 2.0-r0\nadd labnew 1.0-r0\n"
	const sim = "(1/2) Installing labnew (1.0-r0)\n(2/2) Upgrading labdep (1.0-r0 -> 2.0-r0)\nOK: 0 MiB in 8 packages\n"
	purge := strings.NewReplacer("/2)", "/3)", "OK:", "(3/3) Purging old (1.2.4-r0)\nOK:").Replace(sim)
	for name, c := range map[string]struct {
		input, sim string
		files      map[string]string
		exit       int
		began      bool
	}{
		"as planned":           {want, sim, nil, 0, true},
		"one is gone already":  {want + "remove gone 1.0-r0\n", sim, nil, 0, true},
		"one goes":             {want + "remove old 1.2.4-r0\n", purge, nil, 0, true},
		"one was to go":        {want + "remove old 1.2.4-r0\n", purge, map[string]string{"after": "P:labdep\nV:2.0-r0\n\nP:labnew\nV:1.0-r0\n\nP:old\nV:1.2.4-r0\n"}, 1, true},
		"in already":           {"upgrade labdep 1.0-r0\n", "", nil, 0, false},
		"nothing comes in":     {want, sim, map[string]string{"after": "P:labdep\nV:1.0-r0\n"}, 1, true},
		"version of another":   {want, sim, map[string]string{"after": "P:labnew\nV:1.0-r0\n\nP:other\nV:2.0-r0\n"}, 1, true},
		"another version":      {want, strings.ReplaceAll(sim, "2.0-r0", "2.0-r1"), nil, 20, false},
		"one more":             {want, "(1/3) Upgrading musl (1.2.4-r0 -> 1.2.5-r0)\n" + sim, nil, 20, false},
		"one is purged":        {want, purge, nil, 20, false},
		"one is missing":       {want + "upgrade openssl 3.0.1-r0\n", sim, nil, 20, false},
		"one is listed twice":  {want + "upgrade openssl 3.0.1-r0\n", sim + "(3/3) Upgrading labdep (1.0-r0 -> 2.0-r0)\n", nil, 20, false},
		"unknown deed":         {want, strings.ReplaceAll(sim, "Upgrading", "Downgrading"), nil, 20, false},
		"nothing":              {want, "OK: 0 MiB in 8 packages\n", nil, 20, false},
		"only new packages":    {"add labnew 1.0-r0\n", sim, nil, 20, false},
		"simulation fails":     {want, sim, map[string]string{"simulation.status": "1\n"}, 20, false},
		"lock of another one":  {want, "ERROR: Unable to lock database: temporary error (try again later)\n", map[string]string{"simulation.status": "99\n"}, 24, false},
		"installation refused": {want, sim, map[string]string{"log.status": "99\n", "after": "P:labdep\nV:1.0-r0\n"}, 99, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.Put("simulation", c.sim)
			for name, text := range c.files {
				w.Put(name, text)
			}
			w.Ended(w.Run(c.input), c.exit, c.began)
		})
	}
}

// Both versions exit with 1 when a script fails, and bring all packages in. The
// job says so whatever the exit status is.
func TestFailedScriptOfTheRecordedLogsFailsTheJob(t *testing.T) {
	for _, v := range []string{"v2", "v3"} {
		for _, status := range []string{"0\n", "1\n"} {
			log := sample(t, "apk-"+v+"-upgrade.txt")
			log, _, _ = strings.Cut(log, "labbadpost-2.0-r0\n") // the list of packages asked for behind it
			w := newWorld(t)
			w.Put("simulation", "(1/1) Upgrading labdep (1.0-r0 -> 2.0-r0)\n")
			w.Put("log", log)
			w.Put("log.status", status)
			st := w.Run("upgrade labdep 2.0-r0\n")
			want := map[string]int{"0\n": 25, "1\n": 1}[status]
			w.Ended(st, want, true)
			if !strings.Contains(string(st.Log), "packages' scripts failed:\n") {
				t.Errorf("%s: the log does not name the script:\n%s", v, st.Log)
			}
		}
	}
}

func TestJobPinsNoVersion(t *testing.T) {
	w := newWorld(t)
	w.Put("simulation", "(1/1) Upgrading labdep (1.0-r0 -> 2.0-r0)\n")
	w.Ended(w.Run("upgrade labdep 2.0-r0\n"), 0, true)
	if got := w.Get("began"); got != "--cache-max-age 5256000 upgrade --no-self-upgrade labdep\n" {
		t.Errorf("apk was asked: %s", got)
	}
}
