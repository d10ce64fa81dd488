package inet

import (
	"net/netip"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// A Source says what a socket wants of the address that its packets come from.
type Source struct {
	Options     int32 // SO_DONTROUTE
	MulticastIf int   // interface for groups; 0: none in particular
}

// Source4 returns the address that packets to dst come from (in_selectsrc):
// that of the interface they leave by. EADDRNOTAVAIL: there is none.
func (n *Net) Source4(dst netip.Addr, s Source) (netip.Addr, error) {
	ifa := n.sourceByRoute(dst, s)
	if ifa == nil {
		return netip.Addr{}, netbsd.EADDRNOTAVAIL
	}
	if dst.IsMulticast() && s.MulticastIf != 0 {
		ifa = nil
		if ifp := n.Ifs.ByIndex(s.MulticastIf); ifp != nil {
			ifa = ifp.First(netbsd.AF_INET)
		}
		if ifa == nil || ifa.Flags()&netbsd.IN_IFF_NOTREADY != 0 {
			return netip.Addr{}, netbsd.EADDRNOTAVAIL
		}
	}
	return ifa.Addr, nil
}

// sourceByRoute chooses without regard to groups. Routes through a loopback
// interface lead to an address of another one, or to nobody.
func (n *Net) sourceByRoute(dst netip.Addr, s Source) *netif.Ifaddr {
	if s.Options&netbsd.SO_DONTROUTE == 0 {
		rt, ok := n.resolve(dst, 0)
		if ok && rt.Ifp.Flags()&netbsd.IFF_LOOPBACK == 0 && rt.Ifa != nil {
			return rt.Ifa
		}
	}
	if ifa := n.near(dst); ifa != nil {
		return ifa
	}
	for _, ifp := range n.Ifs.All() {
		if ifp.Flags()&netbsd.IFF_LOOPBACK == 0 {
			if ifa := ifp.First(netbsd.AF_INET); ifa != nil {
				return ifa
			}
		}
	}
	return nil
}

// near returns the address that is dst, or has it for the other end, or else
// the one whose network is the smallest that dst is in (ifa_ifwithladdr).
func (n *Net) near(dst netip.Addr) *netif.Ifaddr {
	if ifa := n.Ifs.ByAddr(dst); ifa != nil {
		return ifa
	}
	if ifa := n.broadcast(dst); ifa != nil {
		return ifa
	}
	var best *netif.Ifaddr
	for _, ifp := range n.Ifs.All() {
		toPoint := ifp.Flags()&netbsd.IFF_POINTOPOINT != 0
		for _, ifa := range ifp.Addrs() {
			if toPoint && ifa.Dst() == dst {
				return ifa
			}
			if ifa.Prefix.Contains(dst) && (best == nil || ifa.Prefix.Bits() > best.Prefix.Bits()) {
				best = ifa
			}
		}
	}
	return best
}
