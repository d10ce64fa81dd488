//go:build linux && (amd64 || arm64)

package hijack

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hijack/internal/guest"
	"github.com/abigen/abigen/runtime/hijack/internal/pair"
	"github.com/abigen/abigen/runtime/hijack/netlink"
)

// A socket is one of the kernel's that a placeholder stands for.
type socket struct {
	sup    *supervisor
	at     atomic.Pointer[descriptor]
	ino    uint64
	end    *pair.End
	ctx    context.Context // done when the program has closed it
	cancel context.CancelFunc
	refs   atomic.Int32  // uses of what is closed with the last
	gone   chan struct{} // closed when it is

	kind

	mu     sync.Mutex
	state  state
	err    linux.Errno // what SO_ERROR tells
	holder holder      // who had a descriptor last
	peered bool        // a datagram socket that is connected
	peer   []byte      // its peer, as NetBSD has it
	kept   options     // options that are not the kernel's

	stream   stream
	listener listener
	datagram datagram
}

// A kind is what a socket was made as, in Linux's words.
type kind struct {
	family, typ, protocol int32
}

// A descriptor is one of a process of a kernel's, or in its place a netlink socket.
type descriptor struct {
	process *guest.Process
	nb      int32

	netlink *netlink.Conn
	owner   uint32 // the process that has made that
}

// A holder is a descriptor of a thread's.
type holder struct {
	tid uint32
	fd  int
}

// A state is that of a stream.
type state uint8

const (
	fresh state = iota
	connecting
	connected
	listening
	broken // by an error, of which the program has been told
)

// maxProtocol is IPPROTO_MAX of the versions of Linux that have MPTCP.
const maxProtocol = 263

// socket makes a socket.
func (c *call) socket() (int64, error) {
	domain, typ, protocol := c.int(0), c.int(1), c.int(2)
	if domain == linux.AF_NETLINK {
		return c.netlinkSocket(typ, protocol)
	}
	if domain != linux.AF_INET && domain != linux.AF_INET6 {
		return 0, unix.EAFNOSUPPORT
	}
	const flags = linux.SOCK_NONBLOCK | linux.SOCK_CLOEXEC
	if typ&^(0xf|flags) != 0 || typ&0xf > linux.SOCK_PACKET || protocol < 0 || protocol >= maxProtocol {
		return 0, unix.EINVAL
	}
	switch typ & 0xf {
	case linux.SOCK_STREAM, linux.SOCK_DGRAM, linux.SOCK_RAW:
	default:
		return 0, unix.ESOCKTNOSUPPORT
	}
	so, fd, err := c.sup.newSocket(kind{domain, typ & 0xf, protocol}, typ&linux.SOCK_NONBLOCK != 0)
	if err != nil {
		return 0, err
	}
	defer unix.Close(fd)
	so.begin()
	return c.pass(so, fd, typ&linux.SOCK_CLOEXEC != 0)
}

// pass gives the program its end, which answers the call.
func (c *call) pass(so *socket, fd int, cloexec bool) (int64, error) {
	n, err := c.sup.listener.ReturnFile(c.ID, fd, cloexec)
	if err != nil {
		if errno(err) != linux.EMFILE {
			err = unix.ENFILE
		}
		return 0, err // the program's end is closed, which ends the socket
	}
	so.hold(c.PID, n)
	return int64(n), errAnswered
}

// newSocket makes a socket and its pair. fd is the program's end.
func (s *supervisor) newSocket(k kind, nonblock bool) (so *socket, fd int, err error) {
	at, err := k.open(s.ctx, s.guest)
	if err != nil {
		return nil, -1, err
	}
	so, fd, err = s.adopt(k, at, nonblock)
	if err != nil {
		_ = at.close()
	}
	return so, fd, err
}

// open makes a socket of a process.
func (k kind) open(ctx ctx, p *guest.Process) (*descriptor, error) {
	family, ok := tonetbsd.ProtocolFamily(k.family)
	typ, ok2 := tonetbsd.SocketType(k.typ)
	protocol, ok3 := tonetbsd.Protocol(k.protocol)
	switch {
	case !ok:
		return nil, unix.EAFNOSUPPORT
	case !ok2:
		return nil, unix.ESOCKTNOSUPPORT
	case !ok3:
		return nil, unix.EPROTONOSUPPORT
	}
	flags := int32(netbsd.SOCK_CLOEXEC | netbsd.SOCK_NOSIGPIPE)
	if typ == netbsd.SOCK_STREAM {
		flags |= netbsd.SOCK_NONBLOCK // until it is connected
	}
	at := &descriptor{process: p}
	err := p.Use(func(t *guest.Thread) (err error) {
		if at.nb, err = t.Socket(ctx, family, typ|flags, protocol); err == nil {
			prepare(ctx, t, at.nb, family, typ)
		}
		return err
	})
	return at, err
}

func (d *descriptor) close() error {
	if d.netlink != nil {
		d.netlink.Close()
		return nil
	}
	return d.process.Use(func(t *guest.Thread) error { return t.Close(d.nb) })
}

// prepare makes a new socket like one of Linux's. What cannot be set, the kernel
// does not have.
func prepare(ctx context.Context, t *guest.Thread, nb, family, typ int32) {
	if family == netbsd.AF_INET6 {
		_ = t.SetInt(ctx, nb, netbsd.IPPROTO_IPV6, netbsd.IPV6_V6ONLY, 0)
	}
	if typ != netbsd.SOCK_STREAM {
		// Datagrams of any length, and as many as Linux takes.
		_ = t.SetInt(ctx, nb, netbsd.SOL_SOCKET, netbsd.SO_SNDBUF, datagramMost)
		_ = t.SetInt(ctx, nb, netbsd.SOL_SOCKET, netbsd.SO_RCVBUF, datagramBuffer)
	}
}

// adopt makes a pair for a descriptor of a process.
func (s *supervisor) adopt(k kind, at *descriptor, nonblock bool) (*socket, int, error) {
	var p placeholder
	var err error
	if k.typ == linux.SOCK_STREAM {
		p, err = s.placeholders.take(nonblock)
	} else {
		p, err = newPlaceholder(unix.SOCK_SEQPACKET, nonblock)
	}
	if err != nil {
		return nil, -1, err
	}
	so := &socket{sup: s, kind: k, ino: p.ino, end: p.end, gone: make(chan struct{})}
	so.at.Store(at)
	so.ctx, so.cancel = context.WithCancel(s.ctx)
	so.refs.Store(1)
	s.mu.Lock()
	s.sockets[p.ino] = so
	s.mu.Unlock()
	return so, p.fd, nil
}

// begin starts to look at what the program does with its end of a new socket.
func (so *socket) begin() {
	if so.at.Load().netlink != nil {
		so.refs.Add(1)
		go so.netlinkOut()
		go so.netlinkIn()
		return
	}
	if so.typ == linux.SOCK_STREAM {
		so.attendLater()
		return
	}
	so.refs.Add(1)
	so.sup.spawn(so.datagramsIn)
	so.sup.spawn(so.datagramsOut)
}

// find returns the socket that a thread's descriptor stands for, and a
// descriptor of its file. Both are to be released. errHost: it stands for none.
func (s *supervisor) find(tid uint32, fd int) (*socket, *file, error) {
	if fd < 0 {
		return nil, nil, unix.EBADF
	}
	n, err := s.files.Get(tid, fd)
	if err != nil {
		return nil, nil, err
	}
	ino, err := inode(n)
	if err == nil {
		s.mu.Lock()
		so := s.sockets[ino]
		if so != nil && !so.retain() {
			so = nil
		}
		s.mu.Unlock()
		if so != nil {
			so.hold(tid, fd)
			return so, newFile(n), nil
		}
		err = errHost
	}
	_ = unix.Close(n)
	return nil, nil, err
}

// hold remembers who has a descriptor.
func (so *socket) hold(tid uint32, fd int) {
	so.mu.Lock()
	so.holder = holder{tid, fd}
	so.mu.Unlock()
}

// program returns a descriptor of the program's end, if it is still where it was
// seen last.
func (so *socket) program() (*file, error) {
	so.mu.Lock()
	h := so.holder
	so.mu.Unlock()
	fd, err := so.sup.files.Get(h.tid, h.fd)
	if err != nil {
		return nil, err
	}
	if ino, err := inode(fd); err != nil || ino != so.ino {
		_ = unix.Close(fd)
		return nil, unix.EBADF
	}
	return newFile(fd), nil
}

// retain keeps the descriptors until there is one more release. It is false when
// they are gone.
func (so *socket) retain() bool {
	for {
		n := so.refs.Load()
		if n == 0 {
			return false
		}
		if so.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

func (so *socket) release() {
	if so.refs.Add(-1) > 0 {
		return
	}
	so.end.Close()
	if so.lingers() {
		so.sup.lingering.Add(1)
		so.left() // bind does not wait for a peer
		so.sup.spawn(func() {
			so.closeDescriptor()
			so.sup.lingering.Add(-1)
		})
		return
	}
	so.closeDescriptor()
	so.left()
}

func (so *socket) closeDescriptor() {
	_ = so.at.Load().close() // fails if the process has ended, which has closed all
}

// left tells those who wait for it that the socket is gone.
func (so *socket) left() {
	so.sup.mu.Lock()
	delete(so.sup.leaving, so)
	so.sup.mu.Unlock()
	close(so.gone)
}

// closed is called once, when the program has no descriptor of it any more.
func (so *socket) closed() {
	so.sup.mu.Lock()
	if so.sup.sockets[so.ino] == so {
		delete(so.sup.sockets, so.ino)
	}
	so.sup.leaving[so] = struct{}{}
	so.sup.mu.Unlock()
	so.cancel()
	so.release()
}

// takeError returns the error that is to be told, and forgets it.
func (so *socket) takeError() linux.Errno {
	so.mu.Lock()
	defer so.mu.Unlock()
	e := so.err
	so.err = 0
	return e
}

func (so *socket) setError(e linux.Errno) {
	so.mu.Lock()
	so.err = e
	so.mu.Unlock()
}

// do calls f with a thread of the socket's process, and its descriptor there.
func (so *socket) do(f func(t *guest.Thread, nb int32) error) error {
	at := so.at.Load()
	t, err := at.process.Thread()
	if err != nil {
		return err
	}
	defer at.process.Release(t)
	return f(t, at.nb)
}

// interrupted tells whether a call failed because its context is done.
func interrupted(err error) bool { return errors.Is(err, netbsd.EINTR) }
