//go:build race

package nbsock_test

// raceEnabled tells whether the race detector watches.
const raceEnabled = true
