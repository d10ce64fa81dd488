package ffs

import (
	"strings"

	"github.com/abigen/abigen/netbsd"
)

// Lookup returns the file at a path, as NetBSD's kernel finds it: relative paths
// begin at the root, as absolute ones do; each part is looked up before the
// next, so that ".." behind a symbolic link is relative to where that leads; and
// the last symbolic link is followed when follow says so, or a slash is behind it.
//
// Errors: ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, a CorruptError, those of the image.
func (f *FS) Lookup(path string, follow bool) (*Inode, error) {
	if path == "" {
		return nil, netbsd.ENOENT
	}
	at, err := f.Root()
	if err != nil {
		return nil, err
	}
	for links := 0; ; {
		if len(path) >= netbsd.MAXPATHLEN {
			return nil, netbsd.ENAMETOOLONG
		}
		name, rest, slash := strings.Cut(strings.TrimLeft(path, "/"), "/")
		if name == "" {
			return at, nil
		}
		child, err := at.lookup(name)
		if err != nil {
			return nil, err
		}
		last := strings.Trim(rest, "/") == ""
		switch {
		case last && !slash && !(follow && child.isSymlink()):
			return child, nil
		case !child.isSymlink() && !child.isDir():
			return nil, netbsd.ENOTDIR
		case child.isDir():
			at, path = child, rest
			continue
		}
		if links++; links > netbsd.MAXSYMLINKS {
			return nil, netbsd.ELOOP
		}
		to, err := child.Readlink()
		if err != nil {
			return nil, err
		}
		switch {
		case to == "":
			return nil, netbsd.ENOENT
		case to[0] == '/':
			if at, err = f.Root(); err != nil {
				return nil, err
			}
		}
		path = to
		if slash {
			path += "/" + rest
		}
	}
}

// lookup returns the file with a name in a directory.
func (n *Inode) lookup(name string) (*Inode, error) {
	if len(name) > netbsd.FFS_MAXNAMLEN {
		return nil, netbsd.ENAMETOOLONG
	}
	e, err := n.find(name)
	if err != nil {
		return nil, err
	}
	return n.Child(e)
}
