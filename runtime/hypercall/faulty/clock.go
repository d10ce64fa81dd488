package faulty

import (
	"sync"
	"time"

	"github.com/abigen/abigen/runtime/hypercall"
)

// A Clock can be moved.
type Clock struct {
	base hypercall.Clock // nil: time stands still

	mu      sync.Mutex
	wall    time.Duration // what is added to the wall clock
	up      time.Duration // and to the monotonic one
	pending map[*timer]struct{}
}

// epoch is what a clock that stands still shows at first.
var epoch = time.Date(2000, time.January, 1, 0, 0, 0, 0, time.UTC)

// NewClock returns a clock that runs as base does, or that stands still when base
// is nil.
func NewClock(base hypercall.Clock) *Clock {
	c := &Clock{base: base, pending: map[*timer]struct{}{}}
	if base == nil {
		c.up = time.Second
	}
	return c
}

// Advance moves both clocks forward, as on a machine that has slept. It starts
// the calls that are due.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall += max(d, 0)
	c.up += max(d, 0)
	for t := range c.pending {
		t.arm()
	}
}

// Jump moves the wall clock alone, forward or back, as somebody who sets it.
func (c *Clock) Jump(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wall += d
}

// Now returns what the wall clock shows.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := epoch
	if c.base != nil {
		now = c.base.Now()
	}
	return now.Add(c.wall)
}

// Monotonic returns what the other clock shows.
func (c *Clock) Monotonic() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.monotonic()
}

func (c *Clock) monotonic() time.Duration {
	if c.base == nil {
		return c.up
	}
	return c.base.Monotonic() + c.up
}

// Timers returns how many calls are to come, so that a test can wait for
// somebody to sleep.
func (c *Clock) Timers() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.pending)
}

// AfterFunc calls f after d.
func (c *Clock) AfterFunc(d time.Duration, f func()) hypercall.Timer {
	t := &timer{clock: c, f: f}
	t.Reset(d)
	return t
}

// A timer is all guarded by the clock's mu.
type timer struct {
	clock *Clock
	f     func()
	due   time.Duration
	base  hypercall.Timer
	setup int // how often it has been armed
}

func (t *timer) Stop() bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	return t.stop()
}

func (t *timer) Reset(d time.Duration) bool {
	t.clock.mu.Lock()
	defer t.clock.mu.Unlock()
	was := t.stop()
	t.due = t.clock.monotonic() + d
	t.clock.pending[t] = struct{}{}
	t.arm()
	return was
}

func (t *timer) stop() bool {
	_, was := t.clock.pending[t]
	delete(t.clock.pending, t)
	if t.base != nil {
		t.base.Stop()
	}
	return was
}

// arm starts the call if it is due, and else, when time passes by itself, has
// that looked at again when it is.
func (t *timer) arm() {
	left := t.due - t.clock.monotonic()
	if left <= 0 {
		t.stop()
		go t.f()
		return
	}
	if t.clock.base == nil {
		return
	}
	if t.base != nil {
		t.base.Stop()
	}
	t.setup++
	setup := t.setup
	t.base = t.clock.base.AfterFunc(left, func() {
		t.clock.mu.Lock()
		defer t.clock.mu.Unlock()
		if _, ok := t.clock.pending[t]; ok && setup == t.setup {
			t.arm()
		}
	})
}
