package netif

import (
	"fmt"
	"strings"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// deliver passes a packet that came in to gVisor. A packet that is forwarded to
// an interface which loses its address, or goes down, at that moment is lost:
// gVisor has no counter for that error, and panics when it looks for one, after
// all else is done.
func (p *Ifnet) deliver(d stack.NetworkDispatcher, protocol tcpip.NetworkProtocolNumber, pkt *stack.PacketBuffer) {
	defer func() {
		if v := recover(); v != nil {
			if !uncounted(v) {
				panic(v)
			}
			p.data.iqdrops.Add(1)
		}
	}()
	d.DeliverNetworkPacket(protocol, pkt)
}

// uncounted tells that gVisor panicked about an error of forwarding.
func uncounted(v any) bool {
	return strings.HasPrefix(fmt.Sprint(v), "unrecognized tcpip forwarding error")
}
