package kern

import (
	"errors"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

func sysRead(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	f, err := l.readable(a[0])
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	u, err := l.Buffer(abi.Addr(a[1]), uint64(a[2]))
	if err != nil {
		return 0, 0, err
	}
	return l.read(f, u)
}

func sysReadv(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	if int32(a[2]) == 0 {
		return 0, 0, netbsd.EINVAL
	}
	f, err := l.readable(a[0])
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	u, err := l.vector(a[1], a[2])
	if err != nil {
		return 0, 0, err
	}
	return l.read(f, u)
}

func sysWrite(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	f, err := l.writable(a[0])
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	u, err := l.Buffer(abi.Addr(a[1]), uint64(a[2]))
	if err != nil {
		return 0, 0, err
	}
	return l.write(f, u)
}

func sysWritev(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	if int32(a[2]) == 0 {
		return 0, 0, netbsd.EINVAL
	}
	f, err := l.writable(a[0])
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	u, err := l.vector(a[1], a[2])
	if err != nil {
		return 0, 0, err
	}
	return l.write(f, u)
}

// Only files of a file system have a position, so pread, preadv, pwrite and
// pwritev end where that is found out.

func sysPread(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	f, err := l.readable(a[0])
	if err != nil {
		return 0, 0, err
	}
	l.Done(f)
	return 0, 0, netbsd.ESPIPE
}

func sysPreadv(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	if int32(a[2]) == 0 {
		return 0, 0, netbsd.EINVAL
	}
	return sysPread(l, a)
}

func sysPwrite(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	f, err := l.writable(a[0])
	if err != nil {
		return 0, 0, err
	}
	l.Done(f)
	return 0, 0, netbsd.ESPIPE
}

func sysPwritev(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	if int32(a[2]) == 0 {
		return 0, 0, netbsd.EINVAL
	}
	return sysPwrite(l, a)
}

// readable returns the open file behind a descriptor that may be read from.
func (l *Lwp) readable(fd uintptr) (*OpenFile, error) {
	f, err := l.File(int32(fd))
	if err == nil && !f.Readable() {
		l.Done(f)
		return nil, netbsd.EBADF
	}
	return f, err
}

func (l *Lwp) writable(fd uintptr) (*OpenFile, error) {
	f, err := l.File(int32(fd))
	if err == nil && !f.Writable() {
		l.Done(f)
		return nil, netbsd.EBADF
	}
	return f, err
}

// vector is Vector with the arguments of readv(2).
func (l *Lwp) vector(iov, n uintptr) (*Uio, error) {
	if uint32(n) > IovMax {
		return nil, netbsd.EINVAL
	}
	return l.Vector(abi.Addr(iov), int(uint32(n)))
}

func (l *Lwp) read(f *OpenFile, u *Uio) (uintptr, uintptr, error) {
	before := u.Resid
	err := f.File.Read(l, f, u)
	if err != nil && !(u.Resid != before && transient(err)) {
		return 0, 0, err
	}
	return uintptr(before - u.Resid), 0, nil
}

func (l *Lwp) write(f *OpenFile, u *Uio) (uintptr, uintptr, error) {
	before := u.Resid
	err := f.File.Write(l, f, u)
	if err != nil && !(u.Resid != before && transient(err)) {
		if errors.Is(err, netbsd.EPIPE) && f.Flags()&netbsd.O_NOSIGPIPE == 0 {
			l.Raise(netbsd.SIGPIPE)
		}
		return 0, 0, err
	}
	return uintptr(before - u.Resid), 0, nil
}

// transient tells an error that a call returns only when nothing was moved
// before it. EBADF: the descriptor was closed while the call slept.
func transient(err error) bool {
	return errors.Is(err, netbsd.EINTR) || errors.Is(err, netbsd.EWOULDBLOCK) || errors.Is(err, netbsd.EBADF)
}
