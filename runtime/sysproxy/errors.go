package sysproxy

import "fmt"

// A Refusal is the server's answer to a request that it does not carry out, as
// opposed to a system call that fails.
type Refusal uint32

// The reasons a server has.
const (
	TryAgain       Refusal = 1 // too much is under way
	Auth           Refusal = 2 // the first request was not the handshake
	InvalidPrefork Refusal = 3 // the server knows no such prefork
	ForkFailed     Refusal = 4
	InExec         Refusal = 5 // an exec is under way
	NoMemory       Refusal = 6
	Malformed      Refusal = 7
)

// Error says what the number means.
func (r Refusal) Error() string {
	switch r {
	case TryAgain:
		return "refused: too much is under way"
	case Auth:
		return "refused: not allowed before a handshake"
	case InvalidPrefork:
		return "refused: no such prefork"
	case ForkFailed:
		return "refused: no new process could be made"
	case InExec:
		return "refused: an exec is under way"
	case NoMemory:
		return "refused: no memory"
	case Malformed:
		return "refused: malformed request"
	}
	return fmt.Sprintf("refused: reason %d", uint32(r))
}

// A ConnError tells that a server cannot be reached, or is lost. A call that
// fails with it may have been carried out.
type ConnError struct {
	URL URL
	Op  string // "dial", "handshake", "call"
	Err error
}

// Error returns, for instance, "unix:///tmp/k: call: EOF".
func (e *ConnError) Error() string { return fmt.Sprintf("%v: %s: %v", e.URL, e.Op, e.Err) }

// Unwrap returns e.Err.
func (e *ConnError) Unwrap() error { return e.Err }

// A Status is the number of a handshake that failed. It is one of the server's
// host, whatever that is.
type Status int32

// Error returns, for instance, "status 13".
func (s Status) Error() string { return fmt.Sprintf("status %d", int32(s)) }
