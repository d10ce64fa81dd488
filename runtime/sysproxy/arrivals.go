package sysproxy

import (
	"net"
	"syscall"
)

// Arrivals tell whether there is something to read from a connection. One
// goroutine at a time may ask.
type arrivals struct {
	raw  syscall.RawConn // nil: not known
	look func(fd uintptr)

	ms    int // how long look waits
	ready bool
}

func newArrivals(conn net.Conn) *arrivals {
	a := &arrivals{raw: rawConn(conn)}
	a.look = func(fd uintptr) { a.ready = readable(fd, a.ms) }
	return a
}

// readable waits for something to read, or the end, for so many milliseconds. It
// takes a thread as long.
func (a *arrivals) readable(ms int) bool {
	if a.raw == nil {
		return false
	}
	a.ms, a.ready = ms, false
	_ = a.raw.Control(a.look) // a connection that was closed has nothing
	return a.ready
}
