package inet

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/abigen/abigen/netbsd"
)

// tooWild is more wildcards than any match has.
const tooWild = 3

// port4 finds the AF_INET block that has a port, the one with the fewest
// wildcards (in_pcblookup_port). Unless wild, only those match that have none:
// they are bound to addr itself and not connected. The table is locked.
func (t *Table) port4(addr netip.Addr, port uint16, wild bool) *Pcb {
	var match *Pcb
	best := tooWild
	for p := t.ports[port]; p != nil && best > 0; p = p.next {
		if p.Family != netbsd.AF_INET {
			continue
		}
		n, ok := wildcards(p.laddr, addr)
		if !ok {
			continue
		}
		if !null(p.faddr) {
			n++
		}
		if n > 0 && !wild {
			continue
		}
		if n < best {
			match, best = p, n
		}
	}
	return match
}

// wildcards counts how many of two addresses of one family stand for any, when
// they are not equal. It returns false when they exclude each other.
func wildcards(a, b netip.Addr) (int, bool) {
	switch {
	case a == b:
		return 0, true
	case null(a) || null(b):
		return 1, true
	}
	return 0, false
}

// port6 does for AF_INET6 blocks what port4 does for AF_INET ones
// (in6_pcblookup_port). addr may be IPv4-mapped.
func (t *Table) port6(addr netip.Addr, port uint16, wild bool) *Pcb {
	var match *Pcb
	best := tooWild
	for p := t.ports[port]; p != nil && best > 0; p = p.next {
		if p.Family != netbsd.AF_INET6 {
			continue
		}
		n, ok := p.wildcards6(addr)
		if !ok || n > 0 && !wild {
			continue
		}
		if n < best {
			match, best = p, n
		}
	}
	return match
}

func (p *Pcb) wildcards6(addr netip.Addr) (int, bool) {
	if p.v6only && (p.faddr.Is4In6() || p.laddr.Is4In6() || addr.Is4In6()) {
		if p.faddr.Is4In6() || p.laddr.Is4In6() || p.laddr == any6 || addr != any6 {
			return 0, false
		}
	}
	if p.laddr.Is4In6() {
		n, ok := wildcards(p.laddr, addr)
		if !ok || !addr.Is4In6() {
			return 0, false
		}
		if p.faddr.Is4In6() && p.faddr != mapped {
			n++
		}
		return n, true
	}
	n := 0
	switch {
	case p.laddr == addr:
	case p.laddr == any6 || addr == any6:
		n = 1
	default:
		return 0, false
	}
	if p.faddr != any6 {
		n++
	}
	return n, true
}

// connection finds the block of a connection (in_pcblookup_connect,
// in6_pcblookup_connect). The table is locked.
func (t *Table) connection(local, foreign netip.AddrPort) *Pcb {
	p := t.conns[conn{local, foreign}]
	if p != nil && p.v6only && (local.Addr().Is4In6() || foreign.Addr().Is4In6()) {
		return nil
	}
	return p
}

// bound4 finds the AF_INET block that listens at an address, or at any
// (in_pcblookup_bind). Blocks that are connected do not count.
func (t *Table) bound4(addr netip.Addr, port uint16) *Pcb {
	return t.bound(netbsd.AF_INET, port, addr, any4)
}

// bound6 does the same for AF_INET6 (in6_pcblookup_bind).
func (t *Table) bound6(addr netip.Addr, port uint16) *Pcb {
	if !addr.Is4In6() {
		return t.bound(netbsd.AF_INET6, port, addr, any6)
	}
	return t.bound(netbsd.AF_INET6, port, addr, mapped, any6)
}

func (t *Table) bound(family int32, port uint16, addrs ...netip.Addr) *Pcb {
	for _, a := range addrs {
		for p := t.ports[port]; p != nil; p = p.next {
			if p.Family != family || p.connected || p.laddr != a {
				continue
			}
			if p.v6only && addrs[0].Is4In6() {
				continue
			}
			return p
		}
	}
	return nil
}

// Lookup finds the block that a packet is for: that of the connection, or else
// one that is bound to the destination. IPv4 packets may be for AF_INET6 blocks,
// too.
func (t *Table) Lookup(n Names) *Pcb {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if p := t.connection(n.Dst, n.Src); p != nil {
		return p
	}
	if !n.Dst.Addr().Is4() {
		return t.bound6(n.Dst.Addr(), n.Dst.Port())
	}
	if p := t.bound4(n.Dst.Addr(), n.Dst.Port()); p != nil {
		return p
	}
	dst, src := map4(n.Dst), map4(n.Src)
	if p := t.connection(dst, src); p != nil {
		return p
	}
	return t.bound6(dst.Addr(), dst.Port())
}

// LookupConnection finds the block that sent a packet to whom it is connected.
func (t *Table) LookupConnection(n Names) *Pcb {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.connection(n.Src, n.Dst)
}

// LookupAll finds the blocks that a packet to a group or to a broadcast address
// is for, those of either family that came last first. The first one that does
// not share its port is the last of its family.
func (t *Table) LookupAll(n Names) []*Pcb {
	t.mu.RLock()
	defer t.mu.RUnlock()
	var list []*Pcb
	if n.Dst.Addr().Is4() {
		list = t.wanting(nil, netbsd.AF_INET, n)
		n = Names{map4(n.Src), map4(n.Dst)}
	}
	return t.wanting(list, netbsd.AF_INET6, n)
}

func (t *Table) wanting(list []*Pcb, family int32, n Names) []*Pcb {
	start := len(list)
	for p := t.ports[n.Dst.Port()]; p != nil; p = p.next {
		if p.Family == family && p.wants(n) {
			list = append(list, p)
		}
	}
	slices.SortFunc(list[start:], func(a, b *Pcb) int { return cmp.Compare(b.born, a.born) })
	for i, p := range list[start:] {
		if options(p.So)&reuse == 0 {
			return list[:start+i+1]
		}
	}
	return list
}

// wants tells whether p's names do not exclude a packet.
func (p *Pcb) wants(n Names) bool {
	if p.v6only && (n.Dst.Addr().Is4In6() || n.Src.Addr().Is4In6()) && (p.laddr == any6 || p.faddr == any6) {
		return false
	}
	return (null(p.laddr) || p.laddr == n.Dst.Addr()) &&
		(null(p.faddr) || p.faddr == n.Src.Addr() && p.fport == n.Src.Port())
}

func map4(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom16(a.Addr().As16()), a.Port())
}
