//go:build linux && (amd64 || arm64)

package hijack

import (
	"errors"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hijack/internal/guest"
)

// A listener is what a socket has that takes connections. socket.mu guards it.
type listener struct {
	waiting []int32      // descriptors of connections that were not accepted
	tokens  int          // bytes that make the placeholder readable
	callers []chan int32 // of calls that wait, oldest first; each has room for a connection, or is closed
	stopped bool         // by shutdown
}

// maxTokens bounds the bytes that are in a placeholder at once. It takes one to
// make it readable; more let others see that more has come.
const maxTokens = 64

func (c *call) listen(so *socket, fd *file) (int64, error) {
	if so.typ != linux.SOCK_STREAM {
		return 0, unix.EOPNOTSUPP
	}
	backlog := c.int(1)
	if backlog < 0 || backlog > netbsd.SOMAXCONN {
		backlog = netbsd.SOMAXCONN
	}
	so.mu.Lock()
	st := so.state
	if st == fresh {
		so.state = listening
	}
	so.mu.Unlock()
	if st != fresh && st != listening {
		return 0, unix.EINVAL
	}
	err := so.do(func(t *guest.Thread, nb int32) error {
		if err := t.Listen(so.ctx, nb, backlog); err != nil {
			return err
		}
		if st == listening {
			return nil
		}
		return t.SetNonblock(so.ctx, nb, false)
	})
	switch {
	case st == listening:
	case err != nil:
		so.mu.Lock()
		so.state = fresh
		so.mu.Unlock()
	default:
		so.shutGate(fd)
		so.refs.Add(1)
		go so.takeConnections()
	}
	return 0, err
}

// takeConnections accepts connections for the program to accept.
func (so *socket) takeConnections() {
	defer so.release()
	_ = so.do(so.acceptAll)
}

func (so *socket) acceptAll(t *guest.Thread, fd int32) error {
	for {
		nb, err := t.Accept(so.ctx, fd, netbsd.SOCK_CLOEXEC|netbsd.SOCK_NOSIGPIPE)
		switch {
		case err == nil:
			if !so.offer(nb) {
				_ = t.Close(nb)
				return err
			}
		case so.ctx.Err() != nil:
			so.dropConnections(t)
			return err
		case errors.Is(err, netbsd.ECONNABORTED), errors.Is(err, netbsd.EINTR):
		case errors.Is(err, netbsd.EMFILE), errors.Is(err, netbsd.ENFILE), errors.Is(err, netbsd.ENOBUFS), errors.Is(err, netbsd.ENOMEM):
			time.Sleep(patience) // until something is closed
		default: // the kernel is gone, for instance
			so.turnAway()
			so.dropConnections(t)
			return err
		}
	}
}

// dropConnections closes those that nobody will accept.
func (so *socket) dropConnections(t *guest.Thread) {
	so.mu.Lock()
	waiting := so.listener.waiting
	so.listener.waiting, so.listener.stopped = nil, true
	so.mu.Unlock()
	for _, nb := range waiting {
		_ = t.Close(nb)
	}
}

// offer gives a connection to a call that waits, or lets the program accept it.
func (so *socket) offer(nb int32) bool {
	so.mu.Lock()
	defer so.mu.Unlock()
	l := &so.listener
	if l.stopped {
		return false
	}
	if len(l.callers) > 0 {
		l.callers[0] <- nb
		l.callers = l.callers[1:]
		return true
	}
	l.waiting = append(l.waiting, nb)
	if l.tokens < min(maxTokens, len(l.waiting)) && so.end.TryWrite([]byte{0}) == nil {
		l.tokens++
	}
	return true
}

// take returns a connection that waits, if there is one.
func (so *socket) take(fd *file) (nb int32, ok bool, err error) {
	so.mu.Lock()
	defer so.mu.Unlock()
	return so.next(fd)
}

// queue is take for a call that waits, which receives the connection from a channel.
func (so *socket) queue(fd *file) (chan int32, error) {
	caller := make(chan int32, 1)
	so.mu.Lock()
	defer so.mu.Unlock()
	nb, ok, err := so.next(fd)
	switch {
	case err != nil:
		return nil, err
	case ok:
		caller <- nb
	default:
		so.listener.callers = append(so.listener.callers, caller)
	}
	return caller, nil
}

// next does what take does. so.mu is held.
func (so *socket) next(fd *file) (nb int32, ok bool, err error) {
	l := &so.listener
	if so.state != listening || l.stopped {
		return -1, false, unix.EINVAL
	}
	if len(l.waiting) == 0 {
		return -1, false, nil
	}
	nb = l.waiting[0]
	l.waiting = l.waiting[1:]
	if l.tokens > len(l.waiting) {
		var b [1]byte
		if _, _, err := unix.Recvfrom(fd.fd, b[:], unix.MSG_DONTWAIT); err == nil {
			l.tokens--
		}
	}
	return nb, true, nil
}

// dequeue ends a wait. False: there is a connection for the call.
func (so *socket) dequeue(caller chan int32) bool {
	so.mu.Lock()
	defer so.mu.Unlock()
	l := &so.listener
	i := slices.Index(l.callers, caller)
	if i >= 0 {
		l.callers = slices.Delete(l.callers, i, i+1)
	}
	return i >= 0
}

func (c *call) accept(so *socket, fd *file, flags int32) (int64, error) {
	if so.typ != linux.SOCK_STREAM {
		return 0, unix.EOPNOTSUPP
	}
	if flags&^(linux.SOCK_NONBLOCK|linux.SOCK_CLOEXEC) != 0 {
		return 0, unix.EINVAL
	}
	nb, ok, err := so.take(fd)
	switch {
	case err != nil:
		return 0, err
	case ok:
		return c.accepted(so, nb, flags)
	case fd.nonblocking():
		return 0, unix.EAGAIN
	}
	caller, err := so.queue(fd)
	if err != nil {
		return 0, err
	}
	so.refs.Add(1)
	return c.later(func(c *call) (int64, error) {
		defer so.release()
		return c.acceptNext(so, caller, flags)
	})
}

// acceptNext waits for a connection.
func (c *call) acceptNext(so *socket, caller chan int32, flags int32) (int64, error) {
	ctx, stop := c.interruptible(so.ctx)
	defer stop()
	expired, stopTimer := so.receiveTimer()
	defer stopTimer()
	var err error
	select {
	case nb, ok := <-caller:
		if !ok {
			return 0, unix.EINVAL
		}
		return c.accepted(so, nb, flags)
	case <-ctx.Done():
		err = errRestart
	case <-expired:
		err = unix.EAGAIN
	}
	if so.dequeue(caller) {
		return 0, err
	}
	if nb, ok := <-caller; ok {
		return c.accepted(so, nb, flags)
	}
	return 0, unix.EINVAL
}

// accepted gives the program a connection.
func (c *call) accepted(from *socket, nb, flags int32) (int64, error) {
	at := &descriptor{process: from.at.Load().process, nb: nb}
	so, fd, err := c.sup.adopt(from.kind, at, flags&linux.SOCK_NONBLOCK != 0)
	if err != nil {
		_ = at.close()
		return 0, err
	}
	defer unix.Close(fd)
	so.refs.Add(1)
	so.settle(connected)
	c.then = so.flow
	if c.Args[1] != 0 {
		err := so.do(func(t *guest.Thread, nb int32) error {
			name, err := t.Name(so.ctx, nb, true)
			if err != nil {
				name = name[:0] // it has been reset meanwhile
			}
			return c.returnAddress(name, c.Args[1], c.Args[2])
		})
		if err != nil {
			return 0, err // what is accepted is closed
		}
	}
	return c.pass(so, fd, flags&linux.SOCK_CLOEXEC != 0)
}

// stopListening does what shutdown of a listening socket does.
func (so *socket) stopListening() error {
	so.turnAway()
	_ = so.do(func(t *guest.Thread, _ int32) error {
		so.dropConnections(t)
		return nil
	})
	return nil
}

// turnAway ends the calls that wait for a connection, now and later: EINVAL.
func (so *socket) turnAway() {
	so.mu.Lock()
	l := &so.listener
	l.stopped = true
	for _, caller := range l.callers {
		close(caller)
	}
	l.callers = nil
	so.mu.Unlock()
	so.end.CloseWrite()
}

func (c *call) shutdown(so *socket, fd *file) (int64, error) {
	how := c.int(1)
	if how < linux.SHUT_RD || how > linux.SHUT_RDWR {
		return 0, unix.EINVAL
	}
	st, peered := so.stateFor(fd)
	switch {
	case so.typ != linux.SOCK_STREAM && !peered:
		return 0, unix.ENOTCONN
	case so.typ != linux.SOCK_STREAM, st == connected:
		return 0, errHost
	case st == listening && how != linux.SHUT_WR:
		return 0, so.stopListening()
	}
	return 0, unix.ENOTCONN
}

// stateFor returns the state of a socket as its program knows it: when that has seen
// its end become writable, the connection is established, which may not have been
// noted yet.
func (so *socket) stateFor(fd *file) (st state, peered bool) {
	so.mu.Lock()
	settled := so.stream.settled
	st, peered = so.state, so.peered
	so.mu.Unlock()
	if st != connecting || settled == nil || !writable(fd.fd) {
		return st, peered
	}
	select {
	case <-settled:
	case <-so.ctx.Done():
	}
	so.mu.Lock()
	defer so.mu.Unlock()
	return so.state, so.peered
}

func writable(fd int) bool {
	p := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
	n, err := unix.Poll(p, 0)
	return err == nil && n == 1 && p[0].Revents&unix.POLLOUT != 0
}
