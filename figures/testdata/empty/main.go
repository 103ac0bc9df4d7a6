// Empty is the least that Fyne can do: a window with nothing in it.
package main

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/app"
)

func main() {
	w := app.NewWithID("org.secondtuesday.empty").NewWindow("empty")
	w.Resize(fyne.NewSize(1280, 800))
	w.ShowAndRun()
}
