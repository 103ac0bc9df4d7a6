package assets

import _ "embed"

// Version is the program's, such as 0.1.0 or 0.1.0-dev, with a newline behind
// it. app.ThisBuild is what the programs show of it.
//
//go:embed VERSION
var Version string
