package ui

import (
	"secondtuesday/app"
	"secondtuesday/data/secret"
	"secondtuesday/remote"
)

// Tools are what screens work with.
type Tools struct {
	Desk     *app.Desk
	Driver   *app.Driver
	Keys     KeyKeeper
	Secrets  secret.Store // nil where there is neither keyring nor vault
	Path     string       // of the workspace
	Practice bool         // the hosts are played by the program itself
}

// A KeyKeeper notes host keys that a person has vouched for.
type KeyKeeper interface {
	AcceptHostKey(*remote.HostKeyUnknownError) error
}
