package ffs

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
)

// A journal is an image seen through the log of its file system: a block that has
// been written to the log, and perhaps not yet to its place, is that of the log.
type journal struct {
	r      io.ReaderAt
	target portable.Target
	start  int64 // of the log, a byte of the image
	size   int64 // of the log
	header portable.WapblWcHeader
	bsize  int64           // bytes of a block that is logged
	blocks map[int64]int64 // byte of the image to position in the ring
}

// openJournal returns r through the log that the superblock tells of; r itself
// if there is none.
func openJournal(r io.ReaderAt, sb *portable.Fs, target portable.Target) (io.ReaderAt, error) {
	if sb.Flags&netbsd.FS_DOWAPBL == 0 || sb.JournalVersion == 0 {
		return r, nil
	}
	if sb.JournalVersion != netbsd.UFS_WAPBL_VERSION {
		return nil, corrupt(0, "a journal of version %d", sb.JournalVersion)
	}
	switch sb.JournalLocation {
	case netbsd.UFS_WAPBL_JOURNALLOC_END_PARTITION, netbsd.UFS_WAPBL_JOURNALLOC_IN_FILESYSTEM:
	default:
		return nil, corrupt(0, "a journal in place %d", sb.JournalLocation)
	}
	// Both places have an address, a count and the unit of both, in this order.
	start, count, unit := sb.Journallocs[0], sb.Journallocs[1], sb.Journallocs[2]
	if !inUnit(int64(unit)) || start > 1<<40 || count > 1<<40 {
		return nil, corrupt(0, "a journal of %d times %d bytes at %d", count, unit, start)
	}
	j := &journal{r: r, target: target, start: int64(start * unit), size: int64(count * unit), blocks: map[int64]int64{}}
	if err := j.readHeader(int64(unit)); err != nil {
		return nil, err
	}
	if err := j.replay(); err != nil {
		return nil, err
	}
	if len(j.blocks) == 0 {
		return r, nil
	}
	return j, nil
}

// inUnit tells whether n can be the size of a device's block.
func inUnit(n int64) bool {
	return n >= netbsd.DEV_BSIZE && n <= netbsd.MAXBSIZE && bits.OnesCount64(uint64(n)) == 1
}

// readHeader takes that of the two headers which is newer.
func (j *journal) readHeader(unit int64) error {
	b := make([]byte, 2*unit)
	if err := readFull(j.r, b, j.start); err != nil {
		return err
	}
	var second portable.WapblWcHeader
	if err := j.header.Decode(j.target, b); err != nil {
		return err
	}
	if err := second.Decode(j.target, b[unit:]); err != nil {
		return err
	}
	if j.header.Type != netbsd.WAPBL_WC_HEADER {
		return corrupt(0, "no journal where one should be")
	}
	if second.Type == netbsd.WAPBL_WC_HEADER && second.Generation > j.header.Generation {
		j.header = second
	}
	h := &j.header
	j.bsize = int64(1) << min(h.FsDevBshift, 62)
	end := h.CircOff + h.CircSize
	switch {
	case int64(1)<<min(h.LogDevBshift, 62) != unit || !inUnit(j.bsize) || j.bsize%unit != 0:
		return corrupt(0, "a journal with blocks of 1<<%d and 1<<%d bytes", h.LogDevBshift, h.FsDevBshift)
	case h.CircOff < 0 || h.CircOff > j.size || h.CircSize <= 0 || h.CircSize > j.size-h.CircOff,
		h.CircOff%unit != 0 || h.CircSize%unit != 0:
		return corrupt(0, "a journal of %d bytes with a ring of %d at %d", j.size, h.CircSize, h.CircOff)
	case h.Head < 0 || h.Head >= end || h.Tail < 0 || h.Tail >= end || h.Head%unit != 0 || h.Tail%unit != 0:
		return corrupt(0, "a journal from %d to %d in a ring of %d at %d", h.Tail, h.Head, h.CircSize, h.CircOff)
	}
	return nil
}

// replay finds out where the newest copy of each block is.
func (j *journal) replay() error {
	unit := int64(1) << j.header.LogDevBshift
	b := make([]byte, unit)
	done := int64(0)
	for at := j.header.Tail; at != j.header.Head; {
		if err := j.readRing(b, at); err != nil {
			return err
		}
		var list portable.WapblWcBlocklist
		if err := list.Decode(j.target, b); err != nil {
			return err
		}
		length := unit
		switch list.Type {
		case netbsd.WAPBL_WC_INODES: // files without a name that were in use
		case netbsd.WAPBL_WC_BLOCKS, netbsd.WAPBL_WC_REVOCATIONS:
			n, err := j.replayBlocks(b, &list, at)
			if err != nil {
				return err
			}
			length += n
		default:
			return corrupt(0, "a record of type %#x in the journal", list.Type)
		}
		if done += length; int64(list.Len) != length || done > j.header.CircSize {
			return corrupt(0, "a record of %d bytes in the journal, which should be %d", list.Len, length)
		}
		at = j.advance(at, length)
	}
	return nil
}

// replayBlocks replays a record at a position, whose first block is b. It returns
// how many bytes of copies are behind that.
func (j *journal) replayBlocks(b []byte, list *portable.WapblWcBlocklist, at int64) (int64, error) {
	const entry = netbsd.SizeofWapblWcBlocklistBlocks // address, unused, length
	if n := int64(list.Blkcount); n < 0 || n > int64(len(b)-netbsd.OffsetofWapblWcBlocklistBlocks)/entry {
		return 0, corrupt(0, "a record of %d blocks in the journal", n)
	}
	var order binary.ByteOrder = binary.LittleEndian
	if j.target.BigEndian() {
		order = binary.BigEndian
	}
	at, total := j.advance(at, int64(len(b))), int64(0)
	for e := b[netbsd.OffsetofWapblWcBlocklistBlocks:][:list.Blkcount*entry]; len(e) > 0; e = e[entry:] {
		block, length := int64(order.Uint64(e)), int64(int32(order.Uint32(e[12:])))
		if block < 0 || block > 1<<50 || length < 0 || length > j.header.CircSize || block*netbsd.DEV_BSIZE%j.bsize != 0 {
			return 0, corrupt(0, "%d bytes for block %d in the journal", length, block)
		}
		for k := range length / j.bsize {
			to := block*netbsd.DEV_BSIZE + k*j.bsize
			if list.Type == netbsd.WAPBL_WC_REVOCATIONS {
				delete(j.blocks, to)
				continue
			}
			if total += j.bsize; total > j.header.CircSize {
				return 0, corrupt(0, "more in the journal than it holds")
			}
			j.blocks[to] = at
			at = j.advance(at, j.bsize)
		}
	}
	return total, nil
}

// advance returns the position n bytes behind one in the ring.
func (j *journal) advance(at, n int64) int64 {
	at = max(at, j.header.CircOff) + n
	if end := j.header.CircOff + j.header.CircSize; at >= end {
		at -= j.header.CircSize
	}
	return at
}

// readRing fills p from a position in the ring.
func (j *journal) readRing(p []byte, at int64) error {
	at = max(at, j.header.CircOff)
	n := min(int64(len(p)), j.header.CircOff+j.header.CircSize-at)
	if err := readFull(j.r, p[:n], j.start+at); err != nil || n == int64(len(p)) {
		return err
	}
	return readFull(j.r, p[n:], j.start+j.header.CircOff)
}

// ReadAt reads as if what is in the log were in its place.
func (j *journal) ReadAt(p []byte, off int64) (int, error) {
	n, err := j.r.ReadAt(p, off)
	var b []byte
	for to := off &^ (j.bsize - 1); to < off+int64(n); to += j.bsize {
		at, ok := j.blocks[to]
		if !ok {
			continue
		}
		if b == nil {
			b = make([]byte, j.bsize)
		}
		if err := j.readRing(b, at); err != nil {
			return 0, err
		}
		if to < off {
			copy(p[:n], b[off-to:])
		} else {
			copy(p[to-off:n], b)
		}
	}
	return n, err
}

// readFull fills p.
func readFull(r io.ReaderAt, p []byte, at int64) error {
	n, err := r.ReadAt(p, at)
	if n == len(p) {
		return nil
	}
	if err == nil || errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return fmt.Errorf("byte %d: %w", at, err)
}
