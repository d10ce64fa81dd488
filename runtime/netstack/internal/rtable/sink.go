package rtable

import (
	"math"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/link/loopback"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// These NICs are where gVisor sends packets of other hosts that a route has
// RTF_REJECT or RTF_BLACKHOLE for. Their numbers are none that an interface has.
// For packets of this host they do not matter: the families look at a route's
// flags themselves, to return the right error.
const (
	rejectNIC    tcpip.NICID = math.MaxInt32 - 1
	blackholeNIC tcpip.NICID = math.MaxInt32
)

// sink returns one of the two, which is made for the first such route.
func (t *Table) sink(id tcpip.NICID) tcpip.NICID {
	if t.stack.HasNIC(id) {
		return id
	}
	var ep stack.LinkEndpoint = blackhole{loopback.New()}
	if id == rejectNIC {
		ep = rejecter{ep, t.stack}
	}
	_ = t.stack.CreateNIC(id, ep) // fails for a number in use only
	for _, num := range []tcpip.NetworkProtocolNumber{header.IPv4ProtocolNumber, header.IPv6ProtocolNumber} {
		_, _ = t.stack.SetNICForwarding(id, num, true) // fails for unknown protocols only
	}
	return id
}

// A blackhole drops all it is given.
type blackhole struct{ stack.LinkEndpoint }

func (blackhole) WritePackets(list stack.PacketBufferList) (int, tcpip.Error) {
	return list.Len(), nil
}

// Capabilities says that it is no loopback: gVisor would take it for the one that
// the host's own addresses are reached by.
func (blackhole) Capabilities() stack.LinkEndpointCapabilities { return 0 }

// A rejecter drops all it is given, too, but tells who sent it by ICMP that the
// host cannot be reached.
type rejecter struct {
	stack.LinkEndpoint
	stack *stack.Stack
}

func (e rejecter) WritePackets(list stack.PacketBufferList) (int, tcpip.Error) {
	for _, pkt := range list.AsSlice() {
		switch pkt.NetworkProtocolNumber {
		case header.IPv4ProtocolNumber:
			e.answer4(header.IPv4(pkt.NetworkHeader().Slice()), pkt)
		case header.IPv6ProtocolNumber:
			e.answer6(header.IPv6(pkt.NetworkHeader().Slice()), pkt)
		}
	}
	return list.Len(), nil
}

// answer4 sends an ICMP error, unless what was dropped is one itself.
func (e rejecter) answer4(ip header.IPv4, pkt *stack.PacketBuffer) {
	if ip.FragmentOffset() != 0 || ip.Protocol() == uint8(header.ICMPv4ProtocolNumber) && isError(header.ICMPv4Type(firstByte(pkt))) {
		return
	}
	const quoted = 8 // bytes behind the header
	r, p := e.prepare(header.IPv4ProtocolNumber, ip.SourceAddress(), pkt, int(ip.HeaderLength())+quoted, header.ICMPv4MinimumSize)
	if r == nil {
		return
	}
	defer r.Release()
	defer p.DecRef()
	h := header.ICMPv4(p.TransportHeader().Push(header.ICMPv4MinimumSize))
	p.TransportProtocolNumber = header.ICMPv4ProtocolNumber
	h.SetType(header.ICMPv4DstUnreachable)
	h.SetCode(header.ICMPv4HostUnreachable)
	h.SetChecksum(header.ICMPv4Checksum(h, p.Data().Checksum()))
	_ = r.WritePacket(stack.NetworkHeaderParams{Protocol: header.ICMPv4ProtocolNumber, TTL: r.DefaultTTL()}, p) // best effort
}

// firstByte returns the first byte behind the IP header, 0 when there is none.
func firstByte(pkt *stack.PacketBuffer) byte {
	if t := pkt.TransportHeader().Slice(); len(t) > 0 {
		return t[0]
	}
	if b, ok := pkt.Data().PullUp(1); ok {
		return b[0]
	}
	return 0
}

// isError tells whether a type of ICMP is about another packet.
func isError(t header.ICMPv4Type) bool {
	switch t {
	case header.ICMPv4DstUnreachable, header.ICMPv4SrcQuench, header.ICMPv4Redirect, header.ICMPv4TimeExceeded, header.ICMPv4ParamProblem:
		return true
	}
	return false
}

// answer6 is answer4 for IPv6.
func (e rejecter) answer6(ip header.IPv6, pkt *stack.PacketBuffer) {
	const informational = 128 // the first type that is no error
	if ip.NextHeader() == uint8(header.ICMPv6ProtocolNumber) && firstByte(pkt) < informational {
		return
	}
	const quoted = header.IPv6MinimumMTU - header.IPv6MinimumSize - header.ICMPv6DstUnreachableMinimumSize
	r, p := e.prepare(header.IPv6ProtocolNumber, ip.SourceAddress(), pkt, quoted, header.ICMPv6DstUnreachableMinimumSize)
	if r == nil {
		return
	}
	defer r.Release()
	defer p.DecRef()
	h := header.ICMPv6(p.TransportHeader().Push(header.ICMPv6DstUnreachableMinimumSize))
	p.TransportProtocolNumber = header.ICMPv6ProtocolNumber
	h.SetType(header.ICMPv6DstUnreachable)
	h.SetCode(header.ICMPv6AddressUnreachable)
	h.SetChecksum(header.ICMPv6Checksum(header.ICMPv6ChecksumParams{
		Header: h, Src: r.LocalAddress(), Dst: r.RemoteAddress(), PayloadCsum: p.Data().Checksum(), PayloadLen: p.Data().Size(),
	}))
	_ = r.WritePacket(stack.NetworkHeaderParams{Protocol: header.ICMPv6ProtocolNumber, TTL: r.DefaultTTL()}, p) // best effort
}

// prepare returns the way back to who sent pkt, and a packet with its first n
// bytes and room for a header. There may be no way.
func (e rejecter) prepare(num tcpip.NetworkProtocolNumber, to tcpip.Address, pkt *stack.PacketBuffer, n, room int) (*stack.Route, *stack.PacketBuffer) {
	if to.Unspecified() {
		return nil, nil
	}
	r, err := e.stack.FindRoute(0, tcpip.Address{}, to, num, false)
	if err != nil {
		return nil, nil
	}
	quote := buffer.MakeWithView(stack.PayloadSince(pkt.NetworkHeader()))
	quote.Truncate(int64(n))
	return r, stack.NewPacketBuffer(stack.PacketBufferOptions{ReserveHeaderBytes: int(r.MaxHeaderLength()) + room, Payload: quote})
}
