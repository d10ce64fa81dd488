package netif

import (
	"fmt"
	"net/netip"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
)

// boot returns the table of a kernel with lo0, and the list that events are
// added to.
func boot(t *testing.T) (*Table, *[]string) {
	t.Helper()
	s := stack.New(stack.Options{NetworkProtocols: []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol, arp.NewProtocol}})
	t.Cleanup(s.Destroy)
	tab := New(s)
	var events []string
	tab.Notify = func(e Event) {
		if e.What == AddrReady {
			return
		}
		name := map[What]string{
			Arrived: "arrived", Departing: "departing", Departed: "departed", Changed: "changed",
			AddrAdded: "added", AddrRemoved: "removed", AddrChanged: "replaced",
			LinkAddrAdded: "link added", LinkAddrRemoved: "link removed", LinkAddrChanged: "link used", PrefixesFlushed: "flushed",
		}[e.What]
		if e.Ifa != nil {
			name += " " + e.Ifa.Addr.String()
		}
		events = append(events, fmt.Sprintf("%s %s", e.Ifp.Name, name))
	}
	if err := tab.Boot(); err != nil {
		t.Fatal(err)
	}
	return tab, &events
}

func TestBoot(t *testing.T) {
	tab, events := boot(t)
	lo := tab.ByName("lo0")
	if lo == nil || lo.Index != 1 || lo.MTU() != 33624 || lo.Flags() != 0x8049 {
		t.Fatalf("lo0 = %+v", lo)
	}
	if got, want := fmt.Sprint(*events), "[lo0 arrived lo0 changed lo0 added ::1 lo0 added fe80::1 lo0 added 127.0.0.1]"; got != want {
		t.Errorf("events %s, want %s", got, want)
	}
	for _, a := range []string{"127.0.0.1", "::1", "fe80::1"} {
		ifa := tab.ByAddr(netip.MustParseAddr(a))
		if ifa == nil || ifa.Ifp != lo {
			t.Errorf("ByAddr(%s) = %v", a, ifa)
		}
	}
	if ifa := lo.First(netbsd.AF_INET); ifa.Prefix.String() != "127.0.0.0/8" {
		t.Errorf("prefix %s", ifa.Prefix)
	}
	if tab.ByAddr(netip.MustParseAddr("127.0.0.2")) != nil {
		t.Error("127.0.0.2 is there")
	}
	if got := fmt.Sprintf("%x", lo.Sdl()); got != "0b120100180300006c6f30" {
		t.Errorf("sockaddr_dl %s", got)
	}
}

// TestIndexes creates and destroys interfaces: an index is given out again when
// it was the last one.
func TestIndexes(t *testing.T) {
	tab, _ := boot(t)
	tab.conf.Lock()
	defer tab.conf.Unlock()
	for _, step := range []struct {
		create string // empty: destroy
		name   string
		index  int
	}{
		{"lo1", "lo1", 2}, {"", "lo1", 0}, {"lo2", "lo2", 2}, {"lo3", "lo3", 3}, {"", "lo2", 0}, {"lo4", "lo4", 4},
	} {
		var err error
		if step.create != "" {
			err = tab.create(step.create)
		} else {
			err = tab.destroy(step.name)
		}
		if err != nil {
			t.Fatal(err)
		}
		if p := tab.ByName(step.name); p != nil && p.Index != step.index || (p == nil) != (step.index == 0) {
			t.Errorf("%s: %v, want index %d", step.name, p, step.index)
		}
	}
}
