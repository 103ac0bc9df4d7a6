package dnf

import (
	"strings"
	"testing"

	"secondtuesday/remote/remotetest/jobtest"
)

const (
	wantSSL   = "upgrade labssl noarch 1.0-2.el9\n"
	tableSSL  = head + "Upgrading:\n labssl noarch 1.0-2.el9 lab 6.2 k\n\nTransaction Summary\n====\nUpgrade 1 Package\n"
	table5SSL = "Package Arch Version Repository Size\nUpgrading:\n labssl noarch 0:1.0-2.el9 lab 10.0   B\n   replacing labssl noarch 0:1.0-1.el9 <unknown> 10.0   B\n\nTransaction Summary:\n"
)

// newWorld is a host whose dnf prints the file "table" and exits with what the
// files *.status say; with -y it prints "log", and rpm says from then on what
// "after" has.
func newWorld(t *testing.T, table string) *jobtest.World {
	w := jobtest.New(t, commonScript+jobScript, "/var/lib/dnf/", "/var/cache/dnf/", "/run/dnf/", "/run/yum.pid", "/var/lib/rpm")
	for name, text := range map[string]string{
		"now": "labssl.noarch 1.0-1.el9\n", "after": "labssl.noarch 1.0-2.el9\n", "table": table, "table.status": "1\n",
		"download.status": "0\n", "log.status": "0\n",
		"bin/rpm": jobtest.RPM,
		"bin/dnf": `said() { cat "$world/$1" 2>/dev/null; read -r status <"$world/$1.status"; exit "$status"; }
case " $* " in
*' --downloadonly '*) said download ;;
*' -y '*) echo began >"$world/began"; cp "$world/after" "$world/now"; said log ;;
*) said table ;;
esac`,
	} {
		w.Put(name, text)
	}
	return w
}

func TestJobBeginsOnlyWhatWasPlanned(t *testing.T) {
	for name, c := range map[string]struct {
		input, table string
		exit         int
		began        bool
	}{
		"as planned":               {wantSSL, tableSSL, 0, true},
		"as planned, dnf 5":        {wantSSL, table5SSL, 0, true},
		"wrapped row":              {wantSSL, head + "Upgrading:\n labssl\n                  noarch 1.0-2.el9 lab 6.2 k\n\nTransaction Summary\n", 0, true},
		"in already":               {"upgrade labssl noarch 1.0-1.el9\n", "", 0, false},
		"another version":          {wantSSL, strings.ReplaceAll(tableSSL, "1.0-2", "1.0-3"), 20, false},
		"one more":                 {wantSSL, strings.ReplaceAll(tableSSL, "\n\nTransaction", "\n more noarch 1-1 lab 1 k\n\nTransaction"), 20, false},
		"one is erased":            {wantSSL, strings.ReplaceAll(tableSSL, "\n\nTransaction", "\nRemoving:\n labhello noarch 1.0-1.el9 @System 10  \n\nTransaction"), 20, false},
		"one is replaced":          {wantSSL, strings.ReplaceAll(tableSSL, "\n\nTransaction", "\n     replacing  labobs.noarch 1.0-1.el9\n\nTransaction"), 20, false},
		"one is replaced, dnf 5":   {wantSSL, strings.ReplaceAll(table5SSL, "\n\nTransaction", "\n   replacing labobs noarch 0:1.0-1.el9 <unknown> 1 B\n\nTransaction"), 20, false},
		"one is missing":           {wantSSL + "upgrade labcrit noarch 1.0-2.el9\n", tableSSL, 20, false},
		"one is listed twice":      {wantSSL + "upgrade labcrit noarch 1.0-2.el9\n", strings.ReplaceAll(tableSSL, "\n\nTransaction", "\n labssl noarch 1.0-2.el9 lab 6.2 k\n\nTransaction"), 20, false},
		"unknown heading":          {wantSSL, strings.ReplaceAll(tableSSL, "Upgrading", "Downgrading"), 20, false},
		"no table":                 {wantSSL, "Nothing to do.\n", 20, false},
		"same name, but not asked": {"upgrade labssl i686 1.0-2.el9\n", tableSSL, 20, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.table)
			w.Ended(w.Run(c.input), c.exit, c.began)
		})
	}
}

func TestEndOfDnfIsJudgedByThePackages(t *testing.T) {
	const failed = "warning: %post(labssl-1.0-2.el9.noarch) scriptlet failed, exit status 1\n"
	for name, c := range map[string]struct {
		files map[string]string
		exit  int
		began bool
	}{
		"failed %post beside exit status 0": {map[string]string{"log": failed}, 25, true},
		"nothing is in":                     {map[string]string{"after": "labssl.noarch 1.0-1.el9\n"}, 1, true},
		"transaction failed":                {map[string]string{"log.status": "1\n", "log": failed}, 1, true},
		"download failed":                   {map[string]string{"download.status": "1\n"}, 22, false},
		"lock taken behind the look":        {map[string]string{"table.status": "200\n", "table": ""}, 24, false},
		"lock taken before the download":    {map[string]string{"download.status": "200\n"}, 24, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, tableSSL)
			for name, text := range c.files {
				w.Put(name, text)
			}
			w.Ended(w.Run(wantSSL), c.exit, c.began)
		})
	}
}

// The recorded tables are planned exactly when the plan is what Go reads from them.
func TestJobReadsTablesAsThisProgramDoes(t *testing.T) {
	for _, file := range []string{"dnf-security-assumeno.txt", "dnf-upgrade-assumeno.txt", "dnf5-upgrade-assumeno.txt"} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			text := sample(t, file)
			rows, err := parseTransaction(text)
			if err != nil {
				t.Fatal(err)
			}
			var input strings.Builder
			skips := false
			for _, r := range rows {
				switch r.does {
				case comes:
					input.WriteString("upgrade " + r.name + " " + r.arch + " " + r.evr + "\n")
				case stays:
					skips = true
				}
			}
			st := newWorld(t, text).Run(input.String())
			if refused := st.Exit == 20; refused != (skips || strings.Contains(text, "replacing  labobs")) {
				t.Errorf("exit status %d:\n%s", st.Exit, st.Log)
			}
		})
	}
}
