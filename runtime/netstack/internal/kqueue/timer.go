package kqueue

import (
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// maxTimers is how many timers the kqueues of a kernel may have.
const maxTimers = 4096

// start attaches n to a timer (EVFILT_TIMER). The period is data, in
// milliseconds.
func (n *note) start(clock hypercall.Clock) error {
	if n.data == 0 {
		return netbsd.EINVAL
	}
	q := n.queue
	if q.queues.timers.Add(1) >= maxTimers {
		q.queues.timers.Add(-1)
		return netbsd.ENOMEM
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	n.kevent.Flags |= netbsd.EV_CLEAR
	n.timer = clock.AfterFunc(period(n.data), n.expire)
	return nil
}

// period rounds milliseconds to the grain of timeouts, of which it is at least
// one.
func period(ms int64) time.Duration {
	const tick = int64(kern.Tick / time.Millisecond)
	const longest = int64(1) << 31
	return time.Duration(min(max(ms/tick, 1), longest)) * kern.Tick
}

// expire counts an expiration, and starts the timer again.
func (n *note) expire() {
	q := n.queue
	q.mu.Lock()
	if n.timer == nil { // dropped
		q.mu.Unlock()
		return
	}
	n.kevent.Data++
	n.active = true
	queued := q.enqueue(n)
	if n.kevent.Flags&netbsd.EV_ONESHOT == 0 {
		n.timer.Reset(period(n.data))
	}
	q.mu.Unlock()
	if queued {
		q.announce()
	}
}
