package rtable

import (
	"cmp"
	"encoding/binary"
	"net/netip"
	"slices"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// A Neighbor is what is known about the hardware address of a host on a link
// (struct llentry): an entry of the ARP or the ND table.
type Neighbor struct {
	Ifp     *netif.Ifnet
	Addr    netip.Addr
	MAC     []byte // nil while it is being found out
	Own     bool   // the address is the interface's own
	Static  bool   // made by a program to last, or of an own address of AF_INET
	Proxy   bool   // we answer for it
	Expires int64  // Unix time; 0: never
	State   int32  // ND6_LLINFO_*
}

// neighborKey names a neighbor.
type neighborKey struct {
	ifp  *netif.Ifnet
	addr netip.Addr
}

// hidden is the mark of an own address whose entry a program has deleted.
var hidden = &Neighbor{}

// Neighbors returns the entries of an address family, in the order in which
// NetBSD dumps its hash tables: those of the latest interface first.
func (t *Table) Neighbors(family int32) (list []*Neighbor) {
	for _, p := range slices.Backward(t.ifs.All()) {
		if p.Flags()&netbsd.IFF_LOOPBACK != 0 {
			continue
		}
		entries := t.neighborsOf(p, family)
		slices.SortStableFunc(entries, func(a, b *Neighbor) int { return cmp.Compare(bucket(a.Addr), bucket(b.Addr)) })
		list = append(list, entries...)
	}
	return list
}

// bucket is where NetBSD's hash tables have an address (LLATBL_HASH). The key
// is the address, or the last word of one of IPv6, as the machine reads it.
func bucket(a netip.Addr) uint32 {
	const mask = 31
	b := a.AsSlice()
	k := binary.NativeEndian.Uint32(b[len(b)-4:])
	return ((((k>>8^k)>>8)^k)>>8 ^ k) & mask
}

// neighborsOf returns the entries of one interface, in no order but that of
// the latest first as far as it is known.
func (t *Table) neighborsOf(p *netif.Ifnet, family int32) (list []*Neighbor) {
	t.mu.RLock()
	made := slices.Clone(t.neighbors)
	t.mu.RUnlock()
	seen := map[netip.Addr]bool{}
	for i := len(made) - 1; i >= 0; i-- {
		n := made[i]
		if n.key.ifp != p || n.key.addr.Is4() != (family == netbsd.AF_INET) {
			continue
		}
		seen[n.key.addr] = true
		if n.entry != hidden {
			list = append(list, n.entry)
		}
	}
	for _, a := range p.Addrs() {
		if a.Family() != family || seen[a.Addr] || a.Addr.IsUnspecified() || !needsCache(p) {
			continue
		}
		seen[a.Addr] = true
		list = append(list, &Neighbor{Ifp: p, Addr: a.Addr, MAC: p.LinkAddr(), Own: true, Static: family == netbsd.AF_INET, State: netbsd.ND6_LLINFO_REACHABLE})
	}
	for _, n := range t.resolved(p, family) {
		if !seen[n.Addr] {
			list = append(list, n)
		}
	}
	return list
}

// resolved returns what gVisor has found out.
func (t *Table) resolved(p *netif.Ifnet, family int32) (list []*Neighbor) {
	entries, err := t.stack.Neighbors(tcpip.NICID(p.Index), networkProtocol(family))
	if err != nil {
		return nil // a link without hardware addresses
	}
	clock := t.stack.Clock()
	for _, e := range entries {
		addr, ok := netip.AddrFromSlice(e.Addr.AsSlice())
		if !ok || addr.Is4() != (family == netbsd.AF_INET) {
			continue
		}
		n := &Neighbor{Ifp: p, Addr: addr}
		switch e.State {
		case stack.Static, stack.Unreachable, stack.Unknown:
			continue
		case stack.Reachable, stack.Stale, stack.Delay, stack.Probe:
			n.MAC = []byte(e.LinkAddr)
		}
		n.State = states[e.State]
		age := clock.NowMonotonic().Sub(e.UpdatedAt)
		n.Expires = clock.Now().Add(max(lifetime(family, e.State)-age, time.Second)).Unix()
		list = append(list, n)
	}
	slices.SortFunc(list, func(a, b *Neighbor) int { return a.Addr.Compare(b.Addr) })
	return list
}

// states are NetBSD's names for the states of gVisor's entries.
var states = map[stack.NeighborState]int32{
	stack.Incomplete: netbsd.ND6_LLINFO_INCOMPLETE, stack.Reachable: netbsd.ND6_LLINFO_REACHABLE, stack.Stale: netbsd.ND6_LLINFO_STALE,
	stack.Delay: netbsd.ND6_LLINFO_DELAY, stack.Probe: netbsd.ND6_LLINFO_PROBE,
}

// lifetime is how long NetBSD keeps what it has found out, or goes on looking:
// net.inet.arp.keep and net.inet.arp.down for IPv4; the time a neighbor counts
// as reachable, and that of stale ones (nd6_gctimer), for IPv6.
func lifetime(family int32, state stack.NeighborState) time.Duration {
	switch {
	case family == netbsd.AF_INET && state == stack.Incomplete:
		return 20 * time.Second
	case family == netbsd.AF_INET:
		return 20 * time.Minute
	case state == stack.Reachable:
		return 30 * time.Second
	case state == stack.Stale:
		return 24 * time.Hour
	}
	return 5 * time.Second // of a try, or before the first
}

// Nbrinfo tells what neighbor discovery knows of a host on a link
// (SIOCGNBRINFO_IN6): false when there is no entry.
func (t *Table) Nbrinfo(p *netif.Ifnet, addr netip.Addr) (info netbsd.In6Nbrinfo, ok bool) {
	for _, n := range t.neighborsOf(p, netbsd.AF_INET6) {
		if n.Addr == addr {
			info.State, info.Expire = n.State, int32(n.Expires)
			return info, true
		}
	}
	return info, false
}

func networkProtocol(family int32) tcpip.NetworkProtocolNumber {
	if family == netbsd.AF_INET {
		return header.IPv4ProtocolNumber
	}
	return header.IPv6ProtocolNumber
}

// Neighbor returns the entry of an interface for dst, nil when there is none.
func (t *Table) Neighbor(p *netif.Ifnet, dst []byte) *Neighbor {
	addr, _ := Address(dst)
	for _, n := range t.neighborsOf(p, familyNumber(dst)) {
		if n.Addr == addr {
			return n
		}
	}
	return nil
}

// A neighborEntry is a Neighbor that a program made, or hidden.
type neighborEntry struct {
	key   neighborKey
	entry *Neighbor
}

// AddNeighbor makes an entry on the interface with the index. flags are those
// of the request, expires is when it ends. EEXIST: there is a static one.
// EINVAL: there is no such interface. ENOMEM: no route leads to dst on its
// link.
func (t *Table) AddNeighbor(index int, dst, mac []byte, flags int32, expires int64) error {
	t.serial.Lock()
	defer t.serial.Unlock()
	p := t.ifs.ByIndex(index)
	if p == nil || familyOf(dst) == nil {
		return netbsd.EINVAL
	}
	old := t.Neighbor(p, dst)
	if old != nil && (old.Own || old.Static) {
		return netbsd.EEXIST
	}
	if old == nil && !t.onLink(p, dst) {
		return netbsd.ENOMEM
	}
	addr, _ := Address(dst)
	n := &Neighbor{Ifp: p, Addr: addr, MAC: slices.Clone(mac), Static: expires == 0, Proxy: flags&netbsd.RTF_ANNOUNCE != 0, Expires: expires, State: netbsd.ND6_LLINFO_REACHABLE}
	t.putNeighbor(p, addr, n)
	_ = t.stack.AddStaticNeighbor(tcpip.NICID(p.Index), networkProtocol(familyNumber(dst)), address(addr), tcpip.LinkAddress(mac)) // not possible on lo, nor needed
	return nil
}

// putNeighbor sets the entry for an address; nil takes it away.
func (t *Table) putNeighbor(p *netif.Ifnet, addr netip.Addr, n *Neighbor) {
	key := neighborKey{p, addr}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.neighbors = slices.DeleteFunc(t.neighbors, func(o neighborEntry) bool { return o.key == key })
	if n != nil {
		t.neighbors = append(t.neighbors, neighborEntry{key, n})
	}
}

// onLink tells whether p is where packets to dst go directly
// (in_lltable_rtcheck, in6_lltable_rtcheck).
func (t *Table) onLink(p *netif.Ifnet, dst []byte) bool {
	r, err := t.Find(dst, nil)
	if familyNumber(dst) == netbsd.AF_INET6 {
		if err == nil && !r.Is(netbsd.RTF_GATEWAY) && r.Ifp == p {
			return true
		}
		_, ok := t.ifaOfIfp(dst, p)
		return ok
	}
	if err != nil {
		return false
	}
	if r.Is(netbsd.RTF_GATEWAY) {
		to, _ := Address(dst)
		return r.Is(netbsd.RTF_HOST) && r.Ifp.Type == netbsd.IFT_ETHER && r.Gateway == to
	}
	return r.Is(netbsd.RTF_HOST) || r.Ifp == p || r.Netmask != nil
}

// DeleteNeighbor takes the entry for dst away. ENOENT: there is none. EINVAL:
// there is no such interface.
func (t *Table) DeleteNeighbor(index int, dst []byte) error {
	t.serial.Lock()
	defer t.serial.Unlock()
	p := t.ifs.ByIndex(index)
	if p == nil || familyOf(dst) == nil {
		return netbsd.EINVAL
	}
	n := t.Neighbor(p, dst)
	if n == nil {
		return netbsd.ENOENT
	}
	var left *Neighbor
	if t.ifs.ByScopedAddr(n.Addr, p.Index) != nil {
		left = hidden
	}
	t.putNeighbor(p, n.Addr, left)
	_ = t.stack.RemoveNeighbor(tcpip.NICID(p.Index), networkProtocol(familyNumber(dst)), address(n.Addr)) // it need not have one
	return nil
}

// unhide forgets that a program deleted the entry for an own address, which
// goes.
func (t *Table) unhide(a *netif.Ifaddr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.neighbors = slices.DeleteFunc(t.neighbors, func(n neighborEntry) bool {
		return n.key == neighborKey{a.Ifp, a.Addr} && n.entry == hidden
	})
}

// forgetNeighbors drops the entries of an interface that goes.
func (t *Table) forgetNeighbors(p *netif.Ifnet) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.neighbors = slices.DeleteFunc(t.neighbors, func(n neighborEntry) bool { return n.key.ifp == p })
}
