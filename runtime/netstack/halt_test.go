package netstack_test

import (
	"net/netip"
	"testing"

	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netstack"
)

// TestHaltWithPackets halts kernels whose packets are still under way: the ICMP
// errors about datagrams that nobody wants.
func TestHaltWithPackets(t *testing.T) {
	for range 100 {
		k, err := netstack.New(netstack.Config{})
		if err != nil {
			t.Fatal(err)
		}
		n, err := nbsock.New(k, nbsock.Config{})
		if err != nil {
			t.Fatal(err)
		}
		for _, network := range []string{"udp4", "udp6"} {
			pc, err := n.ListenPacket(network, ":0")
			if err != nil {
				t.Fatal(err)
			}
			host := netip.IPv6Loopback()
			if network == "udp4" {
				host = netip.MustParseAddr("127.0.0.1")
			}
			if _, err := pc.(*nbsock.PacketConn).WriteToAddrPort([]byte("x"), netip.AddrPortFrom(host, 9)); err != nil {
				t.Fatal(err)
			}
		}
		halt(t, k)
	}
}
