package rtable

import (
	"bytes"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// Event does what follows for the routes from what happened to an interface:
// addresses bring routes with them. It also tells routing sockets.
func (t *Table) Event(e netif.Event) {
	t.serial.Lock()
	defer t.serial.Unlock()
	switch e.What {
	case netif.Arrived:
		t.tellAnnounce(e.Ifp, netbsd.IFAN_ARRIVAL)
	case netif.Departing:
		t.departing = e.Ifp
	case netif.Departed:
		t.depart(e.Ifp)
		t.tellAnnounce(e.Ifp, netbsd.IFAN_DEPARTURE)
	case netif.Changed:
		t.tellInterface(e.Ifp)
	case netif.AddrAdded:
		t.addrAdded(e.Ifa)
	case netif.AddrReady:
		t.addrReady(e.Ifa)
	case netif.AddrRemoved:
		t.addrRemoved(e.Ifa)
	case netif.AddrChanged:
		t.addrChanged(e.Old, e.Ifa)
	case netif.LinkAddrAdded:
		t.tellAddr(netbsd.RTM_NEWADDR, e.Ifa)
	case netif.LinkAddrRemoved:
		t.tellAddr(netbsd.RTM_DELADDR, e.Ifa)
	case netif.LinkAddrChanged:
		t.linkAddrChanged(e.Ifa)
	}
}

// depart forgets an interface: routes that are left go without a word.
func (t *Table) depart(p *netif.Ifnet) {
	t.departing = nil
	t.forgetNeighbors(p)
	for _, r := range t.All(netbsd.AF_UNSPEC) {
		if r.Ifp == p {
			_, _ = t.requestDelete(r.info())
		}
	}
}

func (t *Table) addrAdded(a *netif.Ifaddr) {
	t.mu.Lock()
	t.ifas[a] = &ifaState{mask: a.Mask()}
	t.mu.Unlock()
	if a.Addr.Is4() {
		t.initInet(a, true)
	} else {
		t.initInet6(a)
	}
}

// addrReady adds the route to the network of an address of AF_INET6.
func (t *Table) addrReady(a *netif.Ifaddr) {
	if a.Addr.Is6() && a.Prefix.Bits() < 128 {
		t.joinPrefix(a)
	}
}

func (t *Table) addrRemoved(a *netif.Ifaddr) {
	if t.state(a) == nil {
		return
	}
	if a.Addr.Is4() {
		t.scrubPrefix(a)
		t.removeLocal(a)
	} else {
		t.purgeInet6(a)
	}
	t.unhide(a)
	t.mu.Lock()
	delete(t.ifas, a)
	t.mu.Unlock()
}

// linkAddrChanged tells of the hardware address that an interface uses now, and
// of the routes to its own addresses, which have it.
func (t *Table) linkAddrChanged(a *netif.Ifaddr) {
	for _, b := range a.Ifp.Addrs() {
		if r, err := t.Find(b.Sockaddr(), nil); err == nil {
			t.tellNew(netbsd.RTM_CHANGE, r)
		}
	}
	t.tellAddr(netbsd.RTM_CHGADDR, a)
}

// addrChanged puts a in the place of old: the same address with another
// netmask, or another one. When they are the same, only flags changed.
func (t *Table) addrChanged(old, a *netif.Ifaddr) {
	if t.state(old) == nil {
		return
	}
	if old != a {
		t.takeOver(old, a)
	}
	if old != a && a.Addr.Is4() {
		t.initInet(a, false)
		return
	}
	t.tellAddr(netbsd.RTM_NEWADDR, a)
}

// takeOver makes what belongs to old belong to a. Of IPv4, the route to old's
// network goes if it is not a's network.
func (t *Table) takeOver(old, a *netif.Ifaddr) {
	if a.Addr.Is4() && t.hasRoute(old) {
		t.scrubPrefix(old)
	}
	t.mu.Lock()
	s := t.ifas[old]
	delete(t.ifas, old)
	t.ifas[a] = s
	if a.Addr.Is4() {
		s.mask = a.Mask()
	}
	t.mu.Unlock()
	for _, r := range t.All(a.Family()) {
		if r.Ifa == old {
			_, _ = t.change(r, func(r *Route) { r.Ifa = a })
		}
	}
}

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
