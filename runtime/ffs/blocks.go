package ffs

import (
	"encoding/binary"
	"io"

	"github.com/abigen/abigen/netbsd"
)

// ReadAt reads from the file as an io.ReaderAt does; holes are zeros. It fails
// with EOPNOTSUPP when the file has no contents, such as a device.
func (n *Inode) ReadAt(p []byte, off int64) (int, error) {
	switch {
	case !n.hasContents():
		return 0, netbsd.EOPNOTSUPP
	case off < 0:
		return 0, netbsd.EINVAL
	case off >= n.Size():
		return 0, io.EOF
	}
	end := false
	if rest := n.Size() - off; int64(len(p)) >= rest {
		p, end = p[:rest], true
	}
	for done := 0; done < len(p); {
		m, err := n.readRun(p[done:], off+int64(done))
		if err != nil {
			return done, err
		}
		done += m
	}
	if end {
		return len(p), io.EOF
	}
	return len(p), nil
}

func (n *Inode) hasContents() bool {
	switch n.d.Mode & netbsd.IFMT {
	case netbsd.IFREG, netbsd.IFDIR, netbsd.IFLNK:
		return true
	}
	return false
}

// readRun reads the beginning of p: as much as lies in one piece in the image,
// or in one hole. All of p is inside the file.
func (n *Inode) readRun(p []byte, off int64) (int, error) {
	e, err := n.extent(off, int64(len(p)))
	if err != nil {
		return 0, err
	}
	p = p[:e.size]
	if e.hole {
		clear(p)
		return len(p), nil
	}
	return len(p), n.fs.readAt(p, e.at)
}

// NextData returns the first range of the file, at or behind off, that is not
// a hole. io.EOF: there is none.
func (n *Inode) NextData(off int64) (start, end int64, err error) {
	if !n.hasContents() {
		return 0, 0, netbsd.EOPNOTSUPP
	}
	for off = max(off, 0); off < n.Size(); {
		e, err := n.extent(off, n.Size()-off)
		switch {
		case err != nil:
			return 0, 0, err
		case !e.hole:
			return off, off + e.size, nil
		}
		off += e.size
	}
	return 0, 0, io.EOF
}

// An extent is a part of a file that is a hole, or in one piece in the image.
type extent struct {
	at   int64 // a byte of the image
	size int64
	hole bool
}

// longest is how many bytes an extent has at most, so that looking for its end
// does not read addresses nobody asked for.
const longest = 4 << 20

// extent returns the one that begins at off, at most want bytes, all of which
// are in the file.
func (n *Inode) extent(off, want int64) (extent, error) {
	bsize := n.fs.bsize
	lbn, in := off/bsize, off%bsize
	addr, span, err := n.locate(lbn)
	if err != nil {
		return extent{}, err
	}
	if addr == 0 {
		return extent{size: min(want, span*bsize-in), hole: true}, nil
	}
	e := extent{at: addr*n.fs.fsize + in}
	want = min(want, longest)
	for next := addr; ; {
		got := min(want, e.size+bsize-in)
		if err := n.inside(next, (got-e.size+in+n.fs.fsize-1)/n.fs.fsize); err != nil {
			if e.size > 0 {
				return e, nil // the error is that of the next extent
			}
			return extent{}, err
		}
		e.size, in = got, 0
		if e.size == want {
			return e, nil
		}
		lbn++
		after, _, err := n.locate(lbn)
		if err != nil || after != next+n.fs.frag {
			return e, nil // as above
		}
		next = after
	}
}

// inside checks that the fragments at addr are in the file system.
func (n *Inode) inside(addr, count int64) error {
	if addr < 0 || addr > n.fs.frags-count {
		return corrupt(n.Ino, "block %d is beyond the end", addr)
	}
	return nil
}

// locate returns the address of a block of the file, a fragment. When that is 0,
// span is how many blocks from there on are a hole.
func (n *Inode) locate(lbn int64) (addr, span int64, err error) {
	addr, span, err = n.address(lbn)
	if err != nil || n.d.Flags&(netbsd.SF_SNAPSHOT|netbsd.SF_SNAPINVAL) != netbsd.SF_SNAPSHOT {
		return addr, span, err
	}
	// A snapshot is a copy of the file system in which blocks that have not
	// changed are missing, and low numbers stand for those that are not copied.
	switch {
	case addr == 0:
		return lbn * n.fs.frag, 1, nil
	case addr > 0 && addr < n.fs.frag:
		return 0, 1, nil
	}
	return addr, span, nil
}

// address is locate without regard to snapshots.
func (n *Inode) address(lbn int64) (addr, span int64, err error) {
	if lbn < netbsd.UFS_NDADDR {
		return n.d.Db[lbn], 1, nil
	}
	rel, level := lbn-netbsd.UFS_NDADDR, 0
	for span = n.fs.nindir; rel >= span; span *= n.fs.nindir {
		rel -= span
		if level++; level == len(n.d.Ib) {
			return 0, 0, corrupt(n.Ino, "block %d of the file is more than it can have", lbn)
		}
	}
	addr = n.d.Ib[level]
	for span > 1 {
		if addr == 0 {
			return 0, span - rel, nil
		}
		if err := n.inside(addr, n.fs.frag); err != nil {
			return 0, 0, err
		}
		b, err := n.fs.block(addr*n.fs.fsize, int(n.fs.bsize))
		if err != nil {
			return 0, 0, err
		}
		span /= n.fs.nindir
		addr = n.fs.entryOf(b, rel/span)
		rel %= span
	}
	return addr, 1, nil
}

// entryOf returns address i in an indirect block.
func (g *geometry) entryOf(b []byte, i int64) int64 {
	var order binary.ByteOrder = binary.LittleEndian
	if g.target.BigEndian() {
		order = binary.BigEndian
	}
	if g.v2 {
		return int64(order.Uint64(b[8*i:]))
	}
	return int64(int32(order.Uint32(b[4*i:])))
}
