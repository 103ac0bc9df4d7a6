package app

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"secondtuesday/data"
)

// An inventory is an Ansible inventory while it is read: groups with their
// children, members and variables. Values are strings; what cannot be one is
// left out.
type inventory struct {
	p      *ImportPreview
	groups map[string]*inventoryGroup
	hosts  map[string]*inventoryHost
	order  []string // hosts as they came
}

type inventoryGroup struct {
	vars    map[string]string
	parents []string
}

type inventoryHost struct {
	line   int
	vars   map[string]string
	groups []string
}

func newInventory(p *ImportPreview) *inventory {
	return &inventory{p: p, groups: map[string]*inventoryGroup{}, hosts: map[string]*inventoryHost{}}
}

func (v *inventory) group(name string) *inventoryGroup {
	g := v.groups[name]
	if g == nil {
		g = &inventoryGroup{vars: map[string]string{}}
		v.groups[name] = g
	}
	return g
}

// host adds what a pattern such as web[01:50].example.org stands for to a group.
func (v *inventory) host(pattern, group string, line int, vars map[string]string) {
	names, err := expandRange(pattern, maxImportRows-len(v.order))
	if err != nil {
		v.p.problem(line, "%v", err)
		return
	}
	for _, name := range names {
		h := v.hosts[name]
		if h == nil {
			h = &inventoryHost{line: line, vars: map[string]string{}}
			v.hosts[name] = h
			v.order = append(v.order, name)
		}
		if group != "" && group != "all" && group != "ungrouped" && !slices.Contains(h.groups, group) {
			h.groups = append(h.groups, group)
		}
		for k, x := range vars {
			h.vars[k] = x
		}
	}
}

// rows reads the hosts out of the inventory.
func (v *inventory) rows() {
	for _, name := range v.order {
		h := v.hosts[name]
		row := ImportRow{Line: h.line, Host: data.Host{Name: name}}
		vars := map[string]string{}
		for k, x := range v.group("all").vars {
			vars[k] = x
		}
		for _, g := range h.groups {
			v.inherit(g, vars, map[string]bool{}, 0)
		}
		for k, x := range h.vars {
			vars[k] = x
		}
		if len(h.groups) > 0 {
			row.Group = h.groups[0]
		}
		wrong, notes := row.fromAnsible(vars)
		if len(wrong) > 0 {
			v.p.problem(h.line, "host %q: %s", name, strings.Join(wrong, "; "))
			continue
		}
		for _, text := range notes {
			v.p.note(h.line, "host %q: %s", name, text)
		}
		if len(h.groups) > 1 {
			v.p.note(h.line, "host %q is in several groups; %q is taken, and %s are kept in its notes", name, row.Group, strings.Join(h.groups[1:], ", "))
			row.Host.Notes = strings.TrimSpace(row.Host.Notes + "\nAnsible groups: " + strings.Join(h.groups, ", "))
		}
		v.p.Rows = append(v.p.Rows, row)
	}
}

// inherit lays a group's variables over those of its parents.
func (v *inventory) inherit(name string, into map[string]string, seen map[string]bool, depth int) {
	if seen[name] || depth > 50 {
		return
	}
	seen[name] = true
	g := v.group(name)
	for _, parent := range g.parents {
		v.inherit(parent, into, seen, depth+1)
	}
	for k, x := range g.vars {
		into[k] = x
	}
}

// fromAnsible reads the variables that this program has a place for.
// notes are what it has no place for and a person should know.
func (r *ImportRow) fromAnsible(vars map[string]string) (wrong, notes []string) {
	set := func(f Field, names ...string) {
		for _, n := range names {
			v := vars[n]
			if v == "" {
				continue
			}
			if strings.Contains(v, "{{") {
				wrong = append(wrong, fmt.Sprintf("%s is a template, which only Ansible can fill in", n))
			} else if err := r.set(f, v); err != nil {
				wrong = append(wrong, err.Error())
			}
			return
		}
	}
	set(FieldAddress, "ansible_host", "ansible_ssh_host")
	set(FieldPort, "ansible_port", "ansible_ssh_port")
	set(FieldUser, "ansible_user", "ansible_ssh_user")
	set(FieldIdentity, "ansible_ssh_private_key_file", "ansible_private_key_file")
	for _, f := range Fields {
		if f != FieldName && f != FieldAddress && f != FieldPort && f != FieldUser && f != FieldIdentity && f != FieldReach && f != FieldAuth {
			set(f, ansibleOwn+strings.ReplaceAll(string(f), " ", "_"))
		}
	}
	switch vars["ansible_connection"] {
	case "", "ssh", "smart", "paramiko", "paramiko_ssh":
		r.Host.Reach = data.ReachSSH
	case "local":
		r.Host.Reach = data.ReachLocal
	case "winrm", "psrp":
		r.Host.Reach = data.ReachWinRM
		if text := r.authFromAnsible(vars); text != "" {
			notes = append(notes, text)
		}
	default:
		wrong = append(wrong, fmt.Sprintf("connection %q is not one this program knows", cut1(vars["ansible_connection"])))
	}
	// -o ProxyJump=bastion, as ExportAnsible writes it
	if rest, ok := strings.CutPrefix(vars["ansible_ssh_common_args"], "-o ProxyJump="); ok && r.Host.Jump == "" && plainJump.MatchString(rest) {
		r.Host.Jump = rest
	}
	return wrong, notes
}

// authFromAnsible reads how Ansible's winrm plug-in logs in, and returns what
// becomes of it where that is another way than Ansible's. This program has no
// plain HTTP and checks every certificate, whatever the inventory says.
func (r *ImportRow) authFromAnsible(vars map[string]string) string {
	transport, scheme := foldWord(vars["ansible_winrm_transport"]), strings.ToLower(vars["ansible_winrm_scheme"])
	if scheme == "" && r.Host.Port == 5985 { // as pywinrm guesses it
		scheme = "http"
	}
	name := cmp.Or(transport, "ntlm")
	if name == "plaintext" {
		name = "basic"
	}
	login, known := data.Login{}, false
	for _, l := range data.Logins {
		if l.Ansible == name && (!l.HTTP || scheme == "http") {
			login, known = l, true
		}
	}
	r.Host.Auth = login.Auth
	switch {
	case login.HTTP:
		return "is reached over HTTP, with messages sealed by NTLM: nothing proves who the host is"
	case scheme == "http":
		return fmt.Sprintf("%s over HTTP is not done here: it will be reached over HTTPS; look at its port", cut1(transport))
	case !known:
		return fmt.Sprintf("winrm transport %q is not known here: it will log in by NTLM over HTTPS", cut1(transport))
	case foldWord(vars["ansible_winrm_server_cert_validation"]) == "ignore":
		return "certificates are checked here: vouch for its own unless an authority does"
	}
	return ""
}

// keepVar reports whether a variable may be read at all. Secrets are left in
// the file they are in.
func (v *inventory) keepVar(name, value string, line int) bool {
	if !strings.HasPrefix(name, "ansible_") && !strings.HasPrefix(name, ansibleOwn) {
		return false
	}
	if strings.Contains(name, "pass") || strings.Contains(name, "secret") || strings.Contains(name, "token") {
		v.p.note(line, "%s is a secret and is left out: give it to this program's keyring", name)
		return false
	}
	if strings.HasPrefix(value, "$ANSIBLE_VAULT") {
		v.p.note(line, "%s is in an Ansible vault and is left out", name)
		return false
	}
	return true
}

// ReadAnsibleINI reads an Ansible inventory in the INI format.
func ReadAnsibleINI(r io.Reader) (ImportPreview, error) {
	p := ImportPreview{Source: "Ansible inventory"}
	text, note, err := readText(r)
	if err != nil {
		return p, err
	}
	if note != "" {
		p.note(0, "%s", note)
	}
	v := newInventory(&p)
	section, kind := "ungrouped", "hosts"
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' || line[0] == ';' {
			continue
		}
		// [web:children]  # comment
		if line[0] == '[' {
			head, comment, ok := strings.Cut(line[1:], "]")
			section, kind, _ = strings.Cut(head, ":")
			if kind == "" {
				kind = "hosts"
			}
			comment = strings.TrimSpace(comment)
			if !ok || section == "" || comment != "" && comment[0] != '#' || !slices.Contains([]string{"hosts", "vars", "children"}, kind) {
				name, _, _ := strings.Cut(head, " ") // a password may be in the rest
				p.problem(i+1, "%q is no section of an inventory, or there is more in its line", cut1("["+name+"]"))
				kind = ""
			}
			continue
		}
		v.iniLine(section, kind, line, i+1)
	}
	v.rows()
	return p, nil
}

func (v *inventory) iniLine(section, kind, line string, n int) {
	switch kind {
	case "vars":
		key, value, ok := strings.Cut(line, "=")
		key, value = strings.TrimSpace(key), strings.TrimSpace(value)
		if !ok {
			name, _, _ := strings.Cut(strings.ReplaceAll(line, ":", " "), " ") // a password may be in the rest
			v.p.problem(n, "%q is no variable: one is written name=value", cut1(name))
			return
		}
		if words, err := splitWords(value); err == nil && len(words) == 1 {
			value = words[0]
		}
		if v.keepVar(key, value, n) {
			v.group(section).vars[key] = value
		}
	case "children":
		word, _, _ := strings.Cut(line, " ")
		child := v.group(word)
		if !slices.Contains(child.parents, section) {
			child.parents = append(child.parents, section)
		}
	case "hosts":
		words, err := splitWords(line)
		if err != nil || len(words) == 0 {
			name, _, _ := strings.Cut(line, " ") // a password may be in the rest
			v.p.problem(n, "the line of %q cannot be read: a quote is not closed", cut1(name))
			return
		}
		vars := map[string]string{}
		for _, w := range words[1:] {
			key, value, ok := strings.Cut(w, "=")
			if !ok {
				v.p.problem(n, "the words of host %q are neither all variables nor a comment", cut1(words[0])) // a password may be among them
				return
			}
			if v.keepVar(key, value, n) {
				vars[key] = value
			}
		}
		v.host(words[0], section, n, vars)
	}
}

// splitWords splits as Python's shlex does for Ansible: blanks part words,
// quotes hold them together, # begins a comment.
func splitWords(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	in, quote := false, rune(0)
	flush := func() {
		if in {
			words = append(words, word.String())
			word.Reset()
			in = false
		}
	}
	for _, r := range s {
		switch {
		case quote != 0 && r == quote:
			quote = 0
		case quote != 0:
			word.WriteRune(r)
		case r == '\'' || r == '"':
			quote, in = r, true
		case r == ' ' || r == '\t':
			flush()
		case r == '#' && !in:
			return words, nil
		default:
			word.WriteRune(r)
			in = true
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a quote is not closed")
	}
	flush()
	return words, nil
}

// expandRange expands [01:50], [1:9:2] and [a:f] in a host pattern, several
// times over, to no more than limit names.
func expandRange(pattern string, limit int) ([]string, error) {
	before, rest, ok := strings.Cut(pattern, "[")
	inside, after, closed := strings.Cut(rest, "]")
	if !ok || !closed || !strings.Contains(inside, ":") {
		if ok { // [2001:db8::1] has been taken for a range by nobody
			return nil, fmt.Errorf("host %q: a range is written [01:50]", cut1(pattern))
		}
		if limit < 1 {
			return nil, fmt.Errorf("host %q: more than %d hosts", cut1(pattern), maxImportRows)
		}
		return []string{pattern}, nil
	}
	items, err := rangeItems(inside, limit)
	if err != nil {
		return nil, fmt.Errorf("host %q: %w", cut1(pattern), err)
	}
	tails := []string{after}
	if strings.Contains(after, "[") {
		if tails, err = expandRange(after, limit); err != nil {
			return nil, err
		}
	}
	if len(items)*len(tails) > limit {
		return nil, fmt.Errorf("host %q: it stands for more than %d hosts", cut1(pattern), maxImportRows)
	}
	out := make([]string, 0, len(items)*len(tails))
	for _, it := range items {
		for _, t := range tails {
			out = append(out, before+it+t)
		}
	}
	return out, nil
}

func rangeItems(s string, limit int) ([]string, error) {
	parts := strings.Split(s, ":")
	step := 1
	if len(parts) == 3 {
		n, err := strconv.Atoi(parts[2])
		if err != nil || n < 1 || n > 1e9 {
			return nil, fmt.Errorf("%q is no step of a range", cut1(parts[2]))
		}
		step = n
	} else if len(parts) != 2 {
		return nil, fmt.Errorf("%q is no range", cut1(s))
	}
	a, b := parts[0], parts[1]
	if len(a) == 1 && len(b) == 1 && isLetter(a[0]) && isLetter(b[0]) {
		var out []string
		for c := int(a[0]); c <= int(b[0]); c += step {
			out = append(out, string(rune(c)))
		}
		return out, nil
	}
	if a == "" {
		a = "0"
	}
	from, err1 := strconv.Atoi(a)
	to, err2 := strconv.Atoi(b)
	if err1 != nil || err2 != nil || from < 0 || to < from || to > 1e9 || (to-from)/step >= limit || len(a) > 9 {
		return nil, fmt.Errorf("%q is no range, or one too long", cut1(s))
	}
	out := make([]string, 0, (to-from)/step+1)
	for n := from; n <= to; n += step {
		item := strconv.Itoa(n)
		if len(a) > 1 && a[0] == '0' { // [01:50] keeps its width
			item = fmt.Sprintf("%0*d", len(a), n)
		}
		out = append(out, item)
	}
	return out, nil
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
