// Stctl is the command line of Second Tuesday: the verbs of the desk for
// terminals, cron and scripts, without a window. It must start where there is
// no graphics library. It decides nothing itself: it reads flags, calls a verb
// of app, and prints what came of it, as a table or as JSON.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Exit(run(os.Args[1:]))
}

// run is one call of stctl; it returns the exit code.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C ends at once
	c := newCLI(os.Stdin, os.Stdout, os.Stderr)
	return c.execute(ctx, args)
}
