package kern

import (
	"context"
	"time"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// An Lwp is a thread of a process, as the code of a system call sees it. All
// of it belongs to the goroutine that makes the call.
type Lwp struct {
	Proc *Proc
	Mem  abi.Memory      // what the addresses among the arguments point into
	Ctx  context.Context // of the call under way
	Uio  Uio             // for the transfer of the call under way, so that it need not be allocated

	param  [128]byte   // argument of the ioctl under way
	held   *Descriptor // what the call works on; closing it ends a sleep
	woken  chan struct{}
	entry  waiter.Entry
	polled []registration // of the poll(2) under way
}

// NewLwp makes a thread of p.
func NewLwp(p *Proc, mem abi.Memory) *Lwp {
	return &Lwp{Proc: p, Mem: mem, Ctx: context.Background(), woken: make(chan struct{}, 1)}
}

// Cred returns the user ids of the process.
func (l *Lwp) Cred() *Cred { return l.Proc.Cred() }

// Superuser tells whether the caller may do what only the superuser may.
func (l *Lwp) Superuser() bool { return l.Proc.Cred().EUID == 0 }

// Raise sends the process a signal.
func (l *Lwp) Raise(sig netbsd.Signal) {
	l.Proc.Raise(sig)
}

// Sleep waits until ready returns true. It is asked at once, and each time w
// notifies one of the events, without any lock held. timeout is how long to
// wait, 0 for ever.
//
// The errors are EWOULDBLOCK after the timeout, EINTR when the context of the
// call is done or the process exits, and EBADF when the descriptor the call
// works on was closed meanwhile.
func (l *Lwp) Sleep(w waiter.Waitable, events waiter.EventMask, timeout time.Duration, ready func() bool) error {
	select {
	case <-l.woken: // left over from an earlier sleep
	default:
	}
	l.entry.Init(waiter.ChannelNotifier(l.woken), events|waiter.EventInternal)
	if err := w.EventRegister(&l.entry); err != nil {
		return netbsd.EINVAL
	}
	defer w.EventUnregister(&l.entry)
	var limit alarm
	if timeout > 0 {
		limit = l.alarm(timeout)
		defer limit.stop()
	}
	for {
		if l.held != nil && l.held.closed.Load() {
			return netbsd.EBADF
		}
		if ready() {
			return nil
		}
		if err := l.block(limit.expired); err != nil {
			return err
		}
	}
}

// Interrupted tells whether the call is to return EINTR rather than go on for
// long.
func (l *Lwp) Interrupted() bool {
	select {
	case <-l.Ctx.Done():
	case <-l.Proc.interrupted():
	default:
		return false
	}
	return true
}

// Pause sleeps for d, which nothing but an interruption ends early: EINTR.
func (l *Lwp) Pause(d time.Duration) error {
	end := l.alarm(d)
	defer end.stop()
	select {
	case <-end.expired:
		return nil
	case <-l.Ctx.Done():
	case <-l.Proc.interrupted():
	}
	return netbsd.EINTR
}

// File returns the open file behind descriptor fd, EBADF when there is none.
// The caller must give it back with Done when the call ends.
func (l *Lwp) File(fd int32) (*OpenFile, error) {
	d := l.Proc.FDs().get(fd)
	if d == nil {
		return nil, netbsd.EBADF
	}
	if l.held == nil {
		l.held = d
		d.users.Add(1)
	}
	return d.file, nil
}

// Done gives back what File returned.
func (l *Lwp) Done(f *OpenFile) {
	if l.held != nil && l.held.file == f {
		l.held.users.Add(-1)
		l.held = nil
	}
	f.Unref(l)
}

// Descriptor returns descriptor fd with a reference to its file, which Unref
// gives back: EBADF when it is not open.
func (l *Lwp) Descriptor(fd int32) (*Descriptor, error) {
	d := l.Proc.FDs().get(fd)
	if d == nil {
		return nil, netbsd.EBADF
	}
	return d, nil
}
