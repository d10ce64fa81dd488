package netif

import (
	"encoding/binary"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// inet6Ioctl does the requests of AF_INET6 sockets about an interface
// (in6_control).
func (t *Table) inet6Ioctl(l *kern.Lwp, p *Ifnet, cmd uint64, data []byte) error {
	if privileged6(cmd) && !l.Superuser() {
		return netbsd.EPERM
	}
	switch cmd {
	case netbsd.SIOCSIFADDR, netbsd.SIOCSIFDSTADDR, netbsd.SIOCSIFBRDADDR, netbsd.SIOCSIFNETMASK:
		return netbsd.EOPNOTSUPP
	case netbsd.SIOCALIFADDR, netbsd.SIOCDLIFADDR, netbsd.SIOCGLIFADDR:
		return with(data, func(req *netbsd.IfLaddrreq) error { return t.inet6Laddr(l, p, cmd, req) })
	case netbsd.SIOCGIFADDRPREF, netbsd.SIOCSIFADDRPREF:
		return with(data, func(req *netbsd.IfAddrprefreq) error { return p.addrPref(netbsd.AF_INET6, cmd, req) })
	case netbsd.SIOCAIFADDR_IN6:
		return with(data, func(req *netbsd.In6Aliasreq) error {
			return t.configure(p, func() error { return t.alias6(p, req) })
		})
	case netbsd.SIOCDIFADDR_IN6:
		return with(data, func(req *netbsd.In6Ifreq) error {
			return t.configure(p, func() error { return t.remove6(p, req) })
		})
	case siocSetAddr6, siocSetDstaddr6, siocSetNetmask6,
		netbsd.SIOCGIFADDR_IN6, netbsd.SIOCGIFDSTADDR_IN6, netbsd.SIOCGIFNETMASK_IN6,
		netbsd.SIOCGIFAFLAG_IN6, netbsd.SIOCGIFALIFETIME_IN6:
		return with(data, func(req *netbsd.In6Ifreq) error { return t.get6(p, cmd, req) })
	}
	return t.neighborIoctl(p, cmd, data)
}

// Requests that the headers of today have no more.
const (
	siocSetAddr6    = netbsd.SIOCSIFADDR_IN6
	siocSetDstaddr6 = 0x8120690e // SIOCSIFDSTADDR_IN6: _IOW('i', 14, struct in6_ifreq)
	siocSetNetmask6 = 0x81206916 // SIOCSIFNETMASK_IN6: _IOW('i', 22, struct in6_ifreq)
)

func privileged6(cmd uint64) bool {
	switch cmd {
	case netbsd.SIOCAIFADDR_IN6, netbsd.SIOCDIFADDR_IN6, netbsd.SIOCSIFINFO_IN6, netbsd.SIOCSIFINFO_FLAGS,
		siocFlushNeighbors, siocFlushPrefixes, siocFlushRouters, siocSetDefiface, siocSetInfo7, siocSetInfoFlags7:
		return true
	}
	return false
}

// embedScope moves the scope of a request's address into the address, where
// the kernel keeps it: the interface's own when none is given.
func (t *Table) embedScope(p *Ifnet, sin6 *netbsd.SockaddrIn6) error {
	a := netip.AddrFrom16(sin6.Addr)
	switch {
	case sin6.ScopeID != 0:
		if !scoped(a) {
			return nil
		}
		if t.ByIndex(int(sin6.ScopeID)) == nil {
			return netbsd.ENXIO
		}
		binary.BigEndian.PutUint16(sin6.Addr[2:], uint16(sin6.ScopeID))
		sin6.ScopeID = 0
		return nil
	case a.IsLoopback() && p.Flags()&netbsd.IFF_LOOPBACK == 0:
		return netbsd.EINVAL
	case scoped(a):
		binary.BigEndian.PutUint16(sin6.Addr[2:], uint16(p.Index))
	}
	return nil
}

// recoverScope is the reverse of embedScope.
func recoverScope(sin6 *netbsd.SockaddrIn6) {
	if scoped(netip.AddrFrom16(sin6.Addr)) {
		sin6.ScopeID = uint32(binary.BigEndian.Uint16(sin6.Addr[2:]))
		sin6.Addr[2], sin6.Addr[3] = 0, 0
	}
}

// find6 returns the interface's address that a request names, after putting its
// scope in place; nil when the interface has none such.
func (t *Table) find6(p *Ifnet, sin6 *netbsd.SockaddrIn6) (*Ifaddr, error) {
	if sin6.Family != netbsd.AF_INET6 {
		return nil, nil
	}
	if err := t.embedScope(p, sin6); err != nil {
		return nil, err
	}
	a := netip.AddrFrom16(sin6.Addr)
	if scoped(a) && int(binary.BigEndian.Uint16(sin6.Addr[2:])) != p.Index {
		return nil, nil
	}
	return p.lookup(addrIn6(sin6)), nil
}

// get6 does the requests that ask for something of an address.
func (t *Table) get6(p *Ifnet, cmd uint64, req *netbsd.In6Ifreq) error {
	a, err := t.find6(p, req.Ifru.Addr())
	if err != nil {
		return err
	}
	switch {
	case cmd == siocSetAddr6 || cmd == siocSetDstaddr6 || cmd == siocSetNetmask6:
		return netbsd.EINVAL // an interface may have many addresses
	case a == nil:
		return netbsd.EADDRNOTAVAIL
	}
	switch cmd {
	case netbsd.SIOCGIFADDR_IN6:
		copy(abi.AsBytes(req.Ifru.Addr()), a.Sockaddr())
		recoverScope(req.Ifru.Addr())
	case netbsd.SIOCGIFNETMASK_IN6:
		*req.Ifru.Addr() = a.mask6()
	case netbsd.SIOCGIFAFLAG_IN6:
		*req.Ifru.Flags6() = a.Flags()
	case netbsd.SIOCGIFALIFETIME_IN6:
		*req.Ifru.Lifetime() = a.Lifetime()
	default: // SIOCGIFDSTADDR_IN6: no interface of ours is point-to-point
		return netbsd.EINVAL
	}
	return nil
}

// Lifetime returns how long an address of AF_INET6 is valid and preferred, in
// seconds from when that was set, and when these times end; 0 is never.
func (a *Ifaddr) Lifetime() netbsd.In6Addrlifetime {
	a.Ifp.table.mu.RLock()
	defer a.Ifp.table.mu.RUnlock()
	lt := a.lifetime
	lt.Expire, lt.Preferred = 0, 0
	if lt.Vltime != forever {
		lt.Expire = a.since.Unix() + int64(lt.Vltime)
	}
	if lt.Pltime != forever {
		lt.Preferred = a.since.Unix() + int64(lt.Pltime)
	}
	return lt
}

// mask6 returns the netmask as it was given.
func (a *Ifaddr) mask6() netbsd.SockaddrIn6 {
	m := netbsd.SockaddrIn6{Len: netbsd.SizeofSockaddrIn6, Family: netbsd.AF_INET6}
	if a.mask != nil {
		copy(abi.AsBytes(&m), a.mask)
		return m
	}
	ones := netip.AddrFrom16([16]byte{
		255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	})
	m.Addr = netip.PrefixFrom(ones, a.Prefix.Bits()).Masked().Addr().As16()
	return m
}

func (t *Table) remove6(p *Ifnet, req *netbsd.In6Ifreq) error {
	sin6 := req.Ifru.Addr()
	a, err := t.find6(p, sin6)
	switch {
	case err != nil:
		return err
	case a == nil:
		return netbsd.EADDRNOTAVAIL
	case sin6.Len != netbsd.SizeofSockaddrIn6:
		return netbsd.EAFNOSUPPORT
	}
	t.removeAddr(a)
	return nil
}

// alias6 does SIOCAIFADDR_IN6: it adds an address, or changes the flags and the
// lifetime of one that is there.
func (t *Table) alias6(p *Ifnet, req *netbsd.In6Aliasreq) error {
	old, err := t.find6(p, &req.Addr)
	if err != nil {
		return err
	}
	const readOnly = netbsd.IN6_IFF_DUPLICATED | netbsd.IN6_IFF_DETACHED | netbsd.IN6_IFF_TENTATIVE |
		netbsd.IN6_IFF_NODAD | netbsd.IN6_IFF_AUTOCONF
	switch {
	case req.Addr.Family != netbsd.AF_INET6 || req.Addr.Len != netbsd.SizeofSockaddrIn6:
		return netbsd.EAFNOSUPPORT
	case req.Flags&readOnly != 0:
		return netbsd.EINVAL
	}
	bits, err := t.checkAlias6(p, old, req)
	switch {
	case err != nil:
		return err
	case old != nil:
		t.update6(old, req)
		return nil
	case req.Lifetime.Vltime == 0:
		return nil // it would be gone at once
	}
	a := newAddr(p, addrIn6(&req.Addr), bits)
	a.mask = append([]byte(nil), abi.AsBytes(&req.Prefixmask)...)
	if req.Dstaddr.Family == netbsd.AF_INET6 {
		a.setDst(addrIn6(&req.Dstaddr))
	}
	a.setLifetime(req)
	a.setTentative()
	return t.addIPv6(a)
}

// checkAlias6 checks a request to add or change an address, and returns its
// prefix length.
func (t *Table) checkAlias6(p *Ifnet, old *Ifaddr, req *netbsd.In6Aliasreq) (bits int, err error) {
	n := int(req.Prefixmask.Len)
	switch {
	case n > netbsd.SizeofSockaddrIn6, n == 0 && old == nil:
		return 0, netbsd.EINVAL
	case n == 0:
		bits = old.Prefix.Bits()
	default:
		mask := req.Prefixmask.Addr[:]
		if n -= 8; n >= 0 && n < len(mask) {
			mask = mask[:n] // what the length leaves out
		} else if n < 0 {
			mask = nil
		}
		if bits = maskBits(mask); bits == 0 || !contiguous(mask) {
			return 0, netbsd.EINVAL
		}
	}
	if req.Dstaddr.Family == netbsd.AF_INET6 {
		dst := req.Dstaddr
		if err := t.embedScope(p, &dst); err != nil {
			return 0, netbsd.EINVAL
		}
		if p.Flags()&netbsd.IFF_LOOPBACK == 0 || bits != 128 {
			return 0, netbsd.EINVAL
		}
	}
	if req.Lifetime.Pltime > req.Lifetime.Vltime {
		return 0, netbsd.EINVAL
	}
	if old != nil && old.Prefix.Bits() != bits {
		return 0, netbsd.EINVAL
	}
	return bits, nil
}

// update6 changes the flags and the lifetime of an address.
func (t *Table) update6(a *Ifaddr, req *netbsd.In6Aliasreq) {
	const dad = netbsd.IN6_IFF_TENTATIVE | netbsd.IN6_IFF_DUPLICATED
	checked := a.flags.Load()&dad == 0
	t.mu.Lock()
	a.setLifetime(req)
	t.mu.Unlock()
	if !checked || a.Ifp.noLink() {
		a.setTentative()
	}
	t.startLifetime(a)
	t.tell(Event{What: AddrChanged, Ifp: a.Ifp, Ifa: a, Old: a})
}

// setLifetime takes the flags and the lifetime from a request. A deprecated
// address is not preferred any more.
func (a *Ifaddr) setLifetime(req *netbsd.In6Aliasreq) {
	a.flags.Store(req.Flags)
	a.lifetime = netbsd.In6Addrlifetime{Vltime: req.Lifetime.Vltime, Pltime: req.Lifetime.Pltime}
	if req.Flags&netbsd.IN6_IFF_DEPRECATED != 0 {
		a.lifetime.Pltime = 0
	}
	a.setSince()
}

// setSince notes that the lifetime begins now.
func (a *Ifaddr) setSince() {
	clock := a.Ifp.table.Stack.Clock()
	a.since, a.began = clock.Now(), clock.NowMonotonic()
}
