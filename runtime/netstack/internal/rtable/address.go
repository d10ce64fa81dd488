package rtable

import (
	"bytes"
	"net/netip"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// An ifaState is what routing has to know about an address of an interface,
// other than netif's part (struct ifaddr).
type ifaState struct {
	flags  int32 // IFA_ROUTE, RTF_CONNECTED
	metric int32
	mask   []byte // ifa_netmask
	noBrd  bool   // the interface has neither ifa_broadaddr nor ifa_dstaddr
	early  bool   // these are not set yet
	hook   hook
	prefix *prefix // IPv6: the network, if there is a route to it
}

// ifaRoute is IFA_ROUTE: the route to the address's network is this address's.
const ifaRoute = netbsd.RTF_UP

func (t *Table) state(a *netif.Ifaddr) *ifaState {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.ifas[a]
}

// update changes the state of a.
func (t *Table) update(a *netif.Ifaddr, change func(s *ifaState)) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s := t.ifas[a]; s != nil {
		change(s)
	}
}

func (t *Table) setFlag(a *netif.Ifaddr, flag int32, on bool) {
	t.update(a, func(s *ifaState) {
		if s.flags &^= flag; on {
			s.flags |= flag
		}
	})
}

func (t *Table) hasRoute(a *netif.Ifaddr) bool {
	s := t.state(a)
	return s != nil && s.flags&ifaRoute != 0
}

// broadcast returns the broadcast address of a, or that of the other end.
func (t *Table) broadcast(a *netif.Ifaddr) []byte {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if s := t.ifas[a]; s != nil {
		return s.broadcast(a)
	}
	return nil
}

// broadcast is the same for the state of a. The caller holds the table's mu.
func (s *ifaState) broadcast(a *netif.Ifaddr) []byte {
	switch dst := a.Dst(); {
	case s.noBrd:
		return nil
	case s.early && a.Ifp.Flags()&netbsd.IFF_BROADCAST != 0:
		return Sockaddr(netip.IPv4Unspecified(), 0)
	case s.early || !dst.IsValid():
		return []byte{}
	default:
		return Sockaddr(dst, a.Ifp.Index)
	}
}

// addressesOf returns all addresses of a family.
func (t *Table) addressesOf(family int32) (list []*netif.Ifaddr) {
	for _, p := range t.ifs.All() {
		for _, a := range p.Addrs() {
			if a.Family() == family {
				list = append(list, a)
			}
		}
	}
	return list
}

// prefixMask returns the mask of a network.
func (f *family) prefixMask(bits int) (mask [16]byte) {
	for i := range mask[:f.size] {
		switch n := bits - 8*i; {
		case n >= 8:
			mask[i] = 0xff
		case n > 0:
			mask[i] = 0xff << (8 - n)
		}
	}
	return mask
}

// maskSockaddr returns a netmask as programs give it.
func maskSockaddr(p netip.Prefix) []byte {
	f := inet6
	if p.Addr().Is4() {
		f = inet
	}
	sa := Sockaddr(p.Addr(), 0)
	mask := f.prefixMask(p.Bits())
	copy(sa[f.offset:], mask[:f.size])
	return sa
}

// addLocal adds the route by which packets to an own address come back, and
// tells of the address (rt_ifa_addlocal).
func (t *Table) addLocal(a *netif.Ifaddr) {
	if a.Addr.IsUnspecified() {
		t.tellAddr(netbsd.RTM_NEWADDR, a)
		return
	}
	if r, ok := t.Lookup(a.Addr, a.Ifp.Index); ok && r.isLoop() {
		t.tellAddr(netbsd.RTM_NEWADDR, a)
		return
	}
	i := &Info{Flags: netbsd.RTF_HOST | netbsd.RTF_LOCAL, ifa: ifaOf(a)}
	if a.Ifp.Flags()&(netbsd.IFF_LOOPBACK|netbsd.IFF_POINTOPOINT) == 0 {
		i.Flags |= netbsd.RTF_LLDATA
	}
	i.Addrs[netbsd.RTAX_DST], i.Addrs[netbsd.RTAX_GATEWAY] = a.Sockaddr(), a.Ifp.Sdl()
	r, err := t.requestAdd(i)
	if err != nil {
		r = nil
	} else if r.Ifa != a {
		if c, err := t.change(r, func(r *Route) { r.Ifa = a }); err == nil {
			r = c
		}
	}
	t.tellLocal(a, r, err)
}

// isLoop tells whether r leads to a single address, through a loopback
// interface.
func (r *Route) isLoop() bool {
	return r.Is(netbsd.RTF_HOST) && r.Ifp != nil && r.Ifp.Flags()&netbsd.IFF_LOOPBACK != 0
}

// removeLocal undoes addLocal. When another interface has the same address,
// the route becomes that one's (rt_ifa_remlocal).
func (t *Table) removeLocal(a *netif.Ifaddr) {
	r, ok := t.Lookup(a.Addr, a.Ifp.Index)
	if !ok || !r.isLoop() {
		t.tellAddr(netbsd.RTM_DELADDR, a)
		return
	}
	if other := t.sameAddress(a); other != nil {
		t.replaceIfa(r, other)
		return
	}
	i := r.info()
	_, err := t.requestDelete(i)
	t.tellRoute(netbsd.RTM_DELETE, i, i.Flags, err)
	t.tellAddr(netbsd.RTM_DELADDR, a)
}

// sameAddress returns the same address on another interface, nil when there is
// none.
func (t *Table) sameAddress(a *netif.Ifaddr) (other *netif.Ifaddr) {
	for _, b := range t.addressesOf(a.Family()) {
		if b.Ifp != a.Ifp && bytes.Equal(IfaSockaddr(b.Ifp, b), IfaSockaddr(a.Ifp, a)) {
			other = b
		}
	}
	return other
}

func (t *Table) replaceIfa(r *Route, a *netif.Ifaddr) {
	if r.Ifa != nil {
		t.moveRoute(r, r.Ifa, a)
	}
	if c, err := t.change(r, func(r *Route) { r.Ifa = a }); err == nil {
		t.tellNew(netbsd.RTM_CHANGE, c)
	}
}

// moveRoute takes IFA_ROUTE from an address whose network r was the route to,
// and gives it to another (rt_replace_ifa).
func (t *Table) moveRoute(r *Route, from, to *netif.Ifaddr) {
	if from == to || !t.hasRoute(from) || !t.connected(r, from) {
		return
	}
	t.setFlag(from, ifaRoute, false)
	if to != nil && t.connected(r, to) {
		t.setFlag(to, ifaRoute, true)
	}
}

// unroute takes IFA_ROUTE from a when r was the route to its network.
func (t *Table) unroute(r *Route, a *netif.Ifaddr) {
	if t.hasRoute(a) && t.connected(r, a) {
		t.setFlag(a, ifaRoute, false)
	}
}

// connected tells whether r is the route to the network of a, or to the other
// end of its link (rt_ifa_connected).
func (t *Table) connected(r *Route, a *netif.Ifaddr) bool {
	if r.Is(netbsd.RTF_HOST) {
		return bytes.Equal(t.broadcast(a), r.Key)
	}
	return familyOf(r.Key).number == a.Family() && bytes.Equal(masked(a.Sockaddr(), t.state(a).mask), r.Key)
}

// initRoute adds or deletes the route to the network of an address, or with
// RTF_HOST to the other end of its link (rtinit).
func (t *Table) initRoute(a *netif.Ifaddr, cmd uint8, flags int32) error {
	s := t.state(a)
	i := &Info{Flags: flags | s.flags, ifa: ifaOf(a)}
	dst := a.Sockaddr()
	if flags&netbsd.RTF_HOST != 0 {
		dst = t.broadcast(a)
	}
	i.Addrs[netbsd.RTAX_DST], i.Addrs[netbsd.RTAX_GATEWAY], i.Addrs[netbsd.RTAX_NETMASK] = dst, a.Sockaddr(), s.mask
	var r *Route
	var err error
	if cmd == netbsd.RTM_ADD {
		r, err = t.requestAdd(i)
	} else {
		if flags&netbsd.RTF_HOST == 0 {
			dst = masked(dst, s.mask)
		}
		if have, err := t.Find(dst, nil); err == nil && have.Ifa != a {
			return netbsd.ENETUNREACH
		}
		r, err = t.requestDelete(i)
	}
	if err == nil {
		t.tellNew(cmd, r)
	}
	return err
}
