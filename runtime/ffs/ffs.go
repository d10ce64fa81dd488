package ffs

import (
	"fmt"
	"io"

	"github.com/abigen/abigen/netbsd/portable"
)

// An FS is a file system in an image. Its methods may be used by several
// goroutines at once.
type FS struct {
	*geometry
	sb     *portable.Fs
	r      io.ReaderAt
	size   int64 // of the image
	blocks cache[int64, []byte]
	names  cache[uint64, map[string]Entry]
}

// How much is kept: blocks of inodes, of addresses and of directories, and the
// entries of directories, by name.
const (
	keptBlocks      = 64
	keptDirectories = 16
)

// Open returns the file system in r, of which size bytes belong to it. It reads
// the superblock and the root directory's inode.
//
// Errors: ErrNotFFS, a CorruptError, and those of r.
func Open(r io.ReaderAt, size int64) (*FS, error) {
	r = io.NewSectionReader(r, 0, size)
	sb, g, err := findSuperblock(r)
	if err != nil {
		return nil, err
	}
	if r, err = openJournal(r, sb, g.target); err != nil {
		return nil, err
	}
	if _, ok := r.(*journal); ok { // which may have a newer one
		if sb, g, err = findSuperblock(r); err != nil {
			return nil, err
		}
	}
	f := &FS{geometry: g, sb: sb, r: r, size: size}
	f.blocks.limit = keptBlocks
	f.names.limit = keptDirectories
	root, err := f.Root()
	if err != nil {
		return nil, err
	}
	if !root.isDir() {
		return nil, corrupt(root.Ino, "the root is not a directory")
	}
	return f, nil
}

// readAt fills p from the byte at of the image.
func (f *FS) readAt(p []byte, at int64) error {
	if at > f.size-int64(len(p)) {
		return fmt.Errorf("byte %d: the image ends before: %w", at, io.ErrUnexpectedEOF)
	}
	return readFull(f.r, p, at)
}

// block returns the n bytes of the image that begin at a byte, for reading only.
// They are kept for the next time.
func (f *FS) block(at int64, n int) ([]byte, error) {
	if b, ok := f.blocks.get(at); ok && len(b) >= n {
		return b[:n], nil
	}
	b := make([]byte, n)
	if err := f.readAt(b, at); err != nil {
		return nil, err
	}
	f.blocks.put(at, b)
	return b, nil
}
