package vfs

import (
	"strings"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// cwd returns the working directory of the caller.
func (fs *FS) cwd(l *kern.Lwp) *Node {
	if n, ok := l.Proc.Dir().(*Node); ok {
		return n
	}
	return fs.root
}

func (fs *FS) chdir(l *kern.Lwp, path string) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	f, err := fs.existing(l, path, true)
	if err != nil {
		return err
	}
	if !f.node.isDir() {
		return netbsd.ENOTDIR
	}
	if err := f.node.allows(l.Cred(), mayExec); err != nil {
		return err
	}
	l.Proc.SetDir(f.node)
	return nil
}

// sysGetcwd is __getcwd(2): it returns the length of the path with the zero byte
// at its end. ERANGE: that is more than there is room for. ENOENT: the directory
// was removed.
func (fs *FS) sysGetcwd(l *kern.Lwp, a syscalls.Args) (r0, r1 uintptr, err error) {
	size := uint64(a[1])
	if size < 2 {
		return 0, 0, netbsd.ERANGE
	}
	path, err := fs.pathOf(fs.cwd(l))
	if err != nil {
		return 0, 0, err
	}
	if uint64(len(path))+1 > size {
		return 0, 0, netbsd.ERANGE
	}
	return uintptr(len(path) + 1), 0, l.CopyOut(append([]byte(path), 0), abi.Addr(a[0]))
}

// pathOf returns the path of a directory from the root.
func (fs *FS) pathOf(n *Node) (string, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	var b strings.Builder
	var names []string
	for ; n != fs.root; n = n.parent {
		if n.parent == nil {
			return "", netbsd.ENOENT
		}
		for name, child := range n.parent.children {
			if child == n {
				names = append(names, name)
			}
		}
	}
	for i := len(names) - 1; i >= 0; i-- {
		b.WriteString("/" + names[i])
	}
	if b.Len() == 0 {
		return "/", nil
	}
	return b.String(), nil
}
