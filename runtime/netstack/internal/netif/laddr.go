package netif

import (
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// checkLaddr checks the addresses of a request of the SIOC?LIFADDR kind. One to
// get the first address need not have any.
func checkLaddr(cmd uint64, req *netbsd.IfLaddrreq, family uint8, size uint8, bits uint32) error {
	if cmd != netbsd.SIOCGLIFADDR || req.Flags&netbsd.IFLR_PREFIX != 0 {
		if req.Addr.Family != family || req.Addr.Len != size ||
			req.Dstaddr.Family != netbsd.AF_UNSPEC && req.Dstaddr.Family != family ||
			req.Dstaddr.Len != 0 && req.Dstaddr.Len != size {
			return netbsd.EINVAL
		}
	}
	if req.Prefixlen > bits {
		return netbsd.EINVAL
	}
	return nil
}

// matchLaddr finds the interface's address that a request to get or delete one
// means: the first of the family to get, one in the prefix with IFLR_PREFIX, or
// the one with this address.
func (p *Ifnet) matchLaddr(cmd uint64, req *netbsd.IfLaddrreq, want netip.Addr, family int32) (*Ifaddr, error) {
	if req.Flags&netbsd.IFLR_PREFIX == 0 {
		a := p.First(family)
		if cmd == netbsd.SIOCDLIFADDR {
			a = p.lookup(want)
		}
		if a == nil {
			return nil, netbsd.EADDRNOTAVAIL
		}
		return a, nil
	}
	prefix := netip.PrefixFrom(want, int(req.Prefixlen))
	if prefix.Masked().Addr() != want {
		return nil, netbsd.EINVAL
	}
	for _, a := range p.Addrs() {
		if a.Family() == family && prefix.Contains(a.Addr) {
			return a, nil
		}
	}
	return nil, netbsd.EADDRNOTAVAIL
}

// inetLaddr does SIOCALIFADDR, SIOCGLIFADDR and SIOCDLIFADDR with addresses of
// AF_INET (in_lifaddr_ioctl).
func (t *Table) inetLaddr(l *kern.Lwp, p *Ifnet, cmd uint64, req *netbsd.IfLaddrreq) error {
	if err := checkLaddr(cmd, req, netbsd.AF_INET, netbsd.SizeofSockaddrIn, 32); err != nil {
		return err
	}
	var sin netbsd.SockaddrIn
	copy(abi.AsBytes(&sin), abi.AsBytes(&req.Addr))
	if cmd == netbsd.SIOCALIFADDR {
		if req.Flags&netbsd.IFLR_PREFIX != 0 {
			return netbsd.EINVAL
		}
		alias := netbsd.Ifaliasreq{Name: req.IflrName}
		copy(abi.AsBytes(&alias.Addr), abi.AsBytes(&req.Addr))
		copy(abi.AsBytes(&alias.Dstaddr), abi.AsBytes(&req.Dstaddr))
		mask := sockaddrIn(netip.PrefixFrom(netip.AddrFrom4([4]byte{255, 255, 255, 255}), int(req.Prefixlen)).Masked().Addr())
		copy(abi.AsBytes(&alias.Mask), abi.AsBytes(&mask))
		return t.configure(p, func() error { return t.aliasIoctl(l, p, netbsd.SIOCAIFADDR, &alias) })
	}
	return t.configure(p, func() error {
		a, err := p.matchLaddr(cmd, req, addrIn(&sin), netbsd.AF_INET)
		if err != nil {
			return err
		}
		return t.answerLaddr(l, a, cmd, req, 0)
	})
}

// inet6Laddr does the same with addresses of AF_INET6 (in6_lifaddr_ioctl).
// With IFLR_PREFIX a new address has the host's part of the link-local one.
func (t *Table) inet6Laddr(l *kern.Lwp, p *Ifnet, cmd uint64, req *netbsd.IfLaddrreq) error {
	if err := checkLaddr(cmd, req, netbsd.AF_INET6, netbsd.SizeofSockaddrIn6, 128); err != nil {
		return err
	}
	var sin6 netbsd.SockaddrIn6
	copy(abi.AsBytes(&sin6), abi.AsBytes(&req.Addr))
	return t.configure(p, func() error {
		if cmd == netbsd.SIOCALIFADDR {
			return t.addLaddr6(p, req, sin6)
		}
		a, err := p.matchLaddr(cmd, req, netip.AddrFrom16(sin6.Addr), netbsd.AF_INET6)
		if err != nil {
			return err
		}
		return t.answerLaddr(l, a, cmd, req, uint32(a.Flags()))
	})
}

func (t *Table) addLaddr6(p *Ifnet, req *netbsd.IfLaddrreq, sin6 netbsd.SockaddrIn6) error {
	alias := netbsd.In6Aliasreq{Name: req.IflrName, Addr: sin6, Flags: int32(req.Flags &^ netbsd.IFLR_PREFIX)}
	copy(abi.AsBytes(&alias.Dstaddr), abi.AsBytes(&req.Dstaddr))
	if req.Flags&netbsd.IFLR_PREFIX != 0 {
		local := p.linkLocalAddr()
		switch {
		case local == nil:
			return netbsd.EADDRNOTAVAIL
		case req.Prefixlen > 64, !abi.IsZero(sin6.Addr[8:]):
			return netbsd.EINVAL
		}
		host := local.Addr.As16()
		copy(alias.Addr.Addr[8:], host[8:])
		if alias.Dstaddr.Family == netbsd.AF_INET6 {
			copy(alias.Dstaddr.Addr[8:], host[8:])
		}
	}
	mask := Ifaddr{Prefix: netip.PrefixFrom(netip.IPv6Unspecified(), int(req.Prefixlen))}
	alias.Prefixmask = mask.mask6()
	alias.Lifetime.Vltime, alias.Lifetime.Pltime = forever, forever
	return t.alias6(p, &alias)
}

// linkLocalAddr returns the first link-local address of an interface, nil when
// it has none.
func (p *Ifnet) linkLocalAddr() *Ifaddr {
	for _, a := range p.Addrs() {
		if a.Addr.Is6() && a.Addr.IsLinkLocalUnicast() {
			return a
		}
	}
	return nil
}

// answerLaddr ends a request that found its address.
func (t *Table) answerLaddr(l *kern.Lwp, a *Ifaddr, cmd uint64, req *netbsd.IfLaddrreq, flags uint32) error {
	if cmd == netbsd.SIOCDLIFADDR {
		if !l.Superuser() {
			return netbsd.EPERM
		}
		t.removeAddr(a)
		return nil
	}
	sa := a.Sockaddr()
	if a.Addr.Is6() {
		var sin6 netbsd.SockaddrIn6
		copy(abi.AsBytes(&sin6), sa)
		recoverScope(&sin6)
		sa = abi.AsBytes(&sin6)
	}
	copy(abi.AsBytes(&req.Addr), sa)
	req.Dstaddr = netbsd.SockaddrStorage{}
	req.Prefixlen, req.Flags = uint32(a.Prefix.Bits()), flags
	return nil
}

// addrPref does SIOCGIFADDRPREF and SIOCSIFADDRPREF (ifaddrpref_ioctl).
func (p *Ifnet) addrPref(family int32, cmd uint64, req *netbsd.IfAddrprefreq) error {
	if int32(req.Addr.Family) != family {
		return netbsd.EINVAL
	}
	var want netip.Addr
	if family == netbsd.AF_INET {
		var sin netbsd.SockaddrIn
		copy(abi.AsBytes(&sin), abi.AsBytes(&req.Addr))
		want = addrIn(&sin)
	} else {
		var sin6 netbsd.SockaddrIn6
		copy(abi.AsBytes(&sin6), abi.AsBytes(&req.Addr))
		want = addrIn6(&sin6)
	}
	sa := (&Ifaddr{Ifp: p, Addr: want}).Sockaddr()
	if req.Addr.Len != sa[0] {
		return netbsd.EINVAL
	}
	a := p.lookup(want)
	switch {
	case a == nil:
		return netbsd.EADDRNOTAVAIL
	case cmd == netbsd.SIOCSIFADDRPREF:
		a.preference.Store(int32(req.Preference))
	default:
		copy(abi.AsBytes(&req.Addr), a.Sockaddr())
		req.Preference = int16(a.Preference())
	}
	return nil
}
