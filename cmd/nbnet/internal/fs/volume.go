// Package fs lists, reads and writes the files of a file system in an image,
// for "nbnet fs". Where the files come from it does not care: a Volume is
// either read in Go, by package ffs, or mounted by NetBSD's kernel and used
// through its system calls. What is printed is the same.
package fs

import (
	"errors"
	"io"

	"github.com/abigen/abigen/netbsd/portable"
	"github.com/abigen/abigen/runtime/ffs"
)

// A Volume is a file system in an image. Paths are NetBSD's; relative ones begin
// at the root. One goroutine uses it at a time.
type Volume interface {
	// Stat returns what a file is. A symbolic link at the end of the path is
	// followed if follow says so.
	Stat(path string, follow bool) (portable.Stat, error)

	// Names returns what is in a directory, but for "." and "..", in any order.
	Names(path string) ([]string, error)

	Readlink(path string) (string, error)
	Open(path string) (File, error)
	Close() error
}

// A File is a regular file that is being read.
type File interface {
	io.Reader
	io.Closer
}

// A sparseFile is a File that can tell its holes.
type sparseFile interface {
	io.ReaderAt
	NextData(off int64) (start, end int64, err error) // as of ffs.Inode
}

// A WriteVolume is a Volume that can be changed.
type WriteVolume interface {
	Volume
	Create(path string, mode uint32) (Sink, error) // what was there before is lost
	Mkdir(path string, mode uint32) error
	Symlink(to, path string) error
}

// A Sink is a regular file that is being written. What is not written is a hole.
type Sink interface {
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Preserve(mode uint32, mtime portable.Timespec) error // sets both
}

// Read returns the volume of an image that is read without a kernel.
func Read(fsys *ffs.FS) Volume { return image{fsys} }

// image is a Volume read by package ffs.
type image struct{ fs *ffs.FS }

func (v image) Close() error { return nil }

func (v image) Stat(path string, follow bool) (portable.Stat, error) {
	n, err := v.fs.Lookup(path, follow)
	if err != nil {
		return portable.Stat{}, err
	}
	return n.Stat(), nil
}

func (v image) Names(path string) ([]string, error) {
	n, err := v.fs.Lookup(path, true)
	if err != nil {
		return nil, err
	}
	entries, err := n.Entries()
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		if e.Name != "." && e.Name != ".." {
			names = append(names, e.Name)
		}
	}
	return names, err
}

func (v image) Readlink(path string) (string, error) {
	n, err := v.fs.Lookup(path, false)
	if err != nil {
		return "", err
	}
	return n.Readlink()
}

func (v image) Open(path string) (File, error) {
	n, err := v.fs.Lookup(path, true)
	if err != nil {
		return nil, err
	}
	return &imageFile{Inode: n}, nil
}

// imageFile reads a file of an image from its beginning.
type imageFile struct {
	*ffs.Inode
	off int64
}

func (f *imageFile) Close() error { return nil }

func (f *imageFile) Read(p []byte) (int, error) {
	n, err := f.ReadAt(p, f.off)
	f.off += int64(n)
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}
