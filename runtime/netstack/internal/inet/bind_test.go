package inet

import (
	"errors"
	"net/netip"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/kern/kerntest"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
	"github.com/abigen/abigen/runtime/netstack/internal/rtable"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// testNet is a network with lo0 and nothing else.
func testNet(t *testing.T) *Net {
	t.Helper()
	s := stack.New(stack.Options{NetworkProtocols: []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol}})
	t.Cleanup(s.Destroy)
	ifs := netif.New(s)
	n := &Net{Stack: s, Ifs: ifs, Routes: rtable.New(ifs), Params: NewParams()}
	if err := n.Ifs.Boot(); err != nil {
		t.Fatal(err)
	}
	return n
}

func testLwp(t *testing.T, uid uint32) *kern.Lwp {
	p := kerntest.Process(t, new(kern.Procs))
	p.SetCred(&kern.Cred{UID: uid, EUID: uid, SVUID: uid})
	return kern.NewLwp(p, nil)
}

// testPcb makes a datagram socket; its family is that of name.
func testPcb(t *Table, l *kern.Lwp, name netip.AddrPort, opts int32) (*Pcb, []byte) {
	so := &socket.Socket{Domain: netbsd.AF_INET, Type: netbsd.SOCK_DGRAM, Cred: l.Cred(), Options: opts}
	if name.Addr().Is6() {
		so.Domain = netbsd.AF_INET6
	}
	return t.Attach(so), Sockaddr{Addr: name.Addr(), Port: name.Port()}.Bytes()
}

// TestBindTwice binds two sockets to the names of each row.
func TestBindTwice(t *testing.T) {
	const addr, port = netbsd.SO_REUSEADDR, netbsd.SO_REUSEPORT
	root, user, other := testLwp(t, 0), testLwp(t, 1000), testLwp(t, 1001)
	for _, row := range []struct {
		name       string
		a          string
		aopts      int32
		aby        *kern.Lwp
		b          string
		bopts      int32
		bby        *kern.Lwp
		err        error
		dualFamily bool
	}{
		{name: "the same", a: "127.0.0.1:4000", b: "127.0.0.1:4000", err: netbsd.EADDRINUSE},
		{name: "the same, REUSEADDR", a: "127.0.0.1:4000", aopts: addr, b: "127.0.0.1:4000", bopts: addr, err: netbsd.EADDRINUSE},
		{name: "the same, REUSEPORT", a: "127.0.0.1:4000", aopts: port, b: "127.0.0.1:4000", bopts: port},
		{name: "the same, one has REUSEPORT", a: "127.0.0.1:4000", b: "127.0.0.1:4000", bopts: port, err: netbsd.EADDRINUSE},
		{name: "wildcard first", a: "0.0.0.0:4000", b: "127.0.0.1:4000", err: netbsd.EADDRINUSE},
		{name: "wildcard second", a: "127.0.0.1:4000", b: "0.0.0.0:4000", err: netbsd.EADDRINUSE},
		{name: "wildcard second, REUSEADDR", a: "127.0.0.1:4000", b: "0.0.0.0:4000", bopts: addr},
		{name: "a group, REUSEADDR", a: "224.0.0.9:4000", aopts: addr, b: "224.0.0.9:4000", bopts: addr},
		{name: "a group", a: "224.0.0.9:4000", b: "224.0.0.9:4000", err: netbsd.EADDRINUSE},
		{name: "families apart", a: "0.0.0.0:4000", b: "[::]:4000"},
		{name: "both families", a: "[::]:4000", b: "0.0.0.0:4000", err: netbsd.EADDRINUSE, dualFamily: true},
		{name: "mapped", a: "127.0.0.1:4000", b: "[::ffff:127.0.0.1]:4000", err: netbsd.EADDRINUSE, dualFamily: true},
		{name: "mapped, V6ONLY", a: "127.0.0.1:4000", b: "[::ffff:127.0.0.1]:4000", err: netbsd.EINVAL},
		{name: "another user's", a: "0.0.0.0:4000", aby: user, b: "127.0.0.1:4000", bopts: addr, bby: other, err: netbsd.EADDRINUSE},
		{name: "another user's, shared", a: "0.0.0.0:4000", aopts: port, aby: user, b: "0.0.0.0:4000", bopts: port, bby: other},
		{name: "a low port", a: "127.0.0.1:1024", aby: user, b: "127.0.0.1:1023", bby: user, err: netbsd.EACCES},
		{name: "a low port, IPv6", a: "[::1]:1024", aby: user, b: "[::1]:1023", bby: user, err: netbsd.EACCES},
		{name: "nobody's", a: "127.0.0.1:4000", b: "127.0.0.2:4000", err: netbsd.EADDRNOTAVAIL},
		{name: "the link's, no scope", a: "[::1]:4000", b: "[fe80::1]:4001", err: netbsd.EADDRNOTAVAIL},
	} {
		t.Run(row.name, func(t *testing.T) {
			n := testNet(t)
			if row.dualFamily {
				n.Params.V6Only.Store(0)
			}
			table := NewTable(n)
			bind := func(name string, opts int32, l *kern.Lwp) error {
				if l == nil {
					l = root
				}
				p, sa := testPcb(table, l, netip.MustParseAddrPort(name), opts)
				return p.Bind(l, sa)
			}
			if err := bind(row.a, row.aopts, row.aby); err != nil {
				t.Fatalf("bind %s: %v", row.a, err)
			}
			if err := bind(row.b, row.bopts, row.bby); !errors.Is(err, row.err) {
				t.Errorf("bind %s: %v, want %v", row.b, err, row.err)
			}
		})
	}
}

func TestEphemeral(t *testing.T) {
	n := testNet(t)
	table := NewTable(n)
	l := testLwp(t, 0)
	n.Params.Ports4.AnonMin.Store(60001)
	n.Params.Ports4.AnonMax.Store(60000) // the ends are exchanged
	var ports []uint16
	var last *Pcb
	for range 2 {
		p, sa := testPcb(table, l, netip.MustParseAddrPort("127.0.0.1:0"), 0)
		if err := p.Bind(l, sa); err != nil {
			t.Fatal(err)
		}
		_, port := p.Local()
		ports, last = append(ports, port), p
	}
	if ports[0] != 60001 || ports[1] != 60000 {
		t.Errorf("ports %d, want 60001 and 60000", ports)
	}
	p, sa := testPcb(table, l, netip.MustParseAddrPort("127.0.0.1:0"), 0)
	if err := p.Bind(l, sa); !errors.Is(err, netbsd.EAGAIN) {
		t.Errorf("no port is left: %v, want EAGAIN", err)
	}
	last.Detach()
	if err := p.Bind(l, sa); err != nil {
		t.Errorf("after one was given back: %v", err)
	}
}

func TestLookup(t *testing.T) {
	n := testNet(t)
	n.Params.V6Only.Store(0)
	table := NewTable(n)
	l := testLwp(t, 0)
	bind := func(name string, opts int32) *Pcb {
		p, sa := testPcb(table, l, netip.MustParseAddrPort(name), opts)
		if err := p.Bind(l, sa); err != nil {
			t.Fatalf("bind %s: %v", name, err)
		}
		return p
	}
	const addr, port = netbsd.SO_REUSEADDR, netbsd.SO_REUSEPORT
	wildcard := bind("0.0.0.0:4000", addr)
	exact := bind("127.0.0.1:4000", addr)
	connected := bind("127.0.0.1:4001", 0)
	bind("127.0.0.1:4002", port)
	second := bind("127.0.0.1:4002", port)
	dual := bind("[::]:4003", 0)
	if err := connected.Connect(l, Sockaddr{Addr: netip.MustParseAddr("127.0.0.1"), Port: 9}.Bytes()); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		dst, src string
		want     *Pcb
	}{
		{"127.0.0.1:4000", "127.0.0.1:1", exact},
		{"127.0.0.3:4000", "127.0.0.1:1", wildcard},
		{"127.0.0.1:4001", "127.0.0.1:9", connected},
		{"127.0.0.1:4001", "127.0.0.1:10", nil},
		{"127.0.0.1:4002", "127.0.0.1:1", second},
		{"127.0.0.1:4003", "127.0.0.1:1", dual},
		{"[::1]:4003", "[::1]:1", dual},
		{"[::1]:4000", "[::1]:1", nil},
	} {
		if got := table.Lookup(Names{netip.MustParseAddrPort(row.src), netip.MustParseAddrPort(row.dst)}); got != row.want {
			t.Errorf("%s from %s: %p, want %p", row.dst, row.src, got, row.want)
		}
	}
}

func TestScope(t *testing.T) {
	a := netip.MustParseAddr("fe80::1")
	e := Embed(a, 0x102)
	if e != netip.MustParseAddr("fe80:102::1") {
		t.Errorf("embedded %s", e)
	}
	if addr, scope := Split(e); addr != a || scope != 0x102 {
		t.Errorf("split %s %d", addr, scope)
	}
	for _, s := range []string{"2001:db8::1", "::1", "10.0.0.1", "::ffff:169.254.0.1", "ff05::1"} {
		if a := netip.MustParseAddr(s); Embed(a, 7) != a {
			t.Errorf("%s got a scope", s)
		}
	}
}
