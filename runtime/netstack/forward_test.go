package netstack_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/runtime/hypercall/wire"
)

// A router that cannot forward a packet, since it is too big for the next link,
// says how big it may be.
func TestPacketTooBig(t *testing.T) {
	w := wires{"left": wire.New(), "right": wire.New()}
	router, host := w.node(t), w.node(t)
	router.connect(t, "shmif0", "left", "fd01::1/64")
	router.connect(t, "shmif1", "right", "fd02::1/64")
	must(t, router.SetMTU(t.Context(), "shmif1", 1300))
	must(t, router.SetInt(t.Context(), "net.inet6.ip6.forwarding", 1))
	host.connect(t, "shmif0", "left", "fd01::2/64")
	must(t, host.AddRoute(t.Context(), routing.Route{Dst: netip.MustParsePrefix("fd02::/64"), Gateway: netip.MustParseAddr("fd01::1")}))

	messages := make(chan []byte, 10)
	w["left"].Tap(func(frame []byte) {
		const ip, icmp = 14, 54
		if len(frame) > icmp+8 && frame[12] == 0x86 && frame[ip+6] == 58 && frame[icmp] == 2 {
			select {
			case messages <- append([]byte(nil), frame[ip:]...):
			default:
			}
		}
	})
	c, err := host.net.Dial("udp", "[fd02::2]:9")
	must(t, err)
	_, err = c.Write(make([]byte, 1400))
	must(t, err)
	select {
	case m := <-messages:
		if mtu := binary.BigEndian.Uint32(m[44:]); mtu != 1300 {
			t.Errorf("the MTU is said to be %d", mtu)
		}
		icmp := header.ICMPv6(m[40:])
		if got, want := icmp.Checksum(), header.ICMPv6Checksum(header.ICMPv6ChecksumParams{
			Header: icmp, Src: header.IPv6(m).SourceAddress(), Dst: header.IPv6(m).DestinationAddress(),
		}); got != want {
			t.Errorf("checksum %#x, want %#x", got, want)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("no message")
	}
}
