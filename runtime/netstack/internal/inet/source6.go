package inet

import (
	"cmp"
	"math/bits"
	"net/netip"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// A Source6 says what a socket wants of the address that its packets come from.
type Source6 struct {
	Addr        netip.Addr // from IPV6_PKTINFO; not valid, or unspecified: none
	Ifindex     int        // from IPV6_PKTINFO; 0: none
	NextHop     netip.Addr // from IPV6_NEXTHOP; not valid: none
	MulticastIf int        // interface for groups; 0: none in particular
	Temporary   int32      // IPV6_PREFER_TEMPADDR
}

// Source6 returns the address that packets to dst come from, and the interface
// they leave by as far as it is known (in6_selectsrc): laddr unless that is
// unspecified. EHOSTUNREACH: no route. EADDRNOTAVAIL: no address would do.
func (n *Net) Source6(dst, laddr netip.Addr, s Source6) (netip.Addr, int, error) {
	ifp, err := n.outgoing6(dst, s)
	ifindex := 0
	if ifp != nil {
		ifindex = ifp.Index
	}
	if s.Addr.IsValid() && s.Addr != any6 {
		src, err := n.explicit6(s.Addr, ifp)
		return src, ifindex, err
	}
	if laddr != any6 {
		return laddr, ifindex, nil
	}
	if ifp == nil {
		return netip.Addr{}, 0, err
	}
	if _, ok := zone(dst, ifp); !ok {
		return netip.Addr{}, ifindex, netbsd.EINVAL
	}
	best := n.best6(Embed(dst, uint32(ifindex)), ifp, s)
	if best == nil {
		return netip.Addr{}, ifindex, netbsd.EADDRNOTAVAIL
	}
	return Embed(best.Addr, uint32(best.Ifp.Index)), ifindex, nil
}

// explicit6 checks an address that was asked for.
func (n *Net) explicit6(src netip.Addr, ifp *netif.Ifnet) (netip.Addr, error) {
	if ifp != nil {
		if _, ok := zone(src, ifp); !ok {
			return src, netbsd.EINVAL
		}
		src = Embed(src, uint32(ifp.Index))
	}
	ifa := n.local6(src)
	if ifa == nil || ifa.Flags()&(netbsd.IN6_IFF_ANYCAST|netbsd.IN6_IFF_NOTREADY) != 0 {
		return src, netbsd.EADDRNOTAVAIL
	}
	return src, nil
}

// outgoing6 returns the interface that packets to dst leave by (in6_selectif);
// that of the address when it is one of this host's. A route that rejects them
// still tells the interface.
func (n *Net) outgoing6(dst netip.Addr, s Source6) (*netif.Ifnet, error) {
	if s.Ifindex != 0 {
		if ifp := n.Ifs.ByIndex(s.Ifindex); ifp != nil {
			return ifp, nil
		}
	}
	if dst.IsMulticast() && s.MulticastIf != 0 {
		if ifp := n.Ifs.ByIndex(s.MulticastIf); ifp != nil {
			return ifp, nil
		}
	}
	addr, scope := Split(dst)
	if s.NextHop.IsValid() {
		addr, scope = Split(s.NextHop)
	}
	resolve := n.resolve
	if dst.IsMulticast() {
		resolve = n.lookup
	}
	rt, ok := resolve(addr, int(scope))
	if !ok || s.NextHop.IsValid() && rt.Is(netbsd.RTF_GATEWAY) {
		return nil, netbsd.EHOSTUNREACH
	}
	if rt.Flags&(netbsd.RTF_REJECT|netbsd.RTF_BLACKHOLE) == 0 && rt.Ifa != nil {
		return rt.Ifa.Ifp, nil
	}
	return rt.Ifp, nil
}

// best6 chooses among all addresses that are in the right zone (RFC 6724).
func (n *Net) best6(dst netip.Addr, out *netif.Ifnet, s Source6) *netif.Ifaddr {
	dstZone, _ := zone(dst, out)
	plain, _ := Split(dst)
	deprecated := n.Params.UseDeprecated.Load() != 0
	if s.Temporary == netbsd.IP6PO_TEMPADDR_SYSTEM {
		s.Temporary = n.Params.UseTemporary.Load()
	}
	var best *netif.Ifaddr
	for _, ifp := range n.Ifs.All() {
		if z, ok := zone(dst, ifp); !ok || z != dstZone {
			continue
		}
		for _, ifa := range ifp.Addrs() {
			if !ifa.Addr.Is6() || !usable6(ifa, out) || !deprecated && ifa.Flags()&netbsd.IN6_IFF_DEPRECATED != 0 {
				continue
			}
			if ifa.Addr == plain {
				return ifa
			}
			if best == nil || better6(ifa, best, plain, out, s) {
				best = ifa
			}
		}
	}
	return best
}

// usable6 tells whether packets that leave by out may come from ifa.
func usable6(ifa *netif.Ifaddr, out *netif.Ifnet) bool {
	a, ok := zone(ifa.Addr, out)
	b, ok2 := zone(ifa.Addr, ifa.Ifp)
	const no = netbsd.IN6_IFF_NOTREADY | netbsd.IN6_IFF_ANYCAST | netbsd.IN6_IFF_DETACHED
	return ok && ok2 && a == b && ifa.Flags()&no == 0
}

// better6 tells whether a is to be preferred to best, which came first. The
// rules are those of RFC 6724, section 5, without labels, and one of KAME's for
// interfaces that are down.
func better6(a, best *netif.Ifaddr, dst netip.Addr, out *netif.Ifnet, s Source6) bool {
	as, bs, ds := scopeOf(a.Addr), scopeOf(best.Addr), scopeOf(dst)
	switch {
	case bs < as:
		return bs < ds
	case as < bs:
		return as >= ds
	}
	prefer := func(flag int32, has int32) int { return b2i(a.Flags()&flag == has) - b2i(best.Flags()&flag == has) }
	temporary := int32(0)
	if s.Temporary != 0 {
		temporary = netbsd.IN6_IFF_TEMPORARY
	}
	return cmp.Or(
		prefer(netbsd.IN6_IFF_DEPRECATED, 0),
		b2i(a.Ifp == out)-b2i(best.Ifp == out),
		prefer(netbsd.IN6_IFF_TEMPORARY, temporary),
		b2i(a.Ifp.Up())-b2i(best.Ifp.Up()),
		matching(a.Addr, dst)-matching(best.Addr, dst),
	) > 0
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// scopeOf returns the scope of an address as a multicast address has it (RFC
// 4007): ::1 counts as one of the link.
func scopeOf(a netip.Addr) int {
	const linkLocal, siteLocal, global = 2, 5, 14
	b := a.As16()
	switch {
	case b[0] == 0xff:
		if s := int(b[1] & 15); s == 1 || s == linkLocal || s == siteLocal {
			return s
		}
	case a.IsLinkLocalUnicast() || a.IsLoopback():
		return linkLocal
	case b[0] == 0xfe && b[1]&0xc0 == 0xc0:
		return siteLocal
	}
	return global
}

// matching counts the bits that two addresses begin with in common.
func matching(a, b netip.Addr) int {
	x, y := a.As16(), b.As16()
	for i := range x {
		if d := x[i] ^ y[i]; d != 0 {
			return 8*i + bits.LeadingZeros8(d)
		}
	}
	return 128
}
