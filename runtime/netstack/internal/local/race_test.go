package local_test

import (
	"testing"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/system"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// TestPingPong sends descriptors to another thread and back, each as soon as the
// other has arrived.
func TestPingPong(t *testing.T) {
	t.Parallel()
	for name, typ := range map[string]uintptr{"stream": netbsd.SOCK_STREAM, "records": netbsd.SOCK_SEQPACKET, "datagrams": netbsd.SOCK_DGRAM} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			th := newThread(t)
			a, b := th.pair(typ)
			_, w := th.Pipe(0)
			other := thread{th.Thread.Thread(), t, th.d}
			done := make(chan struct{})
			go func() {
				defer close(done)
				other.bounce(b, w, false)
			}()
			th.bounce(a, w, true)
			<-done
		})
	}
}

// bounce sends w and one byte through fd, after it has received the same unless
// it is to serve.
func (th thread) bounce(fd, w uintptr, serve bool) {
	out, in := th.message(rights([]uintptr{w})), th.message(nil) // which drops what comes along
	for range rounds {
		if serve {
			if _, _, err := th.Call(netbsd.SYS_sendmsg, fd, out, 0); err != nil {
				th.t.Error(err)
			}
		}
		if n, _, err := th.Call(netbsd.SYS_recvmsg, fd, in, 0); n != 1 || err != nil {
			th.t.Errorf("received %d bytes: %v", n, err)
		}
		if !serve {
			if _, _, err := th.Call(netbsd.SYS_sendmsg, fd, out, 0); err != nil {
				th.t.Error(err)
			}
		}
	}
}

// A ticker is a clock whose timers go off when the test says so.
type ticker struct {
	hypercall.Clock
	call  func()
	armed bool
}

func (c *ticker) AfterFunc(_ time.Duration, f func()) hypercall.Timer {
	c.call, c.armed = f, true
	return c
}

func (c *ticker) Stop() bool {
	was := c.armed
	c.armed = false
	return was
}

func (c *ticker) Reset(time.Duration) bool {
	was := c.armed
	c.armed = true
	return was
}

func (c *ticker) tick() {
	c.armed = false
	c.call()
}

// closer is a file that calls a function when it is closed.
type closer struct {
	kern.File
	closed func()
}

func (c closer) Close(*kern.Lwp) { c.closed() }

// TestCollectAgain has files go in flight while a collection closes the last that
// were: another collection follows.
func TestCollectAgain(t *testing.T) {
	t.Parallel()
	clock := &ticker{Clock: system.Clock()}
	th := newThreadAt(t, clock)
	a, b := th.pair(netbsd.SOCK_STREAM)
	c, d := th.pair(netbsd.SOCK_STREAM)
	_, w := th.Pipe(0)
	var closed bool
	fd, err := th.Install(0, kern.NewOpenFile(th.Lwp, kern.TypePipe, netbsd.FREAD, closer{closed: func() {
		closed = true
		th.pass(c, w)
	}}), false)
	if err != nil {
		t.Fatal(err)
	}
	th.pass(a, b, uintptr(fd)) // b in b
	for _, fd := range []uintptr{uintptr(fd), a, b} {
		th.Must(netbsd.SYS_close, fd)
	}
	if closed || !clock.armed {
		t.Fatalf("closed: %t, a collection follows: %t", closed, clock.armed)
	}
	clock.tick()
	if !closed || !clock.armed {
		t.Errorf("closed: %t, another collection follows: %t", closed, clock.armed)
	}
	th.Must(netbsd.SYS_recvmsg, d, th.message(nil), 0)
	if clock.tick(); clock.armed {
		t.Error("a collection follows although nothing is in flight")
	}
}
