package rtable

import (
	"errors"

	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// miss tells that there is no route to dst.
func (t *Table) miss(dst []byte) {
	i := &Info{}
	i.Addrs[netbsd.RTAX_DST] = dst
	t.tellRoute(netbsd.RTM_MISS, i, 0, nil)
}

// tellRoute tells of something about a route (rt_missmsg).
func (t *Table) tellRoute(cmd uint8, i *Info, flags int32, err error) {
	h := &netbsd.RtMsghdr{Flags: netbsd.RTF_DONE | flags, Errno: errno(err)}
	t.Tell(&rtsock.Message{Type: cmd, Header: h, Addrs: i.Addrs}, familyNumber(i.dst()))
}

// errno is the number of an error of this package, 0 of nil.
func errno(err error) int32 {
	var e netbsd.Errno
	_ = errors.As(err, &e)
	return int32(e)
}

// info says what r is.
func (r *Route) info() *Info {
	i := &Info{Flags: r.Flags}
	i.Addrs[netbsd.RTAX_DST], i.Addrs[netbsd.RTAX_GATEWAY], i.Addrs[netbsd.RTAX_NETMASK] = r.Key, r.Gate, r.Netmask
	return i
}

// tellNew tells that r was added, deleted or changed, with its interface
// (rt_newmsg).
func (t *Table) tellNew(cmd uint8, r *Route) {
	i := r.info()
	if r.Ifp != nil {
		i.Addrs[netbsd.RTAX_IFP], i.Addrs[netbsd.RTAX_IFA] = r.Ifp.Sdl(), r.ifa().sockaddr()
	}
	t.tellRoute(cmd, i, r.Flags, nil)
}

// tellAddr tells of an address, as RTM_NEWADDR or RTM_DELADDR
// (rt_newaddrmsg).
func (t *Table) tellAddr(cmd uint8, a *netif.Ifaddr) {
	m := t.AddrMessage(cmd, a)
	t.Tell(m, a.Family())
}

// AddrMessage returns the message about an address of an interface.
func (t *Table) AddrMessage(cmd uint8, a *netif.Ifaddr) *rtsock.Message {
	t.mu.RLock()
	defer t.mu.RUnlock()
	h := &netbsd.IfaMsghdr{Index: uint16(a.Ifp.Index), Addrflags: a.Flags()}
	m := &rtsock.Message{Type: cmd, Header: h}
	m.Addrs[netbsd.RTAX_IFA], m.Addrs[netbsd.RTAX_IFP] = a.Sockaddr(), a.Ifp.Sdl()
	if a.Family() == netbsd.AF_LINK {
		m.Addrs[netbsd.RTAX_NETMASK] = nameMask(a.Ifp)
	} else if s := t.ifas[a]; s != nil {
		h.Flags, h.Metric = s.flags, s.metric
		m.Addrs[netbsd.RTAX_NETMASK], m.Addrs[netbsd.RTAX_BRD] = s.mask, s.broadcast(a)
	}
	return m
}

// nameMask returns the netmask of an address of AF_LINK, which is one for the
// interface's name.
func nameMask(p *netif.Ifnet) []byte {
	const data = 8 // offset of sdl_data
	mask := make([]byte, data+len(p.Name))
	mask[0] = uint8(len(mask))
	for i := data; i < len(mask); i++ {
		mask[i] = 0xff
	}
	return mask
}

// tellLocal tells of an address and the route to it that came with it.
func (t *Table) tellLocal(a *netif.Ifaddr, r *Route, err error) {
	t.tellAddr(netbsd.RTM_NEWADDR, a)
	if r == nil {
		return
	}
	h := &netbsd.RtMsghdr{Index: uint16(a.Ifp.Index), Flags: r.Flags, Errno: errno(err)}
	m := &rtsock.Message{Type: netbsd.RTM_ADD, Header: h, Addrs: r.info().Addrs}
	t.Tell(m, a.Family())
}

// tellInterface tells that an interface went up or down (rt_ifmsg).
func (t *Table) tellInterface(p *netif.Ifnet) {
	t.Tell(InterfaceMessage(p), netbsd.AF_UNSPEC)
}

// InterfaceMessage returns the message about an interface. Flags are a short
// in NetBSD, so that IFF_MULTICAST makes them negative.
func InterfaceMessage(p *netif.Ifnet) *rtsock.Message {
	h := &netbsd.IfMsghdr{Index: uint16(p.Index), Flags: int32(int16(p.Flags())), Data: p.Data()}
	return &rtsock.Message{Type: netbsd.RTM_IFINFO, Header: h}
}

// tellAnnounce tells that an interface came or went (rt_ifannouncemsg).
func (t *Table) tellAnnounce(p *netif.Ifnet, what uint16) {
	h := &netbsd.IfAnnouncemsghdr{Index: uint16(p.Index), What: what}
	copy(h.Name[:len(h.Name)-1], p.Name)
	t.Tell(&rtsock.Message{Type: netbsd.RTM_IFANNOUNCE, Header: h}, netbsd.AF_UNSPEC)
}
