package udp

import (
	"encoding/binary"
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// input gets all datagrams that are for this host (udp_input, udp6_input). It
// returns false for one over IPv6 that nobody wants.
func (p *Protocol) input(pkt *stack.PacketBuffer) bool {
	in := p.net.Received(pkt)
	h := header.UDP(pkt.TransportHeader().Slice())
	size := int(h.Length())
	c := p.counts(&in)
	c.received.Add(1)
	switch {
	case h.DestinationPort() == 0:
		return true
	case size < headerSize || size-headerSize > pkt.Data().Size():
		c.length.Add(1)
		return true
	}
	data := pkt.Data().AsRange().ToSlice()[:size-headerSize]
	if !in.Checked && !intact(&in, h, data) {
		c.sum.Add(1)
		return true
	}
	n := inet.Names{
		Src: netip.AddrPortFrom(in.Src, h.SourcePort()),
		Dst: netip.AddrPortFrom(in.Dst, h.DestinationPort()),
	}
	if in.Dst.IsMulticast() || p.net.Broadcast(&in) {
		p.deliverAll(&in, n, data)
		return true
	}
	switch pcb := p.lookup(&in, n); {
	case pcb != nil:
		p.deliver(pcb, &in, n.Src, data)
	case in.Dst.Is4():
		c.noPort.Add(1)
		p.net.Unreach4(&in, pkt, netbsd.ICMP_UNREACH_PORT)
	default:
		c.noPort.Add(1)
		return false
	}
	return true
}

// lookup returns the block that a datagram to one node is for, nil for none.
func (p *Protocol) lookup(in *inet.Packet, n inet.Names) *inet.Pcb {
	pcb := p.Table.Lookup(n)
	if pcb != nil && in.Dst.Is4() && in.TTL < pcb.MinTTL() {
		return nil
	}
	return pcb
}

// deliverLocal takes a datagram b that comes straight from a socket of this
// host, if there is one that it is for.
func (p *Protocol) deliverLocal(in inet.Packet, b []byte) bool {
	h := header.UDP(b)
	n := inet.Names{
		Src: netip.AddrPortFrom(in.Src, h.SourcePort()),
		Dst: netip.AddrPortFrom(in.Dst, h.DestinationPort()),
	}
	pcb := p.lookup(&in, n)
	if pcb != nil {
		p.counts(&in).received.Add(1)
		p.deliver(pcb, &in, n.Src, b[headerSize:])
	}
	return pcb != nil
}

// intact tells whether the checksum is right. Over IPv4 there need not be one.
func intact(in *inet.Packet, h header.UDP, data []byte) bool {
	if h.Checksum() == 0 {
		return in.Dst.Is4()
	}
	size := headerSize + len(data)
	pseudo := inet.PseudoSum(in.Src, in.Dst, netbsd.IPPROTO_UDP, size)
	return inet.Sum(data, ^inet.Sum(h[:headerSize], pseudo)) == 0
}

// deliverAll delivers a datagram to a group, or to all nodes of a network, to
// all sockets that it could be for: those that do not share their port hide
// those that have been there longer.
func (p *Protocol) deliverAll(in *inet.Packet, n inet.Names, data []byte) {
	list := p.Table.LookupAll(n)
	for _, pcb := range list {
		p.deliver(pcb, in, n.Src, data)
	}
	if len(list) == 0 {
		p.counts(in).noPortMulti.Add(1)
	}
}

// deliver puts a datagram into a socket's buffer. What there is no room for is
// lost.
func (p *Protocol) deliver(pcb *inet.Pcb, in *inet.Packet, src netip.AddrPort, data []byte) {
	r := &socket.Record{Data: data}
	addr := src.Addr()
	if pcb.Family == netbsd.AF_INET6 {
		addr = netip.AddrFrom16(addr.As16())
		r.Control = pcb.Control6(in)
	} else {
		r.Control = pcb.Control(in)
	}
	r.Name = inet.Sockaddr{Addr: addr, Port: src.Port()}.Bytes()
	if !pcb.So.Deliver(r) {
		p.counts(in).full.Add(1)
	}
}

// unreachable tells the socket of a datagram that it did not arrive
// (udp_ctlinput, udp6_ctlinput): a connected one.
func (p *Protocol) unreachable(e *inet.Unreachable) {
	if e.Src.Is6() && e.Errno == netbsd.EMSGSIZE {
		return // the way has another MTU, which the next packet respects
	}
	n := inet.Names{
		Src: netip.AddrPortFrom(e.Src, binary.BigEndian.Uint16(e.Transport)),
		Dst: netip.AddrPortFrom(e.Dst, binary.BigEndian.Uint16(e.Transport[dstPort:])),
	}
	if pcb := p.Table.LookupConnection(n); pcb != nil {
		pcb.So.SetError(e.Errno)
	}
}
