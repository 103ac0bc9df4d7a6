// Package kit is what the screens share: the theme, the grid, forms and
// dialogs, charts, the signs of every status, and the one way to leave the UI
// goroutine (Load and Work).
//
// It knows the nouns of data only to give each of their states a sign. It
// reads no store, opens no session and decides nothing about patching.
package kit
