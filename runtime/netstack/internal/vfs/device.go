package vfs

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// A Device is what is behind a character device (cdevsw). Each time it is opened
// there is another file (fd_clone).
type Device interface {
	Open(l *kern.Lwp) kern.File
}

// AddDevice puts a character device into /dev, which it makes if need be. rdev is
// its number, mode the permissions of its owner, root, and of others.
func (fs *FS) AddDevice(name string, mode uint32, rdev uint64, dev Device) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	root := new(kern.Cred)
	dir := fs.root.children["dev"]
	if dir == nil {
		dir = fs.node(netbsd.S_IFDIR|0o755, root)
		fs.root.add("dev", dir)
	}
	n := fs.node(netbsd.S_IFCHR|mode, root)
	n.rdev, n.device = rdev, dev
	dir.add(name, n)
}

// sysOpen is open(2). Nothing but devices can be opened: EOPNOTSUPP.
func (fs *FS) sysOpen(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	path, err := copyInPath(l, a[0])
	if err != nil {
		return 0, 0, err
	}
	flags := uint32(a[1])
	dev, err := fs.device(l, path, flags)
	if err != nil {
		return 0, 0, err
	}
	// FREAD and FWRITE are one more than O_RDONLY, O_WRONLY and O_RDWR.
	status := (flags + 1) & (netbsd.FREAD | netbsd.FWRITE | statusFlags)
	f := kern.NewOpenFile(l, netbsd.DTYPE_MISC, status, dev.Open(l))
	fd, err := l.Install(0, f, flags&netbsd.O_CLOEXEC != 0)
	return uintptr(fd), 0, err
}

// statusFlags are the flags of open(2) that stay with the file.
const statusFlags = netbsd.O_APPEND | netbsd.O_NONBLOCK | netbsd.O_ASYNC | netbsd.O_SYNC | netbsd.O_DSYNC | netbsd.O_RSYNC |
	netbsd.O_ALT_IO | netbsd.O_DIRECT | netbsd.O_NOSIGPIPE

// device returns the device that a path leads to, if the caller may open it with
// these flags.
func (fs *FS) device(l *kern.Lwp, path string, flags uint32) (Device, error) {
	want := uint32(mayRead)
	switch flags & netbsd.O_ACCMODE {
	case netbsd.O_WRONLY:
		want = mayWrite
	case netbsd.O_RDWR:
		want = mayRead | mayWrite
	case netbsd.O_ACCMODE:
		return nil, netbsd.EINVAL
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, err := fs.lookup(l, path, flags&netbsd.O_NOFOLLOW == 0)
	switch {
	case err != nil:
		return nil, err
	case f.node == nil && flags&netbsd.O_CREAT == 0:
		return nil, netbsd.ENOENT
	case f.node == nil:
		return nil, netbsd.EOPNOTSUPP
	case flags&(netbsd.O_CREAT|netbsd.O_EXCL) == netbsd.O_CREAT|netbsd.O_EXCL:
		return nil, netbsd.EEXIST
	case f.node.mode&netbsd.S_IFMT == netbsd.S_IFLNK: // which O_NOFOLLOW does not want
		return nil, netbsd.EFTYPE
	case f.node.isDir() && want&mayWrite != 0:
		return nil, netbsd.EISDIR
	case flags&netbsd.O_DIRECTORY != 0 && !f.node.isDir():
		return nil, netbsd.ENOTDIR
	}
	if err := f.node.allows(l.Cred(), want); err != nil {
		return nil, err
	}
	if f.node.device == nil {
		return nil, netbsd.EOPNOTSUPP
	}
	return f.node.device, nil
}
