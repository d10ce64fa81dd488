package shmif

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync/atomic"
	"unsafe"
)

// Sizes of a bus file and of what is in it, in bytes.
const (
	FileSize   = 1 << 20
	headerSize = 32
	ringSize   = FileSize - headerSize
	recordSize = 24 // the header of a record on a 64-bit machine

	MinFrame = 14   // an Ethernet header
	MaxFrame = 1514 // an Ethernet header and 1500 bytes
)

// What the header of a file begins with.
const (
	Magic   = 0xca11d054
	Version = 3
)

// Offsets of the header's members in the file.
const (
	offMagic   = 0
	offVersion = 4
	offGen     = 8
	offFirst   = 16
	offLast    = 20
	offLock    = 24
	offSpare   = 28
)

// A ring is a bus file in memory. Its methods are called with the bus locked,
// or on a copy that nobody else has.
type ring struct {
	mem []byte // FileSize bytes, aligned to 8
}

var order = binary.NativeEndian

func (r ring) magic() uint32   { return order.Uint32(r.mem[offMagic:]) }
func (r ring) version() uint32 { return order.Uint32(r.mem[offVersion:]) }
func (r ring) gen() uint64     { return order.Uint64(r.mem[offGen:]) }
func (r ring) first() uint32   { return order.Uint32(r.mem[offFirst:]) }
func (r ring) last() uint32    { return order.Uint32(r.mem[offLast:]) }

func (r ring) setFirst(v uint32) { order.PutUint32(r.mem[offFirst:], v) }
func (r ring) setLast(v uint32)  { order.PutUint32(r.mem[offLast:], v) }
func (r ring) setGen(v uint64)   { order.PutUint64(r.mem[offGen:], v) }

func (r ring) lock() *atomic.Uint32   { return (*atomic.Uint32)(unsafe.Pointer(&r.mem[offLock])) }
func (r ring) breaks() *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Pointer(&r.mem[offSpare])) }

// initialize makes the file a bus without frames, as far as a kernel does: the
// record of length 0 that the ring begins with is made of zeros.
func (r ring) initialize() {
	r.setFirst(ringSize)
	order.PutUint32(r.mem[offMagic:], Magic)
}

// copyIn and copyOut move bytes to and from a position, around the end of the
// ring.
func (r ring) copyIn(pos uint64, b []byte) {
	off := headerSize + pos%ringSize
	n := copy(r.mem[off:], b)
	copy(r.mem[headerSize:], b[n:])
}

func (r ring) copyOut(b []byte, pos uint64) {
	off := headerSize + pos%ringSize
	n := copy(b, r.mem[off:])
	copy(b[n:], r.mem[headerSize:])
}

// length returns the length of the frame whose record is at pos.
func (r ring) length(pos uint64) uint32 {
	var b [4]byte
	r.copyOut(b[:], pos)
	return order.Uint32(b[:])
}

// ErrCorrupt is the cause of errors about a ring that makes no sense.
var ErrCorrupt = errors.New("corrupt bus")

// maxLap is a number of laps that no bus gets to, and whose positions are numbers
// of 64 bits.
const maxLap = 1 << 42

// bounds returns the positions of the oldest record and of the end. They are
// less than a lap apart.
func (r ring) bounds() (first, end uint64, err error) {
	f, l := r.first(), r.last()
	if f > ringSize || l >= ringSize {
		return 0, 0, fmt.Errorf("%w: first %d and last %d in a ring of %d", ErrCorrupt, f, l, ringSize)
	}
	n := r.length(uint64(l))
	if n > MaxFrame {
		return 0, 0, fmt.Errorf("%w: the newest record has %d bytes", ErrCorrupt, n)
	}
	endOff := (l + recordSize + n) % ringSize
	lap := r.gen()
	if lap > maxLap || lap == 0 && endOff <= f && f < ringSize {
		return 0, 0, fmt.Errorf("%w: lap %d, from %d to %d", ErrCorrupt, lap, f, endOff)
	}
	end = lap*ringSize + uint64(endOff)
	first = end - uint64(endOff) + uint64(f)
	if f >= endOff {
		first -= ringSize
	}
	if end-first > ringSize {
		return 0, 0, fmt.Errorf("%w: %d bytes in a ring of %d", ErrCorrupt, end-first, ringSize)
	}
	return first, end, nil
}

// A record is the header of one.
type record struct {
	len       uint32
	sec, usec uint32
	sender    uint64
}

func (h *record) encode(b []byte) {
	order.PutUint32(b, h.len)
	order.PutUint32(b[4:], h.sec)
	order.PutUint32(b[8:], h.usec)
	order.PutUint32(b[12:], 0) // padding
	order.PutUint64(b[16:], h.sender)
}

func decodeRecord(b []byte) record {
	return record{order.Uint32(b), order.Uint32(b[4:]), order.Uint32(b[8:]), order.Uint64(b[16:])}
}

// append writes a record, header and frame in one piece, and makes room for it
// by forgetting the oldest.
func (r ring) append(rec []byte) error {
	first, end, err := r.bounds()
	if err != nil {
		return err
	}
	n := uint64(len(rec))
	evicted := false
	for end+n-first > ringSize {
		step := recordSize + uint64(r.length(first))
		if step > recordSize+MaxFrame || first+step > end {
			return fmt.Errorf("%w: the record at %d has %d bytes", ErrCorrupt, first%ringSize, step-recordSize)
		}
		first, evicted = first+step, true
	}
	if evicted {
		r.setFirst(uint32(first % ringSize))
	}
	if lap := (end + n) / ringSize; lap != end/ringSize {
		r.setGen(lap)
		if r.first() == ringSize {
			r.setFirst(recordSize) // behind the empty record, which is overwritten now or next
		}
	}
	r.setLast(uint32(end % ringSize))
	r.copyIn(end, rec)
	return nil
}

// next returns the record at pos, its frame in buf, which has room for
// MaxFrame, and the position behind it. ok is false at the end.
func (r ring) next(pos uint64, buf []byte) (h record, frame []byte, after uint64, ok bool, err error) {
	_, end, err := r.bounds()
	if err != nil || pos == end {
		return record{}, nil, pos, false, err
	}
	var b [recordSize]byte
	r.copyOut(b[:], pos)
	h = decodeRecord(b[:])
	if h.len > MaxFrame || pos+recordSize+uint64(h.len) > end {
		return record{}, nil, end, false, fmt.Errorf("%w: the record at %d has %d bytes", ErrCorrupt, pos%ringSize, h.len)
	}
	frame = buf[:h.len]
	r.copyOut(frame, pos+recordSize)
	return h, frame, pos + recordSize + uint64(h.len), true, nil
}

// reset forgets all records: the ring goes on as an empty one behind what is
// there, so that readers find that they have been lapped.
func (r ring) reset() {
	gen := r.gen() + 1
	if gen > maxLap {
		gen = 1
	}
	clear(r.mem[headerSize : headerSize+recordSize])
	r.setLast(0)
	r.setFirst(0)
	r.setGen(gen)
}
