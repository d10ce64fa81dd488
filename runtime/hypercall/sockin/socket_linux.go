package sockin

import (
	"errors"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// A socket is one of the host.
type socket struct {
	host   *Host
	family int32 // NetBSD's
	typ    int32
	id     int32 // in the poller

	mu      sync.RWMutex // held for writing to close it; guards what follows
	fd      int          // -1 when closed
	watched bool

	changed   func(hypercall.SocketEvents)
	wantsRoom atomic.Bool // EPOLLOUT is watched for

	setting sync.Mutex    // held to change wants
	wants   atomic.Uint32 // which of the options of pktinfo are on
}

var _ hypercall.Socket = (*socket)(nil)

// use calls f with the descriptor.
func (s *socket) use(f func(fd int) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.fd < 0 {
		return netbsd.EBADF
	}
	if err := f(s.fd); err != nil {
		return hypercall.Errno(err)
	}
	return nil
}

// mask returns the events that s watches for.
func (s *socket) mask() uint32 {
	switch {
	case s.typ == netbsd.SOCK_STREAM:
		return streamMask
	case s.wantsRoom.Load():
		return datagramMask | unix.EPOLLOUT
	}
	return datagramMask
}

// Watch has changed called from now on.
func (s *socket) Watch(changed func(hypercall.SocketEvents)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.fd < 0:
		return netbsd.EBADF
	case s.watched:
		return nil
	}
	s.changed = changed
	if err := s.host.watch(s, s.mask()); err != nil {
		return hypercall.Errno(err)
	}
	s.watched = true
	return nil
}

// Rearm has changed called with what there is.
func (s *socket) Rearm() error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rearm()
}

// rearm does that with s.mu held.
func (s *socket) rearm() error {
	if s.fd < 0 || !s.watched {
		return netbsd.EBADF
	}
	s.host.mu.Lock()
	p := s.host.poller
	s.host.mu.Unlock()
	if err := p.control(unix.EPOLL_CTL_MOD, s, s.mask()); err != nil {
		return hypercall.Errno(err)
	}
	return nil
}

// happened passes events on.
func (s *socket) happened(mask uint32) {
	if mask&unix.EPOLLOUT != 0 && s.wantsRoom.Swap(false) {
		_ = s.Rearm() // fails when it is closed
	}
	s.changed(translate(mask))
}

// Ready returns what there is.
func (s *socket) Ready() hypercall.SocketEvents {
	p := []unix.PollFd{{Events: unix.POLLIN | unix.POLLOUT | unix.POLLPRI | unix.POLLRDHUP}}
	_ = s.use(func(fd int) error {
		p[0].Fd = int32(fd)
		_, err := unix.Poll(p, 0) // does not wait
		return err
	})
	return translate(uint32(uint16(p[0].Revents))) // the bits of epoll
}

// Close closes the host's socket.
func (s *socket) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fd < 0 {
		return netbsd.EBADF
	}
	if s.watched {
		s.host.unwatch(s)
		s.watched = false
	}
	err := unix.Close(s.fd)
	s.fd = -1
	if err != nil {
		return hypercall.Errno(err)
	}
	return nil
}

// Bind gives the socket a name.
func (s *socket) Bind(name []byte) error {
	return s.withName(name, bind)
}

// Connect begins to connect, or sets where datagrams go. After an attempt that has
// failed Linux only says so once more, and takes the next one.
func (s *socket) Connect(name []byte) error {
	err := s.withName(name, connect)
	if errors.Is(err, netbsd.ECONNABORTED) {
		err = s.withName(name, connect)
	}
	return err
}

// withName makes a call with a name as the host has it.
func (s *socket) withName(name []byte, call func(fd int, name []byte) error) error {
	var buf [maxName]byte
	n, err := tolinux.Sockaddr(buf[:], name)
	if err != nil {
		return netbsd.EINVAL
	}
	return s.use(func(fd int) error { return call(fd, buf[:n]) })
}

// Disconnect makes datagrams come from everywhere again.
func (s *socket) Disconnect() error {
	var unspec [linux.SizeofSockaddrIn]byte
	return s.use(func(fd int) error { return connect(fd, unspec[:]) })
}

// Listen makes it accept connections.
func (s *socket) Listen(backlog int) error {
	return s.use(func(fd int) error { return unix.Listen(fd, backlog) })
}

// Accept returns a connection.
func (s *socket) Accept() (hypercall.Socket, []byte, error) {
	c := &socket{host: s.host, family: s.family, typ: s.typ, fd: -1}
	var buf [maxName]byte
	n := 0
	err := s.use(func(fd int) (err error) {
		c.fd, n, err = accept(fd, buf[:])
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	peer, err := toNetBSD(buf[:n])
	if err == nil {
		_, err = c.PeerName() // there is none if it has been reset
	}
	if err != nil {
		_ = c.Close()
		return nil, nil, netbsd.ECONNABORTED
	}
	return c, peer, nil
}

// Pending counts connections. Those of a listening socket are what others call
// segments that were not acknowledged.
func (s *socket) Pending() int {
	n := 0
	_ = s.use(func(fd int) error {
		p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}
		if ready, err := unix.Poll(p, 0); err != nil || ready == 0 || p[0].Revents&unix.POLLIN == 0 {
			return nil
		}
		n = 1
		if info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO); err == nil && info.State == linux.TCP_LISTEN {
			n = max(n, int(info.Unacked))
		}
		return nil
	})
	return n
}

// Shutdown ends one direction or both.
func (s *socket) Shutdown(how int32) error {
	v, ok := tolinux.ShutdownHow(how)
	if !ok {
		return netbsd.EINVAL
	}
	return s.use(func(fd int) error { return unix.Shutdown(fd, int(v)) })
}

// Name returns the socket's own name.
func (s *socket) Name() ([]byte, error) { return s.name(getsockname) }

// PeerName returns the name of the other end.
func (s *socket) PeerName() ([]byte, error) { return s.name(getpeername) }

func (s *socket) name(call func(fd int, buf []byte) (int, error)) ([]byte, error) {
	var buf [maxName]byte
	n := 0
	err := s.use(func(fd int) (err error) {
		n, err = call(fd, buf[:])
		return err
	})
	if err != nil {
		return nil, err
	}
	return toNetBSD(buf[:n])
}

// maxName is how long the name of a socket may be.
const maxName = 128

// toNetBSD returns a name of the host's as NetBSD has it.
func toNetBSD(name []byte) ([]byte, error) {
	b := make([]byte, maxName)
	n, err := tonetbsd.Sockaddr(b, name)
	if err != nil {
		return nil, netbsd.EINVAL
	}
	return b[:n:n], nil
}

// Error returns what SO_ERROR has, and clears it.
func (s *socket) Error() error {
	return s.use(func(fd int) error {
		n, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
		if err == nil && n != 0 {
			err = unix.Errno(n)
		}
		return err
	})
}
