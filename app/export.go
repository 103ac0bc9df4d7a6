package app

import (
	"encoding/csv"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"secondtuesday/data"
)

// dangerous are the first characters that make a spreadsheet take a cell for a
// formula (OWASP, CSV injection).
const dangerous = "=+-@\t\r\n"

// againstFormula puts an apostrophe before a cell that a spreadsheet would
// run, or that would lose an apostrophe of its own when it is imported again.
func againstFormula(s string) string {
	if rest := strings.TrimLeft(s, "'"); rest != "" && strings.ContainsRune(dangerous, rune(rest[0])) {
		return "'" + s
	}
	return s
}

// undoFormula takes that apostrophe away.
func undoFormula(s string) string {
	if rest := strings.TrimLeft(s, "'"); len(rest) < len(s) && rest != "" && strings.ContainsRune(dangerous, rune(rest[0])) {
		return s[1:]
	}
	return s
}

// ExportCSV writes hosts as UTF-8 CSV with a heading, in the columns of Fields.
func ExportCSV(w io.Writer, hosts []data.Host, groups []data.Group) error {
	names := groupNames(groups)
	c := csv.NewWriter(w)
	heading := make([]string, len(Fields))
	for i, f := range Fields {
		heading[i] = string(f)
	}
	if err := c.Write(heading); err != nil {
		return fmt.Errorf("export CSV: %w", err)
	}
	for _, h := range hosts {
		row := make([]string, len(Fields))
		for i, f := range Fields {
			row[i] = againstFormula(fieldText(h, names[h.Group], f))
		}
		if err := c.Write(row); err != nil {
			return fmt.Errorf("export CSV: %w", err)
		}
	}
	c.Flush()
	if err := c.Error(); err != nil {
		return fmt.Errorf("export CSV: %w", err)
	}
	return nil
}

func groupNames(groups []data.Group) map[data.GroupID]string {
	m := make(map[data.GroupID]string, len(groups))
	for _, g := range groups {
		m[g.ID] = g.Name
	}
	return m
}

func fieldText(h data.Host, group string, f Field) string {
	switch f {
	case FieldName:
		return h.Name
	case FieldAddress:
		return h.Address
	case FieldPort:
		return numberText(h.Port)
	case FieldUser:
		return h.User
	case FieldJump:
		return h.Jump
	case FieldIdentity:
		return h.IdentityFile
	case FieldReach:
		return string(h.Reach)
	case FieldAuth:
		if h.Reach == data.ReachWinRM {
			return h.Auth.Login().Word
		}
		return string(h.Auth)
	case FieldTechnology:
		return h.Technology
	case FieldBusinessUnit:
		return h.BusinessUnit
	case FieldOwner:
		return h.Owner
	case FieldAdmin:
		return h.Admin
	case FieldCriticality:
		return string(h.Criticality)
	case FieldExposure:
		return string(h.Exposure)
	case FieldEnvironment:
		return string(h.Environment)
	case FieldRing:
		return numberText(h.Ring)
	case FieldGroup:
		return group
	case FieldNotes:
		return h.Notes
	}
	return ""
}

func numberText(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

// ansibleOwn is before the names of variables that carry what Ansible has no
// word for, so that an import brings it back.
const ansibleOwn = "secondtuesday_"

// ExportAnsible writes hosts as an Ansible inventory in YAML. Names of groups
// become what Ansible allows: letters, digits and underscores. Ansible takes
// {{ }} in a value for a template and runs it; a host whose name or way to it
// holds one is an error, and elsewhere the braces are parted.
func ExportAnsible(w io.Writer, hosts []data.Host, groups []data.Group) error {
	names := groupNames(groups)
	members, order := map[string]yaml.MapSlice{}, []string{}
	for _, h := range hosts {
		if s := h.Name + "\n" + h.Address + "\n" + h.User + "\n" + h.IdentityFile; partTemplate(s) != s {
			return fmt.Errorf("export Ansible inventory: host %q: its name, address, user or key file would be run as a template", h.Name)
		}
		g := ansibleGroup(names[h.Group])
		if members[g] == nil {
			order = append(order, g)
		}
		members[g] = append(members[g], yaml.MapItem{Key: h.Name, Value: ansibleVars(h, names[h.Group])})
	}
	slices.Sort(order)
	children := yaml.MapSlice{}
	for _, g := range order {
		children = append(children, yaml.MapItem{Key: g, Value: yaml.MapSlice{{Key: "hosts", Value: members[g]}}})
	}
	b, err := yaml.Marshal(yaml.MapSlice{{Key: "all", Value: yaml.MapSlice{{Key: "children", Value: children}}}})
	if err != nil {
		return fmt.Errorf("export Ansible inventory: %w", err)
	}
	if _, err := w.Write(b); err != nil {
		return fmt.Errorf("export Ansible inventory: %w", err)
	}
	return nil
}

// partTemplate takes from s what Ansible would take for a template.
func partTemplate(s string) string {
	for _, open := range []string{"{{", "{%", "{#"} {
		for strings.Contains(s, open) { // parting "{{{" once leaves another
			s = strings.ReplaceAll(s, open, "{ "+open[1:])
		}
	}
	return s
}

// plainJump is a ProxyJump that no shell reads anything into.
var plainJump = regexp.MustCompile(`^[A-Za-z0-9@.:,_\[\]-]+$`)

func ansibleGroup(name string) string {
	if name == "" {
		return "ungrouped"
	}
	s := strings.Map(func(r rune) rune {
		if r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return '_'
	}, name)
	if s[0] >= '0' && s[0] <= '9' || s == "all" || s == "ungrouped" {
		s = "g_" + s
	}
	return s
}

func ansibleVars(h data.Host, group string) yaml.MapSlice {
	vars := yaml.MapSlice{}
	add := func(key string, value any, set bool) {
		if set {
			vars = append(vars, yaml.MapItem{Key: key, Value: value})
		}
	}
	add("ansible_host", h.Address, h.Address != "")
	add("ansible_port", h.Port, h.Port != 0)
	add("ansible_user", h.User, h.User != "")
	add("ansible_ssh_private_key_file", h.IdentityFile, h.IdentityFile != "")
	add("ansible_connection", string(h.Reach), h.Reach == data.ReachLocal || h.Reach == data.ReachWinRM)
	if h.Reach == data.ReachWinRM {
		login, scheme := h.Auth.Login(), "https"
		if login.HTTP {
			scheme = "http"
		}
		add("ansible_winrm_transport", login.Ansible, true)
		add("ansible_winrm_scheme", scheme, true)
	}
	add("ansible_ssh_common_args", "-o ProxyJump="+h.Jump, plainJump.MatchString(h.Jump))
	for _, f := range Fields {
		switch f {
		case FieldName, FieldAddress, FieldPort, FieldUser, FieldIdentity, FieldReach, FieldAuth:
			continue
		}
		v := partTemplate(fieldText(h, group, f))
		add(ansibleOwn+strings.ReplaceAll(string(f), " ", "_"), v, v != "")
	}
	return vars
}
