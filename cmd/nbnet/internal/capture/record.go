package capture

import (
	"errors"
	"iter"
	"time"
	"unsafe"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// A record is a packet as the kernel has noted it down.
type record struct {
	at   time.Time
	data []byte
	size int // of the packet, of which data is the beginning
}

// headerSize is how much of a struct bpf_hdr there is at least. What follows may be
// where the struct has padding.
const headerSize = int(unsafe.Offsetof(netbsd.BPFHdr{}.Hdrlen) + unsafe.Sizeof(netbsd.BPFHdr{}.Hdrlen))

var errRecord = errors.New("the kernel's records are not in order")

// records takes apart what a read gave.
func records(b []byte) iter.Seq2[record, error] {
	return func(yield func(record, error) bool) {
		for len(b) > 0 {
			var h netbsd.BPFHdr
			if len(b) < headerSize {
				yield(record{}, errRecord)
				return
			}
			copy(abi.AsBytes(&h), b[:headerSize])
			end := uint64(h.Hdrlen) + uint64(h.Caplen)
			if int(h.Hdrlen) < headerSize || end > uint64(len(b)) {
				yield(record{}, errRecord)
				return
			}
			r := record{
				at:   time.Unix(int64(h.Tstamp.Sec), int64(h.Tstamp.Usec)*int64(time.Microsecond)),
				data: b[h.Hdrlen:end],
				size: int(h.Datalen),
			}
			if !yield(r, nil) {
				return
			}
			next := (end + netbsd.BPF_ALIGNMENT - 1) &^ (netbsd.BPF_ALIGNMENT - 1)
			b = b[min(next, uint64(len(b))):]
		}
	}
}
