package kern

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// settable are the status flags that F_SETFL changes (FCNTLFLAGS of
// sys/fcntl.h).
const settable = netbsd.O_APPEND | netbsd.O_ASYNC | netbsd.O_SYNC | netbsd.O_NONBLOCK | netbsd.O_DSYNC |
	netbsd.O_RSYNC | netbsd.O_ALT_IO | netbsd.O_DIRECT | netbsd.O_NOSIGPIPE

func sysFcntl(l *Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	fd, cmd, arg := int32(a[0]), int32(a[1]), a[2]
	switch cmd {
	case netbsd.F_CLOSEM:
		return 0, 0, l.closeFrom(fd)
	case netbsd.F_MAXFD:
		return uintptr(l.Proc.FDs().LastFD()), 0, nil
	case netbsd.F_GETLK, netbsd.F_SETLK, netbsd.F_SETLKW:
		return 0, 0, l.recordLock(fd, abi.Addr(arg))
	}
	f, err := l.File(fd)
	if err != nil {
		return 0, 0, err
	}
	defer l.Done(f)
	if cmd&netbsd.F_FSCTL != 0 {
		return 0, 0, l.fileSystemControl(f, uint32(cmd), abi.Addr(arg))
	}
	switch cmd {
	case netbsd.F_DUPFD, netbsd.F_DUPFD_CLOEXEC:
		if !l.Proc.mayHave(int32(arg)) {
			return 0, 0, netbsd.EINVAL
		}
		return l.dup(f, int32(arg), cmd == netbsd.F_DUPFD_CLOEXEC)
	case netbsd.F_GETFD:
		on, err := l.Proc.FDs().CloseOnExec(fd)
		return boolean(on), 0, err
	case netbsd.F_SETFD:
		return 0, 0, l.Proc.FDs().SetCloseOnExec(fd, arg&netbsd.FD_CLOEXEC != 0)
	case netbsd.F_GETNOSIGPIPE:
		return boolean(f.Flags()&netbsd.O_NOSIGPIPE != 0), 0, nil
	case netbsd.F_SETNOSIGPIPE:
		f.SetFlags(netbsd.O_NOSIGPIPE, allBits*uint32(boolean(arg != 0)))
		return 0, 0, nil
	case netbsd.F_GETFL:
		return uintptr(f.Flags() - 1), 0, nil // FREAD and FWRITE are O_RDONLY and O_WRONLY plus one
	case netbsd.F_SETFL:
		return 0, 0, setStatus(f, settable, uint32(arg)+1)
	case netbsd.F_GETOWN:
		var owner int32
		err := f.File.Ioctl(l, f, netbsd.FIOGETOWN, abi.AsBytes(&owner))
		return uintptr(owner), 0, err
	case netbsd.F_SETOWN:
		owner := int32(arg)
		return 0, 0, f.File.Ioctl(l, f, netbsd.FIOSETOWN, abi.AsBytes(&owner))
	}
	return 0, 0, netbsd.EINVAL
}

const allBits = ^uint32(0)

func boolean(b bool) uintptr {
	if b {
		return 1
	}
	return 0
}

// setStatus replaces the bits of mask among the status flags of f. When the
// file cannot have any, the flags stay as they were.
func setStatus(f *OpenFile, mask, bits uint32) error {
	old := f.Flags()
	f.SetFlags(mask, bits)
	err := f.File.SetFlags(f.Flags())
	if err != nil {
		f.SetFlags(mask, old)
	}
	return err
}

// closeFrom closes fd and all descriptors above it.
func (l *Lwp) closeFrom(fd int32) error {
	if fd < 0 {
		return netbsd.EBADF
	}
	for last := l.Proc.FDs().LastFD(); last >= fd; last-- {
		_ = l.CloseFD(last) // not all need be open
	}
	return nil
}

// recordLock does F_GETLK and its like, which need a file of a file system.
func (l *Lwp) recordLock(fd int32, a abi.Addr) error {
	var lock netbsd.Flock
	if err := In(l, &lock, a); err != nil {
		return err
	}
	return l.vnode(fd, netbsd.EINVAL)
}

// fileSystemControl does the commands that file systems define, and no file
// here has: the argument is looked at all the same.
func (l *Lwp) fileSystemControl(f *OpenFile, cmd uint32, arg abi.Addr) error {
	if f.Flags()&(netbsd.FREAD|netbsd.FWRITE) == 0 {
		return netbsd.EBADF
	}
	var buf [netbsd.F_PARAM_MAX]byte
	if size := cmd >> 16 & netbsd.F_PARAM_MASK; cmd&netbsd.F_FSIN != 0 && size > 0 {
		if err := l.CopyIn(buf[:size], arg); err != nil {
			return err
		}
	}
	if f.Type == TypeKqueue {
		return netbsd.ENOTTY
	}
	return netbsd.EOPNOTSUPP
}
