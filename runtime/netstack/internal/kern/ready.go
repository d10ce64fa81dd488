package kern

import (
	"errors"
	"time"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
)

// always are the events that poll(2) reports unasked.
const always = netbsd.POLLERR | netbsd.POLLHUP

// ready returns those of the events, and of those that are reported unasked,
// that f has. POLLOUT and POLLWRNORM are one bit on NetBSD, and no file has
// POLLWRBAND, whose bit package waiter has for POLLWRNORM.
func ready(f File, events uint32) uint32 {
	return uint32(f.Readiness(waiter.EventMask(events))) & (events | always) &^ netbsd.POLLWRBAND
}

// interest returns the notifications after which the events may be there.
// Urgent data is announced with the other.
func interest(events uint32) waiter.EventMask {
	if events&(netbsd.POLLPRI|netbsd.POLLRDBAND) != 0 {
		events |= netbsd.POLLIN | netbsd.POLLPRI
	}
	return waiter.EventMask(events | always)
}

// A registration is one that poll(2) or select(2) has with a file. It keeps
// no reference: when the file is closed meanwhile, nothing will come of it.
type registration struct {
	entry waiter.Entry
	file  File
}

// check returns the events that descriptor fd has, after asking to be told of
// those to come when register is true. EBADF: it is not open.
func (l *Lwp) check(fd int32, events uint32, register bool) (uint32, error) {
	d := l.Proc.FDs().get(fd)
	if d == nil {
		return 0, netbsd.EBADF
	}
	defer d.file.Unref(l)
	if register {
		l.register(d.file.File, interest(events))
	}
	return ready(d.file.File, events), nil
}

// register asks f to wake the thread. The caller of await has said how often
// that may be done.
func (l *Lwp) register(f File, events waiter.EventMask) {
	i := len(l.polled)
	l.polled = l.polled[:i+1]
	r := &l.polled[i]
	r.file = f
	r.entry.Init(waiter.ChannelNotifier(l.woken), events)
	if f.EventRegister(&r.entry) != nil {
		l.polled = l.polled[:i]
	}
}

func (l *Lwp) unregister() {
	for i := range l.polled {
		r := &l.polled[i]
		r.file.EventUnregister(&r.entry)
		r.file = nil
	}
	l.polled = l.polled[:0]
}

// await scans until there is something to report, an error, or the timeout is
// over: 0, and a negative one never is. scan calls check for at most n
// descriptors.
func (l *Lwp) await(n int, timeout time.Duration, scan func(register bool) (int, error)) (int, error) {
	found, err := scan(false)
	if err != nil || found > 0 || timeout == 0 {
		return found, err
	}
	if cap(l.polled) < n {
		l.polled = make([]registration, 0, n)
	}
	var limit alarm
	if timeout > 0 {
		limit = l.alarm(timeout)
		defer limit.stop()
	}
	for {
		select {
		case <-l.woken: // left over from an earlier sleep
		default:
		}
		found, err := scan(true)
		if err != nil || found > 0 {
			l.unregister()
			return found, err
		}
		err = l.block(limit.expired)
		l.unregister()
		if err != nil {
			if errors.Is(err, netbsd.EWOULDBLOCK) {
				err = nil
			}
			return 0, err
		}
	}
}

// block waits until the thread is woken. The errors are EWOULDBLOCK when
// expired is ready, and EINTR.
func (l *Lwp) block(expired <-chan struct{}) error {
	select {
	case <-l.woken:
		return nil
	case <-l.Ctx.Done():
	case <-l.Proc.interrupted():
	case <-expired:
		return netbsd.EWOULDBLOCK
	}
	return netbsd.EINTR
}
