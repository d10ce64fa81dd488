package kqueue

import (
	"errors"
	"time"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// batch is how many events are copied in or out at a time.
const batch = 8

// An eventList is where the caller wants the events to be written.
type eventList struct {
	l    *kern.Lwp
	at   abi.Addr
	left uint64 // how many there is room for
	done int    // how many were written
}

// write appends events to the list, which has room for them.
func (e *eventList) write(events []netbsd.Kevent) error {
	if err := e.l.CopyOut(kern.SliceBytes(events), e.at+abi.Addr(e.done)*netbsd.SizeofKevent); err != nil {
		return err
	}
	e.done += len(events)
	e.left -= uint64(len(events))
	return nil
}

// sysKevent makes the changes, and then, unless the event list is already used
// for what went wrong with them, collects events.
func sysKevent(l *kern.Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	f, err := l.File(int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	q, ok := f.File.(*queue)
	if !ok {
		return 0, 0, netbsd.EBADF
	}
	ts, err := l.TimespecIn(abi.Addr(a[5]))
	if err != nil {
		return 0, 0, err
	}
	events := &eventList{l: l, at: abi.Addr(a[3]), left: uint64(a[4])}
	if err := q.changes(l, abi.Addr(a[1]), uint64(a[2]), events); err != nil {
		return 0, 0, err
	}
	if events.done == 0 && events.left > 0 {
		d, err := kern.Wait(ts)
		if err != nil {
			return 0, 0, err
		}
		if err := q.collect(l, d, events); err != nil {
			return 0, 0, err
		}
	}
	return uintptr(events.done), 0, nil
}

// changes registers n events that are described at a. Those that fail, and
// those with EV_RECEIPT, are written to the event list as long as it has room;
// when it has none, an error ends the call.
func (q *queue) changes(l *kern.Lwp, a abi.Addr, n uint64, out *eventList) error {
	for n > 0 {
		var buf [batch]netbsd.Kevent
		list := buf[:min(n, batch)]
		if err := l.CopyIn(kern.SliceBytes(list), a); err != nil {
			return err
		}
		for i := range list {
			if err := q.oneChange(l, &list[i], out); err != nil {
				return err
			}
		}
		n -= uint64(len(list))
		next := a + abi.Addr(len(list)*netbsd.SizeofKevent)
		if next < a {
			return netbsd.EFAULT
		}
		if a = next; l.Interrupted() {
			return netbsd.EINTR
		}
	}
	return nil
}

func (q *queue) oneChange(l *kern.Lwp, kev *netbsd.Kevent, out *eventList) error {
	kev.Flags &^= netbsd.EV_SYSFLAGS
	err := q.register(l, kev)
	if err == nil && kev.Flags&netbsd.EV_RECEIPT == 0 {
		return nil
	}
	if out.left == 0 {
		return err
	}
	kev.Flags, kev.Data = netbsd.EV_ERROR, int64(kern.Errno(err))
	return out.write([]netbsd.Kevent{*kev})
}

// collect waits until there are events, and writes them to the list. A negative
// timeout is none.
func (q *queue) collect(l *kern.Lwp, timeout time.Duration, out *eventList) error {
	deadline := l.Clock().Monotonic() + timeout
	for {
		if err := q.pass(out); err != nil || out.done > 0 || timeout == 0 {
			return err
		}
		left := time.Duration(0) // for ever
		if timeout > 0 {
			if left = deadline - l.Clock().Monotonic(); left <= 0 {
				return nil
			}
		}
		err := l.Sleep(q, waiter.ReadableEvents, left, q.ready)
		if errors.Is(err, netbsd.EWOULDBLOCK) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// pass looks once at each note that is queued, and writes those that are to be
// reported to the list.
func (q *queue) pass(out *eventList) error {
	q.mu.Lock()
	end := q.count
	q.mu.Unlock()
	var buf [batch]netbsd.Kevent
	events := buf[:0]
	for uint64(len(events)) < out.left {
		q.mu.Lock()
		n := q.next(end)
		q.mu.Unlock()
		if n == nil {
			break
		}
		if !n.report(&buf[len(events)]) {
			continue
		}
		if events = buf[:len(events)+1]; len(events) == batch {
			if err := out.write(events); err != nil {
				return err
			}
			events = buf[:0]
		}
	}
	return out.write(events)
}

// report writes the event of a note that was taken from the queue to kev, if it
// is still there and enabled, and does what its flags ask for.
func (n *note) report(kev *netbsd.Kevent) bool {
	q := n.queue
	q.mu.Lock()
	ignore, once := n.disabled || n.dropped, n.kevent.Flags&netbsd.EV_ONESHOT != 0
	q.mu.Unlock()
	if ignore {
		return false
	}
	there := once || n.happens()
	q.mu.Lock()
	if n.queued || n.dropped { // again, or no longer
		q.mu.Unlock()
		return false
	}
	if !there {
		n.active = false
		q.mu.Unlock()
		return false
	}
	*kev = n.kevent
	queued := false
	switch {
	case once:
	case n.kevent.Flags&netbsd.EV_CLEAR != 0:
		n.kevent.Data, n.kevent.Fflags, n.active = 0, 0, false
	case n.kevent.Flags&netbsd.EV_DISPATCH != 0:
		n.disabled, n.active = true, false
	default:
		queued = q.enqueue(n)
	}
	q.mu.Unlock()
	if once {
		n.drop()
	}
	if queued {
		q.Notify(waiter.EventInternal) // others may wait for events, too
	}
	return true
}
