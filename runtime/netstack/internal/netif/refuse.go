package netif

import (
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
)

// Own addresses are not always this host's to NetBSD when they are to gVisor:
// packets to one of AF_INET whose interface is down are refused
// (ip_match_our_address), and those to one that another host may have are lost.

// tell tells of a change, after looking whether there are such addresses now.
func (t *Table) tell(e Event) {
	refusing := false
	for _, p := range t.All() {
		for _, a := range p.Addrs() {
			refusing = refusing || !a.receives()
		}
	}
	t.refusing.Store(refusing)
	t.Notify(e)
}

// receives tells whether packets to the address are taken.
func (a *Ifaddr) receives() bool {
	f := a.bits()
	return a.flags.Load()&(f.tentative|f.duplicated) == 0 && (a.Addr.Is6() || a.Ifp.Up())
}

// refuses tells whether a packet that came by lo is for an own address that
// does not take it, and whether its sender is to hear of that.
func (t *Table) refuses(pkt *stack.PacketBuffer) (refused, told bool) {
	if !t.refusing.Load() {
		return false, false
	}
	var dst netip.Addr
	switch h := pkt.NetworkHeader().Slice(); {
	case pkt.NetworkProtocolNumber == ipv4.ProtocolNumber && len(h) >= header.IPv4MinimumSize:
		dst = netip.AddrFrom4(header.IPv4(h).DestinationAddress().As4())
	case pkt.NetworkProtocolNumber == ipv6.ProtocolNumber && len(h) >= header.IPv6MinimumSize:
		dst = netip.AddrFrom16(header.IPv6(h).DestinationAddress().As16())
	}
	for _, p := range t.All() {
		a := p.lookup(dst)
		switch {
		case a == nil:
		case a.receives():
			return false, false
		default:
			refused = true
			told = told || a.flags.Load()&netbsd.IN_IFF_NOTREADY == 0 && a.Addr.Is4()
		}
	}
	return refused, told
}
