//go:build linux && (amd64 || arm64)

package hijack

import (
	"errors"
	"time"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hijack/internal/procmem"
	"github.com/abigen/abigen/runtime/hijack/internal/seccomp"
)

// A call is one that was caught.
type call struct {
	seccomp.Call
	sup   *supervisor
	start time.Time // zero: nobody wants to know
	note  string
	valid bool   // the caller waited a moment ago
	then  func() // nil, or what is to be done in a goroutine when the call has been answered
	space *[2][maxOption]byte
}

// Errors that are none.
var (
	errHost     = errors.New("the host makes the call")
	errAnswered = errors.New("the call was answered")
	errLater    = errors.New("the call will be answered")
)

// errRestart makes the kernel make a call again after a signal's handler, or
// return EINTR, as the handler was installed.
const errRestart unix.Errno = 512

// make makes the call, but for what has to wait.
func (c *call) make() {
	c.note, c.valid, c.then = "", false, nil
	if c.sup.observed() {
		c.start = time.Now()
	}
	c.finish(c.dispatch())
	if c.then != nil {
		c.sup.spawn(c.then)
	}
}

// later makes the rest of the call in a goroutine of its own.
func (c *call) later(f func(c *call) (int64, error)) (int64, error) {
	own := *c
	own.valid, own.space = false, nil
	c.sup.running.Add(1)
	c.sup.spawn(func() {
		own.finish(f(&own))
		c.sup.running.Done()
		if own.then != nil {
			own.then()
		}
	})
	return 0, errLater
}

// finish answers the call.
func (c *call) finish(v int64, err error) {
	l := c.sup.listener
	switch {
	case err == nil:
		c.observe(v, 0, false)
		_ = l.Return(c.ID, v, 0)
	case errors.Is(err, errHost):
		c.observe(0, 0, true)
		_ = l.Continue(c.ID)
	case errors.Is(err, errAnswered):
		c.observe(v, 0, false)
	case errors.Is(err, errLater):
	default:
		e := errno(err)
		c.observe(0, e, false)
		_ = l.Return(c.ID, 0, unix.Errno(e))
	}
}

// errno returns the Linux error number of an error.
func errno(err error) linux.Errno {
	var lx unix.Errno
	var own linux.Errno
	var nb netbsd.Errno
	switch {
	case err == nil:
		return 0
	case errors.As(err, &own):
		return own
	case errors.As(err, &lx):
		return linux.Errno(lx)
	case errors.As(err, &nb):
		if e, ok := tolinux.Errno(nb); ok {
			return e
		}
	}
	return linux.EINVAL
}

// buffers returns two, for options. They are the same at each call.
func (c *call) buffers() (lx, nb []byte) {
	if c.space == nil {
		c.space = new([2][maxOption]byte)
	}
	return c.space[0][:], c.space[1][:]
}

func (c *call) mem() procmem.Memory { return procmem.Memory(c.PID) }

// read reads the caller's memory. What it returns was the caller's, for it is
// looked at afterwards whether that still waits.
func (c *call) read(p []byte, addr uint64) error {
	if err := c.mem().Read(p, addr); err != nil {
		return err
	}
	c.valid = false
	return c.validate()
}

// write writes to the caller's memory.
func (c *call) write(p []byte, addr uint64) error {
	if err := c.validate(); err != nil {
		return err
	}
	return c.mem().Write(p, addr)
}

// writeBoth writes to two places.
func (c *call) writeBoth(p []byte, addr uint64, q []byte, addr2 uint64) error {
	if err := c.validate(); err != nil {
		return err
	}
	return c.mem().WriteBoth(p, addr, q, addr2)
}

// validate looks whether the caller still waits, unless that was so a moment
// ago: between two steps of a call its number is not given to another thread.
func (c *call) validate() error {
	if c.valid {
		return nil
	}
	if !c.sup.listener.Valid(c.ID) {
		return unix.ESRCH
	}
	c.valid = true
	return nil
}

func (c *call) readInt(addr uint64) (int32, error) {
	var b [4]byte
	err := c.read(b[:], addr)
	return int32(nativeUint32(b[:])), err
}

// int returns an argument that is an int.
func (c *call) int(i int) int32 { return int32(uint32(c.Args[i])) }

// dispatch makes the call.
func (c *call) dispatch() (int64, error) {
	switch {
	case c.Number == unix.SYS_SOCKET:
		return c.socket()
	case c.Number == unix.SYS_IOCTL:
		return c.ioctl()
	case c.Number == unix.SYS_OPENAT:
		return c.open(c.Args[1], c.int(2))
	case isOpen(c.Number):
		return c.open(c.Args[0], c.int(1))
	}
	so, fd, err := c.sup.find(c.PID, int(c.int(0)))
	if err != nil {
		return 0, err
	}
	return c.dispatchSocket(so, fd)
}

// dispatchSocket makes a call about a socket. fd is a descriptor of the
// placeholder, which is to be closed.
func (c *call) dispatchSocket(so *socket, fd *file) (int64, error) {
	defer fd.release()
	defer so.release()
	if so.at.Load().netlink != nil {
		return c.dispatchNetlink(so, fd)
	}
	switch c.Number {
	case unix.SYS_BIND:
		return c.bind(so)
	case unix.SYS_CONNECT:
		return c.connect(so, fd)
	case unix.SYS_LISTEN:
		return c.listen(so, fd)
	case unix.SYS_ACCEPT:
		return c.accept(so, fd, 0)
	case unix.SYS_ACCEPT4:
		return c.accept(so, fd, c.int(3))
	case unix.SYS_SHUTDOWN:
		return c.shutdown(so, fd)
	case unix.SYS_GETSOCKNAME:
		return c.name(so, false)
	case unix.SYS_GETPEERNAME:
		return c.name(so, true)
	case unix.SYS_SETSOCKOPT:
		return c.setOption(so, fd)
	case unix.SYS_GETSOCKOPT:
		return c.option(so)
	case unix.SYS_SENDTO:
		return c.sendto(so, fd)
	case unix.SYS_RECVFROM:
		return c.recvfrom(so, fd)
	case unix.SYS_SENDMSG:
		return c.sendmsg(so, fd)
	case unix.SYS_RECVMSG:
		return c.recvmsg(so, fd)
	case unix.SYS_SENDMMSG:
		return c.sendmmsg(so, fd)
	case unix.SYS_RECVMMSG:
		return c.recvmmsg(so, fd)
	}
	return 0, unix.ENOSYS
}
