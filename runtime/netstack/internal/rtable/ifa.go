package rtable

import (
	"bytes"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// An ifa is an address of an interface that a route may have for its source:
// one of netif's, or with a nil addr the interface's own of AF_LINK.
type ifa struct {
	ifp  *netif.Ifnet
	addr *netif.Ifaddr
}

func ifaOf(a *netif.Ifaddr) ifa { return ifa{a.Ifp, a} }

// IfaSockaddr returns the address of a route's or an interface's address,
// which is a, or when that is nil the one of AF_LINK of p.
func IfaSockaddr(p *netif.Ifnet, a *netif.Ifaddr) []byte {
	if a == nil {
		return p.Sdl()
	}
	return a.Sockaddr()
}

func (a ifa) sockaddr() []byte { return IfaSockaddr(a.ifp, a.addr) }

// family is AF_LINK, AF_INET or AF_INET6.
func (a ifa) family() int32 {
	if a.addr == nil {
		return netbsd.AF_LINK
	}
	return a.addr.Family()
}

// ifas returns the addresses of an interface, that of AF_LINK which it uses
// first.
func ifas(p *netif.Ifnet) []ifa {
	list := []ifa{{ifp: p}}
	for _, a := range p.Addrs() {
		if a.Family() != netbsd.AF_LINK {
			list = append(list, ifaOf(a))
		}
	}
	return list
}

// familyNumber returns the family of a sockaddr, AF_UNSPEC of one too short to
// have one.
func familyNumber(sa []byte) int32 {
	if len(sa) < 2 {
		return netbsd.AF_UNSPEC
	}
	return int32(sa[1])
}

// ifaWithAddr returns the address that is sa, or has it for its broadcast
// address (ifa_ifwithaddr).
func (t *Table) ifaWithAddr(sa []byte) (ifa, bool) {
	for _, p := range t.ifs.All() {
		broadcast := p.Flags()&netbsd.IFF_BROADCAST != 0
		for _, a := range ifas(p) {
			if a.family() != familyNumber(sa) {
				continue
			}
			if bytes.Equal(a.sockaddr(), sa) || broadcast && a.addr != nil && a.addr.Addr.Is4() && bytes.Equal(t.broadcast(a.addr), sa) {
				return a, true
			}
		}
	}
	return ifa{}, false
}

// ifaWithNet returns the address whose network has sa, the most specific one if
// there are several (ifa_ifwithnet). One of AF_LINK names an interface by its
// index or by its name.
func (t *Table) ifaWithNet(sa []byte) (best ifa, ok bool) {
	if familyNumber(sa) == netbsd.AF_LINK {
		return t.ifaWithLink(sa)
	}
	for _, p := range t.ifs.All() {
		for _, a := range p.Addrs() {
			if a.Family() != familyNumber(sa) || !t.onNet(a, sa) {
				continue
			}
			if !ok || a.Prefix.Bits() > best.addr.Prefix.Bits() {
				best, ok = ifaOf(a), true
			}
		}
	}
	return best, ok
}

func (t *Table) ifaWithLink(sa []byte) (best ifa, ok bool) {
	const index, data = 2, 8 // offsets of sdl_index and sdl_data
	if len(sa) >= index+2 {
		if p := t.ifs.ByIndex(int(native.Uint16(sa[index:]))); p != nil {
			return ifa{ifp: p}, true
		}
	}
	for _, p := range t.ifs.All() {
		if len(sa) < data || !bytes.HasPrefix(sa[data:], []byte(p.Name)) {
			continue
		}
		if !ok || len(p.Name) > len(best.ifp.Name) {
			best, ok = ifa{ifp: p}, true
		}
	}
	return best, ok
}

// onNet tells whether sa, of the same family as a, is on a's network.
func (t *Table) onNet(a *netif.Ifaddr, sa []byte) bool {
	f, s := familyOf(sa), t.state(a)
	if s == nil {
		return false // it just came, or is gone
	}
	mask := f.address(s.mask)
	return and(f.address(sa), mask) == and(f.address(a.Sockaddr()), mask)
}

// ifaOfIfp returns the address of p that suits packets to sa best: of the same
// network, or of the same family at least (ifaof_ifpforaddr).
func (t *Table) ifaOfIfp(sa []byte, p *netif.Ifnet) (best ifa, ok bool) {
	for _, a := range ifas(p) {
		if a.family() != familyNumber(sa) {
			continue
		}
		best, ok = a, true
		if a.addr == nil || t.onNet(a.addr, sa) {
			break
		}
	}
	return best, ok
}

// ifaWithRoute returns the source address of a new route (ifa_ifwithroute).
func (t *Table) ifaWithRoute(flags int32, dst, gate []byte) (a ifa, ok bool) {
	if flags&netbsd.RTF_GATEWAY == 0 {
		a, ok = t.ifaWithAddr(gate)
	}
	if !ok {
		a, ok = t.ifaWithNet(gate)
	}
	if !ok {
		r, err := t.Find(dst, nil)
		if err != nil || r.Ifp == nil {
			return a, false
		}
		a = r.ifa()
	}
	if a.family() != familyNumber(dst) {
		if b, ok := t.ifaOfIfp(dst, a.ifp); ok {
			a = b
		}
	}
	return a, true
}

// ifa returns the source address of r.
func (r *Route) ifa() ifa {
	if r.Ifa != nil {
		return ifaOf(r.Ifa)
	}
	return ifa{ifp: r.Ifp}
}
