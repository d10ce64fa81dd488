//go:build linux && (amd64 || arm64)

package hijack

import (
	"encoding/binary"
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hijack/internal/guest"
	"github.com/abigen/abigen/runtime/hijack/internal/procmem"
)

func (c *call) connect(so *socket, fd *file) (int64, error) {
	var lx [maxAddress]byte
	address, err := c.readAddress(&lx, c.Args[1], c.int(2))
	if err != nil {
		return 0, err
	}
	if len(address) >= 2 && binary.NativeEndian.Uint16(address) == linux.AF_UNSPEC {
		return 0, so.disconnect()
	}
	var b [guest.MaxName]byte
	name, err := so.toNetBSD(b[:], address)
	if err != nil {
		return 0, err
	}
	if so.typ != linux.SOCK_STREAM {
		return 0, so.connectDatagram(name)
	}
	return c.connectStream(so, fd, name)
}

func (c *call) connectStream(so *socket, fd *file, name []byte) (int64, error) {
	nonblock := fd.nonblocking()
	again, err := so.startConnecting()
	switch {
	case err != nil:
		return 0, err
	case again && so.isConnected():
		return 0, nil
	case again && nonblock:
		return 0, unix.EALREADY
	case again:
		so.refs.Add(1)
		return c.later(func(c *call) (int64, error) {
			defer so.release()
			return 0, c.awaitSettled(so)
		})
	}
	if err := so.moveFor(name); err != nil {
		so.stopConnecting()
		return 0, err
	}
	if nonblock {
		so.shutGate(fd)
	}
	err = so.do(func(t *guest.Thread, nb int32) error { return t.Connect(so.ctx, nb, name) })
	switch {
	case err == nil, errors.Is(err, netbsd.EINPROGRESS):
	case nonblock:
		// The gate is shut; as if it had failed a moment later.
		so.reset(errno(err))
		so.takeError()
		return 0, err
	default:
		so.stopConnecting()
		return 0, err
	}
	fd.retain()
	so.refs.Add(1)
	if nonblock {
		so.sup.spawn(func() { so.connectLater(fd) })
		return 0, unix.EINPROGRESS
	}
	return c.later(func(c *call) (int64, error) {
		err := so.awaitConnection(c)
		if errors.Is(err, errRestart) {
			// It goes on without the caller, who may come again.
			so.shutGate(fd)
			so.sup.spawn(func() { so.connectLater(fd) })
			return 0, err
		}
		defer so.release()
		defer fd.release()
		if err == nil {
			so.established(fd)
			c.then = so.flow
		} else {
			so.stopConnecting()
		}
		return 0, err
	})
}

// connectLater ends a connect whose caller does not wait, and moves data. It takes over a
// reference of both.
func (so *socket) connectLater(fd *file) {
	connected := so.finishConnecting(fd)
	fd.release()
	if connected {
		so.flow()
	}
	so.release()
}

func (so *socket) finishConnecting(fd *file) bool {
	err := so.awaitConnection(nil)
	switch {
	case err == nil:
		so.mu.Lock()
		so.stream.untold = true
		so.mu.Unlock()
		so.established(fd)
		return true
	case so.ctx.Err() == nil:
		so.reset(errno(err))
		so.settle(broken)
	}
	return false
}

// startConnecting tells why the socket cannot be connected, else it begins. again: it has
// begun already.
func (so *socket) startConnecting() (again bool, err error) {
	so.mu.Lock()
	defer so.mu.Unlock()
	switch so.state {
	case fresh:
		so.state, so.stream.settled = connecting, make(chan struct{})
		return false, nil
	case connecting:
		return true, nil
	case connected:
		if so.stream.untold {
			so.stream.untold = false
			return true, nil
		}
	case broken:
		if e := so.err; e != 0 {
			so.err = 0
			return false, unix.Errno(e)
		}
		return false, unix.ECONNABORTED
	}
	return false, unix.EISCONN
}

// awaitSettled waits for the end of an attempt that another call has begun.
func (c *call) awaitSettled(so *socket) error {
	so.mu.Lock()
	settled := so.stream.settled
	so.mu.Unlock()
	ctx, stop := c.interruptible(so.ctx)
	defer stop()
	select {
	case <-settled:
	case <-ctx.Done():
		return errRestart
	}
	so.mu.Lock()
	defer so.mu.Unlock()
	if so.state == connected {
		so.stream.untold = false
		return nil
	}
	e := so.err
	so.err = 0
	if e == 0 {
		return unix.ECONNABORTED
	}
	return unix.Errno(e)
}

// stopConnecting makes the socket fresh again, for another attempt.
func (so *socket) stopConnecting() {
	_ = so.renew(so.at.Load().process)
	so.settle(fresh)
}

func (so *socket) isConnected() bool {
	so.mu.Lock()
	defer so.mu.Unlock()
	return so.state == connected
}

// settle ends an attempt.
func (so *socket) settle(st state) {
	so.mu.Lock()
	so.state = st
	if so.stream.settled != nil {
		close(so.stream.settled)
		so.stream.settled = nil
	}
	so.mu.Unlock()
}

// patience is how long a call waits before it looks for a signal.
const patience = 20 * time.Millisecond

// awaitConnection waits until a connection is established or has failed. With a
// call, a signal interrupts it.
func (so *socket) awaitConnection(c *call) error {
	ctx := so.ctx
	if c != nil {
		var stop func()
		ctx, stop = c.interruptible(ctx)
		defer stop()
	}
	return so.do(func(t *guest.Thread, nb int32) error {
		_, err := t.Poll(ctx, nb, netbsd.POLLOUT)
		if err != nil {
			if ctx.Err() != nil && so.ctx.Err() == nil {
				return errRestart
			}
			return err
		}
		e, err := t.Int(so.ctx, nb, netbsd.SOL_SOCKET, netbsd.SO_ERROR)
		if err == nil && e != 0 {
			err = netbsd.Errno(e)
		}
		return err
	})
}

// established notes that a socket is connected. The caller lets data flow. fd is the
// program's end.
func (so *socket) established(fd *file) {
	_ = so.do(func(t *guest.Thread, nb int32) error { return t.SetNonblock(so.ctx, nb, false) })
	so.refs.Add(1)       // for flow
	so.settle(connected) // whom the gate lets through may ask at once
	so.openGate(fd)
}

// flow moves data of a connected socket to the program, and lets it be moved the other
// way. It takes over a reference.
func (so *socket) flow() {
	if !so.attend() {
		so.end.Wake() // the goroutine waits for a connection
	}
	so.streamIn()
}

// interruptible returns a context that is done when a signal waits for the
// caller, or it is gone.
func (c *call) interruptible(parent ctx) (ctx, func()) {
	return watchSignals(parent, func() bool { return procmem.Interrupted(c.PID) })
}
