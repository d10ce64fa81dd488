package sockin

import (
	"gvisor.dev/gvisor/pkg/waiter"

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
	if ev&over != 0 {
		s.ended.Store(true)
	}
	var mask waiter.EventMask
	if ev&(hypercall.SocketReadable|over) != 0 {
		s.readable.Store(true)
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
	var err error
	if ev&hypercall.SocketFailed != 0 {
		err = s.host.Error()
	}
	switch {
	case err != nil:
		s.fail(err)
	case ev&hypercall.SocketHungUp != 0:
		s.so.Disconnected()
	case ev&hypercall.SocketFinished != 0:
		s.so.Mark(socket.CantRcvMore)
	}
}

// fail ends the connection with an error, for the next call.
func (s *stream) fail(err error) {
	s.ended.Store(true)
	s.so.SetError(hypercall.Errno(err))
	s.so.Disconnected()
}
