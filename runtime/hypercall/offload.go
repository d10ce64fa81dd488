package hypercall

// An Offload says what is left to do about a frame. The zero value says that it is
// as it is on the wire.
//
// All places are in bytes from the frame's beginning, where the Ethernet header
// is.
type Offload struct {
	// SumStart and SumOffset: the checksum at SumStart+SumOffset, that of TCP
	// or UDP, covers so far the pseudo header alone. It is to be that of
	// everything from SumStart on. SumStart is zero when the checksum is
	// there.
	SumStart, SumOffset uint16

	// SumGood: who passed the frame on has verified that checksum. It is said
	// of frames that come in.
	SumGood bool

	// SegmentSize: the frame is a TCP segment that is to be cut up into several
	// with so many bytes of data, the last of which may have fewer. Zero: it is
	// one.
	SegmentSize uint16
}

// Partial tells that the checksum is to be completed.
func (o Offload) Partial() bool { return o.SumStart != 0 }

// A Frame is an Ethernet frame in parts, with what is left to do about it. The
// headers are in the first part.
type Frame struct {
	Parts [][]byte
	Offload
}

// MaxFrame is how long a frame is at most that is to be cut up, in bytes: IPv6
// counts 64 KB without its header.
const MaxFrame = 14 + 40 + 1<<16 - 1

// An OffloadDevice is a [NetworkDevice] that does a part of a kernel's work, and
// whose frames come by several queues at once.
type OffloadDevice interface {
	NetworkDevice

	// StartOffload is Start for a kernel that takes frames about which
	// something is left to do, if the device has such; otherwise it does
	// nothing and returns false. Input must not keep the frame. It may be
	// called from several goroutines at once; the frames of one connection
	// come one at a time, in order.
	StartOffload(input func(frame []byte, o Offload)) bool

	// SendOffload is Send for frames about which something is left to do. It
	// can be used once StartOffload has returned true. The frames of one
	// connection are passed on in order.
	SendOffload(frames ...Frame) error
}
