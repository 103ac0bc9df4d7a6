package hosts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2/container"

	"secondtuesday/app"
	"secondtuesday/data"
	"secondtuesday/ui/kit"
)

// export writes the inventory to a file: all of it, or what is selected.
func (x *Screen) export(format string) {
	name := "hosts.csv"
	if format == formatAnsible {
		name = "hosts.yml"
	}
	path := kit.NewEntry("/home/anna/" + name).With(filepath.Join(home(), name))
	browse := kit.NewButton("Browse…", "folder-open", func() {
		kit.ChooseFile(x.shell.Context(), x.shell.Window(), kit.FileChoice{Title: "Choose a folder", Dir: filepath.Dir(path.Trimmed()), Folder: true,
			OnChosen: func(dir string) { path.SetText(filepath.Join(dir, name)) }})
	})
	all, chosen := x.rows, x.grid.Selected()
	words := []string{"All " + kit.Number(len(all))}
	if len(chosen) > 0 && len(chosen) < len(all) {
		words = append(words, kit.Number(len(chosen))+" selected")
	}
	which := kit.NewSegmented(words, words[0], nil)
	replace := kit.NewCheck("Replace the file if it is there", false, nil)
	form := kit.NewForm(
		&kit.Field{Label: "File", Input: container.NewBorder(nil, nil, nil, kit.Pad(browse, 0, 0, 8, 0), path), Check: kit.Required(path, "Name a file to write to.")},
		&kit.Field{Label: "Hosts", Input: container.NewHBox(which)},
		&kit.Field{Label: "", Input: replace},
	)
	var hosts []data.Host
	var file string
	over := false
	kit.ShowDialog(x.shell.Context(), x.shell.Window(), kit.Dialog{Title: "Export as " + exportWord(format), Width: 600, Form: form, Confirm: "Export",
		Text: "Names, addresses and owners are written as they are: keep the file where they may be read.",
		OnConfirm: func() error {
			rows := all
			if which.Chosen() != words[0] {
				rows = chosen
			}
			hosts, file, over = hostsOf(rows), path.Trimmed(), replace.Checked
			return nil
		},
		Work:   func(context.Context) error { return writeExport(file, format, over, hosts, x.groups) },
		OnDone: func() { x.shell.Say(kit.StatusDone, kit.Count(len(hosts), "host", "hosts")+" written to "+file, nil) }})
	x.shell.Window().Canvas().Focus(path)
}

func exportWord(format string) string {
	if format == formatAnsible {
		return "Ansible inventory"
	}
	return "CSV"
}

func hostsOf(rows []*row) []data.Host {
	out := make([]data.Host, len(rows))
	for i, r := range rows {
		out[i] = r.Host
	}
	return out
}

// writeExport writes whole or not at all: beside the file first, then in its place.
func writeExport(path, format string, over bool, hosts []data.Host, groups []data.Group) error {
	var b bytes.Buffer
	write := app.ExportCSV
	if format == formatAnsible {
		write = app.ExportAnsible
	}
	if err := write(&b, hosts, groups); err != nil {
		return err
	}
	if _, err := os.Lstat(path); err == nil && !over {
		return fmt.Errorf("export hosts: %w", &fs.PathError{Op: "write", Path: path, Err: errors.New("the file is there already; tick that it may be replaced")})
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".export-*")
	if err != nil {
		return fmt.Errorf("export hosts: %w", err)
	}
	_, err = f.Write(b.Bytes())
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("export hosts: %w", err)
	}
	return nil
}
