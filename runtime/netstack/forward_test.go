package netstack_test

import (
	"bytes"
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

// A router leaves alone what is in a packet: datagrams arrive that were cut into
// fragments, and those again, and a checksum that is wrong stays wrong.
func TestForwardAsItIs(t *testing.T) {
	w := wires{"left": wire.New(), "right": wire.New()}
	router, a, b := w.node(t), w.node(t), w.node(t)
	router.connect(t, "shmif0", "left", "10.1.0.1/24")
	router.connect(t, "shmif1", "right", "10.2.0.1/24")
	must(t, router.SetMTU(t.Context(), "shmif1", 700))
	must(t, router.SetInt(t.Context(), "net.inet.ip.forwarding", 1))
	a.connect(t, "shmif0", "left", "10.1.0.2/24")
	must(t, a.AddRoute(t.Context(), routing.Route{Dst: netip.MustParsePrefix("10.2.0.0/24"), Gateway: netip.MustParseAddr("10.1.0.1")}))
	b.connect(t, "shmif0", "right", "10.2.0.2/24")
	must(t, b.AddRoute(t.Context(), routing.Route{Dst: netip.MustParsePrefix("10.1.0.0/24"), Gateway: netip.MustParseAddr("10.2.0.1")}))

	ln, err := b.net.ListenPacket("udp", "10.2.0.2:9")
	must(t, err)
	c, err := a.net.Dial("udp", "10.2.0.2:9")
	must(t, err)
	buf := make([]byte, 1<<16)
	for _, size := range []int{1, 600, 1000, 1472, 1473, 4000, 9000} {
		want := make([]byte, size)
		for i := range want {
			want[i] = byte(i * i >> 3)
		}
		for deadline := time.Now().Add(30 * time.Second); ; { // the first one may be lost, while neighbors are looked for
			_, err := c.Write(want)
			must(t, err)
			_ = ln.SetReadDeadline(time.Now().Add(time.Second))
			n, _, err := ln.ReadFrom(buf)
			if err == nil && bytes.Equal(buf[:n], want) {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("a datagram of %d bytes: %d bytes came, %v", size, n, err)
			}
		}
	}

	// A frame of a's, with another checksum.
	frames := make(chan []byte, 100)
	marked := func(frame []byte, port uint16) bool {
		return len(frame) > 42 && frame[12] == 8 && frame[23] == 17 && binary.BigEndian.Uint16(frame[36:]) == port
	}
	w["left"].Tap(func(frame []byte) {
		if marked(frame, 9) {
			select {
			case frames <- bytes.Clone(frame):
			default:
			}
		}
	})
	sums := make(chan uint16, 100)
	w["right"].Tap(func(frame []byte) {
		if marked(frame, 10) {
			sums <- binary.BigEndian.Uint16(frame[40:])
		}
	})
	_, err = c.Write([]byte("hello"))
	must(t, err)
	var frame []byte
	select {
	case frame = <-frames:
	case <-time.After(30 * time.Second):
		t.Fatal("no frame")
	}
	dev := w["left"].Attach()
	defer func() { _ = dev.Close() }()
	frame[37] = 10 // the port
	binary.BigEndian.PutUint16(frame[40:], 0x1234)
	must(t, dev.Send(frame))
	select {
	case sum := <-sums:
		if sum != 0x1234 {
			t.Errorf("the checksum is %#x after the router", sum)
		}
	case <-time.After(30 * time.Second):
		t.Fatal("the frame was not forwarded")
	}
}
