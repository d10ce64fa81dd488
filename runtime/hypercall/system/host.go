package system

import (
	"crypto/rand"
	"os"
	"sync"
	"time"

	"github.com/abigen/abigen/runtime/hypercall"
)

// Host returns this machine.
func Host() *hypercall.Host {
	return &hypercall.Host{
		Clock:   Clock(),
		Random:  rand.Reader,
		Params:  params{},
		Console: &stderr,
		Files:   files{},
		Network: hypercall.NetworkFunc(open),
	}
}

// Complete returns h with the members of this machine for those that are nil. h
// itself may be nil, and is not changed.
func Complete(h *hypercall.Host) *hypercall.Host {
	all := Host()
	if h == nil {
		return all
	}
	if h.Clock != nil {
		all.Clock = h.Clock
	}
	if h.Random != nil {
		all.Random = h.Random
	}
	if h.Params != nil {
		all.Params = h.Params
	}
	if h.Console != nil {
		all.Console = h.Console
	}
	if h.Files != nil {
		all.Files = h.Files
	}
	if h.Network != nil {
		all.Network = h.Network
	}
	return all
}

// Clock returns the clock of this machine.
func Clock() hypercall.Clock { return clock{} }

// started is where monotonic clocks begin.
var started = time.Now()

type clock struct{}

func (clock) Now() time.Time           { return time.Now().Round(0) }
func (clock) Monotonic() time.Duration { return time.Since(started) }

func (clock) AfterFunc(d time.Duration, f func()) hypercall.Timer { return time.AfterFunc(d, f) }

// stderr is the one console of this machine.
var stderr console

type console struct{ mu sync.Mutex }

func (c *console) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, err := os.Stderr.Write(p)
	return n, hypercall.NewError("write", "console", err)
}
