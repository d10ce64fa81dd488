package netif

import (
	"net/netip"
	"time"

	"github.com/abigen/abigen/netbsd"
)

// setFlags changes the flags of an interface; those that programs cannot
// change (IFF_CANTCHANGE) are the caller's business. Coming up, an interface
// gets its own IPv6 addresses if it has none; going down, its addresses are
// detached.
func (t *Table) setFlags(p *Ifnet, flags int32) error {
	t.mu.Lock()
	old := p.flags
	p.flags = flags
	p.data.lastchange = time.Now()
	t.mu.Unlock()
	t.Notify(Event{What: Changed, Ifp: p})
	switch up := flags&netbsd.IFF_UP != 0; {
	case up == (old&netbsd.IFF_UP != 0):
		return nil
	case up:
		p.link().setUp(true)
		err := t.attachIPv6(p)
		t.reattach(p)
		return err
	default:
		p.link().setUp(false)
		t.detachAddrs(p)
		return nil
	}
}

// A link is what netif needs of the endpoints that it makes.
type link interface{ setUp(up bool) }

func (p *Ifnet) link() link { return p.ep.(link) }

// attachIPv6 gives an interface ::1, if it is a loopback interface, and a
// link-local address (in6_ifattach).
func (t *Table) attachIPv6(p *Ifnet) error {
	if p.MTU() < netbsd.IPV6_MMTU || p.Flags()&netbsd.IFF_MULTICAST == 0 {
		return nil
	}
	loopback := p.Flags()&netbsd.IFF_LOOPBACK != 0
	if one := netip.IPv6Loopback(); loopback && p.lookup(one) == nil {
		a := newAddr(p, one, 128)
		a.flags.Store(netbsd.IN6_IFF_NODAD)
		if err := t.addAddr(a); err != nil {
			return err
		}
	}
	for _, a := range p.Addrs() {
		if a.Addr.IsLinkLocalUnicast() && a.Addr.Is6() {
			return nil
		}
	}
	local := netip.AddrFrom16([16]byte{0: 0xfe, 1: 0x80, 15: 1})
	if !loopback {
		local = linkLocal(p.LinkAddr())
	}
	return t.addAddr(newAddr(p, local, 64))
}

// linkLocal makes an IPv6 address from a hardware address (RFC 4291, appendix A).
func linkLocal(mac []byte) netip.Addr {
	a := [16]byte{0: 0xfe, 1: 0x80, 11: 0xff, 12: 0xfe}
	if len(mac) == 6 {
		copy(a[8:], mac[:3])
		copy(a[13:], mac[3:])
	}
	a[8] ^= 2
	return netip.AddrFrom16(a)
}

// newAddr makes an address that does not expire.
func newAddr(p *Ifnet, addr netip.Addr, bits int) *Ifaddr {
	a := &Ifaddr{Ifp: p, Addr: addr, Prefix: netip.PrefixFrom(addr, bits).Masked(), since: time.Now()}
	a.lifetime.Vltime, a.lifetime.Pltime = forever, forever
	return a
}

const forever = netbsd.ND6_INFINITE_LIFETIME

// detachAddrs marks the addresses of an interface that went down. IN_IFF_ and
// IN6_IFF_ have different bits.
func (t *Table) detachAddrs(p *Ifnet) {
	for _, a := range p.Addrs() {
		detached, clear := a.detachedFlag()
		if old := a.flags.Load(); old&detached == 0 {
			a.flags.Store(old&^clear | detached)
			t.Notify(Event{What: AddrChanged, Ifp: p, Ifa: a, Old: a})
		}
	}
}

// reattach takes the mark away again.
func (t *Table) reattach(p *Ifnet) {
	for _, a := range p.Addrs() {
		detached, _ := a.detachedFlag()
		if old := a.flags.Load(); old&detached != 0 {
			a.flags.Store(old &^ detached)
			t.Notify(Event{What: AddrChanged, Ifp: p, Ifa: a, Old: a})
		}
	}
}

// detachedFlag returns the flag of an address whose interface is down, and
// those that it replaces.
func (a *Ifaddr) detachedFlag() (detached, clear int32) {
	if a.Addr.Is4() {
		return netbsd.IN_IFF_DETACHED, netbsd.IN_IFF_TENTATIVE | netbsd.IN_IFF_DUPLICATED
	}
	return netbsd.IN6_IFF_DETACHED, netbsd.IN6_IFF_TENTATIVE | netbsd.IN6_IFF_DUPLICATED
}
