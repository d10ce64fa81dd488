package netif

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/runtime/hypercall"
)

// maxGSO is how large a segment of TCP may be that a device cuts up.
const maxGSO = 1 << 16

var _ stack.GSOEndpoint = (*ether)(nil)

// SupportedGSO tells TCP whether its segments may be larger than the MTU, without
// checksums.
func (e *ether) SupportedGSO() stack.SupportedGSO {
	if e.offload.Load() != nil {
		return stack.HostGSOSupported
	}
	return stack.GSONotSupported
}

// GSOMaxSize returns how large they may be.
func (e *ether) GSOMaxSize() uint32 { return maxGSO }

// offloadOf says what is left to do about a packet that TCP sends.
func offloadOf(pkt *stack.PacketBuffer) (o hypercall.Offload) {
	g := &pkt.GSOOptions
	if g.Type != stack.GSOTCPv4 && g.Type != stack.GSOTCPv6 || !g.NeedsCsum {
		return o
	}
	o.SumStart = uint16(len(pkt.LinkHeader().Slice()) + len(pkt.NetworkHeader().Slice()))
	o.SumOffset = g.CsumOffset
	if pkt.Data().Size() > int(g.MSS) {
		o.SegmentSize = g.MSS
	}
	return o
}

// frames are what a call of WritePackets passes to a device that takes work.
type frames struct {
	list  []hypercall.Frame
	parts [][]byte
}

var frameLists = sync.Pool{New: func() any { return new(frames) }}

// add appends a packet, whose bytes stay where they are.
func (f *frames) add(pkt *stack.PacketBuffer) *hypercall.Frame {
	from := len(f.parts)
	views, skip := pkt.AsViewList()
	for v := views.Front(); v != nil; v = v.Next() {
		b := v.AsSlice()
		if skip >= len(b) {
			skip -= len(b)
			continue
		}
		f.parts = append(f.parts, b[skip:])
		skip = 0
	}
	f.list = append(f.list, hypercall.Frame{Parts: f.parts[from:len(f.parts):len(f.parts)], Offload: offloadOf(pkt)})
	return &f.list[len(f.list)-1]
}

func (f *frames) release() {
	clear(f.list)
	clear(f.parts)
	f.list, f.parts = f.list[:0], f.parts[:0]
	frameLists.Put(f)
}

// sendOffload passes packets to a device that takes work.
func (e *ether) sendOffload(dev hypercall.OffloadDevice, pkts []*stack.PacketBuffer) error {
	f := frameLists.Get().(*frames)
	defer f.release()
	for _, pkt := range pkts {
		frame := f.add(pkt)
		if e.ifp.Tapped() {
			e.wire(bytes.Join(frame.Parts, nil), frame.Offload, func(b []byte) { e.outgoing(b, true) })
			continue
		}
		e.countOut(frame.Parts[0][0]&1 != 0, pkt, frame.Offload)
	}
	return dev.SendOffload(f.list...)
}

// countOut counts the frames that a packet becomes on the wire.
func (e *ether) countOut(group bool, pkt *stack.PacketBuffer, o hypercall.Offload) {
	n, size := 1, pkt.Size()
	if o.SegmentSize != 0 {
		data := pkt.Data().Size()
		n = (data + int(o.SegmentSize) - 1) / int(o.SegmentSize)
		size += (n - 1) * (size - data)
	}
	c := &e.ifp.data
	c.opackets.Add(uint64(n))
	c.obytes.Add(uint64(size))
	if group {
		c.omcasts.Add(uint64(n))
	}
}

// wire calls f with the frames that a frame becomes on the wire. It is changed.
// false: it cannot be there.
func (e *ether) wire(frame []byte, o hypercall.Offload, f func(frame []byte)) bool {
	if o.SegmentSize == 0 {
		completeSum(frame, o)
		f(frame)
		return true
	}
	s, ok := parseSegment(frame, o)
	if !ok {
		return false
	}
	var b []byte
	for i := range s.count() {
		b = s.cut(b[:0], i)
		f(b)
	}
	return true
}

// inputOffload takes a frame from a device that takes work. While somebody looks,
// and when it is for another host, it is made what it was on the wire.
func (e *ether) inputOffload(frame []byte, o hypercall.Offload) {
	if o.SegmentSize == 0 && !(o.Partial() && e.ifp.Tapped()) {
		var mark uint32
		if o.Partial() || o.SumGood && !fragment(frame) {
			mark = markChecked
		}
		e.receive(frame, true, o.Partial(), mark)
		return
	}
	if o.SegmentSize != 0 && !e.ifp.Tapped() {
		if s, ok := parseSegment(frame, o); ok && e.ours(&s) {
			c := &e.ifp.data
			n := uint64(s.count())
			e.receive(frame, false, true, markChecked)
			c.ipackets.Add(n - 1)
			c.ibytes.Add((n - 1) * uint64(s.data))
			return
		}
	}
	if !e.wire(frame, o, func(b []byte) { e.receive(b, true, false, 0) }) {
		e.ifp.data.ierrors.Add(1)
	}
}

// fragment tells whether a frame has a fragment. That its part of a checksum is good
// says nothing about the rest.
func fragment(frame []byte) bool {
	if len(frame) < etherHeaderLen+header.IPv4MinimumSize {
		return false
	}
	ip := frame[etherHeaderLen:]
	switch header.Ethernet(frame).Type() {
	case header.IPv4ProtocolNumber:
		h := header.IPv4(ip)
		return h.More() || h.FragmentOffset() != 0
	case header.IPv6ProtocolNumber:
		return header.IPv6(ip).NextHeader() != uint8(header.TCPProtocolNumber) && header.IPv6(ip).NextHeader() != uint8(header.UDPProtocolNumber)
	}
	return false
}

// ours tells whether a segment is for this host.
func (e *ether) ours(s *segment) bool {
	ip := s.frame[etherHeaderLen:]
	var dst netip.Addr
	if s.ipv6 {
		dst, _ = netip.AddrFromSlice(header.IPv6(ip).DestinationAddressSlice())
		if dst.IsLinkLocalUnicast() {
			return true
		}
	} else {
		dst, _ = netip.AddrFromSlice(header.IPv4(ip).DestinationAddressSlice())
	}
	return e.ifp.table.ByAddr(dst) != nil
}

// What is kept about a packet in its mark, which gVisor passes on to the packet
// that it makes of it for another host, and to the fragments of that.
//
// gVisor gives such a packet a new checksum of UDP or TCP. That is wrong
// in the fragment of a datagram, and makes good what is broken. So there is what
// was in that place: what is between two other hosts is theirs to check.
const (
	markSum     = 1 << 31 // the low 16 bits are the checksum, the next 13 the offset of a fragment
	markChecked = 1 << 30 // the checksum is known to be right
	markOffset  = 16
	offsetMask  = 1<<13 - 1

	udpChecksum = 6 // where it is in UDP's header
)

// Checked tells that the checksum of a packet's UDP or TCP has been verified, or
// need not be.
func Checked(pkt *stack.PacketBuffer) bool { return pkt.Mark&markChecked != 0 }

// keepSum returns what is to be kept about the checksum in a packet.
func keepSum(frame []byte) uint32 {
	ip := frame[etherHeaderLen:]
	var offset uint32
	var transport []byte
	var protocol uint8
	switch header.Ethernet(frame).Type() {
	case header.IPv4ProtocolNumber:
		if len(ip) < header.IPv4MinimumSize {
			return 0
		}
		h := header.IPv4(ip)
		offset, protocol = uint32(h.FragmentOffset()>>3), h.Protocol()
		transport = ip[min(len(ip), int(h.HeaderLength())):]
	case header.IPv6ProtocolNumber:
		if len(ip) < header.IPv6MinimumSize {
			return 0
		}
		protocol, transport = header.IPv6(ip).NextHeader(), ip[header.IPv6MinimumSize:]
	}
	at := sumOffset(protocol)
	if at < 0 || len(transport) < at+2 {
		return 0
	}
	return markSum | offset<<markOffset | uint32(binary.BigEndian.Uint16(transport[at:]))
}

// sumOffset returns where a protocol has its checksum, -1 for those that gVisor
// leaves alone.
func sumOffset(protocol uint8) int {
	switch protocol {
	case uint8(header.TCPProtocolNumber):
		return header.TCPChecksumOffset
	case uint8(header.UDPProtocolNumber):
		return udpChecksum
	}
	return -1
}

// restoreSum undoes what gVisor has done to the checksum in a packet of another
// host. In fragments that it made of a fragment it puts the offset right, too, which
// gVisor counts from there.
func restoreSum(pkt *stack.PacketBuffer) {
	if pkt.Mark&markSum == 0 {
		return
	}
	protocol, first := uint8(0), true
	switch pkt.NetworkProtocolNumber {
	case header.IPv4ProtocolNumber:
		h := header.IPv4(pkt.NetworkHeader().Slice())
		protocol = h.Protocol()
		if !pkt.NetworkPacketInfo.IsForwardedPacket { // one of the fragments of such a packet
			before := uint16(pkt.Mark >> markOffset & offsetMask << 3)
			first = h.FragmentOffset() == 0
			h.SetFlagsFragmentOffset(h.Flags(), h.FragmentOffset()+before)
			h.SetChecksum(0)
			h.SetChecksum(^h.CalculateChecksum())
		}
	case header.IPv6ProtocolNumber:
		protocol = header.IPv6(pkt.NetworkHeader().Slice()).NextHeader()
	}
	at := sumOffset(protocol)
	if at < 0 || !first {
		return
	}
	b := pkt.TransportHeader().Slice()
	if len(b) == 0 && !pkt.NetworkPacketInfo.IsForwardedPacket {
		b, _ = pkt.Data().PullUp(at + 2)
	}
	if len(b) >= at+2 {
		binary.BigEndian.PutUint16(b[at:], uint16(pkt.Mark))
	}
}
