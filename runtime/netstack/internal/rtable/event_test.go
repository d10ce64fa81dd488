package rtable

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/kern/kerntest"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// A machine has interfaces and routes; told are the messages since the last
// look.
type machine struct {
	*Table
	t    *testing.T
	lwp  *kern.Lwp
	told []string
}

func boot(t *testing.T) *machine {
	s := stack.New(stack.Options{NetworkProtocols: []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol, arp.NewProtocol}})
	ifs := netif.New(s)
	ifs.DADCount4.Store(0)
	hub := wire.New()
	ifs.Link = func(string, string) (hypercall.NetworkDevice, error) { return hub.Attach(), nil }
	m := &machine{Table: New(ifs), t: t, lwp: kern.NewLwp(kerntest.Process(t, new(kern.Procs)), nil)}
	m.Tell = func(msg *rtsock.Message, _ int32) {
		dst, _ := Address(msg.Addrs[netbsd.RTAX_DST])
		if msg.Addrs[netbsd.RTAX_DST] == nil {
			dst, _ = Address(msg.Addrs[netbsd.RTAX_IFA])
		}
		what := messageNames[msg.Type]
		if dst.IsValid() {
			what += " " + dst.String()
		}
		m.told = append(m.told, what)
	}
	ifs.Notify = m.Event
	if err := ifs.Boot(); err != nil {
		t.Fatal(err)
	}
	m.told = nil
	t.Cleanup(func() {
		ifs.Close()
		s.Destroy()
	})
	return m
}

var messageNames = map[uint8]string{
	netbsd.RTM_ADD: "add", netbsd.RTM_DELETE: "delete", netbsd.RTM_CHANGE: "change", netbsd.RTM_MISS: "miss",
	netbsd.RTM_NEWADDR: "newaddr", netbsd.RTM_DELADDR: "deladdr", netbsd.RTM_CHGADDR: "chgaddr",
	netbsd.RTM_IFINFO: "ifinfo", netbsd.RTM_IFANNOUNCE: "announce",
}

func (m *machine) ioctl(cmd uint64, arg []byte) {
	m.t.Helper()
	if err := m.ifs.Ioctl(m.lwp, &socket.Socket{Domain: netbsd.AF_INET}, cmd, arg); err != nil {
		m.t.Fatalf("ioctl %#x: %v", cmd, err)
	}
}

// named does an ioctl whose argument is nothing but the name of an interface,
// or that and an address.
func (m *machine) named(cmd uint64, name, addr string) {
	m.t.Helper()
	var req netbsd.Ifreq
	copy(req.Name[:], name)
	if addr != "" {
		copy(abi.AsBytes(req.Ifru.Addr()), sa(addr))
	}
	m.ioctl(cmd, abi.AsBytes(&req))
}

// alias gives an interface an address.
func (m *machine) alias(name, addr, netmask string) {
	m.t.Helper()
	var req netbsd.Ifaliasreq
	copy(req.Name[:], name)
	copy(abi.AsBytes(&req.Addr), sa(addr))
	copy(abi.AsBytes(&req.Mask), mask(netmask))
	m.ioctl(netbsd.SIOCAIFADDR, abi.AsBytes(&req))
}

// routes lists the routes of AF_INET but for 127.0.0.1, with their source
// addresses.
func (m *machine) routes() string {
	var list []string
	for _, r := range m.All(netbsd.AF_INET) {
		if r.Dst.Addr().IsLoopback() {
			continue
		}
		s := fmt.Sprintf("%s %s", r.Dst, r.Ifp.Name)
		if r.Ifa != nil {
			s += " from " + r.Ifa.Addr.String()
		}
		list = append(list, s)
	}
	return strings.Join(list, ", ")
}

func (m *machine) check(routes, told string) {
	m.t.Helper()
	if got := m.routes(); got != routes {
		m.t.Errorf("routes are %s\nwant %s", got, routes)
	}
	said := slices.DeleteFunc(m.told, func(s string) bool { return strings.Contains(s, "::") })
	if got := strings.Join(said, ", "); got != told {
		m.t.Errorf("told %s\nwant %s", got, told)
	}
	m.told = nil
}

func TestBootRoutes(t *testing.T) {
	m := boot(t)
	var got []string
	for _, r := range m.All(netbsd.AF_UNSPEC) {
		got = append(got, fmt.Sprintf("%s %x", r.Dst, r.Flags))
	}
	want := "127.0.0.1/32 40005, ::1/128 5, fe80::/64 1, fe80::1/128 40005, ff01::/32 101, ff02::/32 101"
	if got := strings.Join(got, ", "); got != want {
		t.Errorf("routes are %s\nwant %s", got, want)
	}
}

func TestConnectedRoutes(t *testing.T) {
	m := boot(t)
	m.named(netbsd.SIOCIFCREATE, "virt0", "")
	m.alias("virt0", "10.5.0.1", "255.255.255.0")
	m.check("10.5.0.0/24 virt0 from 10.5.0.1, 10.5.0.1/32 lo0 from 10.5.0.1",
		"announce, newaddr 10.5.0.1, add 10.5.0.1, add 10.5.0.0, ifinfo")
	m.alias("virt0", "10.5.0.2", "255.255.255.0")
	m.check("10.5.0.0/24 virt0 from 10.5.0.1, 10.5.0.1/32 lo0 from 10.5.0.1, 10.5.0.2/32 lo0 from 10.5.0.2",
		"newaddr 10.5.0.2, add 10.5.0.2, newaddr 10.5.0.2") // no other host has it
	// The network stays the other address's.
	m.named(netbsd.SIOCDIFADDR, "virt0", "10.5.0.1")
	m.check("10.5.0.0/24 virt0 from 10.5.0.2, 10.5.0.2/32 lo0 from 10.5.0.2",
		"delete 10.5.0.0, add 10.5.0.0, delete 10.5.0.1, deladdr 10.5.0.1")
	// Another netmask is another network.
	m.alias("virt0", "10.5.0.2", "255.255.0.0")
	m.check("10.5.0.0/16 virt0 from 10.5.0.2, 10.5.0.2/32 lo0 from 10.5.0.2",
		"delete 10.5.0.0, newaddr 10.5.0.2, add 10.5.0.0")
	add(t, m.Table, "10.6.0.0", "255.255.0.0", "10.5.0.9", netbsd.RTF_GATEWAY).Ifp = m.ifs.ByName("virt0")
	m.named(netbsd.SIOCIFDESTROY, "virt0", "")
	m.check("", "ifinfo, newaddr 10.5.0.2, ifinfo, delete 10.5.0.0, delete 10.5.0.2, deladdr 10.5.0.2, announce")
	if len(m.prefixes) != 1 || len(m.ifas) != 3 || len(m.neighbors) != 0 {
		t.Errorf("left are %d prefixes, %d addresses, %d neighbors", len(m.prefixes), len(m.ifas), len(m.neighbors))
	}
}

// An address may be the last of its network, or all of it: its routes come and go
// as those of any other.
func TestLastAddress(t *testing.T) {
	for _, c := range []struct{ addr, mask, network string }{
		{"10.5.0.255", "255.255.255.0", "10.5.0.0/24"},
		{"10.5.0.1", "255.255.255.254", "10.5.0.0/31"},
		{"192.168.7.255", "255.255.252.0", "192.168.4.0/22"},
		{"10.5.0.1", "255.255.255.255", "10.5.0.1/32"},
	} {
		m := boot(t)
		m.named(netbsd.SIOCIFCREATE, "virt0", "")
		m.alias("virt0", c.addr, c.mask)
		list := []string{c.addr + "/32 lo0 from " + c.addr, c.network + " virt0 from " + c.addr}
		slices.Sort(list)
		routes := strings.Join(list, ", ")
		if got := m.routes(); got != routes {
			t.Errorf("%s: routes are %q, want %q", c.addr, got, routes)
		}
		m.named(netbsd.SIOCDIFADDR, "virt0", c.addr)
		if got := m.routes(); got != "" {
			t.Errorf("%s: routes left are %q", c.addr, got)
		}
	}
}

// An address may be on two interfaces, and networks, too: the first one has the
// routes, until it goes.
func TestSharedAddress(t *testing.T) {
	m := boot(t)
	for _, name := range []string{"virt0", "virt1"} {
		m.named(netbsd.SIOCIFCREATE, name, "")
		m.alias(name, "10.5.0.1", "255.255.255.0")
	}
	first := m.ifs.ByName("virt0")
	m.told = nil
	if r, _ := m.Lookup(netip.MustParseAddr("10.5.0.1"), 0); r.Ifa.Ifp != first {
		t.Errorf("route is of %s", r.Ifa.Ifp.Name)
	}
	m.named(netbsd.SIOCIFDESTROY, "virt0", "")
	m.check("10.5.0.0/24 virt1 from 10.5.0.1, 10.5.0.1/32 lo0 from 10.5.0.1",
		"ifinfo, newaddr 10.5.0.1, ifinfo, delete 10.5.0.0, add 10.5.0.0, change 10.5.0.1, announce")
	if r, _ := m.Lookup(netip.MustParseAddr("10.5.0.1"), 0); r.Ifa.Ifp == first {
		t.Error("route is of an interface that is gone")
	}
}

func TestNeighbors(t *testing.T) {
	m := boot(t)
	m.named(netbsd.SIOCIFCREATE, "virt0", "")
	m.alias("virt0", "10.5.0.1", "255.255.255.0")
	p := m.ifs.ByName("virt0")
	mac := []byte{2, 0, 0, 0, 0, 9}
	step := func(what string, got, want error) {
		t.Helper()
		if !errors.Is(got, want) {
			t.Errorf("%s: %v, want %v", what, got, want)
		}
	}
	step("add", m.AddNeighbor(p.Index, sa("10.5.0.9"), mac, 0, 0), nil)
	step("add again", m.AddNeighbor(p.Index, sa("10.5.0.9"), mac, 0, 0), netbsd.EEXIST)
	step("add for the own address", m.AddNeighbor(p.Index, sa("10.5.0.1"), mac, 0, 0), netbsd.EEXIST)
	step("add off the link", m.AddNeighbor(p.Index, sa("192.0.2.1"), mac, 0, 0), netbsd.ENOMEM)
	step("add without an interface", m.AddNeighbor(77, sa("10.5.0.9"), mac, 0, 0), netbsd.EINVAL)
	step("add IPv6", m.AddNeighbor(p.Index, sa("2001:db8::9"), mac, 0, 0), nil)
	step("add for a while", m.AddNeighbor(p.Index, sa("10.5.0.8"), mac, netbsd.RTF_ANNOUNCE, 1<<40), nil)
	step("add for ever", m.AddNeighbor(p.Index, sa("10.5.0.8"), mac, 0, 0), nil)
	var got []string
	for _, n := range m.Neighbors(netbsd.AF_INET) {
		got = append(got, n.Addr.String())
	}
	slices.Sort(got)
	if s := strings.Join(got, " "); s != "10.5.0.1 10.5.0.8 10.5.0.9" {
		t.Errorf("neighbors are %s", s)
	}
	step("delete", m.DeleteNeighbor(p.Index, sa("10.5.0.9")), nil)
	step("delete again", m.DeleteNeighbor(p.Index, sa("10.5.0.9")), netbsd.ENOENT)
	step("delete the own address", m.DeleteNeighbor(p.Index, sa("10.5.0.1")), nil)
	if n := m.Neighbor(p, sa("10.5.0.1")); n != nil {
		t.Errorf("the own address is still there: %+v", n)
	}
	m.named(netbsd.SIOCDIFADDR, "virt0", "10.5.0.1")
	m.alias("virt0", "10.5.0.1", "255.255.255.0")
	if n := m.Neighbor(p, sa("10.5.0.1")); n == nil || !n.Static {
		t.Errorf("the own address has not come back: %+v", n)
	}
}

// Lookups and dumps go on while addresses and routes come and go.
func TestConcurrent(t *testing.T) {
	m := boot(t)
	m.named(netbsd.SIOCIFCREATE, "virt0", "")
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		wg.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				m.Lookup(netip.MustParseAddr("10.5.0.9"), 0)
				for _, r := range m.All(netbsd.AF_UNSPEC) {
					_ = r.Is(netbsd.RTF_UP) && r.Ifp.Up()
				}
				m.Neighbors(netbsd.AF_INET)
				for _, p := range m.ifs.All() {
					for _, a := range p.AllAddrs() {
						m.AddrMessage(netbsd.RTM_NEWADDR, a)
					}
				}
			}
		})
	}
	for range 50 {
		m.alias("virt0", "10.5.0.1", "255.255.255.0")
		m.named(netbsd.SIOCDIFADDR, "virt0", "10.5.0.1")
	}
	close(stop)
	wg.Wait()
}
