package bpf

import (
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// buffers are the two of a descriptor, in three places: packets go to the store, a
// full one is held to be read, one that has been read is free. A hold that has not
// come back yet is the only way for none to be free.
type buffers struct {
	size    uint32 // of each
	store   []byte // nil before there is an interface
	used    int    // of the store
	hold    []byte // nil: none
	held    int    // of the hold
	free    []byte // nil: none
	reading bool   // somebody copies the hold
}

// headerSize is SIZEOF_BPF_HDR: where a long has 4 bytes, the padding at the end of
// the struct does not count.
const headerSize = netbsd.SizeofBPFHdr - (8-netbsd.BPF_ALIGNMENT)/2

func wordAlign(n int) int { return (n + netbsd.BPF_ALIGNMENT - 1) &^ (netbsd.BPF_ALIGNMENT - 1) }

// headerLen returns how long the header of a record is, so that what follows a
// link header of link bytes is aligned (bpf_hdrlen).
func headerLen(link int) int { return wordAlign(link+headerSize) - link }

// allocate makes the buffers if there are none of the right size.
func (b *buffers) allocate() {
	if len(b.store) == int(b.size) || b.reading {
		return
	}
	b.store, b.free = make([]byte, b.size), make([]byte, b.size)
	b.used, b.hold, b.held = 0, nil, 0
}

// rotate holds the store, and stores to the free buffer, which there is.
func (b *buffers) rotate() {
	b.hold, b.held = b.store, b.used
	b.store, b.used = b.free, 0
	b.free = nil
}

// reset empties the buffers. A hold that is being copied comes back later.
func (b *buffers) reset() {
	if b.hold != nil && !b.reading {
		b.free, b.hold = b.hold, nil
	}
	b.used, b.held = 0, 0
}

// add stores as much of a packet as is wanted, with its header (catchpacket).
// full: the store had to be held to make room; lost: there was none.
func (b *buffers) add(packet []byte, want uint32, link int, now time.Time) (full, lost bool) {
	header := headerLen(link)
	total := min(header+int(min(uint64(want), uint64(len(packet)))), len(b.store))
	at := wordAlign(b.used)
	if at+total > len(b.store) {
		if b.free == nil {
			return false, true
		}
		b.rotate()
		full, at = true, 0
	}
	h := netbsd.BPFHdr{Caplen: uint32(max(total-header, 0)), Datalen: uint32(len(packet)), Hdrlen: uint16(header)}
	setLong(&h.Tstamp.Sec, now.Unix())
	setLong(&h.Tstamp.Usec, int64(now.Nanosecond()/1000))
	rec := b.store[at:][:total]
	copy(rec, abi.AsBytes(&h)[:headerSize])
	copy(rec[min(header, total):], packet)
	b.used = at + total
	return full, false
}

// setLong assigns to a member that is a long of C.
func setLong[T int32 | int64](p *T, v int64) { *p = T(v) }
