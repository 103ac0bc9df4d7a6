package assets

import _ "embed"

// Standards are the shipped templates of patch management standards, as JSON
// that app.Templates reads. Their texts are paraphrased from the sources named
// in them.
//
//go:embed standards.json
var Standards []byte
