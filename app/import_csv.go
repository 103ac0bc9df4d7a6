package app

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"secondtuesday/data"
)

// A Field is a property of a host that a column can hold.
type Field string

// The fields, in the order they are exported. FieldNone is a column that is
// not imported.
const (
	FieldNone         Field = ""
	FieldName         Field = "name"
	FieldAddress      Field = "address"
	FieldPort         Field = "port"
	FieldUser         Field = "user"
	FieldJump         Field = "jump"
	FieldIdentity     Field = "identity file"
	FieldReach        Field = "reach"
	FieldAuth         Field = "auth" // of Windows hosts
	FieldTechnology   Field = "technology"
	FieldBusinessUnit Field = "business unit"
	FieldOwner        Field = "owner"
	FieldAdmin        Field = "admin"
	FieldCriticality  Field = "criticality"
	FieldExposure     Field = "exposure"
	FieldEnvironment  Field = "environment"
	FieldRing         Field = "ring"
	FieldGroup        Field = "group"
	FieldNotes        Field = "notes"
)

// Fields in the order screens offer and files hold them.
var Fields = []Field{FieldName, FieldAddress, FieldPort, FieldUser, FieldJump, FieldIdentity, FieldReach, FieldAuth, FieldTechnology,
	FieldBusinessUnit, FieldOwner, FieldAdmin, FieldCriticality, FieldExposure, FieldEnvironment, FieldRing, FieldGroup, FieldNotes}

// headings are names of columns as people write them, in English and German;
// compared in lower case with blanks, hyphens and underscores folded.
var headings = map[Field][]string{
	FieldName:         {"host", "hostname", "host name", "server", "servername", "server name", "computer", "computername", "computer name", "machine", "system", "inventory hostname", "alias", "rechner", "rechnername", "gerät", "gerätename", "systemname"},
	FieldAddress:      {"ip", "ip address", "ipaddress", "ipv4", "ip adresse", "adresse", "dns", "dns name", "dnsname", "fqdn", "ansible host"},
	FieldPort:         {"ssh port", "sshport", "ansible port"},
	FieldUser:         {"username", "user name", "ssh user", "login", "account", "ansible user", "benutzer", "benutzername", "anmeldename"},
	FieldJump:         {"jump host", "jumphost", "proxyjump", "proxy jump", "bastion", "sprunghost", "sprungserver"},
	FieldIdentity:     {"identityfile", "key file", "keyfile", "private key", "schlüsseldatei"},
	FieldReach:        {"connection", "protocol", "verbindung", "zugang", "protokoll"},
	FieldAuth:         {"authentication", "ansible winrm transport", "anmeldung", "anmeldeverfahren"},
	FieldTechnology:   {"os", "operating system", "distribution", "betriebssystem", "technologie", "plattform", "platform"},
	FieldBusinessUnit: {"bu", "department", "division", "abteilung", "fachbereich", "geschäftsbereich", "bereich"},
	FieldOwner:        {"business owner", "system owner", "eigentümer", "besitzer", "inhaber", "verantwortlich", "verantwortlicher", "fachverantwortlicher"},
	FieldAdmin:        {"administrator", "admins", "technical owner", "betreuer", "betrieb", "technischer ansprechpartner"},
	FieldCriticality:  {"critical", "importance", "kritikalität", "kritisch", "schutzbedarf", "wichtigkeit"},
	FieldExposure:     {"exposed", "zone", "network zone", "netzzone", "erreichbarkeit", "exposition", "netz"},
	FieldEnvironment:  {"location", "site", "umgebung", "standort"},
	FieldRing:         {"wave", "stage", "welle", "stufe"},
	FieldGroup:        {"host group", "hostgroup", "groups", "gruppe", "gruppen"},
	FieldNotes:        {"note", "comment", "comments", "description", "remarks", "bemerkung", "bemerkungen", "kommentar", "notiz", "notizen", "beschreibung", "hinweis"},
}

// words are values as people write them, folded like headings.
var (
	exposureWords = map[string]data.Exposure{
		"internet": data.Internet, "public": data.Internet, "external": data.Internet, "extern": data.Internet, "dmz": data.Internet, "öffentlich": data.Internet,
		"internal": data.Internal, "intern": data.Internal, "lan": data.Internal, "intranet": data.Internal, "private": data.Internal,
		"air gapped": data.AirGapped, "airgapped": data.AirGapped, "isolated": data.AirGapped, "isoliert": data.AirGapped, "offline": data.AirGapped,
	}
	criticalityWords = map[string]data.Criticality{
		"low": data.CriticalityLow, "niedrig": data.CriticalityLow, "gering": data.CriticalityLow,
		"medium": data.CriticalityMedium, "mittel": data.CriticalityMedium, "normal": data.CriticalityMedium,
		"high": data.CriticalityHigh, "hoch": data.CriticalityHigh,
		"critical": data.CriticalityCritical, "kritisch": data.CriticalityCritical, "sehr hoch": data.CriticalityCritical, "very high": data.CriticalityCritical,
	}
	environmentWords = map[string]data.Environment{
		"on premises": data.OnPremises, "on prem": data.OnPremises, "onprem": data.OnPremises, "on premise": data.OnPremises, "datacenter": data.OnPremises, "data center": data.OnPremises, "rechenzentrum": data.OnPremises, "lokal": data.OnPremises, "vor ort": data.OnPremises,
		"remote": data.RemoteSite, "branch": data.RemoteSite, "außenstelle": data.RemoteSite, "filiale": data.RemoteSite, "entfernt": data.RemoteSite,
		"cloud": data.Cloud, "aws": data.Cloud, "azure": data.Cloud, "gcp": data.Cloud, "hetzner": data.Cloud,
	}
	reachWords = map[string]data.Reach{
		"ssh": data.ReachSSH, "linux": data.ReachSSH, "local": data.ReachLocal, "lokal": data.ReachLocal,
		"winrm": data.ReachWinRM, "psrp": data.ReachWinRM, "windows": data.ReachWinRM,
	}
)

// loginWords are the words of data.Logins, and others for the same.
func loginWords() map[string]string {
	words := map[string]string{"negotiate": data.AuthNTLM.Login().Word}
	for _, w := range data.LoginWords() {
		words[w] = w
	}
	return words
}

// A Table is a CSV file as read, before its columns mean anything.
type Table struct {
	Header   []string // of the file, or "column 1" … where it has none
	Rows     [][]string
	Lines    []int           // where each row begins
	Guess    []Field         // what each column seems to be
	Problems []ImportProblem // lines that could not be read
}

// ReadCSV reads a file of values separated by commas, semicolons, tabs or
// bars, in UTF-8, UTF-16 or Windows-1252. An error is about the file as a
// whole; lines that cannot be read are in Problems.
func ReadCSV(r io.Reader) (Table, error) {
	text, note, err := readText(r)
	if err != nil {
		return Table{}, err
	}
	var t Table
	if note != "" {
		t.Problems = append(t.Problems, ImportProblem{Text: note, Note: true})
	}
	first, comma := 1, rune(0)
	// Excel's own way to name the separator is a first line of its own: sep=;
	if line, rest, _ := strings.Cut(text, "\n"); len(line) >= 5 && strings.EqualFold(line[:4], "sep=") {
		comma, text, first = rune(line[4]), rest, 2
	}
	if !strings.ContainsRune(",;\t|", comma) || comma == 0 {
		comma = separator(text)
	}
	c := csv.NewReader(strings.NewReader(text))
	c.Comma, c.FieldsPerRecord = comma, -1
	for {
		record, err := c.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			// What follows an unbalanced quote cannot be told apart.
			t.Problems = append(t.Problems, ImportProblem{Line: bad.StartLine + first - 1, Text: fmt.Sprintf("cannot be read (%v); nothing after it was", bad.Err)})
			break
		}
		if err != nil {
			return Table{}, fmt.Errorf("read CSV: %w", err)
		}
		if line, _ := c.FieldPos(0); slices.ContainsFunc(record, func(s string) bool { return strings.TrimSpace(s) != "" }) {
			t.Rows, t.Lines = append(t.Rows, record), append(t.Lines, line+first-1)
		}
		if len(t.Rows) > maxImportRows+1 {
			return Table{}, fmt.Errorf("read CSV: it has more than %d rows", maxImportRows)
		}
	}
	t.takeHeader()
	return t, nil
}

// separator is the one most frequent in the first line, outside quotes.
func separator(text string) rune {
	line, _, _ := strings.Cut(text, "\n")
	counts, quoted := map[rune]int{}, false
	for _, r := range line {
		if r == '"' {
			quoted = !quoted
		} else if !quoted {
			counts[r]++
		}
	}
	best := ','
	for _, r := range ";\t|" {
		if counts[r] > counts[best] {
			best = r
		}
	}
	return best
}

// takeHeader finds out whether the first row names the columns.
func (t *Table) takeHeader() {
	if len(t.Rows) == 0 {
		return
	}
	guess := make([]Field, len(t.Rows[0]))
	named := false
	for i, cell := range t.Rows[0] {
		f := fieldOf(cell)
		if f != FieldNone && !slices.Contains(guess, f) {
			guess[i], named = f, true
		}
	}
	if named {
		t.Header, t.Rows, t.Lines = t.Rows[0], t.Rows[1:], t.Lines[1:]
		if !slices.Contains(guess, FieldName) { // a list of addresses is a list of hosts
			if i := slices.Index(guess, FieldAddress); i >= 0 {
				guess[i] = FieldName
			}
		}
	} else {
		for i := range t.Rows[0] {
			t.Header = append(t.Header, "column "+strconv.Itoa(i+1))
		}
	}
	t.Guess = guess
}

func fieldOf(heading string) Field {
	h := foldWord(heading)
	for _, f := range Fields {
		if h == string(f) || slices.Contains(headings[f], h) {
			return f
		}
	}
	return FieldNone
}

func foldWord(s string) string {
	s = strings.NewReplacer("_", " ", "-", " ", "*", "", ":", "").Replace(strings.ToLower(s))
	return strings.Join(strings.Fields(s), " ")
}

// Preview reads the rows as hosts. columns says what each column holds, in the
// order of Header; nil means Guess.
func (t Table) Preview(columns []Field) ImportPreview {
	if columns == nil {
		columns = t.Guess
	}
	p := ImportPreview{Source: "CSV", Problems: slices.Clone(t.Problems)}
	if !slices.Contains(columns, FieldName) {
		p.problem(0, "no column holds the names of the hosts: choose one")
		return p
	}
	for i, record := range t.Rows {
		row := ImportRow{Line: t.Lines[i]}
		var wrong []string
		for k, cell := range record {
			cell = strings.TrimSpace(undoFormula(cell))
			if cell == "" {
				continue
			}
			if k >= len(columns) {
				wrong = append(wrong, fmt.Sprintf("%q stands beyond the last column", cut1(cell)))
				continue
			}
			if err := row.set(columns[k], cell); err != nil {
				wrong = append(wrong, err.Error())
			}
		}
		if strings.TrimSpace(row.Host.Name) == "" && len(wrong) == 0 {
			wrong = append(wrong, "the host has no name")
		}
		if len(wrong) > 0 {
			p.problem(row.Line, "%s", strings.Join(wrong, "; "))
			continue
		}
		p.Rows = append(p.Rows, row)
	}
	return p
}

// cut1 keeps a message short.
func cut1(s string) string {
	if r := []rune(s); len(r) > 40 {
		return string(r[:40]) + "…"
	}
	return s
}

// set reads one cell.
func (r *ImportRow) set(f Field, v string) (err error) {
	h := &r.Host
	switch f {
	case FieldName:
		h.Name = v
	case FieldAddress:
		h.Address = v
	case FieldUser:
		h.User = v
	case FieldJump:
		h.Jump = v
	case FieldIdentity:
		h.IdentityFile = v
	case FieldTechnology:
		h.Technology = v
	case FieldBusinessUnit:
		h.BusinessUnit = v
	case FieldOwner:
		h.Owner = v
	case FieldAdmin:
		h.Admin = v
	case FieldGroup:
		r.Group = v
	case FieldNotes:
		h.Notes = v
	case FieldPort:
		h.Port, err = number(f, v, 65535)
	case FieldRing:
		h.Ring, err = number(f, v, 9)
	case FieldReach:
		h.Reach, err = word(f, v, reachWords)
	case FieldAuth:
		var login string
		login, err = word(f, v, loginWords())
		h.Auth = data.LoginOf(login).Auth
	case FieldCriticality:
		h.Criticality, err = word(f, v, criticalityWords)
	case FieldExposure:
		h.Exposure, err = word(f, v, exposureWords)
	case FieldEnvironment:
		h.Environment, err = word(f, v, environmentWords)
	}
	return err
}

func number(f Field, v string, most int) (int, error) {
	n, err := strconv.Atoi(v)
	if err != nil || n < 0 || n > most {
		return 0, fmt.Errorf("%s %q is not a number up to %d", f, cut1(v), most)
	}
	return n, nil
}

func word[T ~string](f Field, v string, words map[string]T) (T, error) {
	t, ok := words[foldWord(v)]
	if !ok {
		return "", fmt.Errorf("%s %q is not one this program knows: write %s", f, cut1(v), answers(words))
	}
	return t, nil
}

// answers lists what the words stand for: "air-gapped, internal or internet".
func answers[T ~string](words map[string]T) string {
	var all []string
	for _, t := range words {
		if !slices.Contains(all, string(t)) {
			all = append(all, string(t))
		}
	}
	slices.Sort(all)
	return strings.Join(all[:len(all)-1], ", ") + " or " + all[len(all)-1]
}

// ParseExposure reads an exposure as people write it, in files and on the
// command line: "internet", "DMZ", "lan", "air-gapped".
func ParseExposure(text string) (data.Exposure, error) {
	return word(FieldExposure, text, exposureWords)
}
