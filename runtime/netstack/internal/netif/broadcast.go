package netif

import (
	"encoding/binary"
	"net/netip"

	"github.com/abigen/abigen/netbsd"
)

var broadcast4 = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// Broadcasts tells whether a is a broadcast address of the networks that p is on
// (in_broadcast). An address of p is one only if it is that of another address's
// network.
func (t *Table) Broadcasts(p *Ifnet, a netip.Addr) bool {
	if a == broadcast4 || a == netip.IPv4Unspecified() {
		return true
	}
	if p.Flags()&netbsd.IFF_BROADCAST == 0 {
		return false
	}
	hostZero := t.HostZero.Load() != 0
	for _, ifa := range p.Addrs() {
		if !ifa.Addr.Is4() || ifa.Addr == a {
			continue
		}
		if ifa.Dst() == a || classBroadcast(ifa.Prefix) == a || hostZero && ifa.Prefix.Addr() == a {
			return true
		}
	}
	return false
}

// classBroadcast returns the last address of the network of class A, B or C that
// an IPv4 network is part of (ia_netbroadcast).
func classBroadcast(p netip.Prefix) netip.Addr {
	b := p.Addr().As4()
	mask := classMask(p.Addr()) & (^uint32(0) << (32 - p.Bits()))
	binary.BigEndian.PutUint32(b[:], binary.BigEndian.Uint32(b[:])|^mask)
	return netip.AddrFrom4(b)
}
