package assets

import _ "embed"

// EndOfLife is when security support of operating systems ends: lines of
// "id,version,ends" with os-release's ID and VERSION_ID. README.md says where
// the dates come from.
//
//go:embed eol.csv
var EndOfLife string
