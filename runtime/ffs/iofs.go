package ffs

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/abigen/abigen/netbsd"
)

var _ interface {
	fs.StatFS
	fs.ReadDirFS
	fs.ReadLinkFS
} = (*FS)(nil)

// Open opens a file for reading. It implements fs.FS.
func (f *FS) Open(name string) (fs.File, error) {
	n, err := f.lookup("open", name, true)
	if err != nil {
		return nil, err
	}
	return &file{n: n, name: name}, nil
}

// Stat returns what the file at a name is; Sys of that is an *Inode. It
// implements fs.StatFS.
func (f *FS) Stat(name string) (fs.FileInfo, error) { return f.info("stat", name, true) }

// Lstat is Stat, but does not follow a symbolic link. It implements
// fs.ReadLinkFS.
func (f *FS) Lstat(name string) (fs.FileInfo, error) { return f.info("lstat", name, false) }

// ReadDir returns what is in a directory, sorted by name. It implements
// fs.ReadDirFS.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	n, err := f.lookup("readdir", name, true)
	if err != nil {
		return nil, err
	}
	list, err := dirEntries(n)
	return list, pathError("readdir", name, err)
}

// ReadLink returns where a symbolic link leads. It implements fs.ReadLinkFS.
func (f *FS) ReadLink(name string) (string, error) {
	n, err := f.lookup("readlink", name, false)
	if err != nil {
		return "", err
	}
	to, err := n.Readlink()
	return to, pathError("readlink", name, err)
}

func (f *FS) info(op, name string, follow bool) (fs.FileInfo, error) {
	n, err := f.lookup(op, name, follow)
	if err != nil {
		return nil, err
	}
	return info{baseName(name), n}, nil
}

func (f *FS) lookup(op, name string, follow bool) (*Inode, error) {
	if !fs.ValidPath(name) {
		return nil, pathError(op, name, fs.ErrInvalid)
	}
	n, err := f.Lookup(name, follow)
	return n, pathError(op, name, err)
}

func pathError(op, name string, err error) error {
	if err == nil {
		return nil
	}
	return &fs.PathError{Op: op, Path: name, Err: err}
}

func baseName(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// info is an fs.FileInfo.
type info struct {
	name string
	n    *Inode
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.n.Size() }
func (i info) Mode() fs.FileMode  { return i.n.FileMode() }
func (i info) ModTime() time.Time { return i.n.ModTime() }
func (i info) IsDir() bool        { return i.n.isDir() }
func (i info) Sys() any           { return i.n }
func (i info) String() string     { return fs.FormatFileInfo(i) }

// dirEntry is an fs.DirEntry.
type dirEntry struct {
	dir  *Inode
	e    Entry
	kind fs.FileMode
}

func (d dirEntry) Name() string      { return d.e.Name }
func (d dirEntry) IsDir() bool       { return d.kind.IsDir() }
func (d dirEntry) Type() fs.FileMode { return d.kind }
func (d dirEntry) String() string    { return fs.FormatDirEntry(d) }

func (d dirEntry) Info() (fs.FileInfo, error) {
	n, err := d.dir.Child(d.e)
	if err != nil {
		return nil, pathError("lstat", d.e.Name, err)
	}
	return info{d.e.Name, n}, nil
}

// dirEntries returns what is in a directory, sorted by name.
func dirEntries(n *Inode) ([]fs.DirEntry, error) {
	entries, err := n.Entries()
	if err != nil {
		return nil, err
	}
	list := make([]fs.DirEntry, 0, len(entries))
	for _, e := range entries {
		if e.Name == "." || e.Name == ".." {
			continue
		}
		d := dirEntry{dir: n, e: e, kind: FileMode(uint32(e.Type) << 12).Type()}
		if e.Type == netbsd.DT_UNKNOWN {
			c, err := n.Child(e)
			if err != nil {
				return nil, err
			}
			d.kind = c.FileMode().Type()
		}
		list = append(list, d)
	}
	slices.SortFunc(list, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return list, nil
}

// file is an fs.File, also of a directory. As with those of package os, one
// goroutine uses it at a time, except for ReadAt.
type file struct {
	n      *Inode
	name   string
	off    int64
	rest   []fs.DirEntry // what ReadDir has still to return
	begun  bool          // it has been called
	closed bool
}

var _ interface {
	fs.ReadDirFile
	io.ReadSeeker
	io.ReaderAt
} = (*file)(nil)

func (f *file) Close() error {
	if f.closed {
		return pathError("close", f.name, fs.ErrClosed)
	}
	f.closed = true
	return nil
}

func (f *file) Stat() (fs.FileInfo, error) {
	if f.closed {
		return nil, pathError("stat", f.name, fs.ErrClosed)
	}
	return info{baseName(f.name), f.n}, nil
}

func (f *file) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	m, err := f.ReadAt(p, f.off)
	f.off += int64(m)
	if m > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return m, err
}

func (f *file) ReadAt(p []byte, off int64) (int, error) {
	var err error
	switch {
	case f.closed:
		err = fs.ErrClosed
	case f.n.isDir():
		err = netbsd.EISDIR
	}
	m := 0
	if err == nil {
		m, err = f.n.ReadAt(p, off)
	}
	if errors.Is(err, io.EOF) {
		return m, io.EOF
	}
	return m, pathError("read", f.name, err)
}

func (f *file) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.off
	case io.SeekEnd:
		offset += f.n.Size()
	default:
		offset = -1
	}
	if offset < 0 || f.n.isDir() {
		return 0, pathError("seek", f.name, fs.ErrInvalid)
	}
	f.off = offset
	return offset, nil
}

func (f *file) ReadDir(n int) ([]fs.DirEntry, error) {
	if !f.begun {
		list, err := dirEntries(f.n)
		if err != nil {
			return nil, pathError("readdir", f.name, err)
		}
		f.rest, f.begun = list, true
	}
	list := f.rest
	if n > 0 {
		if len(list) == 0 {
			return nil, io.EOF
		}
		list = list[:min(n, len(list))]
	}
	f.rest = f.rest[len(list):]
	return list, nil
}
