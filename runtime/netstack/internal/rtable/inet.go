package rtable

import (
	"bytes"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// initInet adds the routes of a new address of AF_INET, or of one with a new
// netmask (in_ifinit).
func (t *Table) initInet(a *netif.Ifaddr, isNew bool) {
	flags := a.Ifp.Flags()
	t.update(a, func(s *ifaState) {
		s.early = isNew
		if s.hook = loopHook; a.Ifp.Type != netbsd.IFT_LOOP {
			s.hook = arpHook
			s.flags |= netbsd.RTF_CONNECTED
		}
	})
	t.addLocal(a)
	mask := a.Mask()
	if inet.address(mask) == [16]byte{} {
		mask = maskSockaddr(a.Prefix) // that of its class
	}
	route := int32(netbsd.RTF_UP)
	t.update(a, func(s *ifaState) {
		s.mask, s.metric, s.early = trimMask(mask), int32(a.Ifp.Data().Metric), false
		if flags&(netbsd.IFF_BROADCAST|netbsd.IFF_LOOPBACK) == netbsd.IFF_LOOPBACK {
			route |= netbsd.RTF_HOST
		}
	})
	t.addPrefix(a, route)
}

// rtinitFlags are RTF_HOST for addresses without a network.
func rtinitFlags(p *netif.Ifnet) int32 {
	if p.Flags()&(netbsd.IFF_LOOPBACK|netbsd.IFF_POINTOPOINT) != 0 {
		return netbsd.RTF_HOST
	}
	return 0
}

// prefixOf returns the address that the route of a's network leads to.
func (t *Table) prefixOf(a *netif.Ifaddr) []byte {
	if rtinitFlags(a.Ifp) != 0 {
		return t.broadcast(a)
	}
	return masked(a.Sockaddr(), t.state(a).mask)
}

// addPrefix adds the route to the network of a, unless there is one of another
// address.
func (t *Table) addPrefix(a *netif.Ifaddr, flags int32) {
	prefix := t.prefixOf(a)
	for _, b := range t.addressesOf(netbsd.AF_INET) {
		if t.hasRoute(b) && bytes.Equal(t.prefixOf(b), prefix) {
			return
		}
	}
	if t.initRoute(a, netbsd.RTM_ADD, flags) == nil {
		t.setFlag(a, ifaRoute, true)
	}
}

// scrubPrefix takes away the route to the network of a, if it is a's, or leaves
// it to another address there (in_scrubprefix).
func (t *Table) scrubPrefix(a *netif.Ifaddr) {
	if !t.hasRoute(a) {
		return
	}
	prefix := t.prefixOf(a)
	_ = t.initRoute(a, netbsd.RTM_DELETE, rtinitFlags(a.Ifp)) // somebody may have deleted it
	t.setFlag(a, ifaRoute, false)
	for _, b := range t.addressesOf(netbsd.AF_INET) {
		if b != a && t.state(b) != nil && !t.hasRoute(b) && bytes.Equal(t.prefixOf(b), prefix) {
			if t.initRoute(b, netbsd.RTM_ADD, rtinitFlags(b.Ifp)|netbsd.RTF_UP) == nil {
				t.setFlag(b, ifaRoute, true)
			}
			return
		}
	}
}

// trimMask returns a netmask of AF_INET as NetBSD keeps it: cut off behind the
// last byte of its address that is not zero (in_socktrim).
func trimMask(mask []byte) []byte {
	sa := make([]byte, inet.offset+inet.size)
	copy(sa, mask)
	for len(sa) > inet.offset && sa[len(sa)-1] == 0 {
		sa = sa[:len(sa)-1]
	}
	if len(sa) == inet.offset {
		return []byte{}
	}
	sa[0] = byte(len(sa))
	return sa
}
