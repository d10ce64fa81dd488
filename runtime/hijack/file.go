//go:build linux && (amd64 || arm64)

package hijack

import (
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// A file is a descriptor of this process for a placeholder. While there is one
// it is not seen that the program closes its own, so none is kept.
type file struct {
	fd   int
	refs atomic.Int32
}

func newFile(fd int) *file {
	f := &file{fd: fd}
	f.refs.Store(1)
	return f
}

// retain keeps the file open until there is one more release.
func (f *file) retain() { f.refs.Add(1) }

func (f *file) release() {
	if f.refs.Add(-1) == 0 {
		_ = unix.Close(f.fd)
	}
}

// nonblocking tells whether the program wants calls that do not wait.
func (f *file) nonblocking() bool {
	flags, err := unix.FcntlInt(uintptr(f.fd), unix.F_GETFL, 0)
	return err == nil && flags&unix.O_NONBLOCK != 0
}

func inode(fd int) (uint64, error) {
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return 0, err
	}
	if st.Mode&unix.S_IFMT != unix.S_IFSOCK {
		return 0, unix.ENOTSOCK
	}
	return st.Ino, nil
}
