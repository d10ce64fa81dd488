package hypercall_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

func TestErrno(t *testing.T) {
	for _, c := range []struct {
		err  error
		want netbsd.Errno
	}{
		{nil, 0},
		{syscall.ENOENT, netbsd.ENOENT},
		{syscall.EBADF, netbsd.EBADF},
		{syscall.EAGAIN, netbsd.EAGAIN}, // whose numbers differ, as those of the next ones
		{syscall.EDEADLK, netbsd.EDEADLK},
		{syscall.ENOTEMPTY, netbsd.ENOTEMPTY},
		{syscall.EOPNOTSUPP, netbsd.EOPNOTSUPP},
		{syscall.ENOMEDIUM, netbsd.EINVAL}, // NetBSD has none of these
		{syscall.Errno(4095), netbsd.EINVAL},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.ELOOP}, netbsd.ELOOP},
		{netbsd.ENOBUFS, netbsd.ENOBUFS},
		{fmt.Errorf("device: %w", &hypercall.OpError{Op: "open", Driver: "x", Err: netbsd.ENXIO}), netbsd.ENXIO},
		{fs.ErrNotExist, netbsd.ENOENT},
		{os.ErrClosed, netbsd.EBADF},
		{net.ErrClosed, netbsd.EIO},
		{context.Canceled, netbsd.EINTR},
		{os.ErrDeadlineExceeded, netbsd.ETIMEDOUT},
		{errors.New("words"), netbsd.EIO},
	} {
		if got := hypercall.Errno(c.err); got != c.want {
			t.Errorf("%v: %v, not %v", c.err, got, c.want)
		}
	}
}

func TestOpError(t *testing.T) {
	if err := hypercall.NewError("open", "files", nil); err != nil {
		t.Errorf("no error: %v", err)
	}
	err := hypercall.NewError("open", "files", &fs.PathError{Op: "open", Path: "/x", Err: syscall.EAGAIN})
	var host syscall.Errno
	if !errors.Is(err, netbsd.EAGAIN) || errors.As(err, &host) {
		t.Errorf("%v: of the host: %v", err, host)
	}
	if want := "files: open: open /x: " + syscall.EAGAIN.Error(); err.Error() != want {
		t.Errorf("%q, not %q", err, want)
	}
	wrapped := fmt.Errorf("disk: %w", err)
	if again := hypercall.NewError("read", "disk", wrapped); again.Error() != wrapped.Error() {
		t.Errorf("%v became %v", wrapped, again)
	}
}
