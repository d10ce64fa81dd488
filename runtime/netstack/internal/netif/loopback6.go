package netif

import "gvisor.dev/gvisor/pkg/tcpip/network/ipv6"

// setLoopback6 notes whether some interface has ::1. From before the address goes
// away until after it has come back, loopback interfaces forward no IPv6: forNobody
// looks at a packet before gVisor does, and the address may go away in between.
func (t *Table) setLoopback6(on bool) {
	t.loopback6.Store(on)
	for _, p := range t.All() {
		if p.Loopback() {
			t.setForwarding(p, ipv6.ProtocolNumber)
		}
	}
}

// hasOther tells whether another interface has the address of a, too.
func (t *Table) hasOther(a *Ifaddr) bool {
	for _, p := range t.All() {
		if o := p.lookup(a.Addr); o != nil && o != a {
			return true
		}
	}
	return false
}
