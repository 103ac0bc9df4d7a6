package app

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/kevinburke/ssh_config"

	"secondtuesday/data"
)

// Bounds of Include.
const (
	maxIncludeDepth = 8
	maxIncludes     = 64
	maxIncludeBytes = 1 << 20 // of one file
)

// An SSHFile opens a file that a configuration includes, by the path as
// written; a pattern gives several. It returns nothing for what is not there,
// as OpenSSH does.
type SSHFile func(path string) ([]io.ReadCloser, error)

// ReadOpenSSH reads the hosts of an OpenSSH client configuration (ssh_config(5)):
// each name in a Host line without wildcards. With own the file is the desk
// user's own configuration, which every session reads anyway: rows then hold
// the alias alone, and the file stays the truth. Otherwise HostName, User,
// Port, ProxyJump and IdentityFile are copied. Match blocks are left out, and
// nothing is executed. open may be nil: then nothing is included.
func ReadOpenSSH(r io.Reader, own bool, open SSHFile) (ImportPreview, error) {
	p := ImportPreview{Source: "OpenSSH configuration"}
	x := expander{p: &p, open: open}
	if err := x.file(r, 0); err != nil {
		return p, err
	}
	cfg, err := ssh_config.DecodeBytes([]byte(x.out.String()))
	if err != nil {
		p.problem(0, "cannot be read: %v", err)
		return p, nil
	}
	for _, n := range x.names {
		row := ImportRow{Line: n.line, Host: data.Host{Name: n.name, Reach: data.ReachSSH}}
		if !own {
			if err := fromSSHConfig(&row.Host, cfg); err != nil {
				p.problem(n.line, "host %q: %v", n.name, err)
				continue
			}
		}
		if v, _ := cfg.Get(n.name, "ProxyCommand"); v != "" && !strings.EqualFold(v, "none") {
			p.note(n.line, "host %q is reached by a ProxyCommand, which this program does not run", n.name)
		}
		p.Rows = append(p.Rows, row)
	}
	return p, nil
}

func fromSSHConfig(h *data.Host, cfg *ssh_config.Config) error {
	get := func(key string) string {
		v, err := cfg.Get(h.Name, key)
		if err != nil {
			return ""
		}
		return strings.Trim(v, `"`)
	}
	if v := get("HostName"); v != "" {
		h.Address = strings.NewReplacer("%%", "%", "%h", h.Name).Replace(v)
	}
	h.User, h.IdentityFile = get("User"), get("IdentityFile")
	if v := get("ProxyJump"); !strings.EqualFold(v, "none") {
		h.Jump = v
	}
	if v := get("Port"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 65535 {
			return fmt.Errorf("port %q is not a number up to 65535", cut1(v))
		}
		h.Port = n
	}
	return nil
}

// An expander writes a configuration with its includes in place and without
// Match blocks, so that the library reads one text and opens no file itself.
type expander struct {
	p     *ImportPreview
	open  SSHFile
	out   strings.Builder
	names []sshName
	files int
}

type sshName struct {
	name string
	line int
}

func (x *expander) file(r io.Reader, depth int) error {
	text, note, err := readText(r)
	if err != nil {
		return err
	}
	if note != "" {
		x.p.note(0, "%s", note)
	}
	inHost, inMatch := false, false
	for i, line := range strings.Split(text, "\n") {
		key, args := sshLine(line)
		switch key {
		case "host":
			inHost, inMatch = true, false
			x.host(args, i+1, depth)
		case "match":
			inMatch = true
			x.p.note(lineOf(i+1, depth), "the Match block is left out")
		case "include":
			if inHost || inMatch {
				x.p.note(lineOf(i+1, depth), "an Include inside a block is left out")
			} else if err := x.include(args, lineOf(i+1, depth), depth); err != nil {
				return err
			}
			continue
		}
		if x.out.Len() > maxImportBytes {
			return fmt.Errorf("%w: with what it includes, it is larger than %d MB", ErrNotImportable, maxImportBytes>>20)
		}
		if !inMatch {
			x.out.WriteString(strings.TrimRight(line, "\r"))
			x.out.WriteByte('\n')
		}
	}
	if depth > 0 {
		x.out.WriteString("Host *\n") // what follows the Include stands outside its last block
	}
	return nil
}

// lineOf is the line in the file a person chose; 0 in an included one.
func lineOf(line, depth int) int {
	if depth > 0 {
		return 0
	}
	return line
}

// sshLine splits "Keyword value", "Keyword=value" and quotes.
func sshLine(line string) (key string, args []string) {
	line = strings.TrimSpace(line)
	if line == "" || line[0] == '#' {
		return "", nil
	}
	i := strings.IndexAny(line, " \t=")
	if i < 0 {
		return strings.ToLower(line), nil
	}
	key, rest := strings.ToLower(line[:i]), strings.TrimLeft(line[i:], " \t=")
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimLeft(rest, " \t") {
		if rest[0] == '#' {
			break
		}
		if rest[0] == '"' {
			word, after, _ := strings.Cut(rest[1:], `"`)
			args, rest = append(args, word), after
			continue
		}
		end := strings.IndexAny(rest, " \t")
		if end < 0 {
			end = len(rest)
		}
		args, rest = append(args, rest[:end]), rest[end:]
	}
	return key, args
}

func (x *expander) host(patterns []string, line, depth int) {
	for _, n := range patterns {
		if n == "" || strings.ContainsAny(n, "*?!") || len(x.names) >= maxImportRows ||
			slices.ContainsFunc(x.names, func(s sshName) bool { return s.name == n }) {
			continue
		}
		x.names = append(x.names, sshName{n, lineOf(line, depth)})
	}
}

func (x *expander) include(paths []string, line, depth int) error {
	if x.open == nil {
		x.p.note(line, "the Include is not followed")
		return nil
	}
	for _, path := range paths {
		files, err := x.open(path)
		if err != nil {
			x.p.problem(line, "Include %s: %v", path, err)
			continue
		}
		for _, f := range files {
			if x.files++; x.files > maxIncludes || depth >= maxIncludeDepth {
				err = errors.New("too many files are included, or they include each other")
			} else {
				err = x.file(f, depth+1)
			}
			if f.Close(); err != nil {
				return fmt.Errorf("include %s: %w", path, err)
			}
		}
	}
	return nil
}

// ReadKnownHosts reads the names of known_hosts (sshd(8)). Hashed names cannot
// be read back; patterns, certificate authorities and revoked keys are no
// hosts. Of several names for one key line, the first that is not an address
// is the name.
func ReadKnownHosts(r io.Reader) (ImportPreview, error) {
	p := ImportPreview{Source: "known_hosts"}
	text, note, err := readText(r)
	if err != nil {
		return p, err
	}
	if note != "" {
		p.note(0, "%s", note)
	}
	hashed, seen := 0, map[string]bool{}
	for i, line := range strings.Split(text, "\n") {
		fields := strings.Fields(line)
		if len(fields) == 0 || strings.HasPrefix(fields[0], "#") || strings.HasPrefix(fields[0], "@") {
			continue
		}
		// web1,10.0.0.5 ssh-ed25519 AAAA…
		if len(fields) < 3 {
			p.problem(i+1, "this is no line of known_hosts: a name, a kind of key and a key are wanted")
			continue
		}
		if strings.HasPrefix(fields[0], "|") {
			hashed++
			continue
		}
		row, ok := knownHost(fields[0])
		if key := strings.ToLower(row.Host.Name); !ok || seen[key] {
			continue
		}
		row.Line = i + 1
		seen[strings.ToLower(row.Host.Name)] = true
		p.Rows = append(p.Rows, row)
		if len(p.Rows) > maxImportRows {
			return p, fmt.Errorf("read known_hosts: it has more than %d hosts", maxImportRows)
		}
	}
	if hashed > 0 {
		p.note(0, "%s hashed and cannot be read back (HashKnownHosts)", counted(hashed, "name")+map[bool]string{true: " is", false: " are"}[hashed == 1])
	}
	return p, nil
}

func knownHost(names string) (ImportRow, bool) {
	var row ImportRow
	for _, n := range strings.Split(names, ",") {
		if n == "" || strings.ContainsAny(n, "*?!") {
			continue
		}
		port := 0
		if host, rest, ok := strings.Cut(strings.TrimPrefix(n, "["), "]:"); ok && n[0] == '[' {
			n = host
			port, _ = strconv.Atoi(rest)
		}
		isIP := net.ParseIP(n) != nil
		switch {
		case row.Host.Name == "":
			row.Host = data.Host{Name: n, Reach: data.ReachSSH, Port: port}
		case net.ParseIP(row.Host.Name) != nil && !isIP:
			row.Host.Address, row.Host.Name = row.Host.Name, n
		case row.Host.Address == "" && isIP:
			row.Host.Address = n
		}
	}
	return row, row.Host.Name != "" && row.Host.Port <= 65535
}

// openIncluded opens a file that another one names: a regular one of at most 1
// MB. A pipe or a device might never end, or be waited for without end.
func openIncluded(name string) (io.ReadCloser, error) {
	if err := includable(os.Stat(name)); err != nil { // before it is opened: opening a pipe waits
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	if err := includable(f.Stat()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

func includable(info fs.FileInfo, err error) error {
	switch {
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return fmt.Errorf("%s is no regular file", info.Name())
	case info.Size() > maxIncludeBytes:
		return fmt.Errorf("%s is larger than %d MB", info.Name(), maxIncludeBytes>>20)
	}
	return nil
}

// SSHFiles opens included files as OpenSSH does: relative paths lie in dir,
// and a leading ~ is home.
func SSHFiles(dir, home string) SSHFile {
	return func(pattern string) ([]io.ReadCloser, error) {
		switch {
		case strings.HasPrefix(pattern, "~/"):
			pattern = filepath.Join(home, pattern[2:])
		case !filepath.IsAbs(pattern) && !path.IsAbs(pattern):
			pattern = filepath.Join(dir, pattern)
		}
		names, err := filepath.Glob(pattern)
		if err != nil {
			return nil, err
		}
		var files []io.ReadCloser
		for _, n := range names[:min(len(names), maxIncludes)] {
			f, err := openIncluded(n)
			if err != nil {
				for _, f := range files {
					f.Close()
				}
				return nil, err
			}
			files = append(files, f)
		}
		return files, nil
	}
}
