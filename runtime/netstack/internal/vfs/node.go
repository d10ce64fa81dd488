package vfs

import (
	"slices"
	"sync"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// An FS is a tree. One lock is for all of it; it is a leaf.
type FS struct {
	Clock hypercall.Clock

	mu   sync.Mutex
	root *Node
	ino  uint64 // the last one given out
}

// A Node is a file: what a name stands for. All but Socket is guarded by the lock
// of the tree.
type Node struct {
	fs       *FS
	ino      uint64
	mode     uint32 // S_IF* and permissions
	uid, gid uint32
	nlink    uint32
	ctime    time.Time // of the last change of all that stat shows
	btime    time.Time

	parent   *Node            // of a directory; itself for the root, nil when removed
	children map[string]*Node // of a directory
	target   string           // of a symbolic link
	socket   any              // of a socket, until it is closed
	device   Device           // of a character device
	rdev     uint64           // its number
}

// New makes a tree that has nothing but a root directory, with the host's clock.
func New(clock hypercall.Clock) *FS {
	fs := &FS{Clock: clock}
	fs.root = fs.node(netbsd.S_IFDIR|0o755, new(kern.Cred))
	fs.root.parent, fs.root.nlink = fs.root, 2
	return fs
}

func (fs *FS) node(mode uint32, c *kern.Cred) *Node {
	fs.ino++
	now := fs.Clock.Now()
	n := &Node{fs: fs, ino: fs.ino, mode: mode, uid: c.EUID, gid: c.EGID, nlink: 1, ctime: now, btime: now}
	if n.isDir() {
		n.children = map[string]*Node{}
	}
	return n
}

func (n *Node) isDir() bool { return n.mode&netbsd.S_IFMT == netbsd.S_IFDIR }

// The permissions, as bits of the last three of a mode.
const (
	mayExec  = 1
	mayWrite = 2
	mayRead  = 4
)

// permits checks whether one with these ids may do something with n: EACCES. The
// superuser may do all but execute what nobody may.
func (n *Node) permits(uid, gid uint32, groups []uint32, want uint32) error {
	mode := n.mode
	switch {
	case uid == 0:
		if want&mayExec == 0 || n.isDir() || mode&0o111 != 0 {
			return nil
		}
		return netbsd.EACCES
	case uid == n.uid:
		mode >>= 6
	case gid == n.gid || slices.Contains(groups, n.gid):
		mode >>= 3
	}
	if mode&want != want {
		return netbsd.EACCES
	}
	return nil
}

func (n *Node) allows(c *kern.Cred, want uint32) error {
	return n.permits(c.EUID, c.EGID, c.Groups, want)
}

// add puts child into the directory n.
func (n *Node) add(name string, child *Node) {
	n.children[name] = child
	n.touch()
	if child.isDir() {
		child.parent = n
		child.nlink = 2
		n.nlink++
	}
}

// drop takes the name of child out of the directory n.
func (n *Node) drop(name string, child *Node) {
	delete(n.children, name)
	n.touch()
	child.nlink--
	if child.isDir() {
		child.parent = nil
		child.nlink = 0
		n.nlink--
	}
}

// mayRemove checks whether one may take child out of the directory n, or put it
// somewhere else: EACCES, or EPERM in a sticky directory.
func (n *Node) mayRemove(c *kern.Cred, child *Node) error {
	if err := n.allows(c, mayWrite); err != nil {
		return err
	}
	if n.mode&netbsd.S_ISVTX != 0 && c.EUID != 0 && c.EUID != n.uid && c.EUID != child.uid {
		return netbsd.EPERM
	}
	return nil
}
