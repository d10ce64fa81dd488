package netif

import (
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/abigen/abigen/netbsd"
)

// forNobody tells that a packet is to ::1, but no interface that is up has that
// address. gVisor would try to forward it, and panic since there is no way.
func (p *Ifnet) forNobody(proto tcpip.NetworkProtocolNumber, packet []byte) bool {
	if proto != header.IPv6ProtocolNumber || len(packet) < header.IPv6MinimumSize {
		return false
	}
	if dst := header.IPv6(packet).DestinationAddressSlice(); netip.AddrFrom16([16]byte(dst)) != netip.IPv6Loopback() {
		return false
	}
	a := p.table.ByAddr(netip.IPv6Loopback())
	return a == nil || a.Ifp.Flags()&netbsd.IFF_UP == 0
}
