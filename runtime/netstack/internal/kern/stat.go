package kern

import (
	"math"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

func sysFstat(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	f, err := l.File(int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	var st netbsd.Stat
	if err := f.File.Stat(l, &st); err != nil {
		return 0, 0, err
	}
	return 0, 0, Out(l, &st, abi.Addr(a[1]))
}

// pcPipeBuf is _PC_PIPE_BUF of sys/unistd.h.
const pcPipeBuf = 6

func sysFpathconf(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	f, err := l.File(int32(a[0]))
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	switch f.Type {
	case TypeSocket, TypePipe:
		if int32(a[1]) == pcPipeBuf {
			return netbsd.PIPE_BUF, 0, nil
		}
		return 0, 0, netbsd.EINVAL
	case TypeKqueue:
		return 0, 0, netbsd.EINVAL
	}
	return 0, 0, netbsd.EOPNOTSUPP
}

// needsVnode makes a call whose first argument is a descriptor of a file of a
// file system. As none can be opened, it fails with errno when the descriptor
// is open.
func needsVnode(errno netbsd.Errno) Handler {
	return func(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
		return 0, 0, l.vnode(int32(a[0]), errno)
	}
}

func (l *Lwp) vnode(fd int32, errno netbsd.Errno) error {
	if l.Proc.FDs().at(fd) == nil {
		return netbsd.EBADF
	}
	return errno
}

// sysLseek fails, as only a file of a file system has a position.
func sysLseek(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return 0, 0, l.vnode(int32(a[0]), netbsd.ESPIPE)
}

func sysFtruncate(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	if arg64(netbsd.SYS_ftruncate, &a, 2) < 0 {
		return 0, 0, netbsd.EINVAL
	}
	return 0, 0, l.vnode(int32(a[0]), netbsd.EINVAL)
}

// sysFallocate and sysFadvise return their error as the result.
func sysFallocate(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return uintptr(l.extent(netbsd.SYS_posix_fallocate, &a)), 0, nil
}

func sysFdiscard(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return 0, 0, l.extent(netbsd.SYS_fdiscard, &a)
}

// extent checks the arguments of posix_fallocate(2) and fdiscard(2), which are
// alike, as far as they can be without a file of a file system.
func (l *Lwp) extent(num syscalls.Number, a *syscalls.Args) netbsd.Errno {
	pos, n := arg64(num, a, 2), arg64(num, a, 3)
	if pos < 0 || n < 0 || n > math.MaxInt64-pos {
		return netbsd.EINVAL
	}
	if l.Proc.FDs().at(int32(a[0])) == nil {
		return netbsd.EBADF
	}
	return netbsd.EINVAL
}

func sysFadvise(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	offset, n := arg64(netbsd.SYS___posix_fadvise50, &a, 2), arg64(netbsd.SYS___posix_fadvise50, &a, 3)
	if n < 0 || n > 0 && math.MaxInt64-offset < n {
		return uintptr(netbsd.EINVAL), 0, nil
	}
	f, err := l.File(int32(a[0]))
	if err != nil {
		return uintptr(netbsd.EBADF), 0, nil
	}
	defer l.Done(f)
	if f.Type == TypeSocket || f.Type == TypePipe {
		return uintptr(netbsd.ESPIPE), 0, nil
	}
	return uintptr(netbsd.EOPNOTSUPP), 0, nil
}

// arg64 returns argument i of a call, which may take two slots.
func arg64(num syscalls.Number, a *syscalls.Args, i int) int64 {
	call, _ := syscalls.Lookup(num)
	return int64(call.Value(a, i))
}
