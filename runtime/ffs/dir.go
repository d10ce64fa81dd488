package ffs

import (
	"errors"
	"io"
	"strings"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
)

// An Entry is a name in a directory.
type Entry struct {
	Name string
	Ino  uint64
	Type uint8 // DT_*; DT_UNKNOWN in file systems of 4.2BSD's form
}

// Entries returns what is in a directory, in its order, "." and ".." included.
// Errors: ENOTDIR, a CorruptError, those of the image.
func (n *Inode) Entries() ([]Entry, error) {
	var list []Entry
	directories := map[uint64]string{}
	err := n.eachEntry(func(e Entry) error {
		if e.Type == netbsd.DT_DIR && e.Name != "." && e.Name != ".." {
			if other, twice := directories[e.Ino]; twice {
				return corrupt(n.Ino, "%q and %q are one directory", other, e.Name)
			}
			directories[e.Ino] = e.Name
		}
		list = append(list, e)
		return nil
	})
	return list, err
}

// errFound ends a search.
var errFound = errors.New("found")

// find returns the entry with a name; ENOENT when there is none.
func (n *Inode) find(name string) (Entry, error) {
	names, ok := n.fs.names.get(n.Ino)
	if ok {
		if e, ok := names[name]; ok {
			return e, nil
		}
		return Entry{}, netbsd.ENOENT
	}
	if n.Size() <= n.fs.bsize {
		return n.scan(name)
	}
	names = map[string]Entry{}
	if err := n.eachEntry(func(e Entry) error {
		if _, twice := names[e.Name]; !twice {
			names[e.Name] = e
		}
		return nil
	}); err != nil {
		return Entry{}, err
	}
	n.fs.names.put(n.Ino, names)
	return n.find(name)
}

// scan is find by reading the directory.
func (n *Inode) scan(name string) (found Entry, err error) {
	err = n.eachEntry(func(e Entry) error {
		if e.Name == name {
			found = e
			return errFound
		}
		return nil
	})
	switch {
	case err == nil:
		return Entry{}, netbsd.ENOENT
	case errors.Is(err, errFound):
		return found, nil
	}
	return Entry{}, err
}

// eachEntry calls f for each entry that is in use, until f fails.
func (n *Inode) eachEntry(f func(Entry) error) error {
	if !n.isDir() {
		return netbsd.ENOTDIR
	}
	for off := int64(0); off < n.Size(); off += n.fs.bsize {
		b, err := n.directoryBlock(off)
		if err != nil {
			return err
		}
		for ; len(b) > 0; b = b[netbsd.UFS_DIRBLKSIZ:] {
			if err := n.eachInChunk(b[:netbsd.UFS_DIRBLKSIZ], f); err != nil {
				return err
			}
		}
	}
	return nil
}

// directoryBlock returns the block of a directory at off, as much of it as there is.
func (n *Inode) directoryBlock(off int64) ([]byte, error) {
	e, err := n.extent(off, min(n.fs.bsize, n.Size()-off))
	if err != nil {
		return nil, err
	}
	if e.hole {
		return nil, corrupt(n.Ino, "a directory with a hole at %d", off)
	}
	return n.fs.block(e.at, int(e.size))
}

// eachInChunk calls f for the entries in UFS_DIRBLKSIZ bytes, which none leaves.
func (n *Inode) eachInChunk(b []byte, f func(Entry) error) error {
	for len(b) > 0 {
		var d portable.Direct
		var whole [netbsd.SizeofDirect]byte // entries are shorter than the struct
		copy(whole[:], b)
		if err := d.Decode(n.fs.target, whole[:]); err != nil {
			return err
		}
		if n.fs.oldEntries {
			if !n.fs.target.BigEndian() {
				d.Namlen = d.Type // one integer of 16 bits
			}
			d.Type = netbsd.DT_UNKNOWN
		}
		const header = 8
		length := int(d.Reclen)
		switch {
		case length < header || length%netbsd.DIR_ROUNDUP != 0 || length > len(b):
			return corrupt(n.Ino, "a directory entry of %d bytes", length)
		case d.Fileno == 0 || d.Type == netbsd.DT_WHT:
		case d.Namlen == 0 || header+int(d.Namlen) >= length:
			return corrupt(n.Ino, "a name of %d bytes in a directory entry of %d", d.Namlen, length)
		default:
			e := Entry{Name: string(d.Name[:d.Namlen]), Ino: uint64(d.Fileno), Type: d.Type}
			if strings.ContainsAny(e.Name, "/\x00") {
				return corrupt(n.Ino, "the name %q", e.Name)
			}
			if err := f(e); err != nil {
				return err
			}
		}
		b = b[length:]
	}
	return nil
}

// Child returns the file that an entry of the directory is. It is not what it
// says it is: a CorruptError.
func (n *Inode) Child(e Entry) (*Inode, error) {
	switch e.Name {
	case ".":
		return n, nil
	case "..":
		return n.parent()
	}
	c, err := n.fs.Inode(e.Ino)
	if err != nil {
		return nil, err
	}
	if kind := uint8(c.d.Mode >> 12); e.Type != netbsd.DT_UNKNOWN && e.Type != kind {
		return nil, corrupt(c.Ino, "its type is %d, and %d in the directory entry %q", kind, e.Type, e.Name)
	}
	if !c.isDir() {
		return c, nil
	}
	// If each directory has one parent only, they form a tree.
	up, err := c.upward()
	if err != nil {
		return nil, err
	}
	if up != n.Ino || c.Ino == netbsd.UFS_ROOTINO {
		return nil, corrupt(c.Ino, "a directory in %d, and its parent is %d", n.Ino, up)
	}
	return c, nil
}

// parent returns the directory that a directory is in; the root is in itself.
func (n *Inode) parent() (*Inode, error) {
	if n.Ino == netbsd.UFS_ROOTINO {
		return n, nil
	}
	up, err := n.upward()
	if err != nil {
		return nil, err
	}
	p, err := n.fs.Inode(up)
	if err == nil && !p.isDir() {
		err = corrupt(n.Ino, "its parent, %d, is not a directory", up)
	}
	return p, err
}

// upward returns the parent's number. The first two entries of a directory are
// itself and that.
func (n *Inode) upward() (ino uint64, err error) {
	i := 0
	err = n.eachEntry(func(e Entry) error {
		switch i++; {
		case i == 1 && e.Name == "." && e.Ino == n.Ino:
			return nil
		case i == 2 && e.Name == "..":
			ino = e.Ino
			return errFound
		}
		return corrupt(n.Ino, "%q is at the beginning of a directory", e.Name)
	})
	switch {
	case errors.Is(err, errFound):
		return ino, nil
	case err == nil:
		err = corrupt(n.Ino, "a directory without a parent")
	}
	return 0, err
}

var _ io.ReaderAt = (*Inode)(nil)
