package faulty

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// An Op is an operation of a host.
type Op struct {
	Driver string // "random", "params", "console", "files", or that of a network device
	Name   string // of the operation: "read", "param", "write", "open", "stat", "sync", "close", "send"
	Arg    string // what it is about: name of the file or parameter, or link string
}

// A Fault is what happens to an operation. The zero value is nothing.
type Fault struct {
	Delay time.Duration // it takes so much longer
	Err   netbsd.Errno  // then it fails, and does nothing
	Max   int           // or it moves at most so many bytes, if that is not 0
}

// A Plan says what happens to each operation. It is called from several
// goroutines at once.
type Plan func(op Op) Fault

// Nth makes a fault of the operation that is the nth, from 1 on, of those that
// match: members of op that are empty match everything. 0 is all of them.
func Nth(n int, op Op, f Fault) Plan {
	var count atomic.Int64
	return func(o Op) Fault {
		if !matches(op.Driver, o.Driver) || !matches(op.Name, o.Name) || !matches(op.Arg, o.Arg) {
			return Fault{}
		}
		if i := count.Add(1); n != 0 && i != int64(n) {
			return Fault{}
		}
		return f
	}
}

func matches(want, have string) bool { return want == "" || want == have }

// Sometimes makes one of the faults, all of them as likely, of an operation with
// the given probability.
func Sometimes(seed uint64, probability float64, faults ...Fault) Plan {
	var mu sync.Mutex
	dice := rand.New(rand.NewPCG(seed, 0))
	return func(Op) Fault {
		mu.Lock()
		defer mu.Unlock()
		if len(faults) == 0 || dice.Float64() >= probability {
			return Fault{}
		}
		return faults[dice.IntN(len(faults))]
	}
}

// Any makes the first fault that one of the plans makes. All are asked.
func Any(plans ...Plan) Plan {
	return func(op Op) (first Fault) {
		for _, p := range plans {
			if f := p(op); first == (Fault{}) {
				first = f
			}
		}
		return first
	}
}

// A faults is a plan at work.
type faults struct {
	plan  Plan
	clock hypercall.Clock
}

// begin waits, and returns how many bytes of n may be moved, or an error.
func (f *faults) begin(op Op, n int) (int, error) {
	fault := f.plan(op)
	if fault.Delay > 0 {
		over := make(chan struct{})
		f.clock.AfterFunc(fault.Delay, func() { close(over) })
		<-over
	}
	if fault.Err != 0 {
		return 0, &hypercall.OpError{Op: op.Name, Driver: op.Driver, Err: fault.Err}
	}
	if fault.Max > 0 {
		n = min(n, fault.Max)
	}
	return n, nil
}

// do is begin for what moves no bytes.
func (f *faults) do(op Op) error {
	_, err := f.begin(op, 0)
	return err
}
