package vfs

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// BindSocket makes a name for a socket: EADDRINUSE when there is something of
// that name.
func (fs *FS) BindSocket(l *kern.Lwp, path string, socket any) (*Node, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, err := fs.lookup(l, path, true)
	if err != nil {
		return nil, err
	}
	if f.node != nil {
		return nil, netbsd.EADDRINUSE
	}
	n, err := fs.create(l, f, netbsd.S_IFSOCK|0o777)
	if err != nil {
		return nil, err
	}
	n.socket = socket
	return n, nil
}

// Socket returns the socket behind a name, nil when it is closed: ENOTSOCK when it
// is something else, EACCES when the caller may not write to it.
func (fs *FS) Socket(l *kern.Lwp, path string) (any, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, err := fs.existing(l, path, true)
	if err != nil {
		return nil, err
	}
	if f.node.mode&netbsd.S_IFMT != netbsd.S_IFSOCK {
		return nil, netbsd.ENOTSOCK
	}
	return f.node.socket, f.node.allows(l.Cred(), mayWrite)
}

// CloseSocket forgets the socket behind n. The name stays.
func (n *Node) CloseSocket() {
	n.fs.mu.Lock()
	defer n.fs.mu.Unlock()
	n.socket = nil
}

// create makes a node where f leads. fs.mu is held.
func (fs *FS) create(l *kern.Lwp, f found, mode uint32) (*Node, error) {
	if f.slash && mode&netbsd.S_IFMT != netbsd.S_IFDIR {
		return nil, netbsd.ENOENT
	}
	if f.dir.parent == nil { // the directory was removed
		return nil, netbsd.ENOENT
	}
	if err := f.dir.allows(l.Cred(), mayWrite); err != nil {
		return nil, err
	}
	n := fs.node(mode&^l.Proc.Umask(), l.Cred())
	n.gid = f.dir.gid
	f.dir.add(f.name, n)
	return n, nil
}

// touch notes that n changed.
func (n *Node) touch() { n.ctime = n.fs.Clock.Now() }
