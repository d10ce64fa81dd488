package rtable

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// A hook is what the link below does to a route that is added with one of its
// addresses (ifa_rtrequest).
type hook uint8

const (
	noHook   hook = iota
	loopHook      // lortrequest
	arpHook       // arp_rtrequest
	nd6Hook       // nd6_rtrequest
)

// rtrequest lets the link of a say what it has to about r, which is about to be
// added. netmask is that of the request.
func (t *Table) rtrequest(a ifa, r *Route, netmask []byte) {
	if a.addr == nil { // link_rtrequest
		b, ok := t.ifaOfIfp(r.Key, a.ifp)
		if !ok || b.addr == nil {
			return
		}
		a, r.Ifa = b, b.addr
	}
	s := t.state(a.addr)
	if s == nil {
		return
	}
	switch s.hook {
	case loopHook:
		t.loopRequest(r)
	case arpHook:
		t.arpRequest(r, netmask)
	case nd6Hook:
		t.nd6Request(r)
	}
}

// unrequest lets the link of a say what it has to about r, which loses a or goes.
// lo does the same as for a new route.
func (t *Table) unrequest(a *netif.Ifaddr, r *Route) {
	if s := t.state(a); s != nil && s.hook == loopHook {
		t.loopRequest(r)
	}
}

// loopRequest gives a route the MTU of lo0, whichever lo it is on.
func (t *Table) loopRequest(r *Route) {
	if lo := t.lo0(); lo != nil {
		r.Rmx.MTU = uint64(lo.MTU())
	}
}

// lo0 is the interface that packets to own addresses go through.
func (t *Table) lo0() *netif.Ifnet { return t.ifs.ByName("lo0") }

// emptySdl returns the gateway of routes to a link: a sockaddr_dl as long as
// one with the interface's name and address, but without them.
func emptySdl(p *netif.Ifnet) []byte {
	const nlen, alen, data = 5, 6, 8
	sdl := p.Sdl()
	sdl[nlen], sdl[alen] = 0, 0
	clear(sdl[data:])
	return sdl
}

// arpRequest makes a route of AF_INET that has no gateway one to a link, or
// when its destination is an own address, to lo0.
func (t *Table) arpRequest(r *Route, netmask []byte) {
	if r.Is(netbsd.RTF_GATEWAY) {
		return
	}
	if !r.Is(netbsd.RTF_HOST) && netmask != nil && inet.address(netmask) != inet.host() {
		r.Flags |= netbsd.RTF_CONNECTED
	}
	if r.Flags&(netbsd.RTF_CONNECTED|netbsd.RTF_LOCAL) != 0 {
		r.Gate = emptySdl(r.Ifp)
		if r.Is(netbsd.RTF_CONNECTED) {
			return
		}
	}
	if familyNumber(r.Gate) != netbsd.AF_LINK {
		return
	}
	dst, _ := Address(r.Key)
	if r.Is(netbsd.RTF_HOST) && t.ifs.Broadcasts(r.Ifp, dst) {
		r.Flags |= netbsd.RTF_BROADCAST
		return
	}
	own := t.ifs.ByScopedAddr(dst, r.Ifp.Index)
	if own == nil && !r.Is(netbsd.RTF_LOCAL) {
		return
	}
	if lo := t.lo0(); lo != nil {
		r.Ifp, r.Rmx.MTU = lo, 0
	}
	if !r.Is(netbsd.RTF_LOCAL) {
		r.Flags |= netbsd.RTF_LOCAL
		r.Ifa = own
	}
}

// nd6Request is arpRequest for AF_INET6.
func (t *Table) nd6Request(r *Route) {
	if r.Is(netbsd.RTF_GATEWAY) || !needsCache(r.Ifp) && !r.Is(netbsd.RTF_HOST) {
		return
	}
	if r.Flags&(netbsd.RTF_CONNECTED|netbsd.RTF_LOCAL) != 0 {
		r.Gate = emptySdl(r.Ifp)
		if r.Is(netbsd.RTF_CONNECTED) {
			return
		}
	}
	shared := r.Ifp.Flags()&(netbsd.IFF_POINTOPOINT|netbsd.IFF_LOOPBACK) == 0
	if shared && familyNumber(r.Gate) != netbsd.AF_LINK {
		return
	}
	dst, _ := Address(r.Key)
	own := t.ifs.ByScopedAddr(dst, r.Ifp.Index)
	if own == nil && !r.Is(netbsd.RTF_LOCAL) {
		return
	}
	if !r.Is(netbsd.RTF_LOCAL) {
		r.Ifa = own
	}
	if lo := t.lo0(); lo != nil {
		r.Ifp = lo
	}
}

// needsCache tells whether neighbors on the link of p have addresses that must
// be found out (nd6_need_cache).
func needsCache(p *netif.Ifnet) bool { return p.Type != netbsd.IFT_LOOP }
