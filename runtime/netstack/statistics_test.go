package netstack_test

import (
	"context"
	"encoding/binary"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall/wire"
)

// counts returns a variable that is counters.
func (k node) counts(t *testing.T, name string) []uint64 {
	t.Helper()
	b, err := k.Bytes(t.Context(), name)
	must(t, err)
	list := make([]uint64, len(b)/8)
	for i := range list {
		list[i] = binary.NativeEndian.Uint64(b[i*8:])
	}
	return list
}

// TestStatistics compares what is counted with what happened: a datagram that
// arrives, one that nobody wants, and a connection.
func TestStatistics(t *testing.T) {
	w := wires{"a": wire.New()}
	a, b := w.node(t), w.node(t)
	a.connect(t, "shmif0", "a", "10.0.0.1/24", "2001:db8::1/64")
	b.connect(t, "shmif0", "a", "10.0.0.2/24", "2001:db8::2/64")
	for _, k := range []node{a, b} {
		must(t, k.WaitAddresses(t.Context(), ""))
	}
	for i, network := range []string{"udp4", "udp6"} {
		hosts := []string{"10.0.0.2", "2001:db8::2"}
		server, err := b.net.ListenPacket(network, net.JoinHostPort(hosts[i], "53"))
		must(t, err)
		for _, port := range []string{"54", "53"} { // the second comes after the first
			c, err := a.net.Dial(network, net.JoinHostPort(hosts[i], port))
			must(t, err)
			_, err = c.Write([]byte("hello"))
			must(t, err)
			defer func() { _ = c.Close() }()
		}
		_, _, err = server.ReadFrom(make([]byte, 10))
		must(t, err)
	}
	b.echo(t, "10.0.0.2:7")
	c, err := a.net.DialContext(context.Background(), "tcp", "10.0.0.2:7")
	must(t, err)
	must(t, c.Close())

	const received6, noPort6, sent6 = 0, 5, 9 // UDP6_STAT_*
	for _, tt := range []struct {
		node  node
		name  string
		at    int
		least uint64
		exact bool
	}{
		{a, "net.inet.udp.stats", netbsd.UDP_STAT_OPACKETS, 2, true},
		{b, "net.inet.udp.stats", netbsd.UDP_STAT_IPACKETS, 2, true},
		{b, "net.inet.udp.stats", netbsd.UDP_STAT_NOPORT, 1, true},
		{a, "net.inet6.udp6.stats", sent6, 2, true},
		{b, "net.inet6.udp6.stats", received6, 2, true},
		{b, "net.inet6.udp6.stats", noPort6, 1, true},
		{a, "net.inet.tcp.stats", netbsd.TCP_STAT_CONNATTEMPT, 1, true},
		{a, "net.inet.tcp.stats", netbsd.TCP_STAT_SNDTOTAL, 2, false},
		{b, "net.inet.tcp.stats", netbsd.TCP_STAT_RCVTOTAL, 2, false},
		{a, "net.inet.ip.stats", netbsd.IP_STAT_LOCALOUT, 4, false},
		{b, "net.inet.ip.stats", netbsd.IP_STAT_TOTAL, 4, false},
		{b, "net.inet.ip.stats", netbsd.IP_STAT_FORWARD, 0, true},
		{a, "net.inet6.ip6.stats", netbsd.IP6_STAT_LOCALOUT, 2, false},
		{a, "net.inet.arp.stats", netbsd.ARP_STAT_SENDREQUEST, 1, false},
		{b, "net.inet.arp.stats", netbsd.ARP_STAT_SNDREPLY, 1, false},
		{b, "net.inet6.icmp6.stats", netbsd.ICMP6_STAT_INHIST + netbsd.ND_NEIGHBOR_SOLICIT, 1, false},
	} {
		n := tt.node.counts(t, tt.name)[tt.at]
		// what has been sent may be under way
		for deadline := time.Now().Add(30 * time.Second); n < tt.least && time.Now().Before(deadline); time.Sleep(time.Millisecond) {
			n = tt.node.counts(t, tt.name)[tt.at]
		}
		if n < tt.least || tt.exact && n != tt.least {
			t.Errorf("%s[%d] is %d, want %d", tt.name, tt.at, n, tt.least)
		}
	}
}

// TestStatisticsStay counts packets that a router forwards, also when the
// interface they went by is gone.
func TestStatisticsStay(t *testing.T) {
	w := wires{"a": wire.New(), "b": wire.New()}
	left, router, right := w.node(t), w.node(t), w.node(t)
	left.connect(t, "shmif0", "a", "10.0.1.1/24")
	router.connect(t, "shmif0", "a", "10.0.1.2/24")
	router.connect(t, "shmif1", "b", "10.0.2.2/24")
	right.connect(t, "shmif0", "b", "10.0.2.1/24")
	for _, k := range []node{left, router, right} {
		must(t, k.WaitAddresses(t.Context(), ""))
	}
	all := netip.MustParsePrefix("0.0.0.0/0")
	must(t, left.AddRoute(t.Context(), routing.Route{Dst: all, Gateway: netip.MustParseAddr("10.0.1.2")}))
	must(t, right.AddRoute(t.Context(), routing.Route{Dst: all, Gateway: netip.MustParseAddr("10.0.2.2")}))
	server, err := right.net.ListenPacket("udp4", "10.0.2.1:53")
	must(t, err)
	c, err := left.net.Dial("udp4", "10.0.2.1:53")
	must(t, err)
	_, err = c.Write([]byte("hello"))
	must(t, err)
	_, _, err = server.ReadFrom(make([]byte, 10))
	must(t, err)
	if n := router.counts(t, "net.inet.ip.stats")[netbsd.IP_STAT_FORWARD]; n != 1 {
		t.Errorf("%d packets forwarded", n)
	}
	before := router.counts(t, "net.inet.ip.stats")
	must(t, router.DestroyInterface(t.Context(), "shmif0"))
	for i, n := range router.counts(t, "net.inet.ip.stats") {
		if n < before[i] {
			t.Errorf("counter %d fell from %d to %d", i, before[i], n)
		}
	}
}
