package rtable

import (
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
	case netif.PrefixesFlushed:
		t.flushPrefixes()
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
