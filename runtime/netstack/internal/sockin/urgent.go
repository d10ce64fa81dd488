package sockin

import (
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// mark tells the socket of urgent data that is ahead.
func (s *stream) mark() {
	s.setMark(int(s.numLeft.Load()) + s.host.Buffered())
	s.so.Urgent()
}

// setMark puts the mark behind n bytes. How many they are is not known when urgent
// data stays among the others; a read ends there in any case.
func (s *stream) setMark(n int) {
	s.so.Mu.Lock()
	defer s.so.Mu.Unlock()
	switch {
	case n == 0:
		s.so.State |= socket.RcvAtMark
	case s.so.Options&netbsd.SO_OOBINLINE == 0:
		s.so.OOBMark = n
	}
}

// approach corrects the mark when n bytes were read, for which the socket has not
// moved it yet. The host stops there by itself.
func (s *stream) approach(n int, peek bool) {
	if n == 0 || peek {
		return
	}
	if s.host.AtMark() {
		s.so.Mu.Lock()
		s.so.OOBMark = n
		s.so.Mu.Unlock()
		return
	}
	s.so.Mu.Lock()
	past := s.so.State&socket.RcvAtMark != 0
	s.so.Mu.Unlock()
	if past {
		s.urgent.Store(false)
		return
	}
	s.setMark(n + s.host.Buffered())
}

// behindMark counts the bytes that can be read when urgent data is next, which the
// host does not.
func (s *stream) behindMark() int {
	b := buffers.Get().(*buffer)
	defer buffers.Put(b)
	n, err := s.host.Receive(b[:], netbsd.MSG_PEEK)
	if err != nil {
		return 0 // the next read finds out
	}
	return n
}

// SendOOB sends data whose last byte is urgent.
func (s *stream) SendOOB(l *kern.Lwp, m *socket.Outgoing) error {
	if len(m.Control) != 0 {
		return netbsd.EINVAL
	}
	b := buffers.Get().(*buffer)
	defer buffers.Put(b)
	got, err := m.Data.Peek(b[:min(m.Data.Resid, len(b))])
	if got == 0 {
		return err
	}
	n, err := s.write(b[:got], netbsd.MSG_OOB)
	m.Data.Skip(n)
	if hypercall.Errno(err) != netbsd.EWOULDBLOCK || s.so.Is(socket.NonBlocking) {
		return err
	}
	return l.Sleep(s.so, waiter.AllEvents, 0, func() bool {
		return s.writable.Load() || s.so.Is(socket.CantSendMore)
	})
}

// ReceiveOOB takes the urgent byte: EINVAL when there is none, EWOULDBLOCK when it
// is still to come.
func (s *stream) ReceiveOOB(_ *kern.Lwp, u *kern.Uio, peek bool) error {
	var b [1]byte
	flags := int32(netbsd.MSG_OOB)
	if peek {
		flags |= netbsd.MSG_PEEK
	}
	n, err := s.host.Receive(b[:], flags)
	if err != nil || n == 0 || u.Resid == 0 {
		return err
	}
	_, err = u.Write(b[:n])
	return err
}
