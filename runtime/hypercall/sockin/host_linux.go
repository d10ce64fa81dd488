package sockin

import (
	"sync"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// Host has the sockets of this machine. The zero value is ready for use.
type Host struct {
	mu      sync.Mutex
	poller  *poller // nil: nobody watches
	watched int
}

var _ hypercall.Sockets = (*Host)(nil)

// Open makes a socket, as [hypercall.Sockets] says. Sockets of IPv6 leave IPv4
// alone until they are told otherwise, as NetBSD's do.
func (h *Host) Open(family, typ int32) (hypercall.Socket, error) {
	domain := unix.AF_INET
	switch family {
	case netbsd.AF_INET:
	case netbsd.AF_INET6:
		domain = unix.AF_INET6
	default:
		return nil, netbsd.EAFNOSUPPORT
	}
	kind := unix.SOCK_STREAM
	switch typ {
	case netbsd.SOCK_STREAM:
	case netbsd.SOCK_DGRAM:
		kind = unix.SOCK_DGRAM
	default:
		return nil, netbsd.EPROTOTYPE
	}
	fd, err := unix.Socket(domain, kind|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, hypercall.Errno(err)
	}
	s := &socket{host: h, fd: fd, family: family, typ: typ}
	if family == netbsd.AF_INET6 {
		if err := unix.SetsockoptInt(fd, unix.IPPROTO_IPV6, unix.IPV6_V6ONLY, 1); err != nil {
			_ = unix.Close(fd)
			return nil, hypercall.Errno(err)
		}
	}
	return s, nil
}

// watch makes s one of those that the poller tells of events.
func (h *Host) watch(s *socket, mask uint32) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.poller == nil {
		p, err := newPoller()
		if err != nil {
			return err
		}
		h.poller = p
		go p.run()
	}
	h.watched++
	if err := h.poller.add(s, mask); err != nil {
		h.forget()
		return err
	}
	return nil
}

// unwatch ends that, and the poller when it was the last one.
func (h *Host) unwatch(s *socket) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.poller.remove(s)
	h.forget()
}

func (h *Host) forget() {
	if h.watched--; h.watched == 0 {
		h.poller.stop()
		h.poller = nil
	}
}
