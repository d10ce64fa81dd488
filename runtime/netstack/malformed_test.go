package netstack_test

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"
	"time"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall/wire"
)

// A counter is a place in a variable, or one of the interface's when the name is
// empty.
type counter struct {
	name  string
	index int
}

// The counters of the interface.
const (
	inputErrors = iota
	unknownProtocols
)

func (k node) count(t *testing.T, c counter) uint64 {
	t.Helper()
	if c.name != "" {
		return k.counts(t, c.name)[c.index]
	}
	l, err := k.Interface(t.Context(), "shmif0")
	must(t, err)
	return [...]func(*routing.LinkStats) uint64{
		func(s *routing.LinkStats) uint64 { return s.RxErrors },
		func(s *routing.LinkStats) uint64 { return s.RxNoProtocol },
	}[c.index](l.Stats)
}

// etherFrame returns an Ethernet frame for the node.
func etherFrame(typ uint16, payload ...[]byte) []byte {
	f := append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9}, byte(typ>>8), byte(typ))
	for _, p := range payload {
		f = append(f, p...)
	}
	return f
}

// ip4 returns a header of IPv4 from 10.0.0.9 to 10.0.0.1 for so many bytes, which
// change may spoil, before the checksum is computed.
func ip4(protocol byte, size int, change func(h []byte)) []byte {
	h := []byte{0x45, 0, 0, 0, 0, 1, 0, 0, 64, protocol, 0, 0, 10, 0, 0, 9, 10, 0, 0, 1}
	binary.BigEndian.PutUint16(h[2:], uint16(20+size))
	if change != nil {
		change(h)
	}
	binary.BigEndian.PutUint16(h[10:], ^sum(h, 0))
	return h
}

// ip6 is the same for IPv6, from fd00::9 to fd00::1.
func ip6(protocol byte, size int) []byte {
	h := []byte{0x60, 0, 0, 0, byte(size >> 8), byte(size), protocol, 64}
	for _, a := range []string{"fd00::9", "fd00::1"} {
		h = append(h, netip.MustParseAddr(a).AsSlice()...)
	}
	return h
}

// sum is the checksum of RFC 1071, not complemented.
func sum(b []byte, s uint32) uint16 {
	for ; len(b) > 1; b = b[2:] {
		s += uint32(b[0])<<8 | uint32(b[1])
	}
	if len(b) == 1 {
		s += uint32(b[0]) << 8
	}
	for s > 0xffff {
		s = s>>16 + s&0xffff
	}
	return uint16(s)
}

// malformedNode returns a node on a wire, and another station of that.
func malformedNode(t *testing.T) (node, func(frame []byte)) {
	t.Helper()
	w := wires{"a": wire.New()}
	k := w.node(t)
	must(t, k.SetInt(t.Context(), "net.inet.ip.dad_count", 0))
	must(t, k.CreateInterface(t.Context(), "shmif0"))
	must(t, k.SetLinkAddr(t.Context(), "shmif0", []byte{2, 0, 0, 0, 0, 1}))
	must(t, k.SetLinkString(t.Context(), "shmif0", "a"))
	for _, a := range []string{"10.0.0.1/24", "fd00::1/64"} {
		must(t, k.AddAddress(t.Context(), "shmif0", netip.MustParsePrefix(a)))
	}
	dev := w["a"].Attach()
	t.Cleanup(func() { _ = dev.Close() })
	dev.Start(func([]byte) {})
	return k, func(frame []byte) { must(t, dev.Send(frame)) }
}

// TestMalformedFrames: frames that are not what they should be are dropped, and each
// is counted somewhere.
func TestMalformedFrames(t *testing.T) {
	const ip, ipv6, arp = 0x800, 0x86dd, 0x806
	bad4 := counter{"net.inet.ip.stats", netbsd.IP_STAT_TOOSHORT}
	bad6 := counter{"net.inet6.ip6.stats", netbsd.IP6_STAT_TOOSHORT}
	k, send := malformedNode(t)
	for name, row := range map[string]struct {
		frame []byte
		in    counter
	}{
		"empty":                    {nil, counter{"", inputErrors}},
		"part of a header":         {etherFrame(ip)[:13], counter{"", inputErrors}},
		"unknown type":             {etherFrame(0x4242, make([]byte, 46)), counter{"", unknownProtocols}},
		"no IP":                    {etherFrame(ip), bad4},
		"part of IP's header":      {etherFrame(ip, ip4(17, 0, nil)[:19]), bad4},
		"IP of another version":    {etherFrame(ip, ip4(17, 8, func(h []byte) { h[0] = 0x65 }), make([]byte, 8)), bad4},
		"short header":             {etherFrame(ip, ip4(17, 8, func(h []byte) { h[0] = 0x44 }), make([]byte, 8)), bad4},
		"header behind the end":    {etherFrame(ip, ip4(17, 8, func(h []byte) { h[0] = 0x4f }), make([]byte, 8)), bad4},
		"longer than it is":        {etherFrame(ip, ip4(17, 100, nil), make([]byte, 8)), bad4},
		"shorter than its header":  {etherFrame(ip, ip4(17, 0, func(h []byte) { h[3] = 10 }), make([]byte, 8)), bad4},
		"wrong checksum":           {etherFrame(ip, append(ip4(17, 8, nil)[:10], 1, 2, 10, 0, 0, 9, 10, 0, 0, 1), make([]byte, 8)), bad4},
		"IPv6 without a header":    {etherFrame(ipv6), bad6},
		"part of IPv6's header":    {etherFrame(ipv6, ip6(17, 0)[:39]), bad6},
		"longer than it is, IPv6":  {etherFrame(ipv6, ip6(17, 100), make([]byte, 8)), bad6},
		"ARP without a message":    {etherFrame(arp), counter{"net.inet.arp.stats", netbsd.ARP_STAT_RCVBADLEN}},
		"part of ARP's message":    {etherFrame(arp, []byte{0, 1, 8, 0, 6, 4, 0, 1}), counter{"net.inet.arp.stats", netbsd.ARP_STAT_RCVBADLEN}},
		"part of ICMP's header":    {etherFrame(ip, ip4(1, 4, nil), make([]byte, 4)), counter{"net.inet.icmp.stats", netbsd.ICMP_STAT_TOOSHORT}},
		"wrong checksum of ICMP":   {etherFrame(ip, ip4(1, 8, nil), []byte{8, 0, 1, 2, 0, 0, 0, 0}), counter{"net.inet.icmp.stats", netbsd.ICMP_STAT_TOOSHORT}},
		"part of UDP's header":     {etherFrame(ip, ip4(17, 4, nil), make([]byte, 4)), counter{"net.inet.udp.stats", netbsd.UDP_STAT_HDROPS}},
		"longer than it is, UDP":   {etherFrame(ip, ip4(17, 8, nil), []byte{0, 1, 0, 2, 0, 100, 0, 0}), counter{"net.inet.udp.stats", netbsd.UDP_STAT_BADLEN}},
		"wrong checksum of UDP":    {etherFrame(ip, ip4(17, 8, nil), []byte{0, 1, 0, 2, 0, 8, 1, 2}), counter{"net.inet.udp.stats", netbsd.UDP_STAT_BADSUM}},
		"part of TCP's header":     {etherFrame(ip, ip4(6, 10, nil), make([]byte, 10)), counter{"net.inet.tcp.stats", netbsd.TCP_STAT_RCVSHORT}},
		"wrong checksum of TCP":    {etherFrame(ip, ip4(6, 20, nil), []byte{11: 0, 12: 0x50, 13: 2, 19: 0}), counter{"net.inet.tcp.stats", netbsd.TCP_STAT_RCVSHORT}},
		"part of ICMPv6's header":  {etherFrame(ipv6, ip6(58, 2), make([]byte, 2)), counter{"net.inet6.icmp6.stats", netbsd.ICMP6_STAT_TOOSHORT}},
		"wrong checksum of ICMPv6": {etherFrame(ipv6, ip6(58, 8), []byte{128, 0, 1, 2, 0, 0, 0, 0}), counter{"net.inet6.icmp6.stats", netbsd.ICMP6_STAT_TOOSHORT}},
		"wrong checksum of UDP, 6": {etherFrame(ipv6, ip6(17, 8), []byte{0, 1, 0, 2, 0, 8, 1, 2}), counter{"net.inet6.udp6.stats", netbsd.UDP6_STAT_BADSUM}},
	} {
		before := k.count(t, row.in)
		send(row.frame)
		for began := time.Now(); k.count(t, row.in) == before; time.Sleep(time.Millisecond) {
			if time.Since(began) > 10*time.Second {
				t.Errorf("%s is not counted", name)
				break
			}
		}
	}
	alive(t, k)
}

// alive sends a datagram to a socket of the node itself.
func alive(t *testing.T, k node) {
	t.Helper()
	s, err := k.net.ListenPacket("udp4", "10.0.0.1:0")
	must(t, err)
	defer func() { _ = s.Close() }()
	_, err = s.WriteTo([]byte("alive"), s.LocalAddr())
	must(t, err)
	_, _, err = s.ReadFrom(make([]byte, 10))
	must(t, err)
}

// FuzzFrame has anything come in from the wire.
func FuzzFrame(f *testing.F) {
	f.Add(etherFrame(0x800, ip4(17, 8, nil), []byte{0, 1, 0, 2, 0, 8, 0, 0}))
	f.Add(etherFrame(0x800, ip4(1, 8, nil), []byte{8, 0, 0xf7, 0xff, 0, 0, 0, 0}))
	f.Add(etherFrame(0x86dd, ip6(58, 8), []byte{128, 0, 1, 2, 0, 0, 0, 0}))
	f.Add(etherFrame(0x806, []byte{0, 1, 8, 0, 6, 4, 0, 1}, make([]byte, 20)))
	f.Fuzz(func(t *testing.T, b []byte) {
		k, send := malformedNode(t)
		send(b)
		if len(b) > 14 { // as if it were for the node
			copy(b, etherFrame(0)[:6])
			send(b)
			if b[12] == 8 && b[13] == 0 && len(b) >= 34 {
				binary.BigEndian.PutUint16(b[24:], 0)
				binary.BigEndian.PutUint16(b[24:], ^sum(b[14:34], 0))
				send(b)
			}
		}
		alive(t, k)
	})
}

// TestGarbage sends random frames that look right at the beginning.
func TestGarbage(t *testing.T) {
	k, send := malformedNode(t)
	r := rand.New(rand.NewPCG(1, 2))
	for range 5000 {
		payload := make([]byte, r.IntN(200))
		for i := range payload {
			payload[i] = byte(r.Uint32())
		}
		switch r.IntN(4) {
		case 0:
			send(etherFrame(0x800, ip4(byte(r.Uint32()), len(payload), nil), payload))
		case 1:
			send(etherFrame(0x86dd, ip6(byte(r.Uint32()), len(payload)), payload))
		case 2:
			send(etherFrame(0x806, []byte{0, 1, 8, 0, 6, 4, 0}, payload))
		default:
			send(etherFrame(uint16(r.Uint32()), payload))
		}
	}
	alive(t, k)
}
