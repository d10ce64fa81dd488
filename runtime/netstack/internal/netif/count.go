package netif

import (
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
)

// forwarded counts packets of other hosts that went on, which gVisor does not.
type forwarded struct{ v4, v6 atomic.Uint64 }

// countForwarded counts a packet that goes out, if it is not of this host.
func (t *Table) countForwarded(pkt *stack.PacketBuffer) {
	if !pkt.NetworkPacketInfo.IsForwardedPacket {
		return
	}
	if pkt.NetworkProtocolNumber == ipv4.ProtocolNumber {
		t.forwarded.v4.Add(1)
	} else {
		t.forwarded.v6.Add(1)
	}
}

// An IPCount is what IPv4 or IPv6 has counted on all interfaces, also on those
// that are gone.
type IPCount struct {
	Received, Delivered uint64
	Forwarded, Sent     uint64 // what is forwarded is not of what is sent
	Malformed           uint64
	BadFragments        uint64
	BadAddresses        uint64
	NotForwarded        uint64
	Unrouteable, Unsent uint64
}

func (c *IPCount) add(st *tcpip.IPStats) {
	c.Received += st.PacketsReceived.Value()
	c.Delivered += st.PacketsDelivered.Value()
	c.Sent += st.PacketsSent.Value()
	c.Malformed += st.MalformedPacketsReceived.Value()
	c.BadFragments += st.MalformedFragmentsReceived.Value()
	c.BadAddresses += st.InvalidSourceAddressesReceived.Value()
	c.NotForwarded += st.Forwarding.Errors.Value()
	c.Unrouteable += st.Forwarding.Unrouteable.Value()
	c.Unsent += st.OutgoingPacketErrors.Value()
}

// IPCounts returns what a version of IP has counted.
func (t *Table) IPCounts(num tcpip.NetworkProtocolNumber) IPCount {
	t.kept.mu.Lock()
	c, went := t.kept.v4, &t.forwarded.v4
	if num != ipv4.ProtocolNumber {
		c, went = t.kept.v6, &t.forwarded.v6
	}
	t.kept.mu.Unlock()
	for _, p := range t.All() {
		t.addCounts(p, num, &c)
	}
	c.Forwarded = went.Load()
	c.Sent -= min(c.Sent, c.Forwarded)
	return c
}

func (t *Table) addCounts(p *Ifnet, num tcpip.NetworkProtocolNumber, c *IPCount) {
	ep, err := t.Stack.GetNetworkEndpoint(p.nic(), num)
	if err != nil {
		return
	}
	switch st := ep.Stats().(type) {
	case *ipv4.Stats:
		c.add(&st.IP)
	case *ipv6.Stats:
		c.add(&st.IP)
	}
}

// keepCounts remembers what was counted on an interface that goes.
func (t *Table) keepCounts(p *Ifnet) {
	t.kept.mu.Lock()
	defer t.kept.mu.Unlock()
	t.addCounts(p, ipv4.ProtocolNumber, &t.kept.v4)
	t.addCounts(p, ipv6.ProtocolNumber, &t.kept.v6)
}
