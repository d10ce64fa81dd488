package rtable

import (
	"errors"
	"fmt"
	"net/netip"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

func newTestTable(t *testing.T) *Table {
	s := stack.New(stack.Options{NetworkProtocols: []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol}})
	t.Cleanup(s.Destroy)
	return New(netif.New(s))
}

func sa(s string) []byte { return Sockaddr(netip.MustParseAddr(s), 0) }

// mask returns a netmask as programs write it.
func mask(s string) []byte {
	if s == "" {
		return nil
	}
	return sa(s)
}

func add(t *testing.T, table *Table, dst, netmask, gateway string, flags int32) *Route {
	t.Helper()
	r := &Route{Key: sa(dst), Gate: sa(gateway), Flags: flags | netbsd.RTF_UP, Ifp: &netif.Ifnet{Index: 1}}
	if err := table.add(r, mask(netmask)); err != nil {
		t.Fatalf("add %s/%s: %v", dst, netmask, err)
	}
	return r
}

func TestLookup(t *testing.T) {
	table := newTestTable(t)
	const gw = netbsd.RTF_GATEWAY
	add(t, table, "10.0.0.0", "255.0.0.0", "10.9.9.1", gw)
	add(t, table, "10.1.2.0", "255.255.255.0", "10.9.9.2", gw)
	add(t, table, "10.1.2.3", "", "10.9.9.3", gw|netbsd.RTF_HOST)
	add(t, table, "10.1.2.128", "255.255.255.128", "10.9.9.4", gw)
	add(t, table, "10.0.7.0", "255.0.255.0", "10.9.9.5", gw) // not a prefix
	add(t, table, "2001:db8::", "ffff:ffff::", "::1", gw)
	for _, row := range []struct{ dst, gateway string }{
		{"10.200.0.1", "10.9.9.1"},
		{"10.1.2.4", "10.9.9.2"},
		{"10.1.2.3", "10.9.9.3"},
		{"10.1.2.129", "10.9.9.4"},
		{"10.77.7.1", "10.9.9.5"},
		{"2001:db8:5::1", "::1"},
	} {
		r, ok := table.Lookup(netip.MustParseAddr(row.dst), 0)
		if !ok || r.Gateway.String() != row.gateway {
			t.Errorf("%s: %v, want gateway %s", row.dst, r, row.gateway)
		}
	}
	var missed []byte
	table.Tell = func(m *rtsock.Message, _ int32) { missed = m.Addrs[netbsd.RTAX_DST] }
	for _, dst := range []string{"192.0.2.1", "2001:db9::1", "::ffff:10.1.2.3"} {
		a := netip.MustParseAddr(dst)
		if r, ok := table.Resolve(a, 0); ok {
			t.Errorf("%s: %v, want none", dst, r)
		}
		if got, _ := Address(missed); got != a {
			t.Errorf("missed %s, want %s", got, a)
		}
	}
	if _, ok := table.Resolve(netip.Addr{}, 0); ok {
		t.Error("the zero address has a route")
	}
}

func TestScope(t *testing.T) {
	table := newTestTable(t)
	for index := 1; index <= 2; index++ {
		key := Sockaddr(netip.MustParseAddr("fe80::"), index)
		r := &Route{Key: key, Gate: sa("::1"), Flags: netbsd.RTF_UP, Ifp: &netif.Ifnet{Index: index}}
		if err := table.add(r, sa("ffff:ffff:ffff:ffff::")); err != nil {
			t.Fatal(err)
		}
	}
	for index := 1; index <= 2; index++ {
		if r, ok := table.Lookup(netip.MustParseAddr("fe80::9"), index); !ok || r.Ifp.Index != index {
			t.Errorf("interface %d: %v", index, r)
		}
	}
	if r, ok := table.Lookup(netip.MustParseAddr("fe80::9"), 0); ok {
		t.Errorf("without an interface: %v", r)
	}
	r, _ := table.Lookup(netip.MustParseAddr("fe80::9"), 2)
	if a, index := Address(r.Key); a != netip.MustParseAddr("fe80::") || index != 2 {
		t.Errorf("key is %v of interface %d", a, index)
	}
}

func TestAddDelete(t *testing.T) {
	table := newTestTable(t)
	add(t, table, "10.0.0.0", "255.0.0.0", "10.9.9.1", netbsd.RTF_GATEWAY)
	add(t, table, "10.0.0.0", "255.255.0.0", "10.9.9.2", netbsd.RTF_GATEWAY)
	add(t, table, "10.0.0.0", "", "10.9.9.3", netbsd.RTF_HOST|netbsd.RTF_GATEWAY)
	again := &Route{Key: sa("10.3.2.1"), Gate: sa("10.9.9.9"), Ifp: &netif.Ifnet{Index: 1}}
	if err := table.add(again, mask("255.0.0.0")); !errors.Is(err, netbsd.EEXIST) {
		t.Errorf("a second route to the same net: %v", err)
	}
	if err := table.add(&Route{Key: []byte{4, netbsd.AF_LOCAL, '/', 'x'}}, nil); !errors.Is(err, netbsd.ESRCH) {
		t.Errorf("a family without routes: %v", err)
	}
	var nets []string
	for _, r := range table.All(netbsd.AF_INET) {
		nets = append(nets, r.Dst.String())
	}
	if want := "[10.0.0.0/32 10.0.0.0/16 10.0.0.0/8]"; fmt.Sprint(nets) != want {
		t.Errorf("routes are %v, want %s", nets, want)
	}
	if n := len(table.stack.GetRouteTable()); n != 3 {
		t.Errorf("gVisor has %d routes", n)
	}
	if _, err := table.remove(sa("10.0.0.0"), mask("255.255.255.0")); !errors.Is(err, netbsd.ESRCH) {
		t.Errorf("delete with a mask no route has: %v", err)
	}
	if r, err := table.remove(sa("10.0.9.9"), mask("255.255.0.0")); err != nil || r.Is(netbsd.RTF_UP) || r.Dst.Bits() != 16 {
		t.Errorf("delete of 10.0/16: %v, %v", r, err)
	}
	// Without a mask, the most specific one to that address goes.
	for _, bits := range []int{32, 8} {
		if r, err := table.remove(sa("10.0.0.0"), nil); err != nil || r.Dst.Bits() != bits {
			t.Errorf("delete without a mask: %v, %v, want /%d", r, err, bits)
		}
	}
	if n := len(table.stack.GetRouteTable()); n != 0 {
		t.Errorf("gVisor still has %d routes", n)
	}
}

// A route with the mask is looked for at the address where the way to the
// masked destination leads, and not among more specific ones than that way.
func TestFind(t *testing.T) {
	table := newTestTable(t)
	add(t, table, "10.0.0.0", "255.0.0.0", "10.9.9.1", netbsd.RTF_GATEWAY)
	add(t, table, "10.0.0.0", "255.255.255.0", "10.9.9.2", netbsd.RTF_GATEWAY)
	for _, row := range []struct {
		dst, mask string
		bits      int // 0: none
	}{
		{"10.0.0.0", "255.255.255.0", 24},
		{"10.0.0.7", "255.255.255.0", 24},
		{"10.0.0.0", "255.0.0.0", 8},
		{"10.7.0.0", "255.0.0.0", 8},
		{"10.0.1.0", "255.255.255.0", 0},
		{"10.0.0.7", "", 24},
		{"10.0.1.7", "", 8},
		{"192.0.2.1", "", 0},
	} {
		r, err := table.Find(sa(row.dst), mask(row.mask))
		if row.bits == 0 {
			if !errors.Is(err, netbsd.ESRCH) {
				t.Errorf("%s mask %s: %v, %v", row.dst, row.mask, r, err)
			}
		} else if err != nil || r.Dst.Bits() != row.bits {
			t.Errorf("%s mask %s: %v, %v, want /%d", row.dst, row.mask, r, err, row.bits)
		}
	}
}

func TestChange(t *testing.T) {
	table := newTestTable(t)
	old := add(t, table, "10.0.0.0", "255.0.0.0", "10.9.9.1", netbsd.RTF_GATEWAY)
	r, err := table.change(old, func(r *Route) { r.Gate = sa("10.9.9.2") })
	if err != nil || r.Gateway != netip.MustParseAddr("10.9.9.2") || old.Gateway != netip.MustParseAddr("10.9.9.1") {
		t.Errorf("change: %v, %v; before %v", r, err, old)
	}
	if list := table.stack.GetRouteTable(); len(list) != 1 || list[0].Gateway != tcpip.AddrFrom4([4]byte{10, 9, 9, 2}) {
		t.Errorf("gVisor has %v", list)
	}
	if _, err := table.change(old, func(*Route) {}); !errors.Is(err, netbsd.ESRCH) {
		t.Errorf("change of a route that was replaced: %v", err)
	}
}

func TestReject(t *testing.T) {
	table := newTestTable(t)
	add(t, table, "10.0.0.0", "255.0.0.0", "127.0.0.1", netbsd.RTF_GATEWAY|netbsd.RTF_REJECT)
	if list := table.stack.GetRouteTable(); len(list) != 1 || list[0].NIC != rejectNIC {
		t.Errorf("gVisor has %v", list)
	}
}

func TestShortAddresses(t *testing.T) {
	table := newTestTable(t)
	for _, key := range [][]byte{nil, {}, {2}, {2, netbsd.AF_INET}, {7, netbsd.AF_INET, 0, 0, 10, 1, 2}, {4, netbsd.AF_INET6, 0, 0}} {
		r := &Route{Key: key, Gate: key, Ifp: &netif.Ifnet{Index: 1}}
		if err := table.add(r, nil); err != nil {
			continue
		}
		if _, err := table.Find(key, nil); err != nil {
			t.Errorf("%v: %v", key, err)
		}
		if _, err := table.remove(key, []byte{3, 0, 0}); !errors.Is(err, netbsd.ESRCH) {
			t.Errorf("%v: delete with an empty mask: %v", key, err)
		}
	}
}

func BenchmarkLookup(b *testing.B) {
	s := stack.New(stack.Options{})
	defer s.Destroy()
	table := New(netif.New(s))
	for i := range 64 {
		r := &Route{Key: sa(netip.AddrFrom4([4]byte{10, byte(i), 0, 0}).String()), Gate: sa("10.9.9.1"), Ifp: &netif.Ifnet{Index: 1}}
		if err := table.add(r, mask("255.255.0.0")); err != nil {
			b.Fatal(err)
		}
	}
	dst := netip.MustParseAddr("10.63.1.2")
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := table.Lookup(dst, 0); !ok {
			b.Fatal("no route")
		}
	}
}
