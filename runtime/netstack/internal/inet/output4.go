package inet

import (
	"cmp"
	"encoding/binary"
	"net/netip"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
	"github.com/abigen/abigen/runtime/netstack/internal/rtable"
)

// An Out4 is what goes into the header of an IPv4 packet, and what else its
// sender wants.
type Out4 struct {
	Src, Dst netip.Addr
	Protocol uint8
	TTL, TOS uint8
	Flags    int32 // SO_DONTROUTE, SO_BROADCAST
	Ifindex  int   // of the interface it is to leave by; 0: as the route says
	Complete bool  // the packet has its header already, with the same addresses and TTL

	// Checksum is where in the packet, behind the IP header, a checksum
	// over it is, which holds PseudoSum: 0 when there is none. A loopback
	// interface leaves it at that.
	Checksum int

	// MTU is set when the packet is too large for one hop, and its header
	// says that it must not be cut.
	MTU uint32

	// Local takes what follows the header of a packet from this host to
	// itself, and keeps it, if it can: then gVisor need not see it. Nil: it
	// always does.
	Local func(in Packet, b []byte) bool
}

// Headroom4 returns how many bytes a packet is to have in front for the header.
func Headroom4(o *Options) int { return headerSize4 + (max(len(o.route)-hop, 0)+3)&^3 }

// Output4 sends the packet b (ip_output), which it takes over. In front of its data
// is Headroom4 for the header, unless that is there. EHOSTUNREACH and
// ENETUNREACH: no route, or one that rejects. EADDRNOTAVAIL: no source address.
// EACCES: a broadcast without SO_BROADCAST. EMSGSIZE: a broadcast that does not
// fit, or another packet that must not be cut. ENETDOWN: the interface is down.
func (n *Net) Output4(h *Out4, o *Options, b []byte) error {
	if len(o.route) > 0 && !h.Complete {
		if first := netip.AddrFrom4([4]byte(o.route)); first != any4 {
			h.Dst = first
		}
	}
	way, err := n.route4(h, o)
	if err != nil {
		return err
	}
	if err := n.admit4(h, o, &way, len(b)); err != nil {
		return err
	}
	if way.done {
		return nil
	}
	if err := h.fits(&way, b); err != nil {
		return err
	}
	if h.Complete {
		b[8] = h.TTL
		header.IPv4(b).SetSourceAddress(address(h.Src))
	} else {
		h.put(b, o)
	}
	return n.transmit4(h, &way, b)
}

// way4 is the way a packet takes.
type way4 struct {
	ifp       *netif.Ifnet
	ifa       *netif.Ifaddr // whose address it comes from
	rt        *rtable.Route // nil: the sender chose the interface
	broadcast bool
	loop      bool // the sender's host is in the group
	whole     bool // there is no need for fragments
	done      bool // there is nothing left to do
}

func (n *Net) route4(h *Out4, o *Options) (w way4, err error) {
	group := h.Dst.IsMulticast() || h.Dst == broadcast4
	switch {
	case h.Flags&netbsd.SO_DONTROUTE != 0:
		if w.ifa = n.near(h.Dst); w.ifa == nil {
			return w, netbsd.ENETUNREACH
		}
		w.ifp = w.ifa.Ifp
		h.TTL = 1
		w.broadcast = n.Ifs.Broadcasts(w.ifp, h.Dst)
	case h.Ifindex != 0, group && o.multicast4.ifindex != 0:
		if w.ifp = n.Ifs.ByIndex(cmp.Or(h.Ifindex, o.multicast4.ifindex)); w.ifp == nil {
			return w, netbsd.ENETUNREACH
		}
		w.ifa = w.ifp.First(netbsd.AF_INET)
	default:
		rt, ok := n.resolve(h.Dst, 0)
		if !ok {
			return w, netbsd.EHOSTUNREACH
		}
		w.rt, w.ifp, w.ifa = rt, rt.Ifp, rt.Ifa
		if rt.Is(netbsd.RTF_HOST) {
			w.broadcast = rt.Is(netbsd.RTF_BROADCAST)
			break
		}
		next := h.Dst
		if rt.Is(netbsd.RTF_GATEWAY) && rt.Gateway.Is4() {
			next = rt.Gateway
		}
		w.broadcast = n.Ifs.Broadcasts(w.ifp, next)
	}
	return w, nil
}

// admit4 checks whether a packet of size bytes may take its way, and finds the
// source address if there is none.
func (n *Net) admit4(h *Out4, o *Options, w *way4, size int) error {
	if h.Dst.IsMulticast() || h.Dst == broadcast4 {
		return n.admitGroup4(h, o, w)
	}
	if err := h.fillSource(w); err != nil {
		return err
	}
	if h.Src.IsMulticast() {
		return netbsd.EADDRNOTAVAIL
	}
	if !w.broadcast {
		return nil
	}
	switch {
	case w.ifp.Flags()&netbsd.IFF_BROADCAST == 0:
		return netbsd.EADDRNOTAVAIL
	case h.Flags&netbsd.SO_BROADCAST == 0:
		return netbsd.EACCES
	case uint32(size) > w.ifp.MTU():
		return netbsd.EMSGSIZE
	}
	return nil
}

func (n *Net) admitGroup4(h *Out4, o *Options, w *way4) error {
	h.TTL = o.multicast4.ttl
	can := int32(netbsd.IFF_MULTICAST)
	if h.Dst == broadcast4 {
		can = netbsd.IFF_BROADCAST | netbsd.IFF_POINTOPOINT
	}
	if w.ifp.Flags()&can == 0 {
		return netbsd.ENETUNREACH
	}
	if h.Src == any4 {
		w.ifa = w.ifp.First(netbsd.AF_INET)
	}
	if err := h.fillSource(w); err != nil {
		return err
	}
	w.loop = o.multicast4.loop && (h.Dst == broadcast4 || n.inGroup(h.Dst, w.ifp.Index))
	loopback := w.ifp.Flags()&netbsd.IFF_LOOPBACK != 0
	w.done = !w.loop && (h.TTL == 0 || loopback)
	return nil
}

func (h *Out4) fillSource(w *way4) error {
	if h.Src != any4 {
		return nil
	}
	if w.ifa == nil {
		return netbsd.EADDRNOTAVAIL
	}
	h.Src = w.ifa.Addr
	return nil
}

// fits checks whether a packet can be sent, in fragments if it has to be. It sets
// MTU when it may not be cut.
func (h *Out4) fits(w *way4, b []byte) error {
	mtu := w.ifp.MTU()
	if w.rt != nil && w.rt.Rmx.MTU != 0 {
		mtu = uint32(w.rt.Rmx.MTU)
	}
	w.whole = uint32(len(b)) <= mtu
	switch {
	case w.whole:
		return nil
	case h.Complete && header.IPv4(b).Flags()&header.IPv4FlagDontFragment != 0:
		h.MTU = mtu
		return netbsd.EMSGSIZE
	case mtu < headerSize4+leastFragment:
		return netbsd.EMSGSIZE
	}
	return nil
}

// leastFragment is how many bytes of data a fragment has, but for the last one.
const leastFragment = 8

// put writes the header into b.
func (h *Out4) put(b []byte, o *Options) {
	size := Headroom4(o)
	clear(b[:size])
	ip := header.IPv4(b)
	b[0] = 4<<4 | uint8(size/4)
	ip.SetTOS(h.TOS, 0)
	ip.SetTotalLength(uint16(len(b)))
	b[8], b[9] = h.TTL, h.Protocol
	ip.SetSourceAddress(address(h.Src))
	ip.SetDestinationAddress(address(h.Dst))
	if len(o.route) > hop {
		copy(b[headerSize4:size], o.route[hop:])
	}
}

// transmit4 gives a packet to gVisor.
func (n *Net) transmit4(h *Out4, w *way4, b []byte) error {
	if w.rt != nil {
		if err := rejected(w.rt); err != nil {
			return err
		}
		if w.rt.Is(netbsd.RTF_BLACKHOLE) && w.ifp.Loopback() {
			return nil
		}
	}
	ifa := n.Ifs.ByAddr(h.Dst)
	nic := tcpip.NICID(w.ifp.Index)
	if ifa != nil {
		nic = 0
		if h.Local != nil && n.shortcut4(h, w, ifa, b) {
			return nil
		}
	} else if !w.ifp.Loopback() && !w.ifp.Up() {
		return netbsd.ENETDOWN
	}
	r, err := n.Stack.FindRoute(nic, tcpip.Address{}, address(h.Dst), ipv4.ProtocolNumber, w.loop)
	if err != nil {
		if ifa != nil || w.ifp.Loopback() {
			return nil // it is down: the packet is lost
		}
		return Errno(err)
	}
	defer r.Release()
	if size := int(b[0]&15) * 4; h.Checksum != 0 && r.RequiresTXTransportChecksum() && size < len(b) {
		finish(b[size:], h.Checksum)
	}
	err = send(r, b)
	if _, malformed := err.(*tcpip.ErrMalformedHeader); malformed && h.Complete {
		return nil // nobody would take it
	}
	return Errno(err)
}

// shortcut4 gives a packet to an address of this host, and without options,
// straight to its protocol. It returns false when that does not want it, and when
// somebody wants to see it on its way.
func (n *Net) shortcut4(h *Out4, w *way4, ifa *netif.Ifaddr, b []byte) bool {
	if !w.whole || w.ifp.Tapped() || !w.ifp.Loopback() || !w.ifp.Up() || !ifa.Ifp.Up() || b[0] != 4<<4|headerSize4/4 {
		return false
	}
	in := Packet{Src: h.Src, Dst: h.Dst, Ifindex: w.ifp.Index, Protocol: h.Protocol, TTL: h.TTL, TOS: h.TOS, Checked: true}
	if !h.Local(in, b[headerSize4:]) {
		return false
	}
	w.ifp.Looped(len(b))
	return true
}

// send passes a packet on that has its header.
func send(r *stack.Route, b []byte) tcpip.Error {
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{
		ReserveHeaderBytes: int(r.MaxHeaderLength()),
		Payload:            buffer.MakeWithData(b),
	})
	defer pkt.DecRef()
	return r.WriteHeaderIncludedPacket(pkt)
}

// finish completes a checksum that is that of the pseudo-header so far.
func finish(b []byte, offset int) {
	sum := Sum(b, 0)
	if sum == 0 {
		sum = 0xffff
	}
	binary.BigEndian.PutUint16(b[offset:], sum)
}

// rejected returns the error of a route that rejects packets
// (rt_check_reject_route).
func rejected(rt *rtable.Route) error {
	switch {
	case !rt.Is(netbsd.RTF_REJECT):
		return nil
	case rt.Ifp.Flags()&netbsd.IFF_LOOPBACK == 0:
		if rt.Is(netbsd.RTF_GATEWAY) {
			return netbsd.EHOSTUNREACH
		}
		return netbsd.EHOSTDOWN
	case rt.Is(netbsd.RTF_HOST):
		return netbsd.EHOSTUNREACH
	}
	return netbsd.ENETUNREACH
}

// Messages applies the control messages of a sender to its packet, and to the
// names of that (ip_setpktopts, as it is since NetBSD 8): IP_PKTINFO and
// IP_SENDSRCADDR, which has the number of IP_RECVDSTADDR. EADDRNOTAVAIL: not an
// address of this host. ENXIO: no such interface. ENOPROTOOPT: another message
// of the level. EINVAL: malformed.
func (h *Out4) Messages(n *Net, names *Names, control []byte) error {
	return eachMessage(control, netbsd.IPPROTO_IP, func(typ int32, data []byte) error {
		var ifindex uint32
		switch {
		case typ == netbsd.IP_PKTINFO && len(data) == hop+4:
			ifindex = binary.NativeEndian.Uint32(data[hop:])
		case typ == netbsd.IP_RECVDSTADDR && len(data) == hop:
		case typ == netbsd.IP_PKTINFO || typ == netbsd.IP_RECVDSTADDR:
			return netbsd.EINVAL
		default:
			return netbsd.ENOPROTOOPT
		}
		if a := netip.AddrFrom4([4]byte(data)); a != any4 {
			if !a.IsMulticast() && !n.bindable4(a) {
				return netbsd.EADDRNOTAVAIL
			}
			names.Src = netip.AddrPortFrom(a, names.Src.Port())
		}
		if ifindex != 0 && n.Ifs.ByIndex(int(ifindex)) == nil {
			return netbsd.ENXIO
		}
		h.Ifindex = int(ifindex)
		return nil
	})
}
