package rawip

import (
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
)

// inputICMP6 gets all ICMPv6 messages that gVisor has seen, some of which are
// not for this host (icmp6_input).
func (p *Protocol) inputICMP6(pkt *stack.PacketBuffer) {
	in := p.net.Received(pkt)
	in.Protocol = netbsd.IPPROTO_ICMPV6
	if !p.net.ForUs(&in) {
		return
	}
	m := bytesOf(pkt)[len(in.Header):]
	const smallest = 8
	if len(m) < smallest || inet.Sum(m, inet.PseudoSum(in.Src, in.Dst, netbsd.IPPROTO_ICMPV6, len(m))) != 0 {
		return
	}
	if errno := unreachable6(m[0], m[1]); errno != 0 {
		p.failed6(&in, m, errno)
	}
	p.deliverICMP6(&in, m)
}

// extendedICMP6 gets echo messages for this host. Those that were in fragments,
// or behind other extension headers, have not been to inputICMP6. gVisor goes on
// to answer requests.
func (p *Protocol) extendedICMP6(_ stack.TransportEndpointID, pkt *stack.PacketBuffer) bool {
	if header.IPv6(pkt.NetworkHeader().Slice()).NextHeader() != netbsd.IPPROTO_ICMPV6 {
		p.inputICMP6(pkt)
	}
	return false
}

// unreachable6 returns the error that a message means to who sent the packet:
// 0 when there is none.
func unreachable6(typ, code uint8) netbsd.Errno {
	switch typ {
	case netbsd.ICMP6_DST_UNREACH:
		switch code {
		case netbsd.ICMP6_DST_UNREACH_NOROUTE, netbsd.ICMP6_DST_UNREACH_BEYONDSCOPE, netbsd.ICMP6_DST_UNREACH_ADDR:
			return netbsd.EHOSTUNREACH
		case netbsd.ICMP6_DST_UNREACH_ADMIN, netbsd.ICMP6_DST_UNREACH_NOPORT:
			return netbsd.ECONNREFUSED
		}
	case netbsd.ICMP6_PACKET_TOO_BIG:
		return netbsd.EMSGSIZE
	case netbsd.ICMP6_PARAM_PROB:
		switch code {
		case netbsd.ICMP6_PARAMPROB_NEXTHEADER:
			return netbsd.ECONNREFUSED
		case netbsd.ICMP6_PARAMPROB_HEADER, netbsd.ICMP6_PARAMPROB_OPTION:
			return netbsd.ENOPROTOOPT
		}
	}
	return 0
}

// failed6 tells the protocol of the packet that m quotes.
func (p *Protocol) failed6(in *inet.Packet, m []byte, errno netbsd.Errno) {
	b := m[quote:]
	if len(b) < netbsd.SizeofIP6Hdr {
		return
	}
	next, transport := b[6], b[netbsd.SizeofIP6Hdr:]
	for extension(next) && len(transport) >= 8 {
		size := (int(transport[1]) + 1) * 8
		if next == netbsd.IPPROTO_FRAGMENT {
			size = 8
		}
		if size > len(transport) {
			return
		}
		next, transport = transport[0], transport[size:]
	}
	const ports = 4
	if len(transport) < ports {
		return
	}
	scope := uint32(in.Ifindex)
	p.net.Inputs.Fail(next, &inet.Unreachable{
		Src:       inet.Embed(netip.AddrFrom16([16]byte(b[8:])), scope),
		Dst:       inet.Embed(netip.AddrFrom16([16]byte(b[24:])), scope),
		Errno:     errno,
		Transport: transport,
	})
}

func extension(header uint8) bool {
	switch header {
	case netbsd.IPPROTO_HOPOPTS, netbsd.IPPROTO_ROUTING, netbsd.IPPROTO_FRAGMENT, netbsd.IPPROTO_DSTOPTS:
		return true
	}
	return false
}
