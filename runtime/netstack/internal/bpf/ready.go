package bpf

import (
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// EventRegister adds an entry that is told of packets.
func (d *descriptor) EventRegister(e *waiter.Entry) error {
	d.Queue.EventRegister(e)
	return nil
}

// Readiness returns what poll(2) reports. When there is nothing yet, the read
// timeout begins: after it, what is in the store can be read.
func (d *descriptor) Readiness(mask waiter.EventMask) waiter.EventMask {
	d.mu.Lock()
	defer d.mu.Unlock()
	ready := mask & waiter.EventOut
	switch {
	case mask&waiter.ReadableEvents == 0:
	case d.held != 0, (d.immediate != 0 || d.poll == pollTimedOut) && d.used != 0:
		ready |= mask & waiter.ReadableEvents
	case d.timeout > 0 && d.poll == pollIdle:
		d.poll = pollWaiting
		if d.timer != nil {
			d.timer.Stop()
		}
		d.timer = d.clock.AfterFunc(ticks(d.timeout), d.timedOut)
	}
	return ready
}

// timedOut is called when poll(2) has waited for as long as a read would have.
func (d *descriptor) timedOut() {
	d.mu.Lock()
	if d.poll != pollWaiting {
		d.mu.Unlock()
		return
	}
	d.poll = pollTimedOut
	wake, async := d.used != 0, d.async
	d.mu.Unlock()
	if wake {
		d.wake(async)
	}
}

// idle ends what poll(2) has begun. The caller has locked mu.
func (d *descriptor) idle() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
	d.poll = pollIdle
}

// Filter returns the evaluator of EVFILT_READ.
func (d *descriptor) Filter(filter uint32) (kern.Filter, error) {
	if filter != netbsd.EVFILT_READ {
		return nil, netbsd.EINVAL
	}
	return func(kn *kern.Knote) bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		kn.Data = int64(d.held)
		if d.immediate != 0 {
			kn.Data += int64(d.used)
		}
		return kn.Data > 0
	}, nil
}

// SetFlags keeps O_ASYNC. O_NONBLOCK is looked at in each call.
func (d *descriptor) SetFlags(flags uint32) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.idle()
	d.async = flags&netbsd.O_ASYNC != 0
	return nil
}
