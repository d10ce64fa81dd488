package sockin

import (
	"bytes"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// Buffered counts the bytes that can be read. The host is asked only after it has
// told of some.
func (s *stream) Buffered() int {
	if s.discard.Load() {
		return 0
	}
	n := int(s.numLeft.Load())
	if s.news.any() {
		mark := s.news.mark()
		there := s.host.Buffered()
		if there == 0 && !s.ended.Load() && !s.urgent.Load() {
			s.news.exhausted(mark)
		}
		n += there
	}
	if n == 0 && s.urgent.Load() {
		return s.behindMark()
	}
	return n
}

// MayRead tells whether a read would find something, or may, without asking the
// host.
func (s *stream) MayRead() bool {
	return !s.discard.Load() && !s.urgent.Load() && (s.numLeft.Load() > 0 || s.news.any())
}

// Space counts the bytes that can be written: as many as the socket's buffer may
// have, while the host takes any.
func (s *stream) Space() int {
	if !s.writable.Load() {
		return 0
	}
	s.so.Mu.Lock()
	defer s.so.Mu.Unlock()
	return s.so.Snd.Hiwat
}

// Unsent counts the bytes that the other end has not got.
func (s *stream) Unsent() int { return s.host.Unsent() }

// ReadStream moves at most n bytes that have arrived to u.
func (s *stream) ReadStream(u *kern.Uio, n int, peek bool) (int, error) {
	n = min(n, u.Resid)
	switch {
	case n <= 0 || s.discard.Load():
		return 0, nil
	case len(s.left) > 0:
		return s.readLeft(u, n, peek)
	}
	b := buffers.Get().(*buffer)
	defer buffers.Put(b)
	got, err := s.fetch(b[:min(n, len(b))], peek)
	if got == 0 {
		return 0, err
	}
	n, err = u.Write(b[:got])
	if n < got && !peek {
		s.keep(bytes.Clone(b[n:got]))
	}
	if s.urgent.Load() {
		s.approach(n, peek)
	}
	return n, err
}

// fetch reads from the host. The host takes note of what comes later from before
// it was asked, so that nothing is missed.
func (s *stream) fetch(p []byte, peek bool) (int, error) {
	var flags int32
	if peek {
		flags = netbsd.MSG_PEEK
	}
	mark := s.news.mark()
	n, err := s.host.Receive(p, flags)
	switch {
	case err == nil && n == 0:
		s.discard.Store(true) // there is nothing behind the end, nor behind an error
		return 0, s.end(peek)
	case err != nil && hypercall.Errno(err) != netbsd.EWOULDBLOCK:
		s.discard.Store(true)
		s.fail(err)
		return 0, s.end(peek)
	case err == nil && (n == len(p) || peek || s.urgent.Load()), s.ended.Load(): // there may be more
	default:
		s.news.exhausted(mark)
	}
	return n, nil
}

// end is what a reader finds behind the last byte: no more, or the error that it, or
// event meanwhile, has taken from the host.
func (s *stream) end(peek bool) error {
	s.failing.Lock()
	defer s.failing.Unlock()
	s.so.Mark(socket.CantRcvMore)
	errno := s.so.TakeError()
	switch {
	case errno == 0:
		return nil
	case peek:
		s.so.SetError(errno)
	}
	return errno
}

func (s *stream) readLeft(u *kern.Uio, n int, peek bool) (int, error) {
	n, err := u.Write(s.left[:min(n, len(s.left))])
	if !peek {
		s.keep(s.left[n:])
	}
	return n, err
}

func (s *stream) keep(b []byte) {
	s.left = b
	s.numLeft.Store(int64(len(b)))
}

// WriteStream takes at most n bytes from u, as many as there is room for.
func (s *stream) WriteStream(u *kern.Uio, n int) (int, error) {
	b := buffers.Get().(*buffer)
	defer buffers.Put(b)
	got, fault := u.Peek(b[:min(n, u.Resid, len(b))])
	if got == 0 {
		return 0, fault
	}
	n, err := s.write(b[:got], 0)
	u.Skip(n)
	if err == nil && n == got {
		err = fault
	}
	return n, err
}

// write passes bytes on to the host.
func (s *stream) write(p []byte, flags int32) (int, error) {
	s.writable.Store(false)
	n, err := s.host.Send(p, nil, nil, flags)
	if n == len(p) || err != nil && hypercall.Errno(err) != netbsd.EWOULDBLOCK {
		s.writable.Store(true)
	}
	switch errno := hypercall.Errno(err); errno {
	case 0, netbsd.EWOULDBLOCK, netbsd.ENOBUFS, netbsd.ENOMEM:
		return n, err
	case netbsd.EPIPE:
		s.so.Mark(socket.CantSendMore)
	default:
		s.fail(err)
	}
	return 0, netbsd.EPIPE
}

// Send is for what WriteStream does not do: TCP has no control messages.
func (s *stream) Send(_ *kern.Lwp, m *socket.Outgoing) error {
	if len(m.Control) != 0 {
		return netbsd.EINVAL
	}
	return nil
}
