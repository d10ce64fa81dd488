package rawip

import (
	"encoding/binary"
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// input4 gets all IPv4 packets of a protocol that gVisor has seen, some of which
// are not for this host.
func (p *Protocol) input4(pkt *stack.PacketBuffer) {
	in := p.net.Received(pkt)
	if !p.net.ForUs(&in) {
		return
	}
	if in.Protocol == netbsd.IPPROTO_ICMP && !p.icmp(&in, pkt) {
		return
	}
	if !p.deliver4(&in, pkt) && !known4[in.Protocol] {
		p.net.Unreach4(&in, pkt, netbsd.ICMP_UNREACH_PROTOCOL)
	}
}

// known4 are the protocols that the kernel itself knows what to do with, though
// it may be nothing.
var known4 = map[uint8]bool{
	netbsd.IPPROTO_ICMP:    true,
	netbsd.IPPROTO_IGMP:    true,
	netbsd.IPPROTO_IPV4:    true,
	netbsd.IPPROTO_IPV6:    true,
	netbsd.IPPROTO_ETHERIP: true,
	netbsd.IPPROTO_PIM:     true,
}

// deliver4 delivers a packet to all sockets that want it, and tells whether there
// were any (rip_input). In its header the length is without the header, and it
// and the fragment offset are in the byte order of the machine.
func (p *Protocol) deliver4(in *inet.Packet, pkt *stack.PacketBuffer) bool {
	var b []byte
	p.table.Wanting(netbsd.AF_INET, in.Src, in.Dst, func(pcb *inet.Pcb) {
		r := pcb.User.(*raw)
		if r.protocol != 0 && r.protocol != in.Protocol {
			return
		}
		if b == nil {
			b = bytesOf(pkt)
			binary.BigEndian.PutUint16(b[lengthAt:], uint16(len(b)-len(in.Header)))
			swap(b)
		}
		data := b
		if pcb.Options().NoHeader {
			data = b[len(in.Header):]
		}
		r.deliver(in.Src, data, pcb.Control(in))
	})
	return b != nil
}

// bytesOf returns a copy of a packet from its network header on.
func bytesOf(pkt *stack.PacketBuffer) []byte {
	b := stack.BufferSince(pkt.NetworkHeader())
	defer b.Release()
	return b.Flatten()
}

// deliver puts a packet into the socket's buffer. What there is no room for is
// lost.
func (r *raw) deliver(src netip.Addr, data, control []byte) {
	r.so.Deliver(&socket.Record{Name: inet.Sockaddr{Addr: src}.Bytes(), Data: data, Control: control})
}

// input6 gets the packets for this host of all protocols that nobody else takes.
// Those over IPv4 have been to input4.
func (p *Protocol) input6(pkt *stack.PacketBuffer) bool {
	if pkt.NetworkProtocolNumber == ipv4.ProtocolNumber {
		return true
	}
	in := p.net.Received(pkt)
	p.deliver6(&in, bytesOf(pkt)[len(in.Header):])
	return true
}

// deliver6 delivers what follows the headers of an IPv6 packet to all sockets
// that want it (rip6_input).
func (p *Protocol) deliver6(in *inet.Packet, data []byte) {
	if in.Src.Is4In6() || in.Dst.Is4In6() {
		return // nobody is to believe that it came over IPv4
	}
	intact := func() bool {
		return inet.Sum(data, inet.PseudoSum(in.Src, in.Dst, in.Protocol, len(data))) == 0
	}
	p.table.Wanting(netbsd.AF_INET6, in.Src, in.Dst, func(pcb *inet.Pcb) {
		r := pcb.User.(*raw)
		if r.protocol != 0 && r.protocol != in.Protocol {
			return
		}
		if r.checksum.Load() != noChecksum && !intact() {
			return
		}
		r.deliver(in.Src, data, pcb.Control6Raw(in))
	})
}

// deliverICMP6 does the same with an ICMPv6 message (icmp6_rip6_input).
func (p *Protocol) deliverICMP6(in *inet.Packet, m []byte) {
	p.table.Wanting(netbsd.AF_INET6, in.Src, in.Dst, func(pcb *inet.Pcb) {
		r := pcb.User.(*raw)
		if r.protocol == netbsd.IPPROTO_ICMPV6 && r.filter.Load().passes(m[0]) {
			r.deliver(in.Src, m, pcb.Control6Raw(in))
		}
	})
}
