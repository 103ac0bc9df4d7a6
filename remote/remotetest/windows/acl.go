package windows

import (
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

// Names of owners, and the letters that SDDL has for them.
var accounts = []struct{ sid, letters, name, german string }{
	{"S-1-5-18", "SY", `NT AUTHORITY\SYSTEM`, `NT-AUTORITÄT\SYSTEM`},
	{"S-1-5-32-544", "BA", `BUILTIN\Administrators`, `VORDEFINIERT\Administratoren`},
	{"S-1-5-32-545", "BU", `BUILTIN\Users`, `VORDEFINIERT\Benutzer`},
	{"S-1-3-0", "CO", "CREATOR OWNER", "ERSTELLER-BESITZER"},
	{"S-1-1-0", "WD", "Everyone", "Jeder"},
	{"S-1-5-11", "AU", `NT AUTHORITY\Authenticated Users`, `NT-AUTORITÄT\Authentifizierte Benutzer`},
}

// inherited is what ProgramData gives its children: users may read, and make
// files and folders.
const inherited = "D:AI(A;OICIID;FA;;;SY)(A;OICIID;FA;;;BA)(A;OICIIOID;GA;;;CO)(A;OICIID;0x1200a9;;;BU)(A;CIID;DCLCRPCR;;;BU)"

// letters brings an account to SDDL's letters, or its SID.
func letters(account string) string {
	account = strings.TrimPrefix(account, "*")
	for _, a := range accounts {
		_, short, _ := strings.Cut(a.name, `\`)
		if same(account, a.sid) || same(account, a.letters) || same(account, a.name) || same(account, a.german) || short != "" && same(account, short) {
			return a.letters
		}
	}
	if strings.HasPrefix(account, "S-1-") {
		return account
	}
	return "S-1-5-21-1004336348-1177238915-682003330-1001" // some user
}

// nameOf is the account behind SDDL's letters or a SID, in the host's language.
func (s *State) nameOf(account string) string {
	for _, a := range accounts {
		if same(account, a.letters) || same(account, a.sid) {
			if s.isGerman() {
				return a.german
			}
			return a.name
		}
	}
	return s.Name + `\eve`
}

func newACL(owner, sddl string) ACL {
	if owner == "" {
		owner = "BA"
	}
	if sddl == "" {
		sddl = inherited
	}
	if i := strings.Index(sddl, "D:"); i > 0 {
		sddl = sddl[i:]
	}
	return ACL{Owner: letters(owner), SDDL: sddl}
}

// ACLOf is who owns a file or folder, and its SDDL: as recorded, or what it got
// when the caller made it.
func (w *World) ACLOf(c Caller, path string) (owner, sddl string, err error) {
	err = w.look(func(s *State, _ time.Time) error {
		a, known := s.ACLs[clean(path)]
		if !known {
			a = ACL{Owner: "BA", SDDL: s.fromParent(clean(path))}
			if c.IsSystem() {
				a.Owner = "SY"
			}
		}
		owner, sddl = s.nameOf(a.Owner), "O:"+a.Owner+"G:SY"+a.SDDL
		return nil
	})
	return owner, sddl, err
}

// fromParent is the DACL that a new file inherits.
func (s *State) fromParent(path string) string {
	for dir := filepath.Dir(path); dir != filepath.Dir(dir); dir = filepath.Dir(dir) {
		a, known := s.ACLs[dir]
		if !known {
			continue
		}
		var aces strings.Builder
		for _, m := range reACE.FindAllStringSubmatch(a.SDDL, -1) {
			if strings.Contains(m[2], "OI") || strings.Contains(m[2], "CI") {
				aces.WriteString("(" + m[1] + ";" + strings.ReplaceAll(m[2], "ID", "") + "ID;" + m[3] + ";;;" + m[4] + ")")
			}
		}
		return "D:AI" + aces.String()
	}
	return inherited
}

// reACE takes an entry apart: (A;OICI;FA;;;SY)
var reACE = regexp.MustCompile(`\((\w+);(\w*);(\w+);;;([\w-]+)\)`)

func clean(path string) string {
	path = filepath.Clean(filepath.FromSlash(strings.ReplaceAll(path, `\`, "/")))
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return real
	}
	return path
}

// SetACL records an owner, where it is not empty, and an SDDL likewise.
func (w *World) SetACL(path, owner, sddl string) error {
	return w.change(func(s *State, _ time.Time) error {
		a, known := s.ACLs[clean(path)]
		if !known {
			a = newACL("", "")
		}
		if m := reOwner.FindStringSubmatch(sddl); m != nil && owner == "" {
			owner = m[1]
		}
		if owner != "" {
			a.Owner = letters(owner)
		}
		if i := strings.Index(sddl, "D:"); i >= 0 {
			a.SDDL = sddl[i:]
		}
		if s.ACLs == nil {
			s.ACLs = map[string]ACL{}
		}
		s.ACLs[clean(path)] = a
		return nil
	})
}

// reOwner finds the owner in "O:BAG:SYD:P(A;OICI;FA;;;SY)".
var reOwner = regexp.MustCompile(`^O:(S-[\d-]+|[A-Z]{2})`)

// forget drops what is recorded of a path that was removed.
func (w *World) forget(path string) error {
	return w.change(func(s *State, _ time.Time) error {
		path := clean(path)
		for p := range s.ACLs {
			if p == path || strings.HasPrefix(p, path+string(filepath.Separator)) {
				delete(s.ACLs, p)
			}
		}
		return nil
	})
}

// icacls plays icacls.exe PATH [/inheritance:r] [/grant[:r] SID:perm]… [/setowner name].
func (w *World) icacls(c Caller, args []string) (out string, code int, err error) {
	if len(args) == 0 {
		return "", 87, nil
	}
	path := args[0]
	s, err := w.State()
	if err != nil {
		return "", 0, err
	}
	for _, flag := range args[1:] {
		if code := s.Faults.Icacls[strings.ToLower(flag)]; code != 0 {
			return path + ": Access is denied.\r\nSuccessfully processed 0 files; Failed processing 1 files", code, nil
		}
	}
	_, sddl, err := w.ACLOf(c, path)
	if err != nil {
		return "", 0, err
	}
	dacl := sddl[strings.Index(sddl, "D:"):]
	owner := ""
	for i := 1; i < len(args); i++ {
		switch flag := strings.ToLower(args[i]); {
		case flag == "/inheritance:r":
			dacl = "D:PAI" + keepOwn(dacl)
		case flag == "/inheritance:d":
			dacl = "D:PAI" + strings.ReplaceAll(strings.TrimLeft(dacl[2:], "PAI"), "ID;", ";")
		case flag == "/setowner" && i+1 < len(args):
			i++
			owner = args[i]
		case strings.HasPrefix(flag, "/grant"):
			for i+1 < len(args) && !strings.HasPrefix(args[i+1], "/") {
				i++
				dacl += grant(args[i])
			}
		}
	}
	if err := w.SetACL(path, owner, dacl); err != nil {
		return "", 0, err
	}
	return "processed file: " + path + "\r\nSuccessfully processed 1 files; Failed processing 0 files", 0, nil
}

// keepOwn keeps the entries that are not inherited.
func keepOwn(dacl string) string {
	var own strings.Builder
	for _, m := range reACE.FindAllStringSubmatch(dacl, -1) {
		if !strings.Contains(m[2], "ID") {
			own.WriteString(m[0])
		}
	}
	return own.String()
}

// reGrant takes "*S-1-5-18:(OI)(CI)F" apart.
var reGrant = regexp.MustCompile(`^(.+):((?:\([A-Z]+\))*)\(?([A-Z]+)\)?$`)

func grant(arg string) string {
	m := reGrant.FindStringSubmatch(arg)
	if m == nil {
		return ""
	}
	rights := map[string]string{"F": "FA", "M": "0x1301bf", "RX": "0x1200a9", "R": "FR", "W": "FW"}[m[3]]
	if rights == "" {
		return ""
	}
	return "(A;" + strings.NewReplacer("(", "", ")", "").Replace(m[2]) + ";" + rights + ";;;" + letters(m[1]) + ")"
}
