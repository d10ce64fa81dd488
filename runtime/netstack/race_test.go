//go:build race

package netstack_test

// raceEnabled tells whether the race detector watches.
const raceEnabled = true
