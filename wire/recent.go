package wire

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"secondtuesday/data/store"
)

// mostRecent is how many workspaces are remembered.
const mostRecent = 8

func recentFile() string { return filepath.Join(filepath.Dir(DefaultWorkspace()), "recent.json") }

// Recent returns the workspaces this user opened last, the newest first. A list
// that cannot be read is an empty one: it is only a convenience.
func Recent() []string {
	b, err := os.ReadFile(recentFile())
	var paths []string
	if err != nil || json.Unmarshal(b, &paths) != nil {
		return nil
	}
	return slices.DeleteFunc(paths, func(p string) bool {
		_, err := os.Stat(p)
		return err != nil
	})
}

// remember puts a workspace at the head of the list.
func remember(path string) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return fmt.Errorf("remember workspace: %w", err)
	}
	paths := slices.DeleteFunc(Recent(), func(p string) bool { return p == abs })
	paths = append([]string{abs}, paths...)
	b, err := json.Marshal(paths[:min(len(paths), mostRecent)])
	if err != nil {
		return err
	}
	part := recentFile() + ".new"
	if err := os.WriteFile(part, b, 0o600); err != nil {
		return fmt.Errorf("remember workspace: %w", err)
	}
	return os.Rename(part, recentFile())
}

// ErrExists means that a new workspace would overwrite a file.
var ErrExists = errors.New("there is a file of that name already")

// Probe looks whether a workspace can be opened, without changing it where it
// cannot. With create the file must not be there yet, and is made.
func Probe(ctx context.Context, path string, create bool) error {
	_, err := os.Stat(path)
	switch {
	case create && err == nil:
		return fmt.Errorf("make workspace %s: %w", path, ErrExists)
	case !create && err != nil:
		return fmt.Errorf("open workspace: %w", err)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("make workspace: %w", err)
	}
	db, err := store.Open(ctx, path)
	if err != nil {
		return err
	}
	return db.Close()
}
