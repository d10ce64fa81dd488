package inet

import (
	"encoding/binary"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
)

// quote is how many bytes behind the IP header an ICMP message quotes of the
// packet it is about, unless net.inet.icmp.returndatabytes says otherwise.
const quote = 8

// icmpHeader is the size of the header of an ICMP message.
const icmpHeader = 8

// Unreach4 tells the sender of an IPv4 packet that it did not arrive, by an ICMP
// message of type destination unreachable (icmp_error). There is none about a
// packet to more than one node, from a node that is not one, about a fragment
// that is not the first, or about such a message.
func (n *Net) Unreach4(in *Packet, pkt *stack.PacketBuffer, code uint8) {
	if in.Dst.IsMulticast() || in.Src.IsMulticast() || null(in.Src) || n.Broadcast(in) {
		return
	}
	const fragmentOffset = 0x1fff
	if binary.BigEndian.Uint16(in.Header[6:])&fragmentOffset != 0 {
		return
	}
	original := stack.BufferSince(pkt.NetworkHeader())
	defer original.Release()
	size := min(len(in.Header)+int(n.Params.Quote.Load()), int(original.Size()))
	if in.Protocol == netbsd.IPPROTO_ICMP && isError(&original, len(in.Header)) {
		return
	}
	b := make([]byte, headerSize4+icmpHeader+size)
	m := b[headerSize4:]
	m[0], m[1] = netbsd.ICMP_UNREACH, code
	_, _ = original.ReadAt(m[icmpHeader:], 0) // size is within it
	if ifp := n.Ifs.ByIndex(in.Ifindex); ifp != nil && ifp.Loopback() {
		plain(m[icmpHeader:])
	}
	binary.BigEndian.PutUint16(m[2:], Sum(m, 0))
	n.Reflect4(in, 0, b)
}

// isError tells whether a packet's ICMP message is not one of those that ask for
// something, or answer that (ICMP_INFOTYPE). Errors about errors might never end.
func isError(packet *buffer.Buffer, at int) bool {
	var typ [1]byte
	if _, err := packet.ReadAt(typ[:], int64(at)); err != nil {
		return true
	}
	switch typ[0] {
	case netbsd.ICMP_ECHO, netbsd.ICMP_ECHOREPLY, netbsd.ICMP_ROUTERADVERT, netbsd.ICMP_ROUTERSOLICIT,
		netbsd.ICMP_TSTAMP, netbsd.ICMP_TSTAMPREPLY, netbsd.ICMP_IREQ, netbsd.ICMP_IREQREPLY,
		netbsd.ICMP_MASKREQ, netbsd.ICMP_MASKREPLY:
		return false
	}
	return true
}

// Refused4 tells the sender of a packet that came by lo0 that its destination
// cannot be reached. It need not be of IPv4.
func (n *Net) Refused4(pkt *stack.PacketBuffer) {
	if pkt.NetworkProtocolNumber != ipv4.ProtocolNumber {
		return
	}
	in := n.Received(pkt)
	if lo := n.Ifs.ByName("lo0"); lo != nil {
		in.Ifindex = lo.Index
	}
	n.Unreach4(&in, pkt, netbsd.ICMP_UNREACH_HOST)
}

// Reflect4 sends the ICMP message b to where a packet came from, and takes it
// over. Room for the IP header is in front of it.
func (n *Net) Reflect4(in *Packet, tos uint8, b []byte) {
	h := &Out4{Src: in.Dst, Dst: in.Src, Protocol: netbsd.IPPROTO_ICMP, TTL: netbsd.MAXTTL, TOS: tos}
	if n.Ifs.ByAddr(in.Dst) == nil {
		h.Src = any4
	}
	_ = n.Output4(h, new(Options), b) // nobody waits for it
}

// plain makes an IPv4 header what it is in NetBSD on a loopback interface: there
// is no checksum, and small packets have no number (IP_MINFRAGSIZE).
func plain(b []byte) {
	const smallest = 69
	h := header.IPv4(b)
	if h.TotalLength() < smallest {
		h.SetID(0)
	}
	h.SetChecksum(0)
}
