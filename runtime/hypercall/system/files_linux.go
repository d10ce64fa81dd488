package system

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hypercall"
)

// transfer reads or writes with one call, since on some files each is a message.
func (f file) transfer(write bool, bufs [][]byte, off int64) (n int, err error) {
	conn, err := f.SyscallConn()
	if err != nil {
		return 0, err
	}
	try := func(fd uintptr) (done bool) {
		for {
			n, err = vectored(int(fd), write, bufs, off)
			if !errors.Is(err, unix.EINTR) {
				return !errors.Is(err, unix.EAGAIN)
			}
		}
	}
	var closed error
	switch {
	case off != hypercall.Current: // several at once, and of files that one never waits for
		closed = conn.Control(func(fd uintptr) { try(fd) })
	case write:
		closed = conn.Write(try)
	default:
		closed = conn.Read(try)
	}
	if closed != nil { // that is the only reason
		return 0, os.ErrClosed
	}
	return max(n, 0), err
}

func vectored(fd int, write bool, bufs [][]byte, off int64) (int, error) {
	switch {
	case write && off == hypercall.Current:
		return unix.Writev(fd, bufs)
	case write:
		return unix.Pwritev(fd, bufs, off)
	case off == hypercall.Current:
		return unix.Readv(fd, bufs)
	}
	return unix.Preadv(fd, bufs, off)
}
