package sysproxy

import (
	"context"
	"errors"
	"math"
	"time"
	"unsafe"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A sleeper is a call that may sleep, where nothing can interrupt it. It is
// made so that it does not, and poll(2) does the waiting.
type sleeper struct {
	events int16 // that poll waits for
	option int32 // how long the call waits, SO_RCVTIMEO or SO_SNDTIMEO
	flags  int   // which argument has MSG_* flags; 0: none
}

var sleepers = map[syscalls.Number]sleeper{
	netbsd.SYS_read:     {netbsd.POLLIN, netbsd.SO_RCVTIMEO, 0},
	netbsd.SYS_readv:    {netbsd.POLLIN, netbsd.SO_RCVTIMEO, 0},
	netbsd.SYS_recvfrom: {netbsd.POLLIN, netbsd.SO_RCVTIMEO, 3},
	netbsd.SYS_recvmsg:  {netbsd.POLLIN, netbsd.SO_RCVTIMEO, 2},
	netbsd.SYS_recvmmsg: {netbsd.POLLIN, netbsd.SO_RCVTIMEO, 3},
	netbsd.SYS_accept:   {netbsd.POLLIN, netbsd.SO_RCVTIMEO, 0},
	netbsd.SYS_paccept:  {netbsd.POLLIN, netbsd.SO_RCVTIMEO, 0},
	netbsd.SYS_write:    {netbsd.POLLOUT, netbsd.SO_SNDTIMEO, 0},
	netbsd.SYS_writev:   {netbsd.POLLOUT, netbsd.SO_SNDTIMEO, 0},
	netbsd.SYS_sendto:   {netbsd.POLLOUT, netbsd.SO_SNDTIMEO, 3},
	netbsd.SYS_sendmsg:  {netbsd.POLLOUT, netbsd.SO_SNDTIMEO, 2},
	netbsd.SYS_sendmmsg: {netbsd.POLLOUT, netbsd.SO_SNDTIMEO, 3},
}

// patient makes a call so that its context can end it.
func (t *thread) patient(ctx context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	switch num {
	case netbsd.SYS_connect:
		return t.connect(ctx, args)
	case netbsd.SYS_poll:
		return t.poll(ctx, num, args, time.Duration(int32(args[2]))*time.Millisecond)
	case netbsd.SYS___pollts50:
		wait, err := t.timespec(args[2])
		if err != nil {
			return 0, 0, err
		}
		return t.poll(ctx, num, args, wait)
	case netbsd.SYS___kevent50:
		return t.kevent(ctx, args)
	}
	s, sleeps := sleepers[num]
	flags := uintptr(0)
	if s.flags != 0 {
		flags = args[s.flags]
	}
	switch {
	case !sleeps || flags&netbsd.MSG_DONTWAIT != 0:
		return t.call(ctx, num, args)
	case num == netbsd.SYS_read:
		r0, r1, err = t.receive(ctx, syscalls.Args{args[0], args[1], args[2]})
		if errors.Is(err, netbsd.ENOTSOCK) || errors.Is(err, netbsd.ENOSYS) { // a kernel may have no sockets at all
			return t.try(ctx, num, args, s)
		}
		return r0, r1, err
	case flags&netbsd.MSG_WAITALL != 0: // which would do less when it does not sleep
		if err := t.await(ctx, int32(args[0]), s.events, -1); err != nil {
			return 0, 0, err
		}
		return t.call(ctx, num, args)
	case num == netbsd.SYS_recvfrom:
		return t.receive(ctx, args)
	}
	return t.try(ctx, num, args, s)
}

// receive is recvfrom(2), which can be told not to wait: this takes fewer calls
// than try.
func (t *thread) receive(ctx context.Context, args syscalls.Args) (r0, r1 uintptr, err error) {
	const flags = 3
	args[flags] |= netbsd.MSG_DONTWAIT
	h, fd, wait := t.helper(), int32(args[0]), time.Duration(0)
	for {
		r0, r1, err = t.call(ctx, netbsd.SYS_recvfrom, args)
		if !errors.Is(err, netbsd.EAGAIN) {
			return r0, r1, err
		}
		if wait == 0 {
			if !h.blocking(fd) {
				return 0, 0, err
			}
			wait = h.timeout(fd, netbsd.SO_RCVTIMEO)
		}
		if err := t.await(ctx, fd, netbsd.POLLIN, wait); err != nil {
			return 0, 0, err
		}
	}
}

// try makes a call with the descriptor set not to wait, and waits when it would
// have had to. Of a single buffer that is sent all goes out, as in a call that sleeps;
// calls with several may send less.
func (t *thread) try(ctx context.Context, num syscalls.Number, args syscalls.Args, s sleeper) (r0, r1 uintptr, err error) {
	h, fd, sent, wait := t.helper(), int32(args[0]), uintptr(0), time.Duration(0)
	single := num == netbsd.SYS_write || num == netbsd.SYS_sendto
	for {
		blocking := t.p.tries.begin(h, fd)
		if num == netbsd.SYS_accept && blocking { // its descriptor would be set as this one is for the moment
			num, args = netbsd.SYS_paccept, syscalls.Args{args[0], args[1], args[2]}
		}
		r0, r1, err = t.call(ctx, num, args)
		if blocking {
			t.p.tries.end(h, fd)
		}
		switch {
		case err == nil && (!single || r0 >= args[2] || !blocking):
			return sent + r0, r1, nil
		case err == nil:
			sent, args[1], args[2] = sent+r0, args[1]+r0, args[2]-r0
		case !blocking || !errors.Is(err, netbsd.EAGAIN):
			return some(sent, err)
		}
		if num == netbsd.SYS_paccept && wait != 0 { // what poll saw is the end of a socket that was shut down
			return t.call(ctx, num, args)
		}
		if wait == 0 {
			wait = h.timeout(fd, s.option)
		}
		if err := t.await(ctx, fd, s.events, wait); err != nil {
			return some(sent, err)
		}
	}
}

// some is the result of a call that ends after it has sent something.
func some(sent uintptr, err error) (r0, r1 uintptr, _ error) {
	if sent > 0 {
		return sent, 0, nil
	}
	return 0, 0, err
}

// timeout returns how long calls on a socket wait, -1 for ever.
func (h *helper) timeout(fd, option int32) time.Duration {
	var tv netbsd.Timeval
	if h.option(fd, option, abi.AsBytes(&tv)) != nil {
		return -1
	}
	if d := time.Duration(tv.Sec)*time.Second + time.Duration(tv.Usec)*time.Microsecond; d > 0 {
		return d
	}
	return -1
}

// connect connects without waiting, and waits.
func (t *thread) connect(ctx context.Context, args syscalls.Args) (r0, r1 uintptr, err error) {
	h, fd := t.helper(), int32(args[0])
	if !t.p.tries.begin(h, fd) {
		return t.call(ctx, netbsd.SYS_connect, args)
	}
	r0, r1, err = t.call(ctx, netbsd.SYS_connect, args)
	t.p.tries.end(h, fd)
	if !errors.Is(err, netbsd.EINPROGRESS) {
		return r0, r1, err
	}
	if err := t.await(ctx, fd, netbsd.POLLOUT, -1); err != nil {
		return 0, 0, err
	}
	var errno int32
	if err := h.option(fd, netbsd.SO_ERROR, abi.AsBytes(&errno)); err != nil {
		return 0, 0, err
	}
	if errno != 0 {
		return 0, 0, netbsd.Errno(errno)
	}
	return 0, 0, nil
}

// timespec reads a struct timespec of the caller's: -1 when there is none.
func (t *thread) timespec(a uintptr) (time.Duration, error) {
	if a == 0 {
		return -1, nil
	}
	var ts netbsd.Timespec
	if t.req.mem == nil || t.req.mem.ReadAt(abi.AsBytes(&ts), abi.Addr(a)) != nil {
		return 0, netbsd.EFAULT
	}
	if ts.Sec < 0 || ts.Nsec < 0 || ts.Nsec >= 1e9 {
		return 0, netbsd.EINVAL
	}
	if ts.Sec > math.MaxInt32 {
		return -1, nil
	}
	return time.Duration(ts.Sec)*time.Second + time.Duration(ts.Nsec), nil
}

// maxPoll is how many descriptors a poll may have to be made here.
const maxPoll = helperSize/netbsd.SizeofPollfd - 1

// poll makes a poll(2) of the caller's. A negative time is for ever.
func (t *thread) poll(ctx context.Context, num syscalls.Number, args syscalls.Args, wait time.Duration) (r0, r1 uintptr, err error) {
	n := args[1]
	if n > maxPoll || wait == 0 || t.req.mem == nil {
		return t.call(ctx, num, args)
	}
	fds := make([]netbsd.Pollfd, n, n+1)
	if n > 0 && t.req.mem.ReadAt(pollBytes(fds), abi.Addr(args[0])) != nil {
		return 0, 0, netbsd.EFAULT
	}
	ready, err := t.pollUntil(ctx, fds, wait)
	if err != nil {
		return 0, 0, err
	}
	if n > 0 && t.req.mem.WriteAt(pollBytes(fds), abi.Addr(args[0])) != nil {
		return 0, 0, netbsd.EFAULT
	}
	return uintptr(ready), 0, nil
}

func pollBytes(fds []netbsd.Pollfd) []byte {
	if len(fds) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&fds[0])), len(fds)*netbsd.SizeofPollfd)
}

// await waits until something can be done with a descriptor: EAGAIN when the
// time is over.
func (t *thread) await(ctx context.Context, fd int32, events int16, wait time.Duration) error {
	fds := make([]netbsd.Pollfd, 1, 2)
	fds[0] = netbsd.Pollfd{FD: fd, Events: events}
	ready, err := t.pollUntil(ctx, fds, wait)
	if err == nil && ready == 0 {
		err = netbsd.EAGAIN
	}
	return err
}

// kevent makes a kevent(2): the changes first, and the events when poll(2) says
// that there are some.
func (t *thread) kevent(ctx context.Context, args syscalls.Args) (r0, r1 uintptr, err error) {
	const changes, changed, events, timeout = 1, 2, 4, 5
	wait, err := t.timespec(args[timeout])
	if err != nil || wait == 0 || args[events] == 0 {
		return t.call(ctx, netbsd.SYS___kevent50, args)
	}
	h, mem := t.helper(), t.req.mem
	defer func() { t.req.mem = mem }()
	due := time.Now().Add(wait)
	for {
		h.mem.Data = make([]byte, unsafe.Sizeof(netbsd.Timespec{}))
		args[timeout] = uintptr(h.mem.Base)
		t.req.mem = joined{mem, h.mem}
		r0, r1, err = t.call(ctx, netbsd.SYS___kevent50, args)
		t.req.mem = mem
		left := wait
		if wait > 0 {
			left = max(time.Until(due), 0)
		}
		if err != nil || r0 != 0 || wait > 0 && left == 0 {
			return r0, r1, err
		}
		args[changes], args[changed] = 0, 0
		if err := t.await(ctx, int32(args[0]), netbsd.POLLIN, left); err != nil {
			if errors.Is(err, netbsd.EAGAIN) {
				return 0, 0, nil
			}
			return 0, 0, err
		}
	}
}

// joined is two memories that are apart.
type joined struct{ a, b abi.Memory }

// ReadAt implements [abi.Memory].
func (m joined) ReadAt(p []byte, a abi.Addr) error {
	if m.a != nil && m.a.ReadAt(p, a) == nil {
		return nil
	}
	return m.b.ReadAt(p, a)
}

// WriteAt implements [abi.Memory].
func (m joined) WriteAt(p []byte, a abi.Addr) error {
	if m.a != nil && m.a.WriteAt(p, a) == nil {
		return nil
	}
	return m.b.WriteAt(p, a)
}
