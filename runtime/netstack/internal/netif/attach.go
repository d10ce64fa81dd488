package netif

import (
	"crypto/md5"
	"net/netip"

	"github.com/abigen/abigen/netbsd"
)

// attachIPv6 gives an interface ::1, if it is a loopback interface, and a
// link-local address (in6_ifattach). A loopback interface that cannot have ::1
// because another one has it gets neither. What fails is not there.
func (t *Table) attachIPv6(p *Ifnet) {
	flags := p.Flags()
	if p.MTU() < netbsd.IPV6_MMTU || flags&netbsd.IFF_MULTICAST == 0 {
		return
	}
	if one := netip.IPv6Loopback(); flags&netbsd.IFF_LOOPBACK != 0 && p.lookup(one) == nil {
		if t.ByAddr(one) != nil {
			return
		}
		a := newAddr(p, one, 128)
		a.setDst(one)
		a.flags.Store(netbsd.IN6_IFF_NODAD)
		if t.addIPv6(a) != nil {
			return
		}
	}
	const want, not = netbsd.ND6_IFF_AUTO_LINKLOCAL, netbsd.ND6_IFF_IFDISABLED
	if p.nd.Flags&(want|not) != want || p.linkLocalAddr() != nil {
		return
	}
	a := newAddr(p, t.linkLocal(p), 64)
	a.Auto = true
	a.setTentative()
	_ = t.addIPv6(a) // an interface without one works all the same
}

// linkLocal makes a link-local address for an interface: fe80::1 for a loopback
// interface, otherwise from the hardware address (RFC 4291, appendix A), for
// lack of one from the host's name.
func (t *Table) linkLocal(p *Ifnet) netip.Addr {
	a := [16]byte{0: 0xfe, 1: 0x80, 15: 1}
	if p.Flags()&netbsd.IFF_LOOPBACK != 0 {
		return netip.AddrFrom16(a)
	}
	if mac := p.LinkAddr(); len(mac) == 6 {
		copy(a[8:], mac[:3])
		a[11], a[12] = 0xff, 0xfe
		copy(a[13:], mac[3:])
		a[8] ^= 2
	} else {
		sum := md5.Sum([]byte(t.Hostname()))
		copy(a[8:], sum[:8])
		a[8] &^= 3 // neither universal nor a group
	}
	return netip.AddrFrom16(a)
}

// newAddr makes an address that does not expire.
func newAddr(p *Ifnet, addr netip.Addr, bits int) *Ifaddr {
	a := &Ifaddr{Ifp: p, Addr: addr, Prefix: netip.PrefixFrom(addr, bits).Masked()}
	a.setSince()
	a.lifetime.Vltime, a.lifetime.Pltime = forever, forever
	return a
}

const forever = netbsd.ND6_INFINITE_LIFETIME

// detachAddrs marks the addresses of an interface that went down, or has lost its
// link.
func (t *Table) detachAddrs(p *Ifnet, family int32) {
	for _, a := range p.Addrs() {
		if a.Family() != family {
			continue
		}
		f := a.bits()
		if old := a.flags.Load(); old&f.detached == 0 {
			a.flags.Store(old&^(f.tentative|f.duplicated) | f.detached)
			t.tell(Event{What: AddrChanged, Ifp: p, Ifa: a, Old: a})
		}
	}
}

// reattach takes the mark away again when the interface runs and has a link. Addresses that
// somebody else may have taken meanwhile have to be checked first; of AF_INET,
// only those that were checked when they were new.
func (t *Table) reattach(p *Ifnet, family int32) {
	const running = netbsd.IFF_UP | netbsd.IFF_RUNNING
	if p.Flags()&running != running || p.noLink() {
		return
	}
	for _, a := range p.Addrs() {
		if a.Family() != family {
			continue
		}
		f := a.bits()
		if old := a.flags.Load(); old&f.detached != 0 {
			a.flags.Store(old &^ f.detached)
			if family != netbsd.AF_INET || a.tested {
				a.setTentative()
			}
			if a.flags.Load()&f.tentative == 0 {
				t.tell(Event{What: AddrChanged, Ifp: p, Ifa: a, Old: a})
			}
		}
		if a.flags.Load()&f.tentative != 0 {
			t.detectDuplicate(a)
		}
	}
}

// flagBits are the flags that addresses of both families have, in the family's
// bits.
type flagBits struct{ tentative, duplicated, detached int32 }

func (a *Ifaddr) bits() flagBits {
	if a.Addr.Is4() {
		return flagBits{netbsd.IN_IFF_TENTATIVE, netbsd.IN_IFF_DUPLICATED, netbsd.IN_IFF_DETACHED}
	}
	return flagBits{netbsd.IN6_IFF_TENTATIVE, netbsd.IN6_IFF_DUPLICATED, netbsd.IN6_IFF_DETACHED}
}
