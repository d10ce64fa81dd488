package socket

import (
	"errors"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// listen is listen(2).
func listen(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	so, f, err := ofFD(l, int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	return 0, 0, so.listen(l, int32(a[1]))
}

func (so *Socket) listen(l *kern.Lwp, backlog int32) error {
	pending := so.Proto.Pending()
	so.Mu.Lock()
	if so.State&(IsConnected|IsConnecting|IsDisconnecting) != 0 {
		so.Mu.Unlock()
		return netbsd.EINVAL
	}
	options, limit := so.Options, so.Backlog
	if pending == 0 {
		so.Options |= netbsd.SO_ACCEPTCONN
	}
	so.Backlog = int(min(max(backlog, 0), somaxConn))
	n := so.Backlog
	so.Mu.Unlock()
	err := so.Proto.Listen(l, n)
	if err != nil {
		so.Mu.Lock()
		so.Options = so.Options&^netbsd.SO_ACCEPTCONN | options&netbsd.SO_ACCEPTCONN
		so.Backlog = limit
		so.Mu.Unlock()
	}
	return err
}

// accept is accept(2): the new descriptor has the status flags of the old one.
func accept(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	return acceptFD(l, a, 0, 0)
}

// paccept is paccept(2): the new descriptor has the flags that it is told, and
// does not block unless they say so.
func paccept(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	if mask := abi.Addr(a[3]); mask != 0 {
		var set netbsd.SigsetT
		if err := kern.In(l, &set, mask); err != nil {
			return 0, 0, err
		}
	}
	return acceptFD(l, a, uint32(a[4]), netbsd.O_NONBLOCK)
}

func acceptFD(l *kern.Lwp, a syscalls.Args, flags, clear uint32) (r0, r1 uintptr, err error) {
	f, err := l.File(int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	so, ok := f.File.(*Socket)
	if !ok {
		return 0, 0, netbsd.ENOTSOCK
	}
	r, err := l.Reserve(0)
	if err != nil {
		return 0, 0, err
	}
	conn, err := so.accept(l)
	if err != nil {
		r.Cancel()
		return 0, 0, err
	}
	status := f.Flags()&^clear | fileFlags(flags)
	name, err := conn.Proto.PeerName(l)
	if err != nil {
		r.Cancel()
		conn.Close(l)
		return 0, 0, err
	}
	r.Fill(conn.open(l, status), flags&netbsd.SOCK_CLOEXEC != 0)
	if err := copyOutName(l, name, abi.Addr(a[1]), abi.Addr(a[2])); err != nil {
		_ = l.CloseFD(r.FD) // nobody knows the connection
		return 0, 0, err
	}
	return uintptr(r.FD), 0, nil
}

// accept takes the next connection, or waits for one.
func (so *Socket) accept(l *kern.Lwp) (*Socket, error) {
	if so.Flags&Listen == 0 {
		return nil, netbsd.EOPNOTSUPP
	}
	if !so.Option(netbsd.SO_ACCEPTCONN) {
		return nil, netbsd.EINVAL
	}
	for {
		if so.Is(NonBlocking) && so.Proto.Pending() == 0 {
			return nil, netbsd.EWOULDBLOCK
		}
		var errno netbsd.Errno
		err := l.Sleep(so, waiter.AllEvents, 0, func() bool {
			pending := so.Proto.Pending()
			so.Mu.Lock()
			defer so.Mu.Unlock()
			if errno = so.takeError(); errno == 0 && pending == 0 && so.State&CantRcvMore != 0 {
				errno = netbsd.ECONNABORTED
			}
			return errno != 0 || pending != 0
		})
		if err != nil {
			return nil, err
		}
		if errno != 0 {
			return nil, errno
		}
		conn, err := so.Proto.Accept(l)
		if !errors.Is(err, netbsd.EWOULDBLOCK) { // somebody else was faster
			return conn, err
		}
	}
}

// shutdown is shutdown(2).
func shutdown(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	so, f, err := ofFD(l, int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	how := int32(a[1])
	if how != netbsd.SHUT_RD && how != netbsd.SHUT_WR && how != netbsd.SHUT_RDWR {
		return 0, 0, netbsd.EINVAL
	}
	if how != netbsd.SHUT_WR {
		if err := so.shutRead(l); err != nil {
			return 0, 0, err
		}
	}
	if how != netbsd.SHUT_RD {
		return 0, 0, so.Proto.ShutWrite(l)
	}
	return 0, 0, nil
}

// shutRead makes so receive nothing more, and drops what it has.
func (so *Socket) shutRead(l *kern.Lwp) error {
	so.Mark(CantRcvMore)
	if err := so.lock(l, &so.Rcv, 0); err != nil {
		return err
	}
	so.Mu.Lock()
	rights := so.Rcv.flush()
	so.Mu.Unlock()
	err := so.Proto.ShutRead(l)
	so.unlock(&so.Rcv)
	so.Discard(l, rights)
	so.Notify(waiter.AllEvents)
	return err
}
