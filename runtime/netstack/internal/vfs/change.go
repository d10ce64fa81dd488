package vfs

import (
	"slices"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// allPerms are the bits of a mode that chmod changes (ALLPERMS).
const allPerms = 0o7777

func (fs *FS) mkdir(l *kern.Lwp, path string, mode uint32) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, err := fs.lookup(l, path, true)
	if err != nil {
		return err
	}
	if f.node != nil {
		return netbsd.EEXIST
	}
	_, err = fs.create(l, f, netbsd.S_IFDIR|mode&0o777)
	return err
}

func (fs *FS) symlink(l *kern.Lwp, target, path string) error {
	if target == "" {
		return netbsd.ENOENT
	}
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, err := fs.lookup(l, path, false)
	if err != nil {
		return err
	}
	if f.node != nil {
		return netbsd.EEXIST
	}
	n, err := fs.create(l, f, netbsd.S_IFLNK|0o777)
	if err == nil {
		n.target = target
	}
	return err
}

func (fs *FS) unlink(l *kern.Lwp, path string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, err := fs.existing(l, path, false)
	if err != nil {
		return err
	}
	if f.node == fs.root {
		return netbsd.EBUSY
	}
	if f.node.isDir() || f.dir == nil {
		return netbsd.EPERM
	}
	if err := f.dir.mayRemove(l.Cred(), f.node); err != nil {
		return err
	}
	f.dir.drop(f.name, f.node)
	return nil
}

func (fs *FS) rmdir(l *kern.Lwp, path string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, err := fs.existing(l, path, false)
	switch {
	case err != nil:
		return err
	case !f.node.isDir():
		return netbsd.ENOTDIR
	case f.node == fs.root:
		return netbsd.EBUSY
	case f.dir == nil: // "." and ".."
		return netbsd.EINVAL
	case len(f.node.children) != 0:
		return netbsd.ENOTEMPTY
	}
	if err := f.dir.mayRemove(l.Cred(), f.node); err != nil {
		return err
	}
	f.dir.drop(f.name, f.node)
	return nil
}

func (fs *FS) rename(l *kern.Lwp, from, to string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	src, err := fs.existing(l, from, false)
	if err != nil {
		return err
	}
	dst, err := fs.lookup(l, to, false)
	if err != nil {
		return err
	}
	if src.dir == nil || dst.dir == nil {
		return netbsd.EINVAL
	}
	if src.node == dst.node {
		return nil
	}
	if err := mayRename(l.Cred(), src, dst); err != nil {
		return err
	}
	if dst.node != nil {
		dst.dir.drop(dst.name, dst.node)
	}
	nlink := src.node.nlink
	src.dir.drop(src.name, src.node)
	dst.dir.add(dst.name, src.node)
	src.node.nlink = nlink
	src.node.touch()
	return nil
}

// mayRename checks what rename(2) is to check of two different files.
func mayRename(c *kern.Cred, src, dst found) error {
	if err := src.dir.mayRemove(c, src.node); err != nil {
		return err
	}
	if err := dst.dir.allows(c, mayWrite); err != nil {
		return err
	}
	if src.node.isDir() {
		for d := dst.dir; ; d = d.parent {
			if d == src.node || d == nil { // into itself, or into nowhere
				return netbsd.EINVAL
			}
			if d == d.parent {
				break
			}
		}
	} else if dst.slash {
		return netbsd.ENOTDIR
	}
	if dst.node == nil {
		return nil
	}
	switch {
	case dst.node.isDir() && !src.node.isDir():
		return netbsd.EISDIR
	case !dst.node.isDir() && src.node.isDir():
		return netbsd.ENOTDIR
	case len(dst.node.children) != 0:
		return netbsd.ENOTEMPTY
	}
	return dst.dir.mayRemove(c, dst.node)
}

func (fs *FS) chmod(l *kern.Lwp, path string, follow bool, mode uint32) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, err := fs.existing(l, path, follow)
	if err != nil {
		return err
	}
	n, c := f.node, l.Cred()
	if c.EUID != 0 && c.EUID != n.uid {
		return netbsd.EPERM
	}
	if c.EUID != 0 {
		if mode&netbsd.S_ISVTX != 0 && !n.isDir() {
			return netbsd.EFTYPE
		}
		if mode&netbsd.S_ISGID != 0 && !inGroup(c, n.gid) {
			return netbsd.EPERM
		}
	}
	n.mode = n.mode&^allPerms | mode&allPerms
	n.touch()
	return nil
}

// chown gives a file to somebody; all bits set leave an id as it is.
func (fs *FS) chown(l *kern.Lwp, path string, follow bool, uid, gid uint32) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, err := fs.existing(l, path, follow)
	if err != nil {
		return err
	}
	n, c := f.node, l.Cred()
	if uid == ^uint32(0) {
		uid = n.uid
	}
	if gid == ^uint32(0) {
		gid = n.gid
	}
	if c.EUID != 0 && (c.EUID != n.uid || uid != n.uid || gid != n.gid && !inGroup(c, gid)) {
		return netbsd.EPERM
	}
	n.uid, n.gid = uid, gid
	n.touch()
	return nil
}

func inGroup(c *kern.Cred, gid uint32) bool { return gid == c.EGID || slices.Contains(c.Groups, gid) }
