package kit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
)

// A FileSave is something to be written to a file that a person names.
type FileSave struct {
	Title string
	Text  string // what to bear in mind; may be empty
	Name  string // proposed: "report.html"
	// Write writes all of it, beside the UI goroutine.
	Write func(context.Context, io.Writer) error
	Done  func(path string) // called on the UI goroutine when the file is there
}

// SaveFile asks where to write something and writes it, whole or not at all.
// A file that is there is replaced only when a person has said so.
func SaveFile(ctx context.Context, w fyne.Window, f FileSave) *Modal {
	path := NewEntry("/home/anna/" + f.Name).With(filepath.Join(FileChoice{}.start(), f.Name))
	browse := NewButton("Browse…", "folder-open", func() {
		ChooseFile(ctx, w, FileChoice{Title: "Choose a folder", Dir: filepath.Dir(path.Trimmed()), Folder: true,
			OnChosen: func(dir string) { path.SetText(filepath.Join(dir, filepath.Base(path.Trimmed()))) }})
	})
	replace := NewCheck("Replace the file if it is there", false, nil)
	form := NewForm(
		&Field{Label: "File", Input: container.NewBorder(nil, nil, nil, Pad(browse, 0, 0, 8, 0), path), Check: Required(path, "Name a file to write to.")},
		&Field{Label: "", Input: replace},
	)
	file, over := "", false
	m := ShowDialog(ctx, w, Dialog{Title: f.Title, Text: f.Text, Width: 600, Form: form, Confirm: "Write",
		OnConfirm: func() error {
			file, over = path.Trimmed(), replace.Checked
			return nil
		},
		Work: func(ctx context.Context) error {
			var b bytes.Buffer
			if err := f.Write(ctx, &b); err != nil {
				return err
			}
			return writeWhole(file, b.Bytes(), over)
		},
		OnDone: func() {
			if f.Done != nil {
				f.Done(file)
			}
		}})
	w.Canvas().Focus(path)
	return m
}

// writeWhole writes beside the file first and then in its place.
func writeWhole(path string, content []byte, over bool) error {
	if _, err := os.Lstat(path); err == nil && !over {
		return fmt.Errorf("write file: %w", &fs.PathError{Op: "write", Path: path, Err: errors.New("the file is there already; tick that it may be replaced")})
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".write-*")
	if err != nil {
		return fmt.Errorf("write file: %w", err)
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		os.Remove(f.Name())
		return fmt.Errorf("write file: %w", err)
	}
	return nil
}
