package socket

import (
	"errors"
	"math"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// maxControl is how many bytes of control messages a call may send (PAGE_SIZE),
// and maxMessages how many messages sendmmsg and recvmmsg look at.
const (
	maxControl  = 4096
	maxMessages = 1024
)

// sendto is sendto(2).
func sendto(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	so, f, err := ofFD(l, int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	m := outgoing{flags: int32(a[3])}
	if m.data, err = l.Buffer(abi.Addr(a[1]), uint64(a[2])); err != nil {
		return 0, 0, err
	}
	if to := abi.Addr(a[4]); to != 0 {
		if m.name, err = copyInName(l, new([maxName]byte), to, uint32(a[5])); err != nil {
			return 0, 0, err
		}
	}
	n, err := so.sendCounted(l, f, &m)
	return uintptr(n), 0, err
}

// sendmsg is sendmsg(2).
func sendmsg(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	var h netbsd.Msghdr
	if err := kern.In(l, &h, abi.Addr(a[1])); err != nil {
		return 0, 0, err
	}
	so, f, err := ofFD(l, int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	n, err := so.sendMessage(l, f, &h, int32(a[2]))
	return uintptr(n), 0, err
}

// sendMessage sends what a struct msghdr describes.
func (so *Socket) sendMessage(l *kern.Lwp, f *kern.OpenFile, h *netbsd.Msghdr, flags int32) (int, error) {
	m := outgoing{flags: flags}
	var err error
	if m.data, err = vector(l, h); err != nil {
		return 0, err
	}
	if h.Name != 0 {
		if m.name, err = copyInName(l, new([maxName]byte), h.Name, h.Namelen); err != nil {
			return 0, err
		}
	}
	if h.Control != 0 {
		if h.Controllen < CmsgHeader || h.Controllen > maxControl {
			return 0, netbsd.EINVAL
		}
		m.control = make([]byte, h.Controllen)
		if err := l.CopyIn(m.control, h.Control); err != nil {
			return 0, err
		}
	}
	return so.sendCounted(l, f, &m)
}

// vector prepares the transfer that a struct msghdr describes.
func vector(l *kern.Lwp, h *netbsd.Msghdr) (*kern.Uio, error) {
	if uint32(h.Iovlen) > kern.IovMax {
		return nil, netbsd.EMSGSIZE
	}
	return l.Vector(h.Iov, int(h.Iovlen))
}

// sendCounted sends m, and returns how much of it was sent. An interruption after
// the first byte is none. Who writes to what is no longer connected gets SIGPIPE.
func (so *Socket) sendCounted(l *kern.Lwp, f *kern.OpenFile, m *outgoing) (int, error) {
	all := m.data.Resid
	err := so.send(l, m)
	n := all - m.data.Resid
	switch {
	case err == nil || n != 0 && isPause(err):
		return n, nil
	case errors.Is(err, netbsd.EPIPE) && f.Flags()&netbsd.O_NOSIGPIPE == 0 && m.flags&netbsd.MSG_NOSIGNAL == 0:
		l.Raise(netbsd.SIGPIPE)
	}
	return 0, err
}

// isPause tells whether an error ends a transfer that can go on later.
func isPause(err error) bool {
	return errors.Is(err, netbsd.EINTR) || errors.Is(err, netbsd.EWOULDBLOCK)
}

// recvfrom is recvfrom(2).
func recvfrom(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	so, f, err := ofFD(l, int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	u, err := l.Buffer(abi.Addr(a[1]), uint64(a[2]))
	if err != nil {
		l.Done(f)
		return 0, 0, err
	}
	in := incoming{flags: int32(a[3]) & netbsd.MSG_USERFLAGS}
	n, err := so.receiveCounted(l, u, &in)
	l.Done(f)
	if err != nil {
		return 0, 0, err
	}
	return uintptr(n), 0, copyOutName(l, in.name, abi.Addr(a[4]), abi.Addr(a[5]))
}

// recvmsg is recvmsg(2).
func recvmsg(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	at := abi.Addr(a[1])
	var h netbsd.Msghdr
	if err := kern.In(l, &h, at); err != nil {
		return 0, 0, err
	}
	so, f, err := ofFD(l, int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	h.Flags = int32(a[2]) & netbsd.MSG_USERFLAGS
	n, err := so.receiveMessage(l, &h)
	l.Done(f)
	if err != nil {
		return 0, 0, err
	}
	return uintptr(n), 0, kern.Out(l, &h, at)
}

// receiveMessage receives into what a struct msghdr describes. Flags of h are those
// of the call, and then those of the message.
func (so *Socket) receiveMessage(l *kern.Lwp, h *netbsd.Msghdr) (int, error) {
	u, err := vector(l, h)
	if err != nil {
		return 0, err
	}
	in := incoming{flags: h.Flags, wantControl: h.Control != 0}
	n, err := so.receiveCounted(l, u, &in)
	if err != nil {
		return 0, err
	}
	h.Flags = in.flags
	if in.wantControl {
		if err := copyOutControl(l, h, in.control); err != nil {
			return 0, err
		}
	}
	if h.Name == 0 {
		return n, nil
	}
	if h.Namelen > math.MaxInt32 {
		return 0, netbsd.EINVAL
	}
	h.Namelen = min(h.Namelen, uint32(len(in.name)))
	return n, l.CopyOut(in.name[:h.Namelen], h.Name)
}

// receiveCounted receives, and returns how much. An interruption after the first
// byte is none. Of control messages that came with an error nothing is left.
func (so *Socket) receiveCounted(l *kern.Lwp, u *kern.Uio, in *incoming) (int, error) {
	all := u.Resid
	err := so.receive(l, u, in)
	n := all - u.Resid
	if err == nil || n != 0 && isPause(err) {
		return n, nil
	}
	for _, m := range in.control {
		closeRights(l, m)
	}
	return 0, err
}
