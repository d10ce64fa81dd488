package vfs

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// Sysents lists the system calls on names.
func (fs *FS) Sysents() []kern.Sysent {
	const full = kernel.Full
	return []kern.Sysent{
		{Number: netbsd.SYS_open, Handler: fs.sysOpen, Level: kernel.Partial, Note: "devices only"},
		{Number: netbsd.SYS___stat50, Handler: fs.sysStat(true), Level: full},
		{Number: netbsd.SYS___lstat50, Handler: fs.sysStat(false), Level: full},
		{Number: netbsd.SYS_access, Handler: fs.sysAccess, Level: full},
		{Number: netbsd.SYS_chmod, Handler: fs.sysChmod(true), Level: full},
		{Number: netbsd.SYS_lchmod, Handler: fs.sysChmod(false), Level: full},
		{Number: netbsd.SYS_chown, Handler: fs.sysChown(true), Level: full},
		{Number: netbsd.SYS_lchown, Handler: fs.sysChown(false), Level: full},
		{Number: netbsd.SYS___posix_chown, Handler: fs.sysChown(true), Level: full},
		{Number: netbsd.SYS___posix_lchown, Handler: fs.sysChown(false), Level: full},
		{Number: netbsd.SYS_unlink, Handler: fs.path(fs.unlink), Level: full},
		{Number: netbsd.SYS_rmdir, Handler: fs.path(fs.rmdir), Level: full},
		{Number: netbsd.SYS_chdir, Handler: fs.path(fs.chdir), Level: full},
		{Number: netbsd.SYS_mkdir, Handler: fs.sysMkdir, Level: full},
		{Number: netbsd.SYS_rename, Handler: fs.paths(fs.rename), Level: full},
		{Number: netbsd.SYS___posix_rename, Handler: fs.paths(fs.rename), Level: full},
		{Number: netbsd.SYS_symlink, Handler: fs.paths(fs.symlink), Level: full},
		{Number: netbsd.SYS_readlink, Handler: fs.sysReadlink, Level: full},
		{Number: netbsd.SYS___getcwd, Handler: fs.sysGetcwd, Level: full},
	}
}

func copyInPath(l *kern.Lwp, a uintptr) (string, error) {
	return l.CopyInString(abi.Addr(a), netbsd.PATH_MAX)
}

// path makes a system call of something done to one path.
func (fs *FS) path(do func(l *kern.Lwp, path string) error) kern.Handler {
	return func(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
		path, err := copyInPath(l, a[0])
		if err != nil {
			return 0, 0, err
		}
		return 0, 0, do(l, path)
	}
}

// paths makes a system call of something done to two paths.
func (fs *FS) paths(do func(l *kern.Lwp, a, b string) error) kern.Handler {
	return func(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
		first, err := copyInPath(l, a[0])
		if err != nil {
			return 0, 0, err
		}
		second, err := copyInPath(l, a[1])
		if err != nil {
			return 0, 0, err
		}
		return 0, 0, do(l, first, second)
	}
}

func (fs *FS) sysMkdir(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	return fs.path(func(l *kern.Lwp, path string) error { return fs.mkdir(l, path, uint32(a[1])) })(l, a)
}

func (fs *FS) sysChmod(follow bool) kern.Handler {
	return func(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
		return fs.path(func(l *kern.Lwp, path string) error { return fs.chmod(l, path, follow, uint32(a[1])) })(l, a)
	}
}

func (fs *FS) sysChown(follow bool) kern.Handler {
	return func(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
		return fs.path(func(l *kern.Lwp, path string) error {
			return fs.chown(l, path, follow, uint32(a[1]), uint32(a[2]))
		})(l, a)
	}
}

func (fs *FS) sysStat(follow bool) kern.Handler {
	return func(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
		path, err := copyInPath(l, a[0])
		if err != nil {
			return 0, 0, err
		}
		var st netbsd.Stat
		fs.mu.Lock()
		f, err := fs.existing(l, path, follow)
		if err == nil {
			f.node.stat(&st)
		}
		fs.mu.Unlock()
		if err != nil {
			return 0, 0, err
		}
		return 0, 0, kern.Out(l, &st, abi.Addr(a[1]))
	}
}

// stat fills in st. fs.mu is held.
func (n *Node) stat(st *netbsd.Stat) {
	st.Ino, st.Mode, st.Nlink, st.UID, st.GID = n.ino, n.mode, n.nlink, n.uid, n.gid
	st.Ctim, st.Birthtim = kern.Timespec(n.ctime), kern.Timespec(n.btime)
	st.Atim, st.Mtim = st.Ctim, st.Ctim
	st.Size, st.Rdev = int64(len(n.target)), n.rdev
	st.Blksize = 4096
}

// accessModes are the bits that access(2) takes: execute, write, read.
const accessModes = mayExec | mayWrite | mayRead

// sysAccess is access(2), which goes by the real ids.
func (fs *FS) sysAccess(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	mode := uint32(a[1])
	if mode&^accessModes != 0 {
		return 0, 0, netbsd.EINVAL
	}
	return fs.path(func(l *kern.Lwp, path string) error {
		fs.mu.Lock()
		defer fs.mu.Unlock()
		f, err := fs.existing(l, path, true)
		if err != nil {
			return err
		}
		c := l.Cred()
		return f.node.permits(c.UID, c.GID, c.Groups, mode)
	})(l, a)
}

func (fs *FS) sysReadlink(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	path, err := copyInPath(l, a[0])
	if err != nil {
		return 0, 0, err
	}
	fs.mu.Lock()
	f, err := fs.existing(l, path, false)
	fs.mu.Unlock()
	if err != nil {
		return 0, 0, err
	}
	if f.node.mode&netbsd.S_IFMT != netbsd.S_IFLNK {
		return 0, 0, netbsd.EINVAL
	}
	n := min(uint64(len(f.node.target)), uint64(a[2]))
	return uintptr(n), 0, l.CopyOut([]byte(f.node.target[:n]), abi.Addr(a[1]))
}
