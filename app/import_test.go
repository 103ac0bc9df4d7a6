package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/google/go-cmp/cmp"

	"secondtuesday/data"
)

func previewCSV(t *testing.T, text string) ImportPreview {
	t.Helper()
	table, err := ReadCSV(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return table.Preview(nil)
}

func namesIn(p ImportPreview) (names []string) {
	for _, r := range p.Rows {
		names = append(names, r.Host.Name)
	}
	return names
}

func toUTF16(s string, mark string, bigEndian bool) string {
	out := []byte(mark)
	for _, u := range utf16.Encode([]rune(s)) {
		if bigEndian {
			out = append(out, byte(u>>8), byte(u))
		} else {
			out = append(out, byte(u), byte(u>>8))
		}
	}
	return string(out)
}

func TestCSVIsReadAsPeopleSaveIt(t *testing.T) {
	plain := "Rechner;IP-Adresse;Geschäftsbereich;Erreichbarkeit;Kritikalität\r\nweb1;10.0.0.1;Müller & Söhne;Internet;hoch\r\n"
	want := ImportRow{Line: 2, Host: data.Host{Name: "web1", Address: "10.0.0.1", BusinessUnit: "Müller & Söhne", Exposure: data.Internet, Criticality: data.CriticalityHigh}}
	latin := []byte{}
	for _, r := range plain {
		latin = append(latin, byte(r)) // all below 256
	}
	for name, text := range map[string]string{
		"UTF-8": plain, "with a mark": "\ufeff" + plain, "Windows-1252": string(latin),
		"UTF-16 little": toUTF16(plain, "\xff\xfe", false), "UTF-16 big": toUTF16(plain, "\xfe\xff", true),
		"UTF-16 without a mark": toUTF16(plain, "", false),
		"tabs":                  strings.ReplaceAll(plain, ";", "\t"), "bars": strings.ReplaceAll(plain, ";", "|"),
		"commas": strings.ReplaceAll(plain, ";", ","),
	} {
		p := previewCSV(t, text)
		if diff := cmp.Diff([]ImportRow{want}, p.Rows); diff != "" || len(p.Bad()) > 0 {
			t.Errorf("%s: %v %s", name, p.Problems, diff)
		}
	}
	p := previewCSV(t, "sep=;\n"+plain)
	if len(p.Rows) != 1 || p.Rows[0].Line != 3 || p.Rows[0].Host.Name != "web1" {
		t.Errorf("with a sep= line: %+v", p)
	}
}

func TestCSVErrorsNameTheirLine(t *testing.T) {
	p := previewCSV(t, "name,port,exposure,ring\nweb1,22,internet,1\nweb2,70000,internet,1\n\nweb3,22,everywhere,1\n,22,internal,1\nweb4,22,lan,10,extra\n\"web5,22")
	var lines []string
	for _, b := range p.Bad() {
		lines = append(lines, fmt.Sprint(b.Line))
	}
	if got := strings.Join(lines, " "); got != "8 3 5 6 7" || len(p.Rows) != 1 {
		t.Errorf("problems in lines %s with rows %v: %v", got, namesIn(p), p.Problems)
	}
}

func TestCSVWithoutHeadingIsMappedByHand(t *testing.T) {
	table, err := ReadCSV(strings.NewReader("web1,10.0.0.1\nweb2,10.0.0.2\n"))
	if err != nil || len(table.Rows) != 2 || table.Header[1] != "column 2" {
		t.Fatalf("%+v, %v", table, err)
	}
	if p := table.Preview(nil); len(p.Rows) != 0 || len(p.Bad()) != 1 {
		t.Errorf("without a name: %+v", p)
	}
	p := table.Preview([]Field{FieldName, FieldAddress})
	if len(p.Rows) != 2 || p.Rows[1].Host.Address != "10.0.0.2" {
		t.Errorf("%+v", p)
	}
}

// endless gives letters for ever.
type endless byte

func (e endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = byte(e)
	}
	return len(p), nil
}

func TestHugeAndForeignFilesAreRefused(t *testing.T) {
	readers := map[string]func(io.Reader) error{
		"CSV":         func(r io.Reader) error { _, err := ReadCSV(r); return err },
		"OpenSSH":     func(r io.Reader) error { _, err := ReadOpenSSH(r, false, nil); return err },
		"known_hosts": func(r io.Reader) error { _, err := ReadKnownHosts(r); return err },
		"INI":         func(r io.Reader) error { _, err := ReadAnsibleINI(r); return err },
		"YAML":        func(r io.Reader) error { _, err := ReadAnsibleYAML(r); return err },
	}
	for name, read := range readers {
		for what, r := range map[string]io.Reader{
			"endless line":  endless('a'),
			"endless lines": endless('\n'),
			"a long line":   strings.NewReader(strings.Repeat("x", maxImportLine+2) + "\nweb1 ssh-rsa AAAA\n"),
			"a database":    strings.NewReader("SQLite format 3\x00\x10\x00\x01\x01"),
		} {
			if err := read(r); err == nil { // at all: an endless file that is read to its end never comes back
				t.Errorf("%s: %s is accepted", name, what)
			}
		}
	}
}

func TestYAMLBombsDoNoHarm(t *testing.T) {
	laughs := "a0: &a0 {hosts: {h: }}\n"
	for i := 1; i < 40; i++ {
		laughs += fmt.Sprintf("a%d: &a%d {children: {x: *a%d, y: *a%d, z: *a%d}}\n", i, i, i-1, i-1, i-1)
	}
	merges := "m0: &m0 {x: 1}\n"
	for i := 1; i < 40; i++ {
		merges += fmt.Sprintf("m%d: &m%d {<<: [*m%d, *m%d, *m%d]}\n", i, i, i-1, i-1, i-1)
	}
	deep := "all:\n"
	for i := range 500 {
		deep += strings.Repeat(" ", i+1) + "children:\n"
	}
	for name, text := range map[string]string{
		"a thousand million laughs": laughs, "tags": "a: " + strings.Repeat("!t ", 300_000) + "x",
		"anchors": "a: " + strings.Repeat("&a ", 300_000) + "x", "keys": strings.Repeat("a: ", 300_000), "asked keys": strings.Repeat("? a : ", 100_000),
		"merges": merges, "brackets": strings.Repeat("[", 1_000_000), "braces": strings.Repeat("{a: ", 100_000),
		"dashes": strings.Repeat("- ", 400_000), "questions": strings.Repeat("? ", 400_000), "depth": deep,
		"commas": "a: [" + strings.Repeat("a, ", 300_000), "lines": strings.Repeat("a:\n", 1_000_000),
		"itself": "a: &a {children: {b: *a}}\n", "many hosts": "all: {hosts: {'h[0:99999]x[0:99999]': }}",
	} {
		p, err := ReadAnsibleYAML(strings.NewReader(text)) // without bounds some of these take hours, and the test its time
		if err == nil && len(p.Rows) > maxImportRows {
			t.Errorf("%s gave %d hosts", name, len(p.Rows))
		}
	}
}

func TestOpenSSHConfigurationIsRead(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "more.conf"), []byte("Host db1\n  HostName 10.0.0.9\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	text := `# mine
Include more.conf
Host web1 web2 *.example.org !web3
    HostName %h.example.org
    User deploy
    Port = 2222
    ProxyJump bastion
    IdentityFile "~/.ssh/my key"
Match host web1 exec "touch /tmp/never"
    User evil
Host odd
    Port 99999
Host proxied
    ProxyCommand nc %h %p
Host *
    User root
`
	open := SSHFiles(dir, dir)
	p, err := ReadOpenSSH(strings.NewReader(text), false, open)
	if err != nil {
		t.Fatal(err)
	}
	want := []ImportRow{
		{Line: 0, Host: data.Host{Name: "db1", Reach: data.ReachSSH, Address: "10.0.0.9", User: "root"}},
		{Line: 3, Host: data.Host{Name: "web1", Reach: data.ReachSSH, Address: "web1.example.org", User: "deploy", Port: 2222, Jump: "bastion", IdentityFile: "~/.ssh/my key"}},
		{Line: 3, Host: data.Host{Name: "web2", Reach: data.ReachSSH, Address: "web2.example.org", User: "deploy", Port: 2222, Jump: "bastion", IdentityFile: "~/.ssh/my key"}},
		{Line: 13, Host: data.Host{Name: "proxied", Reach: data.ReachSSH, User: "root"}},
	}
	if diff := cmp.Diff(want, p.Rows); diff != "" {
		t.Error(diff)
	}
	if b := p.Bad(); len(b) != 1 || b[0].Line != 11 || len(p.Problems) != 3 {
		t.Errorf("problems %v", p.Problems)
	}
	p, err = ReadOpenSSH(strings.NewReader(text), true, nil)
	if err != nil || p.Rows[0].Host != (data.Host{Name: "web1", Reach: data.ReachSSH}) {
		t.Errorf("one's own: %+v, %v", p.Rows, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "loop.conf"), []byte("Include loop.conf loop.conf\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadOpenSSH(strings.NewReader("Include loop.conf\n"), false, open); err == nil || !strings.Contains(err.Error(), "include each other") {
		t.Errorf("a loop of includes: %v", err)
	}
}

func TestKnownHostsNamesAreRead(t *testing.T) {
	p, err := ReadKnownHosts(strings.NewReader(`# comment
10.0.0.5,web1 ssh-ed25519 AAAA
web1 ecdsa-sha2-nistp256 AAAA
[db1]:2222,[10.0.0.6]:2222 ssh-rsa AAAA
|1|abc=|def= ssh-ed25519 AAAA
@revoked bad ssh-rsa AAAA
*.example.org ssh-rsa AAAA
nonsense
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []ImportRow{
		{Line: 2, Host: data.Host{Name: "web1", Address: "10.0.0.5", Reach: data.ReachSSH}},
		{Line: 4, Host: data.Host{Name: "db1", Address: "10.0.0.6", Port: 2222, Reach: data.ReachSSH}},
	}
	if diff := cmp.Diff(want, p.Rows); diff != "" {
		t.Error(diff)
	}
	if len(p.Problems) != 2 || p.Bad()[0].Line != 8 || p.Problems[1].Text != "1 name is hashed and cannot be read back (HashKnownHosts)" {
		t.Errorf("problems %v", p.Problems)
	}
}

const ansibleINI = `lonely ansible_host=10.0.0.1 ansible_connection=local

[web]  # the fronts
web[01:03].example.org ansible_port=2222 # comment
[db]
db-[a:b] ansible_user='the admin' ansible_password=secret
web01.example.org
[db:vars]
ansible_user=postgres
[all:vars]
ansible_user=root
ansible_become_password=hush
[shop:children]
web
[shop:vars]
ansible_ssh_private_key_file=/keys/shop
[bad
[x:other]
`

const ansibleYAML = `all:
  vars: &defaults
    ansible_user: root
    ansible_become_password: hush
  hosts:
    lonely: {ansible_host: 10.0.0.1, ansible_connection: local}
  children:
    shop:
      vars: {ansible_ssh_private_key_file: /keys/shop}
      children:
        web:
          hosts:
            web[01:03].example.org:
              ansible_port: 2222
    db:
      vars:
        ansible_user: postgres
      hosts:
        db-[a:b]:
          ansible_user: the admin
          ansible_password: !vault |
            $ANSIBLE_VAULT;1.1;AES256
            6638
        web01.example.org:
`

func TestAnsibleInventoriesAreRead(t *testing.T) {
	web := func(n string) data.Host {
		return data.Host{Name: n, Reach: data.ReachSSH, User: "root", Port: 2222, IdentityFile: "/keys/shop"}
	}
	both := web("web01.example.org")
	both.User, both.Notes = "postgres", "Ansible groups: web, db"
	want := map[string]ImportRow{
		"lonely":            {Host: data.Host{Name: "lonely", Address: "10.0.0.1", User: "root", Reach: data.ReachLocal}},
		"web01.example.org": {Host: both, Group: "web"},
		"web02.example.org": {Host: web("web02.example.org"), Group: "web"},
		"web03.example.org": {Host: web("web03.example.org"), Group: "web"},
		"db-a":              {Host: data.Host{Name: "db-a", User: "the admin", Reach: data.ReachSSH}, Group: "db"},
		"db-b":              {Host: data.Host{Name: "db-b", User: "the admin", Reach: data.ReachSSH}, Group: "db"},
	}
	ini, err := ReadAnsibleINI(strings.NewReader(ansibleINI))
	if err != nil {
		t.Fatal(err)
	}
	yml, err := ReadAnsibleYAML(strings.NewReader(ansibleYAML))
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string]ImportPreview{"INI": ini, "YAML": yml} {
		got := map[string]ImportRow{}
		for _, r := range p.Rows {
			if r.Line == 0 {
				t.Errorf("%s: %s has no line", name, r.Host.Name)
			}
			r.Line = 0
			got[r.Host.Name] = r
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s%v", name, diff, p.Problems)
		}
		if s := fmt.Sprintf("%+v", p); strings.Contains(s, "hush") || strings.Contains(s, "=secret") || strings.Contains(s, "6638") {
			t.Errorf("%s: a secret is carried on: %s", name, s)
		}
	}
	if b := ini.Bad(); len(b) != 2 {
		t.Errorf("INI: %v", b)
	}
	if b := yml.Bad(); len(b) != 0 {
		t.Errorf("YAML: %v", b)
	}
}

func TestTemplatesInAddressesAreNotTakenAsAddresses(t *testing.T) {
	p, err := ReadAnsibleINI(strings.NewReader("web1 ansible_host={{lookup('env','X')}}\n"))
	if err != nil || len(p.Rows) != 0 || len(p.Bad()) != 1 {
		t.Errorf("%+v, %v", p, err)
	}
}

func fullHosts() ([]data.Host, []data.Group) {
	return []data.Host{
		{Name: "web1", Address: "10.0.0.1", Port: 2222, User: "root", Jump: "bastion", IdentityFile: "/k", Reach: data.ReachSSH, Technology: "Debian", BusinessUnit: "Shop, \"web\"", Owner: "=HYPERLINK(1)", Admin: "@SUM(A1)", Criticality: data.CriticalityHigh, Exposure: data.Internet, Environment: data.OnPremises, Ring: 2, Group: 3, Notes: "'=1+1"},
		{Name: "win1", Reach: data.ReachWinRM, User: `.\patch`, Exposure: data.AirGapped, Environment: data.RemoteSite, Notes: "-2\nsecond; line"},
		{Name: "win2", Reach: data.ReachWinRM, Auth: data.AuthKerberos, User: "patch@CORP.EXAMPLE.TEST", Exposure: data.Internal},
		{Name: "win3", Reach: data.ReachWinRM, Auth: data.AuthSealedHTTP, User: "patch", Exposure: data.Internal},
		{Name: "win4", Reach: data.ReachWinRM, Auth: data.AuthBasic, User: `CORP\patch`, Port: 15986, Exposure: data.Internal},
		{Name: "+here", Reach: data.ReachLocal, Exposure: data.Internal, Notes: "''=x 'y'"},
	}, []data.Group{{ID: 3, Name: "Web Munich"}}
}

func TestCSVComesBackAsItWentOut(t *testing.T) {
	hosts, groups := fullHosts()
	var b bytes.Buffer
	if err := ExportCSV(&b, hosts, groups); err != nil {
		t.Fatal(err)
	}
	for _, cell := range []string{"'=HYPERLINK(1)", "'@SUM(A1)", "''=1+1", "'+here"} {
		if !strings.Contains(b.String(), cell) {
			t.Errorf("no cell %s in\n%s", cell, b.String())
		}
	}
	checkRoundTrip(t, previewCSV(t, b.String()), hosts)
}

func checkRoundTrip(t *testing.T, p ImportPreview, hosts []data.Host) {
	t.Helper()
	if len(p.Bad()) > 0 || len(p.Rows) != len(hosts) {
		t.Fatalf("%d rows, %v", len(p.Rows), p.Problems)
	}
	byName := map[string]ImportRow{}
	for _, r := range p.Rows {
		byName[r.Host.Name] = r
	}
	for _, h := range hosts {
		r := byName[h.Name]
		if (h.Group != 0) != (r.Group == "Web Munich") {
			t.Errorf("%s: group %q", h.Name, r.Group)
		}
		h.Group = 0
		if diff := cmp.Diff(h, r.Host); diff != "" {
			t.Error(diff)
		}
	}
}

func TestAnsibleComesBackAsItWentOut(t *testing.T) {
	hosts, groups := fullHosts()
	var b bytes.Buffer
	if err := ExportAnsible(&b, hosts, groups); err != nil {
		t.Fatal(err)
	}
	p, err := ReadAnsibleYAML(&b)
	if err != nil {
		t.Fatal(err)
	}
	checkRoundTrip(t, p, hosts)
	if err := ExportAnsible(&b, []data.Host{{Name: "x", Address: "{{ lookup('pipe', 'id') }}"}}, nil); err == nil {
		t.Error("a template as an address is exported")
	}
	b.Reset()
	if err := ExportAnsible(&b, []data.Host{{Name: "x", Notes: "{{{ bad }}"}}, nil); err != nil || strings.Contains(b.String(), "{{") {
		t.Errorf("a template in the notes is exported: %s, %v", b.String(), err)
	}
}

func TestWhatAnsibleDoesOtherwiseWithWindowsIsTold(t *testing.T) {
	p, err := ReadAnsibleINI(strings.NewReader(`[win]
plain
sealed ansible_port=5985
scheme ansible_winrm_scheme=http ansible_winrm_transport=ntlm
ticket ansible_winrm_transport=kerberos
basic ansible_winrm_transport=basic
clear ansible_winrm_transport=basic ansible_winrm_scheme=http
credssp ansible_winrm_transport=credssp
lax ansible_winrm_transport=ntlm ansible_winrm_server_cert_validation=ignore
[win:vars]
ansible_connection=winrm
`))
	if err != nil || len(p.Bad()) > 0 {
		t.Fatal(err, p.Problems)
	}
	want := map[string]struct {
		auth data.Auth
		note string
	}{
		"plain": {}, "sealed": {data.AuthSealedHTTP, "nothing proves who the host is"}, "scheme": {data.AuthSealedHTTP, "nothing proves who the host is"},
		"ticket": {data.AuthKerberos, ""}, "basic": {data.AuthBasic, ""}, "clear": {data.AuthBasic, "over HTTP is not done here"},
		"credssp": {data.AuthNTLM, `"credssp" is not known here`}, "lax": {data.AuthNTLM, "certificates are checked here"},
	}
	for _, r := range p.Rows {
		w := want[r.Host.Name]
		told := ""
		for _, n := range p.Problems {
			if strings.Contains(n.Text, `"`+r.Host.Name+`"`) {
				told = n.Text
			}
		}
		if r.Host.Auth != w.auth || (w.note == "") != (told == "") || !strings.Contains(told, w.note) {
			t.Errorf("%s: login %q, told %q", r.Host.Name, r.Host.Auth, told)
		}
	}
	if len(p.Rows) != len(want) {
		t.Errorf("%d rows", len(p.Rows))
	}
}

// A password is kept for it: a file must not send that by a weaker way.
func TestAFileChangesNoLoginOfAHostThatIsThere(t *testing.T) {
	p := previewCSV(t, "name,reach,auth,exposure\nwin1,winrm,basic,internal\n")
	old := data.Host{ID: 1, Name: "win1", Reach: data.ReachWinRM, User: "patch", Exposure: data.Internal}
	items, problems := p.Resolve(ImportChoices{Existing: ExistingUpdated}, []data.Host{old})
	if len(items) != 0 || len(problems) != 1 || !strings.Contains(problems[0].Text, "another login") {
		t.Errorf("got %v, %v", items, problems)
	}
	old.Auth = data.AuthBasic
	if items, problems := p.Resolve(ImportChoices{Existing: ExistingUpdated}, []data.Host{old}); len(items) != 1 || len(problems) != 0 || items[0].Host.Auth != data.AuthBasic {
		t.Errorf("got %v, %v", items, problems)
	}
}

func TestChoicesDecideWhatIsImported(t *testing.T) {
	p := previewCSV(t, "name,exposure,owner\nweb1,,Anna\nweb2,internet,\nweb2,internal,\n")
	stored := []data.Host{{ID: 4, Name: "WEB1", Exposure: data.Internal, Owner: "Olga", Admin: "Kim", Reach: data.ReachSSH, Group: 8}}
	items, problems := p.Resolve(ImportChoices{}, stored)
	if len(items) != 1 || len(problems) != 2 {
		t.Errorf("without choices: %v, %v", items, problems)
	}
	items, problems = p.Resolve(ImportChoices{Existing: ExistingUpdated, Skip: map[int]bool{2: true}, Group: "new"}, stored)
	want := data.Host{ID: 4, Name: "web1", Exposure: data.Internal, Owner: "Anna", Admin: "Kim", Reach: data.ReachSSH, Group: 8}
	if len(problems) != 0 || len(items) != 2 || items[0].Host != want || items[0].Group != "" || items[1].Group != "new" {
		t.Errorf("updating: %+v, %v", items, problems)
	}
	p = previewCSV(t, "name\nweb9\n")
	if _, problems := p.Resolve(ImportChoices{}, nil); len(problems) != 1 || !strings.Contains(problems[0].Text, data.ErrNoExposure.Error()) {
		t.Errorf("without exposure: %v", problems)
	}
	if items, problems := p.Resolve(ImportChoices{Exposure: data.Internal}, nil); len(problems) != 0 || items[0].Host.Exposure != data.Internal {
		t.Errorf("with an exposure for all: %v, %v", items, problems)
	}
}

func FuzzImport(f *testing.F) {
	f.Add("name;ip\nweb1;10.0.0.1\n")
	f.Add(ansibleINI)
	f.Add(ansibleYAML)
	f.Add("Host a b\n HostName %h\nInclude x\nMatch all\n")
	f.Add("[db1]:2222,10.0.0.6 ssh-rsa AAAA\n|1|a|b ssh-rsa AAAA")
	f.Fuzz(func(t *testing.T, text string) {
		if table, err := ReadCSV(strings.NewReader(text)); err == nil {
			table.Preview(nil)
		}
		ReadOpenSSH(strings.NewReader(text), false, nil)
		ReadKnownHosts(strings.NewReader(text))
		ReadAnsibleINI(strings.NewReader(text))
		ReadAnsibleYAML(strings.NewReader(text))
		if back := undoFormula(againstFormula(text)); back != text {
			t.Errorf("%q comes back as %q", text, back)
		}
	})
}

func TestImportErrorNamesTheFirstLine(t *testing.T) {
	err := error(&ImportError{[]ImportProblem{{Line: 3, Text: "port"}, {Line: 4, Text: "ring"}}})
	var want *ImportError
	if !errors.As(err, &want) || err.Error() != "nothing was imported: line 3: port (and 1 more)" {
		t.Error(err)
	}
}

// A file from elsewhere must not turn this computer into a host unasked: it is
// worked on without SSH, so no login or host key stands in the way.
func TestAFileCannotMakeThisComputerAHostByItself(t *testing.T) {
	p := previewCSV(t, "name,reach,exposure\nweb1,ssh,internal\nhere,local,internal\n")
	saves, problems := p.Resolve(ImportChoices{}, nil)
	if len(saves) != 1 || len(bad(problems)) != 1 || problems[0].Line != 3 || !strings.Contains(problems[0].Text, "this computer") {
		t.Errorf("%d saved, %v", len(saves), problems)
	}
	saves, problems = p.Resolve(ImportChoices{Local: true}, nil)
	if len(saves) != 2 || len(bad(problems)) != 0 || len(problems) != 1 || !strings.Contains(problems[0].Text, "without SSH") {
		t.Errorf("allowed: %d saved, %v", len(saves), problems)
	}
	// Nor a host that is there.
	there := []data.Host{{ID: 1, Name: "here", Reach: data.ReachSSH, Exposure: data.Internal}}
	if _, problems = p.Resolve(ImportChoices{Existing: ExistingUpdated}, there); len(bad(problems)) != 1 {
		t.Errorf("a host that is there was turned: %v", problems)
	}
	there[0].Reach = data.ReachLocal // what it is already needs no leave
	if saves, problems = p.Resolve(ImportChoices{Existing: ExistingUpdated}, there); len(saves) != 2 || len(bad(problems)) != 0 {
		t.Errorf("updating it: %d saved, %v", len(saves), problems)
	}
}
