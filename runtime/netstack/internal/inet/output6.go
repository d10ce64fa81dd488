package inet

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
	"github.com/abigen/abigen/runtime/netstack/internal/rtable"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// An Out6 is what goes into the header of an IPv6 packet.
type Out6 struct {
	Src, Dst netip.Addr // the scope is embedded
	Protocol uint8
	HopLimit uint8

	// As in Out4. Behind all headers of this layer.
	Checksum int
	Local    func(in Packet, b []byte) bool
}

// Headroom returns how many bytes a packet is to have in front for its header
// and the extension headers.
func (p *Packet6) Headroom() int {
	n := headerSize6
	for _, e := range p.extensions {
		n += len(e)
	}
	return n
}

// Headroom6 returns the headroom of an IPv6 packet without control messages.
func (o *Options) Headroom6() int { return o.sticky.Headroom() }

// Output6 sends the packet b (ip6_output), which it takes over. In front of its data
// is Headroom for headers. p has the options for this packet, o those of the
// socket. EHOSTUNREACH: no route, or the addresses are not of the zone of the
// interface. EMSGSIZE: the packet does not fit, and may not be fragmented.
func (n *Net) Output6(h *Out6, o *Options, p *Packet6, b []byte) error {
	final := h.Dst
	if r := p.extensions[routing]; r != nil {
		h.Dst = netip.AddrFrom16([16]byte(r[8:]))
	}
	if len(b)-headerSize6 > netbsd.IPV6_MAXPACKET {
		return netbsd.EMSGSIZE // as a jumbogram it cannot be fragmented, and no interface has such an MTU
	}
	if h.Src == any6 || h.Src.IsMulticast() {
		return netbsd.EOPNOTSUPP
	}
	if p.hopLimit != -1 {
		h.HopLimit = uint8(p.hopLimit)
	} else if h.Dst.IsMulticast() {
		h.HopLimit = o.multicast6.hops
	}
	ifp, rt, err := n.route6(h.Dst, p.source(o.multicast6.ifindex))
	if err != nil {
		return err
	}
	zoneOf := ifp
	if rt != nil && rt.Ifa != nil {
		zoneOf = rt.Ifa.Ifp
	}
	if !inZone(h.Src, zoneOf) || !inZone(h.Dst, zoneOf) {
		return netbsd.EHOSTUNREACH
	}
	loop, done, err := n.admitGroup6(h, o, ifp)
	if err != nil || done {
		return err
	}
	if mtu := ifp.MTU(); uint32(len(b)) > mtu && (p.dontFrag || mtu < netbsd.IPV6_MMTU) {
		if p.dontFrag {
			n.tellMTU(h.Dst, mtu)
		}
		return netbsd.EMSGSIZE
	}
	h.put(b, p, final)
	if rt != nil {
		if err := rejected(rt); err != nil {
			return err
		}
	}
	return n.transmit6(h, ifp, zoneOf, loop, p.Headroom(), b)
}

// route6 finds the interface that a packet leaves by, and the route unless the
// sender chose the interface of a group (in6_selectroute).
func (n *Net) route6(dst netip.Addr, s Source6) (*netif.Ifnet, *rtable.Route, error) {
	group := dst.IsMulticast()
	if group && s.Ifindex != 0 {
		if ifp := n.Ifs.ByIndex(s.Ifindex); ifp != nil {
			return ifp, nil, nil
		}
	}
	if group && s.MulticastIf != 0 {
		if ifp := n.Ifs.ByIndex(s.MulticastIf); ifp != nil {
			return ifp, nil, nil
		}
	}
	addr, scope := Split(dst)
	if s.NextHop.IsValid() {
		addr, scope = Split(s.NextHop)
	}
	rt, ok := n.lookup(addr, int(scope))
	switch {
	case !ok:
		return nil, nil, netbsd.EHOSTUNREACH
	case s.NextHop.IsValid() && rt.Is(netbsd.RTF_GATEWAY):
		return nil, nil, netbsd.EHOSTUNREACH
	case !s.NextHop.IsValid() && s.Ifindex != 0 && rt.Ifp.Flags()&netbsd.IFF_LOOPBACK == 0 && rt.Ifp.Index != s.Ifindex:
		return nil, nil, netbsd.EHOSTUNREACH
	}
	return rt.Ifp, rt, nil
}

// inZone tells whether an address has the scope that ifp gives it.
func inZone(a netip.Addr, ifp *netif.Ifnet) bool {
	z, ok := zone(a, ifp)
	_, scope := Split(a)
	return ok && (z == int(scope) || !Scoped(a))
}

// admitGroup6 checks whether a packet to a group may leave by ifp: loop tells
// that it comes back, done that it goes nowhere.
func (n *Net) admitGroup6(h *Out6, o *Options, ifp *netif.Ifnet) (loop, done bool, err error) {
	if !h.Dst.IsMulticast() {
		return false, false, nil
	}
	if ifp.Flags()&netbsd.IFF_MULTICAST == 0 {
		return false, false, netbsd.ENETUNREACH
	}
	loop = o.multicast6.loop && n.inGroup(h.Dst, ifp.Index)
	own := h.Dst.As16()[1]&15 == 1 // of the interface alone
	stays := h.HopLimit == 0 || ifp.Flags()&netbsd.IFF_LOOPBACK != 0 || own
	return loop, stays && !loop, nil
}

// put writes the headers into b.
func (h *Out6) put(b []byte, p *Packet6, final netip.Addr) {
	b[0], b[1], b[2], b[3] = 6<<4, 0, 0, 0
	if p.tclass > 0 {
		b[0] |= uint8(p.tclass >> 4)
		b[1] = uint8(p.tclass << 4)
	}
	binary.BigEndian.PutUint16(b[4:], uint16(len(b)-headerSize6))
	b[7] = h.HopLimit
	src, _ := Split(h.Src)
	dst, _ := Split(h.Dst)
	s, d := src.As16(), dst.As16()
	copy(b[8:], s[:])
	copy(b[24:], d[:])
	next, at := &b[6], headerSize6
	for i, e := range p.extensions {
		if e == nil {
			continue
		}
		*next = [...]uint8{netbsd.IPPROTO_HOPOPTS, netbsd.IPPROTO_DSTOPTS, netbsd.IPPROTO_ROUTING, netbsd.IPPROTO_DSTOPTS}[i]
		copy(b[at:], e)
		if i == routing {
			lastHop(b[at:at+len(e)], final)
		}
		next, at = &b[at], at+len(e)
	}
	*next = h.Protocol
}

// lastHop makes a routing header what it is when the packet goes to its first
// hop: that is taken out, and the destination put at the end.
func lastHop(r []byte, final netip.Addr) {
	const first = 8
	addr, _ := Split(final)
	a := addr.As16()
	copy(r[first:], r[first+16:])
	copy(r[len(r)-16:], a[:])
}

// transmit6 gives a packet to gVisor, whose headers are so many bytes. zoneOf is
// the interface whose zone the addresses are in.
func (n *Net) transmit6(h *Out6, ifp, zoneOf *netif.Ifnet, loop bool, headers int, b []byte) error {
	dst, scope := Split(h.Dst)
	nic := tcpip.NICID(ifp.Index)
	var ifa *netif.Ifaddr
	if !dst.IsMulticast() {
		ifa = n.local6(h.Dst)
	}
	if ifa != nil {
		nic = tcpip.NICID(scope)
		if h.Local != nil && headers == headerSize6 && n.shortcut6(h, ifp, zoneOf, ifa, b) {
			return nil
		}
	} else if !ifp.Loopback() && !ifp.Up() {
		return netbsd.ENETDOWN
	}
	r, err := n.Stack.FindRoute(nic, tcpip.Address{}, address(dst), ipv6.ProtocolNumber, loop)
	if err != nil {
		if ifa != nil || ifp.Loopback() {
			return nil // it is down: the packet is lost
		}
		return Errno(err)
	}
	defer r.Release()
	if h.Checksum != 0 && r.RequiresTXTransportChecksum() {
		finish(b[headers:], h.Checksum)
	}
	return Errno(send(r, b))
}

// shortcut6 is shortcut4 for IPv6.
func (n *Net) shortcut6(h *Out6, ifp, zoneOf *netif.Ifnet, ifa *netif.Ifaddr, b []byte) bool {
	if uint32(len(b)) > ifp.MTU() || ifp.Tapped() || !ifp.Loopback() || !ifp.Up() || !ifa.Ifp.Up() || ifa.Flags()&netbsd.IN6_IFF_NOTREADY != 0 {
		return false
	}
	in := Packet{Src: h.Src, Dst: h.Dst, Ifindex: zoneOf.Index, Protocol: h.Protocol, TTL: h.HopLimit, TOS: b[0]<<4 | b[1]>>4, Checked: true}
	if !h.Local(in, b[headerSize6:]) {
		return false
	}
	ifp.Looped(len(b))
	return true
}

// tellMTU tells sockets that sent, or may send, to dst that packets must not be
// larger than mtu, if they want to know (IPV6_RECVPATHMTU, ip6_notify_pmtu).
func (n *Net) tellMTU(dst netip.Addr, mtu uint32) {
	name := Sockaddr{Addr: dst}.Bytes()
	info := binary.NativeEndian.AppendUint32(slices.Clone(name), mtu)
	for _, t := range n.tables {
		t.Each(func(p *Pcb) {
			faddr, _ := p.Foreign()
			if p.Options().receive&recv6PathMTU != 0 && (faddr == any6 || faddr == dst) {
				p.So.Deliver(&socket.Record{Name: name, Control: socket.Message(nil, netbsd.IPPROTO_IPV6, netbsd.IPV6_PATHMTU, info)})
			}
		})
	}
}

// pathMTU returns the MTU of the way to dst, which is of either family
// (ip6_getpmtu).
func (n *Net) pathMTU(dst netip.Addr) (uint32, error) {
	addr, scope := Split(dst)
	rt, ok := n.resolve(addr.Unmap(), int(scope))
	if !ok {
		return 0, netbsd.EHOSTUNREACH
	}
	mtu := rt.Ifp.MTU()
	if m := uint32(rt.Rmx.MTU); m != 0 {
		mtu = min(mtu, max(m, netbsd.IPV6_MMTU))
	}
	return mtu, nil
}
