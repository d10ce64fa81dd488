package hijack

import (
	"time"

	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/hijack/strace"
)

// An Event is a call that was caught.
type Event struct {
	PID    uint32 // of the thread
	Number int32  // as the machine numbers the call
	Args   [6]uint64
	Result int64       // when Errno is 0
	Errno  linux.Errno // 0: none
	Host   bool        // the host made the call
	Start  time.Time
	Took   time.Duration

	// Note says what there is no counterpart for, or what else was particular.
	Note string

	// Memory is the program's. It may be read until Config.Trace returns, as
	// the program waits.
	Memory strace.Memory
}
