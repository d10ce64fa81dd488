package sysproxy

import (
	"context"
	"errors"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A thread makes one call at a time.
type thread struct {
	p    *process
	req  request
	body [syscalls.MaxArgs * 8]byte

	help  *helper // nil until it is needed
	waker *helper
}

var _ syscalls.Caller = (*thread)(nil)

// Exit does nothing: the server keeps no threads for those here.
func (t *thread) Exit() {}

// Syscall makes a call, as [syscalls.Caller] says.
func (t *thread) Syscall(ctx context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	if num < 0 {
		return 0, 0, netbsd.ENOSYS // NetBSD's server would crash
	}
	if t.p.client.own.Load() {
		return t.call(ctx, num, args)
	}
	_, sleeps := sleepers[num]
	switch {
	case ctx.Done() != nil:
	case !sleeps:
		return t.call(ctx, num, args)
	default:
		mark := t.p.tries.mark()
		r0, r1, err = t.call(ctx, num, args)
		if !errors.Is(err, netbsd.EAGAIN) || !t.p.tries.disturbed(int32(args[0]), mark) {
			return r0, r1, err
		}
	}
	return t.patient(ctx, num, args)
}

// eRestart is what NetBSD's kernel says to itself when a call is to be made
// again (ERESTART of sys/errno.h). restarts is how often it is: a descriptor that was
// closed meanwhile gives EBADF the second time.
const (
	eRestart = -3
	restarts = 3
)

// call makes a call until the server takes it and the kernel is done with it.
func (t *thread) call(ctx context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	r := &t.req
	for n := 0; ; n++ {
		conn := t.p.current()
		err := t.once(ctx, conn, num, args)
		if t.p.lost(err) {
			if err = t.p.reconnect(ctx, conn, err); err == nil {
				continue
			}
		}
		switch {
		case errors.Is(err, TryAgain):
			if ctx.Err() != nil {
				return 0, 0, netbsd.EINTR
			}
			time.Sleep(time.Duration(min(n, 100)) * time.Millisecond)
		case err != nil:
			return 0, 0, err
		case r.fault:
			return 0, 0, netbsd.EFAULT
		case r.errno == eRestart && n < restarts && ctx.Err() == nil:
		case r.errno == eRestart:
			return 0, 0, netbsd.EINTR
		case r.errno < 0:
			return 0, 0, netbsd.EINVAL
		case r.errno > 0:
			return 0, 0, netbsd.Errno(r.errno)
		default:
			return r.r0, r.r1, nil
		}
	}
}

// once sends a call and waits for its answer.
func (t *thread) once(ctx context.Context, conn *clientConn, num syscalls.Number, args syscalls.Args) error {
	body := t.body[:0]
	for _, a := range args[:slots(num, &args)] {
		body = appendWord(body, a)
	}
	r := &t.req
	r.args, r.err, r.fault = args, nil, false
	if err := conn.begin(r, uint32(num), body); err != nil {
		return err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		if t.p.client.own.Load() {
			conn.interrupt(r.id)
		}
		<-r.done
	}
	return r.err
}

// slots returns how many arguments are sent: all that the call has. Of a number
// that is not known, those up to the last that is not zero.
func slots(num syscalls.Number, args *syscalls.Args) int {
	if c, ok := syscalls.Lookup(num); ok {
		return c.Slots()
	}
	n := len(args)
	for n > 0 && args[n-1] == 0 {
		n--
	}
	return n
}
