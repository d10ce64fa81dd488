package hijack

import (
	"io"
	"os"
	"time"

	"github.com/abigen/abigen/runtime/kernel"
)

// Config says what to run.
type Config struct {
	Args []string // the program and its arguments
	Path string   // the program's file; empty: Args[0], looked for in $PATH
	Env  []string // nil: that of this process
	Dir  string   // where it runs; empty: here

	Stdin          *os.File // nil: nothing to read
	Stdout, Stderr *os.File // nil: what is written is lost

	// Signals are passed on to the program, unless it has got them already as one of
	// the same process group. When it has ended, those that ask for an end
	// (SIGHUP, SIGINT, SIGQUIT, SIGTERM) go to what it has started, which is killed if
	// that goes on; and so it is when SIGTERM was what has ended the program.
	Signals <-chan os.Signal

	// Adopt makes this process adopt what the program has started, to kill it, when
	// the guardian, the process between the two, was killed. Other orphans of
	// this process come to it as well then, so it is for a process that starts nothing
	// else.
	Adopt bool

	// Linger is for how long Run waits, when all has ended, until peers have taken
	// what was sent to them. It is for a kernel that ends then.
	Linger time.Duration

	// Via says by which kernel some destinations are reached. The zero value is
	// the stack for all.
	Via Via

	// Stats is written to at the end, if it is not nil.
	Stats io.Writer

	// Trace is called for each call that was caught, when it returns. It may
	// be called by several goroutines at once.
	Trace func(*Event)
}

// Via says which destinations are reached by another kernel than the stack.
type Via struct {
	Host     kernel.Kernel // has the host's network, see hypercall/sockin
	DNS      bool          // port 53 of any address
	Loopback bool          // addresses of the host itself: 127.0.0.0/8 and ::1
}
