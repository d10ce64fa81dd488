package socket

import (
	"errors"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// ofFD returns the socket behind a descriptor: EBADF, or ENOTSOCK. The caller
// gives f back with l.Done.
func ofFD(l *kern.Lwp, fd int32) (*Socket, *kern.OpenFile, error) {
	f, err := l.File(fd)
	if err != nil {
		return nil, nil, err
	}
	so, ok := f.File.(*Socket)
	if !ok {
		l.Done(f)
		return nil, nil, netbsd.ENOTSOCK
	}
	return so, f, nil
}

// maxName is how long the name of a socket may be (UCHAR_MAX), as its length is
// in one of its bytes.
const maxName = 255

// copyInName reads a sockaddr of n bytes into buf and returns the part it takes
// (sockargs). Its length byte becomes n; the caller's counts for nothing, but
// where the family is 0 and the length is the number of a family, it is taken for
// that, as in the sockaddrs of 4.3BSD.
func copyInName(l *kern.Lwp, buf *[maxName]byte, a abi.Addr, n uint32) ([]byte, error) {
	if n <= 2 || n > maxName {
		return nil, netbsd.EINVAL
	}
	name := buf[:n]
	if err := l.CopyIn(name, a); err != nil {
		return nil, err
	}
	if name[1] == 0 && name[0] < netbsd.AF_MAX {
		name[1] = name[0]
	}
	name[0] = byte(n)
	return name, nil
}

// copyOutName writes as much of name as the caller has room for, and the length
// of that (copyout_sockname). Nothing happens when the caller wants no name.
func copyOutName(l *kern.Lwp, name []byte, a, alen abi.Addr) error {
	if a == 0 {
		return nil
	}
	var n int32
	if err := kern.In(l, &n, alen); err != nil {
		return err
	}
	if n < 0 {
		return netbsd.EINVAL
	}
	n = min(n, int32(len(name)))
	if err := l.CopyOut(name[:n], a); err != nil {
		return err
	}
	return kern.Out(l, &n, alen)
}

// bind is bind(2).
func bind(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	var buf [maxName]byte
	name, err := copyInName(l, &buf, abi.Addr(a[1]), uint32(a[2]))
	if err != nil {
		return 0, 0, err
	}
	so, f, err := ofFD(l, int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	if int32(name[1]) != so.Domain {
		return 0, 0, netbsd.EAFNOSUPPORT
	}
	return 0, 0, so.Proto.Bind(l, name)
}

// connect is connect(2).
func connect(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	var buf [maxName]byte
	name, err := copyInName(l, &buf, abi.Addr(a[1]), uint32(a[2]))
	if err != nil {
		return 0, 0, err
	}
	so, f, err := ofFD(l, int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	if so.Is(IsConnecting) {
		return 0, 0, netbsd.EALREADY
	}
	switch err := so.connect(l, name); {
	case err == nil:
		return 0, 0, so.awaitConnection(l)
	case errors.Is(err, netbsd.EINPROGRESS):
		return 0, 0, err
	default:
		so.Unmark(IsConnecting)
		return 0, 0, err
	}
}

// connect begins to connect (soconnect).
func (so *Socket) connect(l *kern.Lwp, name []byte) error {
	if so.Option(netbsd.SO_ACCEPTCONN) {
		return netbsd.EOPNOTSUPP
	}
	if so.Is(IsConnected | IsConnecting) {
		if so.Flags&ConnRequired != 0 || so.Disconnect(l) != nil {
			return netbsd.EISCONN
		}
	}
	if int32(name[1]) != so.Domain {
		return netbsd.EAFNOSUPPORT
	}
	return so.Proto.Connect(l, name)
}

// Disconnect undoes a connection (sodisconnect): ENOTCONN, or EALREADY.
func (so *Socket) Disconnect(l *kern.Lwp) error {
	switch {
	case !so.Is(IsConnected):
		return netbsd.ENOTCONN
	case so.Is(IsDisconnecting):
		return netbsd.EALREADY
	}
	return so.Proto.Disconnect(l)
}

// awaitConnection waits until so is connected or has failed to. An interruption
// leaves it connecting.
func (so *Socket) awaitConnection(l *kern.Lwp) error {
	so.Mu.Lock()
	if so.State&(NonBlocking|IsConnecting) == NonBlocking|IsConnecting {
		so.Mu.Unlock()
		return netbsd.EINPROGRESS
	}
	so.Mu.Unlock()
	var errno netbsd.Errno
	err := l.Sleep(so, waiter.AllEvents, 0, func() bool {
		so.Mu.Lock()
		defer so.Mu.Unlock()
		if so.State&IsConnecting != 0 && so.errno == 0 {
			return false
		}
		errno = so.takeError()
		return true
	})
	if err != nil {
		return err
	}
	so.Unmark(IsConnecting)
	if errno != 0 {
		return errno
	}
	return nil
}

// getsockname is getsockname(2).
func getsockname(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	so, f, err := ofFD(l, int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	name, err := so.Proto.Name(l)
	l.Done(f)
	if err != nil {
		return 0, 0, err
	}
	return 0, 0, copyOutName(l, name, abi.Addr(a[1]), abi.Addr(a[2]))
}

// getpeername is getpeername(2).
func getpeername(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	so, f, err := ofFD(l, int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	var name []byte
	err = netbsd.ENOTCONN
	if so.Is(IsConnected) {
		name, err = so.Proto.PeerName(l)
	}
	l.Done(f)
	if err != nil {
		return 0, 0, err
	}
	return 0, 0, copyOutName(l, name, abi.Addr(a[1]), abi.Addr(a[2]))
}
