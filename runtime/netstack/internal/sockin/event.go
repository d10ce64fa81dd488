package sockin

import (
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// event brings the state of the socket in line with that of the host's, and wakes
// who waits.
func (s *stream) event(ev hypercall.SocketEvents) {
	if s.phase.Load() == connecting {
		s.resolve()
	}
	switch s.phase.Load() {
	case listening:
		s.so.Notify(waiter.ReadableEvents)
		return
	case connected:
	default:
		return
	}
	const over = hypercall.SocketFinished | hypercall.SocketFailed | hypercall.SocketHungUp
	if ev&over != 0 { // which may be late, and about an attempt to connect that has failed
		if ev = ev&^over | s.host.Ready()&over; ev&over != 0 {
			s.ended.Store(true)
		}
	}
	var mask waiter.EventMask
	if ev&(hypercall.SocketReadable|over) != 0 {
		s.news.add()
		mask |= waiter.ReadableEvents
	}
	if ev&(hypercall.SocketWritable|over) != 0 {
		s.writable.Store(true)
		mask |= waiter.WritableEvents
	}
	s.follow(ev)
	if s.discard.Load() {
		s.drain()
	}
	s.so.Notify(mask)
}

// follow marks the end of the connection, or of the other end's half of it.
func (s *stream) follow(ev hypercall.SocketEvents) {
	if ev&hypercall.SocketUrgent != 0 && !s.urgent.Swap(true) {
		s.mark()
	}
	switch {
	case ev&hypercall.SocketFailed != 0 && s.failed():
	case ev&hypercall.SocketHungUp != 0:
		s.so.Disconnected()
	case ev&hypercall.SocketFinished != 0:
		s.so.Mark(socket.CantRcvMore)
	}
}

// failed ends the connection if the host has an error for it.
func (s *stream) failed() bool {
	s.failing.Lock()
	defer s.failing.Unlock()
	err := s.host.Error()
	if err != nil {
		s.fail(err)
	}
	return err != nil
}

// fail ends the connection with an error, for the next call. Linux calls a reset
// differently when the other end had sent its FIN before.
func (s *stream) fail(err error) {
	s.ended.Store(true)
	errno := hypercall.Errno(err)
	if errno == netbsd.EPIPE {
		errno = netbsd.ECONNRESET
	}
	s.so.SetError(errno)
	s.so.Disconnected()
}
