package remote

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/kevinburke/ssh_config"

	"secondtuesday/data"
)

// A target is what is known about the way to one host, from the host itself
// and, where it is silent, from the OpenSSH configuration.
type target struct {
	Host           string // as the inventory names it, and the secrets
	Place          string // where a password kept for it may go: data.Host.Destination
	Name           string // as asked for, and as the configuration is searched
	Address        string // to connect to
	Port           int
	User           string
	Alias          string   // HostKeyAlias
	Identities     []string // key files named by host or configuration
	IdentitiesOnly bool
	Agent          string   // IdentityAgent: "", "none", "SSH_AUTH_SOCK" or a path
	Jumps          []string // ProxyJump, in the order they are passed
}

// openSSH reads OpenSSH client configuration files (ssh_config(5)). The
// library does the lexing and the patterns. What it gets wrong is done here:
// an Include is honoured only where its block is, and a Match that it cannot
// judge matches nothing. Nothing in a configuration is ever executed.
type openSSH struct {
	files []string // the first value found wins
	home  string
	user  string // of the desk

	mu    sync.Mutex
	cache map[string]parsedConfig
}

type parsedConfig struct {
	cfg      *ssh_config.Config
	size     int64
	modified time.Time
}

// settings are the values that hold for one host, by keyword in lower case.
type settings map[string][]string

func (s settings) first(keyword string) string {
	if v := s[keyword]; len(v) > 0 {
		return v[0]
	}
	return ""
}

// target resolves h. Fields of h win over the configuration.
func (o *openSSH) target(h data.Host) (target, error) {
	t := target{Host: h.Name, Place: h.Destination(), Name: h.Target(), User: h.User, Port: h.Port}
	s, err := o.lookup(t.Name)
	if err != nil {
		return t, fmt.Errorf("read OpenSSH configuration: %w", err)
	}
	if p := s.first("proxycommand"); h.Jump == "" && s.first("proxyjump") == "" && p != "" && p != "none" {
		return t, fmt.Errorf("%w: the OpenSSH configuration of %s has a ProxyCommand, which is not executed; use ProxyJump",
			ErrUnreachable, t.Name)
	}
	if err := t.fill(s, o.user); err != nil {
		return t, err
	}
	t.Address = t.Name
	if v := s.first("hostname"); v != "" {
		t.Address = expand(v, map[byte]string{'h': t.Name})
	}
	t.Alias = s.first("hostkeyalias")
	t.IdentitiesOnly = strings.EqualFold(s.first("identitiesonly"), "yes")
	paths := map[byte]string{
		'd': o.home, 'h': t.Address, 'n': t.Name, 'p': strconv.Itoa(t.Port), 'r': t.User, 'u': o.user,
	}
	t.Agent = o.path(s.first("identityagent"), paths)
	files := s["identityfile"]
	if h.IdentityFile != "" {
		files = []string{h.IdentityFile}
	}
	for _, f := range files {
		if f != "none" {
			t.Identities = append(t.Identities, o.path(f, paths))
		}
	}
	jump := h.Jump
	if jump == "" {
		jump = s.first("proxyjump")
	}
	if jump != "" && jump != "none" {
		for j := range strings.SplitSeq(jump, ",") {
			t.Jumps = append(t.Jumps, strings.TrimSpace(j))
		}
	}
	return t, nil
}

// fill sets user and port.
func (t *target) fill(s settings, desk string) error {
	if t.User == "" {
		t.User = s.first("user")
	}
	if t.User == "" {
		t.User = desk
	}
	if t.Port == 0 && s.first("port") != "" {
		n, err := strconv.Atoi(s.first("port"))
		if err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("read OpenSSH configuration: Port %q of %s is not between 1 and 65535", s.first("port"), t.Name)
		}
		t.Port = n
	}
	if t.Port == 0 {
		t.Port = 22
	}
	return nil
}

// path expands "~/" and the tokens of ssh_config(5).
func (o *openSSH) path(v string, tokens map[byte]string) string {
	v = expand(v, tokens)
	if rest, ok := strings.CutPrefix(v, "~/"); ok {
		return filepath.Join(o.home, rest)
	}
	return v
}

// expand replaces %h and its like. An unknown token stays as it is.
func expand(v string, tokens map[byte]string) string {
	var b strings.Builder
	for i := 0; i < len(v); i++ {
		if v[i] != '%' || i+1 == len(v) {
			b.WriteByte(v[i])
			continue
		}
		i++
		if s, ok := tokens[v[i]]; ok {
			b.WriteString(s)
		} else if v[i] == '%' {
			b.WriteByte('%')
		} else {
			b.WriteString(v[i-1 : i+1])
		}
	}
	return b.String()
}

// lookup returns the settings that hold for the name.
func (o *openSSH) lookup(name string) (settings, error) {
	s := settings{}
	for _, f := range o.files {
		err := o.collect(f, name, s, 0)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	return s, nil
}

// ssh_config(5) allows 16 levels of Include.
const maxInclude = 16

func (o *openSSH) collect(file, name string, into settings, depth int) error {
	if depth > maxInclude {
		return fmt.Errorf("%s: Include nests too deep", file)
	}
	cfg, err := o.parse(file)
	if err != nil {
		return err
	}
	for _, h := range cfg.Hosts {
		if !h.Matches(name) {
			continue
		}
		for _, n := range h.Nodes {
			kv, ok := n.(*ssh_config.KV)
			if !ok {
				continue
			}
			key, value := strings.ToLower(kv.Key), strings.TrimSpace(kv.Value)
			if key != includeKey {
				into[key] = append(into[key], value)
				continue
			}
			if err := o.include(file, value, name, into, depth); err != nil {
				return err
			}
		}
	}
	return nil
}

func (o *openSSH) include(from, value, name string, into settings, depth int) error {
	for _, pattern := range splitWords(value) {
		pattern = o.path(pattern, map[byte]string{'d': o.home, 'u': o.user})
		if !filepath.IsAbs(pattern) {
			pattern = filepath.Join(filepath.Dir(from), pattern)
		}
		files, err := filepath.Glob(pattern)
		if err != nil {
			return fmt.Errorf("%s: Include %s: %w", from, pattern, err)
		}
		slices.Sort(files)
		for _, f := range files {
			if err := o.collect(f, name, into, depth+1); err != nil {
				return err
			}
		}
	}
	return nil
}

// parse reads a file, or returns what was read when it has not changed since.
func (o *openSSH) parse(file string) (*ssh_config.Config, error) {
	info, err := os.Stat(file)
	if err != nil {
		return nil, err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if c, ok := o.cache[file]; ok && c.size == info.Size() && c.modified.Equal(info.ModTime()) {
		return c.cfg, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	cfg, err := ssh_config.DecodeBytes(tame(b))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if o.cache == nil {
		o.cache = map[string]parsedConfig{}
	}
	o.cache[file] = parsedConfig{cfg, info.Size(), info.ModTime()}
	return cfg, nil
}

const includeKey = "secondtuesdayinclude"

// Match host web*,db* exec "test -f /x"
// Include ~/.ssh/config.d/*
var special = regexp.MustCompile(`(?i)^\s*(match|include)(?:\s*=\s*|\s+)(.*?)\s*$`)

// tame rewrites the two keywords that the library must not handle: Match
// becomes the Host line that means the same, or one that matches nothing, and
// Include an unknown keyword.
func tame(b []byte) []byte {
	b = bytes.TrimPrefix(b, []byte("\uFEFF"))
	lines := strings.Split(string(b), "\n")
	for i, l := range lines {
		m := special.FindStringSubmatch(l)
		switch {
		case m == nil:
		case strings.EqualFold(m[1], "include"):
			lines[i] = includeKey + " " + m[2]
		default:
			lines[i] = "Host " + matchPatterns(m[2])
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

// matchPatterns returns the host patterns of a Match, or "!*", which matches
// nothing, where more than the host's name decides.
func matchPatterns(criteria string) string {
	words := splitWords(criteria)
	switch {
	case len(words) == 1 && strings.EqualFold(words[0], "all"):
		return "*"
	case len(words) == 2 && (strings.EqualFold(words[0], "host") || strings.EqualFold(words[0], "originalhost")):
		return strings.ReplaceAll(words[1], ",", " ")
	}
	return "!*"
}

// splitWords splits at blanks, but not within double quotes; "#" ends the line.
func splitWords(s string) []string {
	var words []string
	quoted, fresh := false, true
	for _, r := range s {
		switch {
		case r == '"':
			quoted = !quoted
		case !quoted && (r == ' ' || r == '\t'):
			fresh = true
			continue
		case !quoted && fresh && r == '#':
			return words
		}
		if fresh {
			words, fresh = append(words, ""), false
		}
		if r != '"' {
			words[len(words)-1] += string(r)
		}
	}
	return words
}
