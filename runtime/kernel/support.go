package kernel

import "github.com/abigen/abigen/netbsd/syscalls"

// A Level says how much of a system call a kernel does.
type Level uint8

// Full: as the manual page says. Partial: but for what the note says. None:
// the call fails with ENOSYS, for the reason the note gives.
const (
	None Level = iota
	Partial
	Full
)

// String returns "full", "partial" or "none".
func (l Level) String() string {
	switch l {
	case Full:
		return "full"
	case Partial:
		return "partial"
	}
	return "none"
}

// Support says how far a kernel has a system call.
type Support struct {
	Number syscalls.Number
	Level  Level
	Note   string
}
