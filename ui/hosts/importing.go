package hosts

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/ui/kit"
)

// The kinds of files that hosts are imported from.
const (
	formatGuess   = "Find out"
	formatCSV     = "CSV"
	formatSSH     = "OpenSSH configuration"
	formatKnown   = "known_hosts"
	formatINI     = "Ansible, INI"
	formatYAML    = "Ansible, YAML"
	formatAnsible = "Ansible" // for export
)

var importFormats = []string{formatGuess, formatCSV, formatSSH, formatKnown, formatINI, formatYAML}

// importMost bounds what is read of a file; package app refuses what is larger.
const importMost = 40 << 20

// A source is a file as read, before anything is imported.
type source struct {
	path    string
	format  string
	table   *app.Table // for CSV: the columns can be mapped by hand
	preview app.ImportPreview
}

// importHosts asks for a file and reads it.
func (x *Screen) importHosts() {
	path := kit.NewEntry("/home/anna/servers.csv")
	format := kit.NewSelect(importFormats, formatGuess, "", nil)
	browse := kit.NewButton("Browse…", "folder-open", func() {
		kit.ChooseFile(x.shell.Context(), x.shell.Window(), kit.FileChoice{Title: "Choose a file with hosts", Dir: filepath.Dir(path.Trimmed()), OnChosen: path.SetText})
	})
	own := func(word, name, kind string) fyne.CanvasObject {
		return kit.NewQuiet(word, "user", func() {
			path.SetText(filepath.Join(home(), ".ssh", name))
			format.Choose(kind)
		})
	}
	form := kit.NewForm(
		&kit.Field{Label: "File", Input: container.NewBorder(nil, nil, nil, kit.Pad(browse, 0, 0, 8, 0), path), Check: kit.Required(path, "Name a file, or browse for one.")},
		&kit.Field{Label: "Kind", Input: format},
	)
	shortcuts := kit.HBox(4, own("My OpenSSH configuration", "config", formatSSH), own("My known_hosts", "known_hosts", formatKnown))
	var s source
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: "Import hosts", Width: 600, Form: form, Content: shortcuts, Confirm: "Read file",
		Text: "The file is read and shown first. Nothing is imported before you say so, and then all of it or nothing.",
		OnConfirm: func() error {
			s = source{path: path.Trimmed(), format: format.Chosen()}
			return nil
		},
		Work:   func(context.Context) error { return s.read(home()) },
		OnDone: func() { x.showPreview(&s) }})
	x.shell.Window().Canvas().Focus(path)
}

// home is the user's folder; "" where there is none.
func home() string {
	dir, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return dir
}

// read reads the file. Where the kind is to be found out, its name and then
// its words decide.
func (s *source) read(home string) error {
	if strings.HasPrefix(s.path, "~/") {
		s.path = filepath.Join(home, s.path[2:])
	}
	f, err := os.Open(s.path)
	if err != nil {
		return fmt.Errorf("import hosts: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, importMost))
	if err != nil {
		return fmt.Errorf("import hosts: %w", err)
	}
	if s.format == formatGuess {
		s.format = guess(s.path, b)
	}
	return s.parse(bytes.NewReader(b), home)
}

func (s *source) parse(r io.Reader, home string) (err error) {
	switch s.format {
	case formatSSH:
		dir := filepath.Join(home, ".ssh")
		own := filepath.Clean(s.path) == filepath.Join(dir, "config")
		s.preview, err = app.ReadOpenSSH(r, own, app.SSHFiles(dir, home))
	case formatKnown:
		s.preview, err = app.ReadKnownHosts(r)
	case formatINI:
		s.preview, err = app.ReadAnsibleINI(r)
	case formatYAML:
		s.preview, err = app.ReadAnsibleYAML(r)
	default:
		var t app.Table
		if t, err = app.ReadCSV(r); err == nil {
			s.table, s.preview = &t, t.Preview(nil)
		}
	}
	return err
}

// guess tells the kind of a file by its name, else by its first lines.
func guess(path string, b []byte) string {
	name := strings.ToLower(filepath.Base(path))
	switch ext := filepath.Ext(name); {
	case ext == ".csv" || ext == ".tsv":
		return formatCSV
	case ext == ".yml" || ext == ".yaml":
		return formatYAML
	case ext == ".ini":
		return formatINI
	case strings.HasPrefix(name, "known_hosts"):
		return formatKnown
	case name == "config" || name == "ssh_config":
		return formatSSH
	}
	for _, line := range strings.Split(string(b[:min(len(b), 8192)]), "\n") {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || line[0] == '#':
			continue
		case line[0] == '[':
			return formatINI // [web]
		case strings.HasPrefix(strings.ToLower(line), "host "):
			return formatSSH // Host web1
		case strings.HasPrefix(line, "---") || strings.HasSuffix(line, ":"):
			return formatYAML // all:
		case strings.Contains(line, " ssh-") || strings.Contains(line, " ecdsa-sha2-"):
			return formatKnown // web1 ssh-ed25519 AAAA…
		}
		break
	}
	return formatCSV
}
