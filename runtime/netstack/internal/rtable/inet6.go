package rtable

import (
	"net/netip"
	"slices"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// A prefix is a network of IPv6 on a link (struct nd_prefix). Addresses on it
// share one route.
type prefix struct {
	ifp    *netif.Ifnet
	net    netip.Prefix
	refs   int
	onlink bool // there is a route, and it is this prefix's
}

func (p *prefix) key() []byte { return Sockaddr(p.net.Addr(), p.ifp.Index) }

// same tells whether two prefixes are the same network.
func (p *prefix) same(o *prefix) bool {
	return p.net.Bits() == o.net.Bits() && slices.Equal(p.key(), o.key())
}

// initInet6 adds the routes of a new address (in6_update_ifa).
func (t *Table) initInet6(a *netif.Ifaddr) {
	flags := a.Ifp.Flags()
	first := a.Ifp.First(netbsd.AF_INET6) == a
	t.update(a, func(s *ifaState) {
		s.metric = int32(a.Ifp.Data().Metric)
		switch {
		case flags&netbsd.IFF_LOOPBACK == 0:
			s.hook = nd6Hook
		case first && a.Ifp.Type == netbsd.IFT_LOOP:
			s.hook = loopHook
		}
		s.noBrd = flags&(netbsd.IFF_LOOPBACK|netbsd.IFF_POINTOPOINT) == 0
	})
	if a.Dst().IsValid() && a.Prefix.Bits() == 128 {
		if t.initRoute(a, netbsd.RTM_ADD, netbsd.RTF_UP|netbsd.RTF_HOST) == nil {
			t.setFlag(a, ifaRoute, true)
		}
	}
	t.addLocal(a)
	if flags&netbsd.IFF_MULTICAST != 0 {
		t.groupRoute(a, "ff02::1")
		t.groupRoute(a, "ff01::1")
	}
	if needsCache(a.Ifp) { // nd6_add_ifa_lle
		t.update(a, func(s *ifaState) { s.hook, s.flags = nd6Hook, netbsd.RTF_CONNECTED })
	}
}

// groupRoute adds the route to the groups of a link or of an interface, unless
// the interface has one.
func (t *Table) groupRoute(a *netif.Ifaddr, group string) {
	dst := Sockaddr(netip.MustParseAddr(group), a.Ifp.Index)
	mask := maskSockaddr(netip.PrefixFrom(netip.IPv6Unspecified(), 32))
	if r, err := t.Find(dst, nil); err == nil && slices.Equal(r.Key[:inet6.offset+4], dst[:inet6.offset+4]) {
		return
	}
	i := &Info{Flags: netbsd.RTF_UP | netbsd.RTF_CONNECTED}
	own := a.Sockaddr()
	i.Addrs[netbsd.RTAX_DST], i.Addrs[netbsd.RTAX_GATEWAY], i.Addrs[netbsd.RTAX_NETMASK], i.Addrs[netbsd.RTAX_IFA] = dst, own, mask, own
	_, _ = t.requestAdd(i) // it was not there just now
}

// joinPrefix adds a to the addresses of its network, which gets a route.
func (t *Table) joinPrefix(a *netif.Ifaddr) {
	p := &prefix{ifp: a.Ifp, net: a.Prefix.Masked()}
	if i := slices.IndexFunc(t.prefixes, func(o *prefix) bool { return o.ifp == p.ifp && o.same(p) }); i >= 0 {
		p = t.prefixes[i]
	} else {
		t.prefixes = slices.Insert(t.prefixes, 0, p)
		t.onlink(p)
	}
	if !a.Auto { // such a network stays when its address goes
		p.refs++
		t.update(a, func(s *ifaState) { s.prefix = p })
	}
	t.recheck()
}

// recheck adds the routes of networks that could not be added before
// (pfxlist_onlink_check).
func (t *Table) recheck() {
	for _, p := range t.prefixes {
		if !p.onlink && !p.net.Addr().IsLinkLocalUnicast() {
			t.onlink(p)
		}
	}
}

// onlink adds the route to a prefix, unless another interface has one to the
// same (nd6_prefix_onlink).
func (t *Table) onlink(p *prefix) {
	for _, o := range t.prefixes {
		if o != p && o.onlink && o.same(p) {
			return
		}
	}
	a := linkLocal(p.ifp)
	if a == nil {
		return
	}
	flags := int32(netbsd.RTF_UP)
	if s := t.state(a); s != nil {
		flags |= s.flags
	}
	if flags &^= netbsd.RTF_CONNECTED; needsCache(p.ifp) {
		flags |= netbsd.RTF_CONNECTED
	}
	i := &Info{Flags: flags}
	i.Addrs[netbsd.RTAX_DST], i.Addrs[netbsd.RTAX_GATEWAY], i.Addrs[netbsd.RTAX_NETMASK] = p.key(), a.Sockaddr(), maskSockaddr(p.net)
	if r, err := t.requestAdd(i); err == nil {
		t.tellNew(netbsd.RTM_ADD, r)
		p.onlink = true
	}
}

// linkLocal returns the link-local address of an interface that can be used,
// or when there is none any address.
func linkLocal(p *netif.Ifnet) *netif.Ifaddr {
	const unusable = netbsd.IN6_IFF_TENTATIVE | netbsd.IN6_IFF_DUPLICATED | netbsd.IN6_IFF_ANYCAST
	for _, a := range p.Addrs() {
		if a.Addr.Is6() && a.Addr.IsLinkLocalUnicast() && a.Flags()&unusable == 0 {
			return a
		}
	}
	return p.First(netbsd.AF_INET6)
}

// offlink takes the route to a prefix away; another interface on the same
// network gets one in its place (nd6_prefix_offlink).
func (t *Table) offlink(p *prefix) {
	if !p.onlink {
		return
	}
	i := &Info{}
	i.Addrs[netbsd.RTAX_DST], i.Addrs[netbsd.RTAX_NETMASK] = p.key(), maskSockaddr(p.net)
	r, err := t.requestDelete(i)
	if err != nil {
		return
	}
	t.tellNew(netbsd.RTM_DELETE, r)
	p.onlink = false
	for _, o := range t.prefixes {
		if o != p && !o.onlink && o.same(p) {
			t.onlink(o)
		}
	}
}

// flushPrefixes takes the routes to all prefixes away that are not link-local.
// The addresses stay (SIOCSPFXFLUSH_IN6).
func (t *Table) flushPrefixes() {
	for _, p := range slices.Clone(t.prefixes) {
		if !p.net.Addr().IsLinkLocalUnicast() {
			t.offlink(p)
		}
	}
}

func (t *Table) removePrefix(p *prefix) {
	t.offlink(p)
	t.prefixes = slices.DeleteFunc(t.prefixes, func(o *prefix) bool { return o == p })
	t.recheck()
}

// purgeInet6 takes the routes of an address away (in6_purgeaddr). When the
// interface itself goes, its prefixes go before its addresses.
func (t *Table) purgeInet6(a *netif.Ifaddr) {
	if t.departing == a.Ifp {
		for _, p := range slices.Clone(t.prefixes) {
			if p.ifp == a.Ifp {
				t.removePrefix(p)
			}
		}
	}
	s := t.state(a)
	if s.flags&ifaRoute != 0 && len(t.broadcast(a)) > 0 && t.initRoute(a, netbsd.RTM_DELETE, netbsd.RTF_HOST) == nil {
		t.setFlag(a, ifaRoute, false)
	}
	t.removeLocal(a)
	if p := s.prefix; p != nil {
		if p.refs--; p.refs == 0 {
			t.removePrefix(p)
		}
	}
}
