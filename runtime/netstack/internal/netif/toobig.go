package netif

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/checksum"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// completeTooBig puts the MTU into a message that a packet is too big to be
// forwarded. gVisor leaves it 0, and its receivers ignore it.
func (t *Table) completeTooBig(pkt *stack.PacketBuffer) {
	if pkt.NetworkProtocolNumber != header.IPv6ProtocolNumber || pkt.TransportProtocolNumber != header.ICMPv6ProtocolNumber {
		return
	}
	h := header.ICMPv6(pkt.TransportHeader().Slice())
	if len(h) < header.ICMPv6PacketTooBigMinimumSize || h.Type() != header.ICMPv6PacketTooBig || h.MTU() != 0 {
		return
	}
	cause, ok := pkt.Data().PullUp(header.IPv6MinimumSize)
	if !ok {
		return
	}
	r, err := t.Stack.FindRoute(0, tcpip.Address{}, header.IPv6(cause).DestinationAddress(), header.IPv6ProtocolNumber, false)
	if err != nil {
		return
	}
	defer r.Release()
	out := t.ByIndex(int(r.NICID()))
	if out == nil {
		return
	}
	mtu := out.MTU()
	h.SetMTU(mtu)
	sum := checksum.Combine(^h.Checksum(), uint16(mtu>>16))
	h.SetChecksum(^checksum.Combine(sum, uint16(mtu)))
}
