package kerneltest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/abigen/abigen/internal/transcript"
	"github.com/abigen/abigen/runtime/hypercall/faulty"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
)

// LastingTimeWait has the connections of NetBSD's own kernel, whose clock is the host's,
// in TIME_WAIT for as long as those to other machines, not for the second or two that
// those to itself are. What was recorded within a moment is then the same on a
// machine that is busy.
func LastingTimeWait(ctx context.Context, k kernel.Kernel) error {
	c, err := netcfg.Open(k)
	if err != nil {
		return err
	}
	return errors.Join(c.SetInt(ctx, "net.inet.tcp.mslt.enable", 0), c.Close())
}

// A Clock is the clock of kernels that transcripts are replayed on. It stands still
// while a goroutine has something to do. So what comes by itself after a second, a
// segment that is sent again for instance, does not come earlier in a scenario because
// the machine is slow.
type Clock struct {
	*faulty.Clock

	mu    sync.Mutex
	users int
	stop  chan struct{}
}

// NewClock returns a clock that does not run yet.
func NewClock() *Clock { return &Clock{Clock: faulty.NewClock(nil)} }

// Run has it run until the test ends, and longer when others want it to.
func (c *Clock) Run(t testing.TB) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.users++; c.users == 1 {
		c.stop = make(chan struct{})
		go c.run(c.stop)
	}
	t.Cleanup(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.users--; c.users == 0 {
			close(c.stop)
		}
	})
}

func (c *Clock) run(stop <-chan struct{}) {
	const tick = time.Millisecond
	for last := time.Now(); ; {
		select {
		case <-stop:
			return
		case <-time.After(tick):
		}
		now := time.Now()
		passed := min(now.Sub(last), 2*tick)
		if last = now; transcript.Idle() {
			c.Advance(passed)
		}
	}
}
