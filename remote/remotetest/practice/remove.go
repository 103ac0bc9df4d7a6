package practice

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// ErrInUse means that another process plays the shop at this moment.
var ErrInUse = errors.New("another program has the practice shop open")

// Remove throws away the shop in dir, and beside it the workspace file of that
// name. A folder that holds no shop is left as it is (fs.ErrNotExist), and so
// is everything else that somebody put into dir.
func Remove(dir, workspace string) error {
	if _, err := os.Stat(filepath.Join(dir, "shop.json")); err != nil {
		return fmt.Errorf("remove practice shop: %w", err)
	}
	lock, err := tryLock(filepath.Join(dir, lockFile), false)
	if err != nil {
		return fmt.Errorf("remove practice shop: %w", err)
	}
	if lock == nil {
		return fmt.Errorf("remove practice shop: %w", ErrInUse)
	}
	errs := []error{removeWorlds(dir)}
	for _, pattern := range []string{"host-*.json", "key-*", "certificate-*", "known_hosts", "known_certificates", "ssh_config", "orders", workspace + "*", "shop.json"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		errs = append(errs, err)
		for _, f := range files {
			errs = append(errs, os.Remove(f))
		}
	}
	if err := errors.Join(append(errs, lock.unlock())...); err != nil {
		return fmt.Errorf("remove practice shop: %w", err)
	}
	return nil
}
