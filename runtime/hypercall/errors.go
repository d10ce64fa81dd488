package hypercall

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"syscall"

	"github.com/abigen/abigen/netbsd"
)

// An OpError is a host's error.
type OpError struct {
	Op     string       // what was to be done: "open"
	Driver string       // by whom: "shmif", "files"
	Err    netbsd.Errno // what the kernel sees
	Detail string       // what a person should see; empty if Err says it all
}

// Error returns all of it, in one line.
func (e *OpError) Error() string {
	s := e.Driver + ": " + e.Op + ": "
	if e.Detail != "" {
		return s + e.Detail
	}
	return s + e.Err.Error()
}

// Unwrap returns Err.
func (e *OpError) Unwrap() error { return e.Err }

// NewError returns an OpError for an error of this machine, translated, and nil
// for nil. One that is an OpError already stays as it is.
func NewError(op, driver string, err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*OpError](err); ok {
		return err
	}
	return &OpError{Op: op, Driver: driver, Err: Errno(err), Detail: err.Error()}
}

// Errno returns the error number that stands for an error of this machine. The
// host's numbers that NetBSD has none for are EINVAL, as with the hypercalls of
// rump kernels, and errors without any number EIO; nil is 0.
func Errno(err error) netbsd.Errno {
	if err == nil {
		return 0
	}
	if e, ok := errors.AsType[netbsd.Errno](err); ok {
		return e
	}
	if e, ok := errors.AsType[syscall.Errno](err); ok {
		return fromHost(e)
	}
	for _, e := range wellKnown {
		if errors.Is(err, e.err) {
			return e.errno
		}
	}
	return netbsd.EIO
}

// wellKnown are Go's errors.
var wellKnown = []struct {
	err   error
	errno netbsd.Errno
}{
	{fs.ErrNotExist, netbsd.ENOENT},
	{fs.ErrExist, netbsd.EEXIST},
	{fs.ErrPermission, netbsd.EACCES},
	{fs.ErrInvalid, netbsd.EINVAL},
	{fs.ErrClosed, netbsd.EBADF},
	{context.Canceled, netbsd.EINTR},
	{context.DeadlineExceeded, netbsd.ETIMEDOUT},
	{os.ErrDeadlineExceeded, netbsd.ETIMEDOUT},
	{errors.ErrUnsupported, netbsd.EOPNOTSUPP},
}
