package vfs

import (
	"strings"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// maxLinks is how many symbolic links a path may go through (MAXSYMLINKS).
const maxLinks = 32

// A found is where a path leads.
type found struct {
	dir   *Node  // that has the last name; nil for the root itself, and for "." and ".."
	name  string // the last name
	node  *Node  // nil when there is no such name
	slash bool   // the path ends with a slash: it is to be a directory
}

// lookup follows a path (namei). The last name need not exist. A symbolic link
// there is followed if follow says so. fs.mu is held.
//
// The errors are ENOENT for an empty path or a directory on the way that is not
// there, ENOTDIR, EACCES, ENAMETOOLONG, and ELOOP.
func (fs *FS) lookup(l *kern.Lwp, path string, follow bool) (found, error) {
	if path == "" {
		return found{}, netbsd.ENOENT
	}
	at, rest := fs.cwd(l), path
	for links := 0; ; {
		if strings.HasPrefix(rest, "/") { // at the beginning, or that of a link
			at, rest = fs.root, strings.TrimLeft(rest, "/")
		}
		if rest == "" {
			return found{node: at, slash: true}, nil
		}
		name, more, slash := strings.Cut(rest, "/")
		more = strings.TrimLeft(more, "/")
		last := more == ""
		f, err := at.step(name, l.Cred())
		if err != nil {
			return found{}, err
		}
		f.slash = slash && last
		switch {
		case f.node != nil && f.node.mode&netbsd.S_IFMT == netbsd.S_IFLNK && (!last || follow || f.slash):
			if links++; links > maxLinks {
				return found{}, netbsd.ELOOP
			}
			if rest = f.node.target; slash {
				rest += "/" + more
			}
			if len(rest) >= netbsd.PATH_MAX {
				return found{}, netbsd.ENAMETOOLONG
			}
		case last:
			if f.slash && f.node != nil && !f.node.isDir() {
				return found{}, netbsd.ENOTDIR
			}
			return f, nil
		case f.node == nil:
			return found{}, netbsd.ENOENT
		default:
			at, rest = f.node, more
		}
	}
}

// step looks for one name in n.
func (n *Node) step(name string, c *kern.Cred) (found, error) {
	if !n.isDir() {
		return found{}, netbsd.ENOTDIR
	}
	if len(name) > netbsd.NAME_MAX {
		return found{}, netbsd.ENAMETOOLONG
	}
	if err := n.allows(c, mayExec); err != nil {
		return found{}, err
	}
	switch name {
	case ".":
		return found{node: n}, nil
	case "..":
		if n.parent == nil { // removed since
			return found{}, netbsd.ENOENT
		}
		return found{node: n.parent}, nil
	}
	return found{dir: n, name: name, node: n.children[name]}, nil
}

// existing is lookup of what must exist: ENOENT.
func (fs *FS) existing(l *kern.Lwp, path string, follow bool) (found, error) {
	f, err := fs.lookup(l, path, follow)
	if err == nil && f.node == nil {
		err = netbsd.ENOENT
	}
	return f, err
}
