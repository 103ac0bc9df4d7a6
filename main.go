// Second Tuesday is a patch-management desk: a window on one workspace. The
// command line is another program, cmd/stctl, because this one does not start
// without a graphics library.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"

	"fyne.io/fyne/v2/app"

	"secondtuesday/app/explain"
	"secondtuesday/ui"
	"secondtuesday/ui/desk"
	"secondtuesday/wire"
)

func main() {
	var o wire.Options
	flag.StringVar(&o.Workspace, "workspace", "", "the workspace `file`; made where there is none")
	flag.StringVar(&o.PassphraseFile, "vault-passphrase-file", "", "use the sealed vault, opened with the passphrase in this `file`, instead of the keyring")
	flag.BoolVar(&o.Practice, "practice", false, "open a made-up shop whose hosts this program plays itself")
	walk := flag.String("walk", "", "with --practice: go through scan, plan, rollout and compliance by itself, leave pictures and a report in this `folder`, and end")
	flag.Parse()
	if *walk != "" {
		o.Speed = 4 // nobody is there who wants to see how long things take
	}
	if err := run(context.Background(), o, *walk); err != nil {
		fmt.Fprintln(os.Stderr, explain.Of(err))
		os.Exit(1)
	}
}

func run(ctx context.Context, o wire.Options, walk string) error {
	log.SetOutput(desk.Quiet(os.Stderr))
	// Fyne makes its folder in that for caches, and complains where a new home has none.
	if folder, err := os.UserCacheDir(); err == nil {
		_ = os.MkdirAll(folder, 0o700) // a desk without a cache works as well
	}
	a := app.NewWithID("org.secondtuesday.desk")
	w := desk.Workspaces{Recent: wire.Recent(), Probe: wire.Probe, Open: another}
	office, err := wire.Open(ctx, o)
	if err != nil {
		desk.ShowFailure(ctx, a, err, w)
		a.Run()
		return err
	}
	defer office.Close()
	t := &ui.Tools{Desk: office.Desk, Driver: office.Driver, Keys: office, Secrets: office.Secrets, Path: office.Path, Practice: o.Practice}
	s := desk.Open(ctx, a, t, w)
	stop := office.Driver.Keep(ctx, func(err error) { desk.Report(s, err) })
	defer stop()
	s.Show()
	var walked error
	if walk != "" {
		desk.StartWalk(s, t, walk, func(format string, args ...any) { fmt.Printf(format+"\n", args...) }, func(err error) {
			walked = err
			a.Quit()
		})
	}
	a.Run()
	return walked
}

// another opens a workspace in a process of its own: two windows never share one.
func another(path string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return exec.Command(self, "--workspace", path).Start()
}
