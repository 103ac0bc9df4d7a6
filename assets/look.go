package assets

import "embed"

// Look holds the fonts (fonts/*.ttf) and the icons (icons/*.svg; a leading
// "f-" means filled) of the desk. Where they come from stands in README.md.
//
//go:embed fonts/*.ttf icons/*.svg
var Look embed.FS
