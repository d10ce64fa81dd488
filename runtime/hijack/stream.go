//go:build linux && (amd64 || arm64)

package hijack

import (
	"errors"
	"io"
	"time"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hijack/internal/guest"
	"github.com/abigen/abigen/runtime/hijack/internal/pair"
)

// A stream is what a socket of type SOCK_STREAM has. socket.mu guards it.
type stream struct {
	junk   int         // bytes from shutGate that are not to be sent
	shut   bool        // the gate is
	failed linux.Errno // why receiving has ended; 0: it has not, or regularly
	ended  bool        // the peer has sent all

	settled chan struct{} // closed when an attempt to connect ends; nil: there is none
	untold  bool          // connected, but nobody was told by connect

	attended bool        // streamOut was started
	timer    *time.Timer // starts it
}

// youth is for how long nobody looks whether a new stream was closed. Most are connected
// before, and a goroutine that waits for that costs more than a timer.
const youth = 10 * time.Millisecond

// attendLater starts streamOut in a moment.
func (so *socket) attendLater() {
	so.mu.Lock()
	so.stream.timer = time.AfterFunc(youth, func() { so.attend() })
	so.mu.Unlock()
}

// attend starts streamOut, unless it has been.
func (so *socket) attend() bool {
	so.mu.Lock()
	attended := so.stream.attended
	so.stream.attended = true
	if t := so.stream.timer; t != nil {
		t.Stop()
	}
	so.mu.Unlock()
	if !attended {
		so.sup.spawn(so.streamOut)
	}
	return !attended
}

// streamOut moves what the program writes to the kernel, until the program has
// closed the socket.
func (so *socket) streamOut() {
	if so.awaitConnected() && so.moveOut() {
		so.awaitClose()
	}
}

// awaitConnected returns when the socket is connected. False: it never will be.
func (so *socket) awaitConnected() bool {
	for {
		if so.isConnected() {
			return true
		}
		hung, err := so.end.WaitHangup()
		switch {
		case hung && so.isConnected():
			return true // with what was written before
		case hung:
			so.closed()
			return false
		case errors.Is(err, pair.ErrWoken):
			so.end.Calm()
		case err != nil:
			return false
		}
	}
}

// moveOut moves data until there is no more. False: the socket has ended.
func (so *socket) moveOut() bool {
	at := so.at.Load()
	t, err := at.process.Thread()
	if err != nil {
		return false
	}
	defer at.process.Release(t)
	if so.calm() { // awaitConnected may have taken back what woke it
		return false
	}
	for {
		buf, n, err := so.end.Read()
		switch {
		case err == nil:
			err = so.sendAll(t, at.nb, so.withoutJunk(buf[:n]))
			pair.Put(buf)
			if err != nil {
				so.reset(errno(err))
				return false
			}
		case errors.Is(err, io.EOF):
			return so.programEnded(t, at.nb)
		case errors.Is(err, pair.ErrWoken):
			if so.calm() {
				return false
			}
		case errors.Is(err, unix.ECONNRESET):
			so.abort(t, at.nb)
			return false
		default:
			return false
		}
	}
}

func (so *socket) withoutJunk(b []byte) []byte {
	so.mu.Lock()
	n := min(so.stream.junk, len(b))
	so.stream.junk -= n
	so.mu.Unlock()
	return b[n:]
}

func (so *socket) sendAll(t *guest.Thread, nb int32, b []byte) error {
	for len(b) > 0 {
		n, err := t.Send(so.ctx, nb, b, netbsd.MSG_NOSIGNAL)
		if err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// programEnded does what the end of what the program writes means: it has closed
// the socket, or one half. True: the other half is left.
func (so *socket) programEnded(t *guest.Thread, nb int32) bool {
	if so.end.Hangup() {
		so.leave()
		return false
	}
	_ = t.Shutdown(so.ctx, nb, netbsd.SHUT_WR)
	return true
}

// leave ends a socket that the program has closed; or it has ended both halves,
// and may still ask for names and options.
func (so *socket) leave() {
	so.mu.Lock()
	ended := so.stream.ended
	so.mu.Unlock()
	if ended {
		_ = so.do(func(t *guest.Thread, nb int32) error { return t.Shutdown(so.ctx, nb, netbsd.SHUT_RDWR) })
		so.bury()
		return
	}
	so.closed()
}

// awaitClose waits until the program, which has ended its half, closes the
// socket.
func (so *socket) awaitClose() {
	for {
		hung, err := so.end.WaitHangup()
		switch {
		case hung:
			so.leave()
			return
		case errors.Is(err, pair.ErrWoken):
			if so.calm() {
				return
			}
		case err != nil:
			return
		}
	}
}

// calm looks why the goroutine was woken. True: the connection has failed, and
// the program was told.
func (so *socket) calm() bool {
	so.end.Calm()
	so.mu.Lock()
	failed := so.stream.failed
	so.mu.Unlock()
	if failed != 0 {
		so.reset(failed)
	}
	return failed != 0
}

// streamIn moves what the kernel receives to the program. It has a reference of
// its own.
func (so *socket) streamIn() {
	defer so.release()
	at := so.at.Load()
	t, err := at.process.Thread()
	if err != nil {
		return
	}
	defer at.process.Release(t)
	room := make([]byte, few)
	for many := false; err == nil; {
		if many {
			many, err = so.moveMany(t, at.nb)
		} else {
			many, err = so.moveFew(t, at.nb, room)
		}
	}
	switch {
	case errors.Is(err, io.EOF):
		so.mu.Lock()
		so.stream.ended = true
		so.mu.Unlock()
		so.end.CloseWrite()
	case errors.Is(err, unix.EPIPE):
		// The program has ended this half. What comes is lost, as with Linux,
		// but is taken.
		so.discard(t, at.nb)
	case so.ctx.Err() != nil:
	default:
		so.mu.Lock()
		so.stream.failed = errno(err)
		so.mu.Unlock()
		so.end.Wake()
	}
}

// few are as many bytes as a goroutine has room for while it waits. Who talks in small
// messages is served with one call for each.
const few = 1024

// moveFew waits for bytes, and moves as many as there is room for. It tells whether there
// may be more.
func (so *socket) moveFew(t *guest.Thread, nb int32, room []byte) (more bool, err error) {
	n, err := t.Recv(so.ctx, nb, room, 0)
	switch {
	case interrupted(err) && so.ctx.Err() == nil:
		return false, nil
	case err != nil:
		return false, err
	case n == 0:
		return false, io.EOF
	}
	return n == len(room), so.end.Write(room[:n])
}

// moveMany moves what there is. It waits without a buffer.
func (so *socket) moveMany(t *guest.Thread, nb int32) (more bool, err error) {
	buf := pair.Get()
	n, err := t.Recv(so.ctx, nb, buf[:], netbsd.MSG_DONTWAIT)
	if errors.Is(err, netbsd.EAGAIN) {
		pair.Put(buf)
		var one [1]byte
		_, err = t.Recv(so.ctx, nb, one[:], netbsd.MSG_PEEK)
		if interrupted(err) && so.ctx.Err() == nil {
			err = nil
		}
		return true, err
	}
	defer pair.Put(buf)
	switch {
	case err != nil:
		return false, err
	case n == 0:
		return false, io.EOF
	}
	return n > few, so.end.Write(buf[:n])
}

func (so *socket) discard(t *guest.Thread, nb int32) {
	buf := pair.Get()
	defer pair.Put(buf)
	for {
		n, err := t.Recv(so.ctx, nb, buf[:], 0)
		if n <= 0 || err != nil {
			return
		}
	}
}

// reset ends a connection that has failed, so that the program's reads and
// writes fail. It is called by the goroutine that reads the end.
func (so *socket) reset(e linux.Errno) {
	so.mu.Lock()
	so.state, so.err = broken, e
	so.mu.Unlock()
	// With something unread, closing an end resets the other.
	if f, err := so.program(); err == nil {
		_ = unix.Sendto(f.fd, []byte{0}, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, nil)
		f.release()
	}
	so.end.Close()
	so.bury()
}

// abort resets a connection of which the program has not read all: as Linux, it
// tells the peer.
func (so *socket) abort(t *guest.Thread, nb int32) {
	so.mu.Lock()
	so.state = broken
	so.mu.Unlock()
	linger := netbsd.Linger{Onoff: 1}
	_ = t.SetOption(so.ctx, nb, netbsd.SOL_SOCKET, netbsd.SO_LINGER, bytesOf(&linger))
	so.closed()
}
