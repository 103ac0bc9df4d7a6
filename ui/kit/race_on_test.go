//go:build race

package kit_test

// raceEnabled: the race detector makes everything several times slower.
const raceEnabled = true
