//go:build linux && (amd64 || arm64)

package hijack

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/hijack/internal/pair"
)

func (c *call) recvfrom(so *socket, fd *file) (int64, error) {
	flags := c.int(3)
	if v, err, done := so.streamReceive(flags); done {
		return v, err
	}
	m, err := c.plainMessage()
	if err != nil {
		return 0, err
	}
	m.name, m.nameLen = c.Args[4], c.Args[5]
	return c.receiveOne(so, fd, m, flags, nil)
}

func (c *call) recvmsg(so *socket, fd *file) (int64, error) {
	flags := c.int(2)
	if v, err, done := so.streamReceive(flags); done {
		return v, err
	}
	m, err := c.messageAt(c.Args[1])
	if err != nil {
		return 0, err
	}
	return c.receiveOne(so, fd, m, flags, nil)
}

// streamReceive answers for streams, whose data comes from the host, and for
// flags that have no counterpart.
func (so *socket) streamReceive(flags int32) (int64, error, bool) { //nolint:revive,staticcheck // the error is not last
	if flags&linux.MSG_ERRQUEUE != 0 {
		return 0, unix.EAGAIN, true
	}
	if so.typ != linux.SOCK_STREAM {
		return 0, nil, false
	}
	so.mu.Lock()
	st := so.state
	so.mu.Unlock()
	switch {
	case st == fresh || st == listening:
		return 0, unix.ENOTCONN, true
	case flags&linux.MSG_OOB != 0:
		return 0, unix.EINVAL, true
	}
	return 0, errHost, true
}

// receiveOne receives a datagram, and waits for it unless it must not. timeout
// ends the wait, nil never.
func (c *call) receiveOne(so *socket, fd *file, m *message, flags int32, timeout <-chan time.Time) (int64, error) {
	n, wait, err := c.tryReceive(so, fd, m, flags)
	if wait == nil {
		return n, err
	}
	if flags&linux.MSG_DONTWAIT != 0 || fd.nonblocking() {
		return 0, unix.EAGAIN
	}
	fd.retain()
	so.refs.Add(1)
	return c.later(func(c *call) (int64, error) {
		defer so.release()
		defer fd.release()
		return c.receiveWaiting(so, fd, m, flags, wait, timeout)
	})
}

// receiveWaiting waits for a datagram and receives it.
func (c *call) receiveWaiting(so *socket, fd *file, m *message, flags int32, wait <-chan struct{}, timeout <-chan time.Time) (int64, error) {
	ctx, stop := c.interruptible(so.ctx)
	defer stop()
	expired, stopTimer := so.receiveTimer()
	defer stopTimer()
	for {
		select {
		case <-wait:
		case <-ctx.Done():
			return 0, errRestart
		case <-expired:
			return 0, unix.EAGAIN
		case <-timeout:
			return 0, unix.EAGAIN
		}
		var n int64
		var err error
		if n, wait, err = c.tryReceive(so, fd, m, flags); wait == nil {
			return n, err
		}
	}
}

// tryReceive receives a datagram. When there is none, wait is closed when one has come.
func (c *call) tryReceive(so *socket, fd *file, m *message, flags int32) (n int64, wait <-chan struct{}, err error) {
	if e := so.takeError(); e != 0 {
		return 0, nil, unix.Errno(e)
	}
	buf := pair.Get()
	defer pair.Put(buf)
	data, about, wait, err := so.fetch(fd, buf[:], flags&linux.MSG_PEEK)
	if wait != nil || err != nil {
		return 0, wait, err
	}
	if about != nil && about.err != 0 {
		return 0, nil, unix.Errno(about.err)
	}
	n, err = c.handOver(so, m, data, about, flags)
	return n, nil, err
}

// fetch takes a datagram out of the placeholder.
func (so *socket) fetch(fd *file, buf []byte, peek int32) ([]byte, *about, <-chan struct{}, error) {
	d := &so.datagram
	d.mu.Lock()
	defer d.mu.Unlock()
	n, _, err := unix.Recvfrom(fd.fd, buf, unix.MSG_DONTWAIT|int(peek))
	switch {
	case errors.Is(err, unix.EAGAIN):
		if d.arrived == nil {
			d.arrived = make(chan struct{})
		}
		return nil, nil, d.arrived, nil
	case err != nil:
		return nil, nil, nil, err
	}
	a := d.about
	if peek == 0 {
		d.about = nil
	}
	return buf[:n], a, nil, nil
}

// handOver gives a datagram to the caller.
func (c *call) handOver(so *socket, m *message, data []byte, a *about, flags int32) (int64, error) {
	var out int32
	var name, control []byte
	if a != nil {
		name = a.name
		if f, ok := tolinux.MessageFlags(a.flags); ok {
			out = f
		}
		var b [1024]byte
		if n, err := translateControl(b[:], a.control); err == nil {
			control = b[:n]
		} else {
			c.note = err.Error()
		}
	} else {
		var b [maxAddress]byte
		so.mu.Lock()
		n, err := addressBytes(b[:], so.peer)
		so.mu.Unlock()
		if err == nil {
			name = b[:n]
		}
	}
	n := len(data)
	if n > m.length {
		out |= linux.MSG_TRUNC
		data = data[:m.length]
	}
	if err := c.scatter(m, data); err != nil {
		return 0, err
	}
	if err := c.returnName(m, name); err != nil {
		return 0, err
	}
	if err := c.returnHeader(m, len(name), control, out); err != nil {
		return 0, err
	}
	if flags&linux.MSG_TRUNC != 0 {
		return int64(n), nil
	}
	return int64(len(data)), nil
}

func (c *call) recvmmsg(so *socket, fd *file) (int64, error) {
	flags := c.int(3)
	if v, err, done := so.streamReceive(flags); done {
		return v, err
	}
	count := min(uint32(c.Args[2]), maxVectors)
	if count == 0 {
		return 0, nil
	}
	var timeout <-chan time.Time
	if c.Args[4] != 0 {
		var ts linux.Timespec
		if err := c.read(abi.AsBytes(&ts), c.Args[4]); err != nil {
			return 0, err
		}
		if ts.Sec < 0 || ts.Nsec < 0 || ts.Nsec >= 1e9 {
			return 0, unix.EINVAL
		}
		timeout = time.After(time.Duration(ts.Sec)*time.Second + time.Duration(ts.Nsec))
	}
	m, err := c.messageAt(c.Args[1])
	if err != nil {
		return 0, err
	}
	n, wait, err := c.tryReceive(so, fd, m, flags)
	if wait == nil {
		return c.receiveRest(so, fd, n, err, count, flags)
	}
	if flags&linux.MSG_DONTWAIT != 0 || fd.nonblocking() {
		return 0, unix.EAGAIN
	}
	fd.retain()
	so.refs.Add(1)
	return c.later(func(c *call) (int64, error) {
		defer so.release()
		defer fd.release()
		n, err := c.receiveWaiting(so, fd, m, flags, wait, timeout)
		return c.receiveRest(so, fd, n, err, count, flags)
	})
}

// receiveRest receives what has come behind the first message.
func (c *call) receiveRest(so *socket, fd *file, n int64, err error, count uint32, flags int32) (int64, error) {
	got := uint32(0)
	for at := c.Args[1]; ; at += linux.SizeofMmsghdr {
		if err != nil {
			break
		}
		length := uint32(n)
		if err = c.write(abi.AsBytes(&length), at+linux.SizeofMsghdr); err != nil {
			break
		}
		if got++; got == count {
			break
		}
		var m *message
		if m, err = c.messageAt(at + linux.SizeofMmsghdr); err != nil {
			break
		}
		var wait <-chan struct{}
		if n, wait, err = c.tryReceive(so, fd, m, flags); wait != nil {
			break
		}
	}
	if got > 0 {
		return int64(got), nil
	}
	return 0, err
}
