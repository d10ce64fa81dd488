package netif

import (
	"net/netip"
	"sync"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// When nobody is at the other end, addresses are detached; when somebody comes,
// those that were checked before are checked again.
func TestLostLink(t *testing.T) {
	dev := &end{mtu: 1500}
	s := stack.New(stack.Options{
		NetworkProtocols: []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol, arp.NewProtocol},
	})
	defer s.Destroy()
	tab := New(s)
	defer tab.Close()
	tab.DADCount4.Store(100) // as good as endless
	tab.DADCount6.Store(0)
	tab.Drivers = []string{"virt"}
	tab.Link = func(string, string) (hypercall.NetworkDevice, error) { return dev, nil }
	var mu sync.Mutex
	told := map[netip.Addr]int{}
	tab.Notify = func(e Event) {
		if e.What == AddrChanged {
			mu.Lock()
			defer mu.Unlock()
			told[e.Ifa.Addr]++
		}
	}
	tab.conf.Lock()
	err := tab.create("virt0")
	tab.conf.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	st := station{tab, tab.ByName("virt0")}
	flags := func(addr string) int32 { return st.ifp.lookup(netip.MustParseAddr(addr)).Flags() }
	becomes := func(addr string, want int32) {
		t.Helper()
		eventually(t, addr+" does not become that", func() bool { return flags(addr) == want })
	}
	const early, early6, late = "10.0.0.1", "fd00::1", "10.0.1.1"
	if err := tab.configure(st.ifp, func() error { return st.ifp.drv.initAddr(tab, st.ifp) }); err != nil {
		t.Fatal(err)
	}
	st.give(t, early+"/24")
	st.give(t, early6+"/64")
	if flags(early) != netbsd.IN_IFF_DETACHED || flags(early6) != netbsd.IN6_IFF_DETACHED {
		t.Errorf("addresses without a link have the flags %#x and %#x", flags(early), flags(early6))
	}
	dev.changed(true)
	becomes(early, 0) // never to be checked, as it was not at first
	becomes(early6, 0)
	st.give(t, late+"/24")
	becomes(late, netbsd.IN_IFF_TENTATIVE)
	dev.changed(false)
	becomes(early, netbsd.IN_IFF_DETACHED)
	becomes(early6, netbsd.IN6_IFF_DETACHED)
	becomes(late, netbsd.IN_IFF_DETACHED)
	dev.changed(true)
	becomes(late, netbsd.IN_IFF_TENTATIVE)
	becomes(early, 0)
	mu.Lock()
	defer mu.Unlock()
	if n := told[netip.MustParseAddr(early)]; n != 3 {
		t.Errorf("there were %d messages about %s, want 3", n, early)
	}
}
