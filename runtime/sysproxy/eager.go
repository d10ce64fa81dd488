package sysproxy

import (
	"net"
	"runtime"
	"sync/atomic"
	"syscall"
)

// An eager reader reads a connection on which something is soon to come. It waits
// for that in the host's kernel for a moment before it leaves the waiting to Go's
// poller, which takes several times as long as a round trip to wake somebody up.
type eager struct {
	net.Conn
	raw  syscall.RawConn
	soon func() bool // whether something is to come
}

// newEager returns what to read conn through. A connection that is none of the
// host's is read as it is.
func newEager(conn net.Conn, soon func() bool) *eager {
	return &eager{Conn: conn, raw: rawConn(conn), soon: soon}
}

// How long an eager reader waits, in milliseconds, and how many do so at the same
// time: each takes a thread.
const (
	eagerWait = 1
	maxEager  = 4
)

var eagers atomic.Int32

// Read implements [net.Conn].
func (e *eager) Read(b []byte) (int, error) {
	if e.raw == nil || len(b) == 0 || !e.soon() {
		return e.Conn.Read(b)
	}
	n := e.try(b, 0)
	if n <= 0 {
		runtime.Gosched() // whoever has just been told something goes on
		if eagers.Add(1) <= maxEager {
			n = e.try(b, eagerWait)
		}
		eagers.Add(-1)
	}
	if n > 0 {
		return n, nil
	}
	return e.Conn.Read(b) // which also finds the end, and errors
}

// try reads what is there, or comes within a time.
func (e *eager) try(b []byte, ms int) (n int) {
	_ = e.raw.Read(func(fd uintptr) bool {
		n = readNow(fd, b, ms)
		return true
	})
	return n
}
