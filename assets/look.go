package assets

import "embed"

// Look holds the fonts (fonts/*.ttf) and the icons (icons/*.svg; a leading
// "f-" means filled) of the desk, and its own icon (icon.png). Where they come from stands in README.md.
//
//go:embed fonts/*.ttf icons/*.svg icon.png
var Look embed.FS
