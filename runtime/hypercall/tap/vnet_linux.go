package tap

import (
	"encoding/binary"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/runtime/hypercall"
)

// maxHeader has room for the header in front of a frame (struct virtio_net_hdr).
const maxHeader = linux.SizeofVirtioNetHdr

// decode splits what was read in what the header says, and the frame. ok is false
// when it makes no sense.
func decode(b []byte, header int) (frame []byte, o hypercall.Offload, ok bool) {
	if len(b) < header {
		return nil, o, false
	}
	frame = b[header:]
	if header == 0 {
		return frame, o, true
	}
	var h linux.VirtioNetHdr
	copy(abi.AsBytes(&h), b)
	if h.Flags&linux.VIRTIO_NET_HDR_F_NEEDS_CSUM != 0 {
		o.SumStart, o.SumOffset = h.CsumStart, h.CsumOffset
		if o.SumStart < etherHeader || int(o.SumStart)+int(o.SumOffset)+2 > len(frame) {
			return nil, o, false
		}
	}
	o.SumGood = h.Flags&linux.VIRTIO_NET_HDR_F_DATA_VALID != 0
	switch h.GsoType &^ linux.VIRTIO_NET_HDR_GSO_ECN {
	case linux.VIRTIO_NET_HDR_GSO_NONE:
	case linux.VIRTIO_NET_HDR_GSO_TCPV4, linux.VIRTIO_NET_HDR_GSO_TCPV6:
		o.SegmentSize = h.GsoSize
		if h.GsoSize == 0 || !o.Partial() {
			return nil, o, false
		}
	default:
		return nil, o, false // nobody said that we take it
	}
	return frame, o, true
}

// encode makes the header for a frame.
func encode(b []byte, f *hypercall.Frame) {
	h := linux.VirtioNetHdr{}
	if f.Partial() {
		h.Flags = linux.VIRTIO_NET_HDR_F_NEEDS_CSUM
		h.CsumStart, h.CsumOffset = f.SumStart, f.SumOffset
	}
	head := f.Parts[0]
	if start := int(f.SumStart); f.SegmentSize != 0 && start >= etherHeader && len(head) >= start+tcpHeader {
		h.GsoType = linux.VIRTIO_NET_HDR_GSO_TCPV4
		if binary.BigEndian.Uint16(head[12:]) == etherIPv6 {
			h.GsoType = linux.VIRTIO_NET_HDR_GSO_TCPV6
		}
		h.GsoSize = f.SegmentSize
		h.HdrLen = f.SumStart + uint16(head[start+12]>>4)*4
	}
	copy(b, abi.AsBytes(&h))
}
