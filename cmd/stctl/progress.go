package main

import (
	"fmt"

	"github.com/schollz/progressbar/v3"
)

// A bar is progress on a terminal; one that is nil draws nothing.
type bar struct{ p *progressbar.ProgressBar }

// bar begins a progress bar on stderr, where that is a terminal.
func (o *output) bar(total int, what string) *bar {
	if !o.errTerminal || o.quiet || total == 0 {
		return nil
	}
	return &bar{progressbar.NewOptions(total,
		progressbar.OptionSetWriter(o.stderr), progressbar.OptionSetDescription(what), progressbar.OptionShowCount(),
		progressbar.OptionSetWidth(30), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(false))}
}

// add counts one more, and names it.
func (b *bar) add(name string) {
	if b == nil {
		return
	}
	b.p.Describe(fmt.Sprintf("%-20.20s", clean(name)))
	_ = b.p.Add(1) // a bar that cannot be drawn is no loss
}

// end wipes the bar away.
func (b *bar) end() {
	if b != nil {
		_ = b.p.Finish()
	}
}
