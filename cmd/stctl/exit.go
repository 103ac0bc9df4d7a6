package main

import (
	"context"
	"errors"
	"fmt"

	"secondtuesday/app"
	"secondtuesday/app/explain"
	"secondtuesday/data"
	"secondtuesday/data/secret"
	"secondtuesday/data/store"
	"secondtuesday/remote"
)

// The exit codes. docs/manual/exit-codes.md tells them to people; a test
// compares.
const (
	exitOK        = 0
	exitError     = 1
	exitUsage     = 2
	exitFailed    = 3
	exitUnknown   = 4
	exitOverdue   = 5
	exitWaiting   = 6
	exitCancelled = 130 // 128 + SIGINT, as shells count
)

// exitWords explains the codes, in the order help shows them.
var exitWords = []struct {
	code int
	text string
}{
	{exitOK, "it is done"},
	{exitError, "it could not be done; the message says why"},
	{exitUsage, "the command line is wrong; nothing was tried"},
	{exitFailed, "something failed on a host"},
	{exitUnknown, "something is not known: what a run did, or what a host lacks"},
	{exitOverdue, "something is overdue, or the standard's target is missed (with --check)"},
	{exitWaiting, "the rollout waits for a window or a soak"},
	{exitCancelled, "cancelled with Ctrl-C"},
}

// An exitCode is an error that only sets the exit code: what there is to say
// has been printed.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit code %d", int(e)) }

// A usageError is a command line that makes no sense.
type usageError struct {
	err  error
	help string // the command whose help tells more: "stctl host add"
}

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// usagef returns a usageError; its help is filled in where the command is known.
func usagef(format string, args ...any) error {
	return &usageError{err: fmt.Errorf(format, args...)}
}

// A missingError names something that is not in the workspace.
type missingError struct {
	what string // "host \"web9\"; did you mean web1?"
	next string // what shows those that are there
}

func (e *missingError) Error() string { return "there is no " + e.what }

// A refusal has words of its own, where "try again" would be the wrong advice:
// what a person vouched for is not what there is, or a name is taken.
type refusal struct {
	title string // "Fingerprint does not match"
	text  string
	next  string
}

func (e *refusal) Error() string { return e.text }

// nextHere is what to do next where the words for the window would send
// somebody at a terminal to a button.
var nextHere = []struct {
	err  error
	next string
}{
	{data.ErrNoExposure, `Give --exposure internet, internal or air-gapped: only you know who can reach the host, and the deadlines depend on it.`},
	{secret.ErrNoKeyring, `Unlock the system's keyring, or use the sealed vault: give --vault-passphrase-file FILE, a file (mode 0600) with a passphrase of your choice.`},
	{secret.ErrElsewhere, `The password was not sent. If the entry is right (stctl host show HOST), store the password again: stctl secret set login HOST (or sudo). If you do not know who changed it, look first: stctl audit list`},
	{secret.ErrNone, `Keep one: stctl secret set login HOST (or sudo, or passphrase of a key file). On Linux a key will do.`},
	{remote.ErrNoPrivilege, `Log in as root, allow sudo for this user (docs/manual/preparing-a-linux-server.md), or keep its password: stctl secret set sudo HOST`},
	{store.ErrConflict, `Look at what is there now ("stctl host list", or the list command of what you changed) and make your change again. Yours was not saved.`},
	{remote.ErrLoginRefused, `Give the right --user or --identity-file to "stctl host edit HOST", load the key into your SSH agent, or keep a password: stctl secret set login HOST`},
	{remote.ErrHeldBack, `Make sure that the account is not locked and its password not expired, then keep the password again: stctl secret set login HOST`},
	{app.ErrAllLeftOut, `What is left out is named above with its reason. Mend that, or allow it where a reason asks for it (--kept-back, --allow-remove, --accept-terms). Then make the plan again.`},
	{app.ErrNotApproved, `Look through the plan and approve it: "stctl plan show PLAN" ends with the command.`},
}

// codeOf returns the exit code for an error.
func codeOf(err error) int {
	var (
		code  exitCode
		usage *usageError
		exit  *remote.ExitError
	)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, context.Canceled):
		return exitCancelled
	case errors.As(err, &exit):
		return exitFailed
	}
	return exitError
}

// worseCode returns the code that matters more to whoever reads only one: what
// is not known outranks what failed, and both outrank waiting.
func worseCode(a, b int) int {
	order := []int{exitOK, exitWaiting, exitOverdue, exitFailed, exitUnknown, exitError}
	rank := func(c int) int {
		for i, o := range order {
			if o == c {
				return i
			}
		}
		return len(order)
	}
	if rank(b) > rank(a) {
		return b
	}
	return a
}

// asError turns a code into what a command returns.
func asError(code int) error {
	if code == exitOK {
		return nil
	}
	return exitCode(code)
}

// errorJSON is what --json prints about an error.
type errorJSON struct {
	Title    string        `json:"title"`
	Sentence string        `json:"sentence"`
	Next     string        `json:"next,omitempty"`
	Detail   string        `json:"detail"`
	Problems []problemJSON `json:"problems,omitempty"`
	ExitCode int           `json:"exit_code,omitempty"`
}

// words explains an error to people and programs alike.
func words(err error) errorJSON {
	var usage *usageError
	if errors.As(err, &usage) {
		w := errorJSON{Title: "The command line is wrong", Sentence: explainSentence(err), Detail: err.Error(), ExitCode: exitUsage}
		if usage.help != "" {
			w.Next = fmt.Sprintf("%q tells what is possible.", usage.help+" --help")
		}
		return w
	}
	var missing *missingError
	if errors.As(err, &missing) {
		return errorJSON{Title: "Not there", Sentence: explainSentence(err), Next: missing.next, Detail: err.Error(), ExitCode: exitError}
	}
	var refused *refusal
	if errors.As(err, &refused) {
		return errorJSON{Title: refused.title, Sentence: explainSentence(err), Next: refused.next, Detail: err.Error(), ExitCode: exitError}
	}
	w := explain.Of(err)
	for _, n := range nextHere {
		if errors.Is(err, n.err) {
			w.Next = n.next
			break
		}
	}
	j := errorJSON{Title: clean(w.Title), Sentence: clean(w.Sentence), Next: clean(w.Next), Detail: clean(w.Detail), ExitCode: codeOf(err)}
	var imp *app.ImportError
	if errors.As(err, &imp) {
		j.Problems = problemsJSON(imp.Problems)
	}
	return j
}

// hostWords explains why something did not work on one host.
func hostWords(err error) *errorJSON {
	if err == nil {
		return nil
	}
	w := words(err)
	w.ExitCode = 0
	return &w
}
