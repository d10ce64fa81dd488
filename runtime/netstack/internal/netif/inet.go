package netif

import (
	"encoding/binary"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// inetIoctl does the requests of AF_INET sockets about an interface
// (in_control).
func (t *Table) inetIoctl(l *kern.Lwp, p *Ifnet, cmd uint64, data []byte) error {
	switch cmd {
	case netbsd.SIOCALIFADDR, netbsd.SIOCDLIFADDR, netbsd.SIOCGLIFADDR:
		return with(data, func(req *netbsd.IfLaddrreq) error { return t.inetLaddr(l, p, cmd, req) })
	case netbsd.SIOCGIFADDRPREF, netbsd.SIOCSIFADDRPREF:
		return with(data, func(req *netbsd.IfAddrprefreq) error { return p.addrPref(netbsd.AF_INET, cmd, req) })
	case netbsd.SIOCAIFADDR, netbsd.SIOCGIFALIAS:
		return with(data, func(req *netbsd.Ifaliasreq) error {
			return t.configure(p, func() error { return t.aliasIoctl(l, p, cmd, req) })
		})
	case netbsd.SIOCDIFADDR, netbsd.SIOCGIFAFLAG_IN:
		return with(data, func(req *netbsd.Ifreq) error {
			return t.configure(p, func() error { return t.addressIoctl(l, p, cmd, req) })
		})
	case netbsd.SIOCSIFADDR, netbsd.SIOCSIFNETMASK, netbsd.SIOCSIFBRDADDR, netbsd.SIOCSIFDSTADDR:
		return with(data, func(req *netbsd.Ifreq) error {
			return t.configure(p, func() error { return t.setFirst(l, p, cmd, req) })
		})
	case netbsd.SIOCGIFADDR, netbsd.SIOCGIFNETMASK, netbsd.SIOCGIFBRDADDR, netbsd.SIOCGIFDSTADDR:
		return with(data, func(req *netbsd.Ifreq) error { return p.getFirst(cmd, req) })
	}
	return netbsd.ENOTTY
}

// find returns the interface's address that a request names: the first of all
// when it names none of AF_INET.
func (p *Ifnet) find(sin *netbsd.SockaddrIn) *Ifaddr {
	if sin.Family == netbsd.AF_INET {
		return p.lookup(addrIn(sin))
	}
	return p.First(netbsd.AF_INET)
}

// name fills in the address of a request that has none, and refuses those of
// other families. a may be nil.
func (a *Ifaddr) name(sin *netbsd.SockaddrIn) error {
	if a != nil && sin.Len == 0 {
		*sin = sockaddrIn(a.Addr)
	}
	if sin.Family != netbsd.AF_INET {
		return netbsd.EAFNOSUPPORT
	}
	return nil
}

// aliasIoctl does SIOCAIFADDR and SIOCGIFALIAS.
func (t *Table) aliasIoctl(l *kern.Lwp, p *Ifnet, cmd uint64, req *netbsd.Ifaliasreq) error {
	sin := asSockaddrIn(&req.Addr)
	a := p.find(&sin)
	if cmd == netbsd.SIOCGIFALIAS && a == nil {
		return netbsd.EADDRNOTAVAIL
	}
	if err := a.name(&sin); err != nil {
		return err
	}
	copy(abi.AsBytes(&req.Addr), abi.AsBytes(&sin))
	if cmd == netbsd.SIOCGIFALIAS {
		copy(abi.AsBytes(&req.Mask), trim(a.maskSockaddr()))
		req.Dstaddr = netbsd.Sockaddr{}
		if p.Flags()&netbsd.IFF_BROADCAST != 0 {
			brd := sockaddrIn(a.Dst())
			copy(abi.AsBytes(&req.Dstaddr), abi.AsBytes(&brd))
		}
		return nil
	}
	if !l.Superuser() {
		return netbsd.EPERM
	}
	return t.alias(p, a, req)
}

// alias adds an address, or gives another mask and broadcast address to one
// that is there.
func (t *Table) alias(p *Ifnet, old *Ifaddr, req *netbsd.Ifaliasreq) error {
	sin, dst := asSockaddrIn(&req.Addr), asSockaddrIn(&req.Dstaddr)
	addr := addrIn(&sin)
	var mask []byte
	if req.Mask.Len != 0 {
		mask = abi.AsBytes(&req.Mask)
	}
	isNew := old == nil || old.Addr != addr
	if isNew || mask != nil {
		if err := t.initInet(p, old, addr, mask); err != nil {
			return err
		}
	}
	if p.Flags()&netbsd.IFF_BROADCAST != 0 && dst.Family == netbsd.AF_INET {
		p.lookup(addr).setDst(addrIn(&dst))
	}
	return nil
}

// initInet gives an interface an address in the place of old, or another one
// when that is nil (in_ifinit). The mask is a sockaddr; nil is old's, or that of
// the address's class.
func (t *Table) initInet(p *Ifnet, old *Ifaddr, addr netip.Addr, mask []byte) error {
	a := &Ifaddr{Ifp: p, Addr: addr}
	if old != nil {
		a.preference.Store(old.preference.Load())
		a.flags.Store(old.flags.Load())
		a.tested = old.tested
		if mask == nil {
			mask = trim(old.maskSockaddr())
		}
	}
	if old == nil || old.Addr != addr {
		a.setTentative()
	}
	if err := p.drv.initAddr(t, p); err != nil {
		return err
	}
	a.setMask(mask)
	switch flags := p.Flags(); {
	case flags&netbsd.IFF_BROADCAST != 0:
		a.setDst(broadcast(addr, a.mask))
	case flags&netbsd.IFF_LOOPBACK != 0:
		a.setDst(addr)
	}
	if old != nil {
		return t.replaceAddr(old, a)
	}
	return t.addAddr(a)
}

// setMask gives a new address a mask. 0.0.0.0, and none at all, stand for that
// of the class.
func (a *Ifaddr) setMask(mask []byte) {
	if mask == nil {
		mask = make([]byte, netbsd.SizeofSockaddrIn)
		mask[1] = netbsd.AF_INET
	}
	a.mask = append([]byte(nil), mask...)
	if abi.IsZero(a.mask[4:8]) {
		binary.BigEndian.PutUint32(a.mask[4:], classMask(a.Addr))
	}
	a.Prefix = netip.PrefixFrom(a.Addr, maskBits(a.mask[4:8])).Masked()
}

// maskSockaddr returns the netmask as a sockaddr_in.
func (a *Ifaddr) maskSockaddr() []byte {
	if a.mask != nil {
		return append([]byte(nil), a.mask...)
	}
	m := make([]byte, netbsd.SizeofSockaddrIn)
	m[1] = netbsd.AF_INET
	binary.BigEndian.PutUint32(m[4:], ^uint32(0)<<(32-a.Prefix.Bits()))
	return m
}

// trim sets the length of a netmask to what is left of it without trailing
// zeros, which is how NetBSD keeps it.
func trim(mask []byte) []byte {
	mask[0] = 0
	for n := 8; n > 4; n-- {
		if mask[n-1] != 0 {
			mask[0] = uint8(n)
			break
		}
	}
	return mask
}

// broadcast returns the address of all hosts in a network.
func broadcast(addr netip.Addr, mask []byte) netip.Addr {
	b := addr.As4()
	for i := range b {
		b[i] |= ^mask[4+i]
	}
	return netip.AddrFrom4(b)
}

// addressIoctl does SIOCDIFADDR and SIOCGIFAFLAG_IN.
func (t *Table) addressIoctl(l *kern.Lwp, p *Ifnet, cmd uint64, req *netbsd.Ifreq) error {
	sin := asSockaddrIn(req.Ifru.Addr())
	a := p.find(&sin)
	if a == nil {
		return netbsd.EADDRNOTAVAIL
	}
	if cmd == netbsd.SIOCDIFADDR && sin.Family == netbsd.AF_UNSPEC {
		sin.Family = netbsd.AF_INET
	}
	if err := a.name(&sin); err != nil {
		return err
	}
	if cmd == netbsd.SIOCGIFAFLAG_IN {
		copy(abi.AsBytes(req.Ifru.Addr()), abi.AsBytes(&sin))
		*req.Ifru.Addrflags() = a.Flags()
		return nil
	}
	if !l.Superuser() {
		return netbsd.EPERM
	}
	t.removeAddr(a)
	return nil
}

// setFirst does the requests that set something of the first address.
func (t *Table) setFirst(l *kern.Lwp, p *Ifnet, cmd uint64, req *netbsd.Ifreq) error {
	sin := asSockaddrIn(req.Ifru.Addr())
	a := p.First(netbsd.AF_INET)
	if cmd == netbsd.SIOCSIFADDR {
		if err := a.name(&sin); err != nil {
			return err
		}
	}
	switch {
	case cmd == netbsd.SIOCSIFDSTADDR && sin.Family != netbsd.AF_INET:
		return netbsd.EAFNOSUPPORT
	case a == nil && (cmd == netbsd.SIOCSIFNETMASK || cmd == netbsd.SIOCSIFDSTADDR):
		return netbsd.EADDRNOTAVAIL
	case !l.Superuser():
		return netbsd.EPERM
	case a == nil && cmd == netbsd.SIOCSIFBRDADDR:
		return netbsd.EADDRNOTAVAIL
	}
	switch cmd {
	case netbsd.SIOCSIFADDR:
		return t.initInet(p, a, addrIn(&sin), nil)
	case netbsd.SIOCSIFNETMASK:
		return t.initInet(p, a, a.Addr, abi.AsBytes(&sin))
	case netbsd.SIOCSIFBRDADDR:
		if p.Flags()&netbsd.IFF_BROADCAST != 0 {
			a.setDst(addrIn(&sin))
			return nil
		}
	}
	return netbsd.EINVAL // no interface of ours is point-to-point
}

// getFirst does the requests that ask for something of the first address.
func (p *Ifnet) getFirst(cmd uint64, req *netbsd.Ifreq) error {
	a := p.First(netbsd.AF_INET)
	if a == nil {
		return netbsd.EADDRNOTAVAIL
	}
	answer := sockaddrIn(a.Addr)
	switch cmd {
	case netbsd.SIOCGIFNETMASK:
		copy(abi.AsBytes(&answer), a.maskSockaddr())
		answer.Len = netbsd.SizeofSockaddrIn
	case netbsd.SIOCGIFBRDADDR:
		if p.Flags()&netbsd.IFF_BROADCAST == 0 {
			return netbsd.EINVAL
		}
		answer = sockaddrIn(a.Dst())
	case netbsd.SIOCGIFDSTADDR:
		return netbsd.EINVAL
	}
	req.Ifru = netbsd.IfreqIfru{}
	copy(abi.AsBytes(req.Ifru.Addr()), abi.AsBytes(&answer))
	return nil
}
