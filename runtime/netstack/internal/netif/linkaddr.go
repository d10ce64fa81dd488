package netif

import (
	"bytes"
	"slices"

	"gvisor.dev/gvisor/pkg/tcpip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// linkData returns the hardware address of a sockaddr_dl in a request, false
// when it says that there is one beyond its end.
func linkData(s *netbsd.SockaddrStorage) ([]byte, bool) {
	const data = 8 // sdl_data
	b := abi.AsBytes(s)
	from := data + int(b[5])
	to := from + int(b[6])
	if to > len(b) {
		return nil, false
	}
	return b[from:to], true
}

// checkLinkAddr refuses hardware addresses that an Ethernet interface cannot
// have; ENOTTY says that it may be added.
func (p *Ifnet) checkLinkAddr(req *netbsd.IfLaddrreq) error {
	if p.Type != netbsd.IFT_ETHER || req.Addr.Family != netbsd.AF_LINK {
		return netbsd.ENOTTY
	}
	mac, ok := linkData(&req.Addr)
	if ok && len(mac) > 0 && (mac[0]&1 != 0 || abi.IsZero(mac)) {
		return netbsd.EINVAL
	}
	return netbsd.ENOTTY
}

// linkAddrIoctl does SIOCGLIFADDR, SIOCALIFADDR and SIOCDLIFADDR with hardware
// addresses (link_control).
func (t *Table) linkAddrIoctl(p *Ifnet, cmd uint64, req *netbsd.IfLaddrreq) error {
	if req.Addr.Family != netbsd.AF_LINK {
		return netbsd.EINVAL
	}
	mac, ok := linkData(&req.Addr)
	if !ok || len(mac) != len(p.LinkAddr()) {
		return netbsd.EINVAL
	}
	if req.Flags&netbsd.IFLR_PREFIX != 0 && req.Prefixlen != uint32(8*len(mac)) {
		return netbsd.EINVAL
	}
	links := slices.DeleteFunc(slices.Clone(p.AllAddrs()), func(a *Ifaddr) bool { return a.Family() != netbsd.AF_LINK })
	var found *Ifaddr
	if i := slices.IndexFunc(links, func(a *Ifaddr) bool { return bytes.Equal(a.Link, mac) }); i >= 0 {
		found = links[i]
	}
	switch cmd {
	case netbsd.SIOCGLIFADDR:
		if req.Flags&netbsd.IFLR_PREFIX == 0 {
			found = links[0]
		}
		return p.getLinkAddr(found, req)
	case netbsd.SIOCDLIFADDR:
		return t.removeLinkAddr(found)
	}
	return t.addLinkAddr(p, found, mac, req.Flags&netbsd.IFLR_ACTIVE != 0)
}

// getLinkAddr answers with an address. None of them is a factory's: ours are
// made up.
func (p *Ifnet) getLinkAddr(a *Ifaddr, req *netbsd.IfLaddrreq) error {
	if a == nil {
		return netbsd.EADDRNOTAVAIL
	}
	if req.Flags = 0; a == p.active.Load() {
		req.Flags = netbsd.IFLR_ACTIVE
	}
	copy(abi.AsBytes(&req.Addr), a.Sockaddr())
	return nil
}

func (t *Table) removeLinkAddr(a *Ifaddr) error {
	switch {
	case a == nil:
		return netbsd.EADDRNOTAVAIL
	case a == a.Ifp.active.Load():
		return netbsd.EBUSY
	}
	t.tell(Event{What: LinkAddrRemoved, Ifp: a.Ifp, Ifa: a})
	a.Ifp.changeAddrs(without(a))
	return nil
}

// addLinkAddr adds a hardware address, unless it is there, and makes it the one
// that is used.
func (t *Table) addLinkAddr(p *Ifnet, a *Ifaddr, mac []byte, activate bool) error {
	if a == nil {
		a = &Ifaddr{Ifp: p, Link: slices.Clone(mac)}
		p.changeAddrs(func(list []*Ifaddr) []*Ifaddr { return append(list, a) })
		t.tell(Event{What: LinkAddrAdded, Ifp: p, Ifa: a})
	}
	if !activate || a == p.active.Load() {
		return nil
	}
	p.active.Store(a)
	if err := t.Stack.SetNICAddress(p.nic(), tcpip.LinkAddress(a.Link)); err != nil {
		return errno(err)
	}
	t.tell(Event{What: LinkAddrChanged, Ifp: p, Ifa: a})
	if p.Flags()&netbsd.IFF_RUNNING != 0 {
		return p.drv.start(t, p)
	}
	return nil
}
