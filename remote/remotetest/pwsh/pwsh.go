// Package pwsh finds a PowerShell for tests that run the scripts meant for
// Windows. It must not be needed by the programs.
package pwsh

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Need returns the path of a PowerShell 7, and of the folder that holds
// check51.ps1, which is empty where there is none. A test that needs
// PowerShell is skipped, with the reason, where neither ../shared/pwsh beside
// the checkout nor the search path has one.
func Need(t testing.TB) (program, folder string) {
	t.Helper()
	if _, file, _, ok := runtime.Caller(0); ok {
		beside := filepath.Join(filepath.Dir(file), "..", "..", "..", "..", "shared", "pwsh")
		for _, dir := range []string{beside, os.Getenv("PWSH_DIR")} {
			if p := filepath.Join(dir, "pwsh"); dir != "" && isProgram(p) {
				return p, dir
			}
		}
	}
	p, err := exec.LookPath("pwsh")
	if err != nil {
		t.Skip("PowerShell scripts are not run: there is no pwsh in ../shared/pwsh or on PATH")
	}
	return p, ""
}

// Check51 fails the test when a script would not run in Windows PowerShell 5.1
// of Server 2016: syntax, commands, parameters, types. It skips where the
// checker is not beside PowerShell.
func Check51(t testing.TB, files ...string) {
	t.Helper()
	program, folder := Need(t)
	check := filepath.Join(folder, "check51.ps1")
	if _, err := os.Stat(check); err != nil {
		t.Skip("the checker for Windows PowerShell 5.1 is not here:", err)
	}
	args := append([]string{"-NoProfile", "-File", check}, files...)
	if out, err := exec.Command(program, args...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
