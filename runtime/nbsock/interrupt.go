package nbsock

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"
)

// An interrupt is the context of calls that one side of a socket makes: done at
// the deadline, until another one is set, and for good when the socket is
// closed.
type interrupt struct {
	mu     sync.Mutex
	timer  *time.Timer // to the deadline
	due    time.Time   // the deadline; zero: none
	done   chan struct{}
	fired  bool // done is closed
	closed bool
}

var _ context.Context = (*interrupt)(nil)

// Deadline implements [context.Context].
func (i *interrupt) Deadline() (time.Time, bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.due, !i.due.IsZero()
}

// Done implements [context.Context]. The channel is another one after a
// deadline that had passed was moved.
func (i *interrupt) Done() <-chan struct{} {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.done == nil {
		i.done = make(chan struct{})
	}
	return i.done
}

// Err implements [context.Context].
func (i *interrupt) Err() error {
	switch err := i.check(); {
	case err == nil:
		return nil
	case errors.Is(err, net.ErrClosed):
		return context.Canceled
	}
	return context.DeadlineExceeded
}

// Value implements [context.Context].
func (i *interrupt) Value(any) any { return nil }

// check returns net.ErrClosed, or os.ErrDeadlineExceeded.
func (i *interrupt) check() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.closed:
		return net.ErrClosed
	case i.fired:
		return os.ErrDeadlineExceeded
	}
	return nil
}

// set moves the deadline.
func (i *interrupt) set(due time.Time) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return net.ErrClosed
	}
	if i.timer != nil {
		i.timer.Stop()
		i.timer = nil
	}
	i.due = due
	if i.fired {
		i.fired, i.done = false, nil
	}
	if due.IsZero() {
		return nil
	}
	if wait := time.Until(due); wait > 0 {
		i.timer = time.AfterFunc(wait, func() { i.expire(due) })
	} else {
		i.fire()
	}
	return nil
}

// expire is called at a deadline, which may have been moved since.
func (i *interrupt) expire(due time.Time) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.due == due {
		i.fire()
	}
}

// fire closes the channel. i.mu is held.
func (i *interrupt) fire() {
	if i.fired {
		return
	}
	if i.done == nil {
		i.done = over // nobody has waited
	} else {
		close(i.done)
	}
	i.fired = true
}

// over is the channel of interrupts that fire before anybody waits for them.
var over = make(chan struct{})

func init() { close(over) }

// close interrupts the call under way and all later ones.
func (i *interrupt) close() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.timer != nil {
		i.timer.Stop()
	}
	i.closed = true
	i.fire()
}
