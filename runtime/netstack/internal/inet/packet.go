package inet

import (
	"encoding/binary"
	"net"
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// A Packet is one that arrived for this host.
type Packet struct {
	Src, Dst netip.Addr // the scope is embedded
	Ifindex  int        // of the interface it arrived by
	Protocol uint8
	TTL      uint8  // or hop limit
	TOS      uint8  // or traffic class
	Header   []byte // of the network layer, with options or extension headers; not to be kept
	Checked  bool   // there is no need to look at checksums
}

// Received takes a packet of gVisor's apart.
func (n *Net) Received(pkt *stack.PacketBuffer) Packet {
	p := Packet{Ifindex: int(pkt.NICID), Header: pkt.NetworkHeader().Slice(), Checked: pkt.RXChecksumValidated || netif.Checked(pkt)}
	if pkt.NetworkProtocolNumber == ipv4.ProtocolNumber {
		h := header.IPv4(p.Header)
		p.Src, p.Dst = addrOf(h.SourceAddress()), addrOf(h.DestinationAddress())
		p.Protocol, p.TTL = h.Protocol(), h.TTL()
		p.TOS, _ = h.TOS()
		p.Ifindex = n.arrival(p.Src, p.Dst, p.Ifindex)
		return p
	}
	h := header.IPv6(p.Header)
	scope := uint32(p.Ifindex)
	p.Src, p.Dst = Embed(addrOf(h.SourceAddress()), scope), Embed(addrOf(h.DestinationAddress()), scope)
	p.Protocol, p.TTL = uint8(pkt.TransportProtocolNumber), h.HopLimit()
	p.TOS, _ = h.TOS()
	return p
}

// arrival returns the interface that an IPv4 packet arrived by: one from an
// address of this host to another has gone through lo, which gVisor does
// without.
func (n *Net) arrival(src, dst netip.Addr, ifindex int) int {
	ifp := n.Ifs.ByIndex(ifindex)
	if ifp == nil || ifp.Loopback() || dst.IsMulticast() || n.Ifs.Broadcasts(ifp, dst) || n.Ifs.ByAddr(src) == nil {
		return ifindex
	}
	for _, lo := range n.Ifs.All() {
		if lo.Loopback() {
			return lo.Index
		}
	}
	return ifindex
}

// Broadcast tells whether the packet was for all nodes of a network.
func (n *Net) Broadcast(p *Packet) bool {
	ifp := n.Ifs.ByIndex(p.Ifindex)
	return p.Dst.Is4() && ifp != nil && n.Ifs.Broadcasts(ifp, p.Dst)
}

// ForUs tells whether a packet is for this host, and not only passing by.
func (n *Net) ForUs(p *Packet) bool {
	switch {
	case p.Dst.IsMulticast():
		return n.inGroup(p.Dst, p.Ifindex)
	case p.Dst.Is4():
		return n.Ifs.ByAddr(p.Dst) != nil || n.Broadcast(p)
	}
	return n.local6(p.Dst) != nil
}

// Mask4 returns the netmask of the network that a packet arrived from, nil when
// there is none.
func (n *Net) Mask4(in *Packet) []byte {
	if ifp := n.Ifs.ByIndex(in.Ifindex); ifp != nil {
		if ifa := ifp.First(netbsd.AF_INET); ifa != nil {
			return net.CIDRMask(ifa.Prefix.Bits(), 32)
		}
	}
	return nil
}

// inGroup tells whether an interface receives packets to a group.
func (n *Net) inGroup(group netip.Addr, ifindex int) bool {
	addr, _ := Split(group)
	in, err := n.Stack.IsInGroup(tcpip.NICID(ifindex), address(addr))
	return err == nil && in
}

func address(a netip.Addr) tcpip.Address {
	if a.Is4() {
		return tcpip.AddrFrom4(a.As4())
	}
	return tcpip.AddrFrom16(a.As16())
}

func addrOf(a tcpip.Address) netip.Addr {
	if a.Len() == header.IPv4AddressSize {
		return netip.AddrFrom4(a.As4())
	}
	return netip.AddrFrom16(a.As16())
}

// PseudoSum returns the sum over the header that checksums of the transport
// protocols cover besides their own (in_cksum_phdr, in6_cksum_phdr), not
// complemented. size is that of the packet without the network header.
func PseudoSum(src, dst netip.Addr, protocol uint8, size int) uint16 {
	src, _ = Split(src)
	dst, _ = Split(dst)
	var sum uint16
	if src.Is4() {
		s, d := src.As4(), dst.As4()
		sum = checksum.Checksum(d[:], checksum.Checksum(s[:], 0))
	} else {
		s, d := src.As16(), dst.As16()
		sum = checksum.Checksum(d[:], checksum.Checksum(s[:], 0))
	}
	var b [8]byte
	binary.BigEndian.PutUint32(b[:], uint32(size))
	b[7] = protocol
	return checksum.Checksum(b[:], sum)
}

// Sum returns the checksum of b, that of the pseudo-header included: 0 when b
// has it in it already and is intact.
func Sum(b []byte, pseudo uint16) uint16 { return ^checksum.Checksum(b, pseudo) }

// headerSizes of packets without options.
const (
	headerSize4 = netbsd.SizeofIP
	headerSize6 = netbsd.SizeofIP6Hdr
)
