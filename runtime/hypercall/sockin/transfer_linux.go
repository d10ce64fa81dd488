package sockin

import (
	"errors"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// maxControl is how many bytes the control messages of a datagram may take.
const maxControl = 4096

// Send sends a datagram, or what there is room for of a stream. The host sends no
// signal when the other end is gone.
func (s *socket) Send(p, to, control []byte, flags int32) (int, error) {
	v, ok := tolinux.MessageFlags(flags & (netbsd.MSG_DONTROUTE | netbsd.MSG_OOB))
	if !ok {
		return 0, netbsd.EOPNOTSUPP
	}
	v |= unix.MSG_NOSIGNAL
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.fd < 0 {
		return 0, netbsd.EBADF
	}
	var n int
	var err error
	if len(to) == 0 && len(control) == 0 {
		n, err = send(s.fd, p, v)
	} else {
		n, err = s.sendMessage(p, to, control, v)
	}
	if errors.Is(err, unix.EAGAIN) && s.typ == netbsd.SOCK_DGRAM && s.watched && !s.wantsRoom.Swap(true) {
		_ = s.rearm() // it is open and watched
	}
	if err != nil {
		return 0, noInterface(hypercall.Errno(err))
	}
	return n, nil
}

// sendMessage sends with a name or control messages, of which those of SOL_SOCKET
// are not for the inet families. s.mu is held.
func (s *socket) sendMessage(p, to, control []byte, flags int32) (int, error) {
	var name [maxName]byte
	n := 0
	if len(to) > 0 {
		var err error
		if n, err = tolinux.Sockaddr(name[:], to); err != nil {
			return 0, netbsd.EINVAL
		}
	}
	var converted []byte
	if len(control) > 0 {
		for m := range messages(control) {
			if m.level == netbsd.SOL_SOCKET {
				return 0, netbsd.EINVAL
			}
		}
		converted = make([]byte, 2*len(control)+maxControl) // their headers can be larger
		n, err := tolinux.ControlMessages(converted, control)
		if err != nil {
			return 0, netbsd.EINVAL
		}
		converted = converted[:n]
	}
	return sendmsg(s.fd, p, name[:n], converted, flags)
}

// Receive takes from a stream.
func (s *socket) Receive(p []byte, flags int32) (int, error) {
	v, ok := tolinux.MessageFlags(flags & (netbsd.MSG_PEEK | netbsd.MSG_OOB))
	if !ok {
		return 0, netbsd.EOPNOTSUPP
	}
	return s.receive(p, v)
}

// Discard drops what can be received.
func (s *socket) Discard() (int, error) {
	var p [1 << 16]byte // nothing is written to it
	return s.receive(p[:], unix.MSG_TRUNC)
}

func (s *socket) receive(p []byte, flags int32) (int, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.fd < 0 {
		return 0, netbsd.EBADF
	}
	n, err := recv(s.fd, p, flags)
	if err != nil {
		return 0, hypercall.Errno(err)
	}
	return n, nil
}

// ReceiveFrom takes a datagram with its sender and control messages.
func (s *socket) ReceiveFrom(p []byte, m *hypercall.SocketMessage) (int, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.fd < 0 {
		return 0, netbsd.EBADF
	}
	var name [maxName]byte
	var control [maxControl]byte
	n, nameLen, controlLen, err := recvmsg(s.fd, p, name[:], control[:])
	if err != nil {
		return 0, hypercall.Errno(err)
	}
	m.Name = m.Name[:cap(m.Name)]
	k, err := tonetbsd.Sockaddr(m.Name, name[:nameLen])
	if err != nil {
		k = 0
	}
	m.Name = m.Name[:k]
	m.Control = s.messages(m.Control[:0], control[:controlLen], m.Name)
	return n, nil
}

// Buffered counts what can be received.
func (s *socket) Buffered() int { return s.count(unix.SIOCINQ) }

// Unsent counts what the other end has not got.
func (s *socket) Unsent() int { return s.count(unix.SIOCOUTQ) }

// AtMark tells whether urgent data is next.
func (s *socket) AtMark() bool { return s.count(unix.SIOCATMARK) != 0 }

// count asks for a number, which is 0 when there is none.
func (s *socket) count(request uint) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.fd < 0 {
		return 0
	}
	n, err := unix.IoctlGetInt(s.fd, request)
	if err != nil {
		return 0
	}
	return n
}
