package netstack

import (
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"github.com/abigen/abigen/runtime/netcfg"
)

// TestVariablesOfTheStack sets variables and looks at what they are in gVisor.
func TestVariablesOfTheStack(t *testing.T) {
	k, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = k.Close() }()
	c, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	check := func(when string, forward4, forward6 bool, hops uint8, sack bool, algorithm string) {
		t.Helper()
		const lo0 = 1
		if on, err := k.stack.NICForwarding(lo0, ipv4.ProtocolNumber); on != forward4 || err != nil {
			t.Errorf("%s: forwarding of IPv4 is %v, %v", when, on, err)
		}
		if on, err := k.stack.NICForwarding(lo0, ipv6.ProtocolNumber); on != forward6 || err != nil {
			t.Errorf("%s: forwarding of IPv6 is %v, %v", when, on, err)
		}
		var gotHops tcpip.DefaultTTLOption
		if err := k.stack.NetworkProtocolOption(ipv6.ProtocolNumber, &gotHops); uint8(gotHops) != hops || err != nil {
			t.Errorf("%s: hop limit is %d, %v", when, gotHops, err)
		}
		var gotSACK tcpip.TCPSACKEnabled
		if err := k.stack.TransportProtocolOption(tcp.ProtocolNumber, &gotSACK); bool(gotSACK) != sack || err != nil {
			t.Errorf("%s: selective acknowledgment is %v, %v", when, gotSACK, err)
		}
		var cc tcpip.CongestionControlOption
		if err := k.stack.TransportProtocolOption(tcp.ProtocolNumber, &cc); string(cc) != algorithm || err != nil {
			t.Errorf("%s: congestion control is %s, %v", when, cc, err)
		}
	}
	check("after boot", true, false, 64, true, "reno")
	for name, v := range map[string]int32{
		"net.inet.ip.forwarding":   0,
		"net.inet6.ip6.forwarding": 1,
		"net.inet6.ip6.hlim":       17,
		"net.inet.tcp.sack.enable": 0,
	} {
		if err := c.SetInt(t.Context(), name, v); err != nil {
			t.Error(err)
		}
	}
	if err := c.SetString(t.Context(), "net.inet6.tcp6.congctl.selected", "cubic"); err != nil {
		t.Error(err)
	}
	check("after changes", false, true, 17, false, "cubic")
}
