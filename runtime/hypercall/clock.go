package hypercall

import "time"

// A Clock tells the time. Its methods may be called from several goroutines at
// once.
type Clock interface {
	// Now returns what the wall clock shows, which may jump in either
	// direction. Its result has no reading of Go's monotonic clock, so
	// that differences are those of this clock.
	Now() time.Time

	// Monotonic returns the time since a moment that stays the same, and
	// never goes back. It is not negative.
	Monotonic() time.Duration

	// AfterFunc calls f in its own goroutine when the monotonic clock has
	// advanced by d.
	AfterFunc(d time.Duration, f func()) Timer
}

// A Timer is a call to come. [time.Timer] is one.
type Timer interface {
	// Stop prevents the call. It returns false when it was too late, or
	// had been done before.
	Stop() bool

	// Reset makes the call happen after d from now on. It returns whether
	// it had still been to come.
	Reset(d time.Duration) bool
}
