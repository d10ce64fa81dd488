package inet

import (
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
	"github.com/abigen/abigen/runtime/netstack/internal/rtable"
)

// A Net is what the protocols need of the rest of the kernel.
type Net struct {
	Stack  *stack.Stack
	Ifs    *netif.Table
	Routes *rtable.Table
	Params *Params
	Inputs *Inputs

	tables []*Table // none is added once there are sockets
}

// Event tells the network what happened to an interface: when one is gone, no
// socket is in a group there, or sends to groups by it (in_pcbpurgeif0,
// in6_pcbpurgeif0).
func (n *Net) Event(e netif.Event) {
	if e.What != netif.Departed {
		return
	}
	for _, t := range n.tables {
		t.Each(func(p *Pcb) { p.Change(func(o *Options) { o.purge(e.Ifp.Index) }) })
	}
}

// lookup returns the route that packets to dst take, if that leads to an
// interface. scope is the interface's index for an address that needs one.
func (n *Net) lookup(dst netip.Addr, scope int) (*rtable.Route, bool) {
	rt, ok := n.Routes.Lookup(dst, scope)
	return rt, ok && rt.Ifp != nil
}

// resolve is lookup on behalf of a program, of which routing sockets hear when
// it is in vain.
func (n *Net) resolve(dst netip.Addr, scope int) (*rtable.Route, bool) {
	rt, ok := n.Routes.Resolve(dst, scope)
	return rt, ok && rt.Ifp != nil
}

// hasAddr4 tells whether any interface has an IPv4 address.
func (n *Net) hasAddr4() bool {
	_, ok := n.first4()
	return ok
}

// first4 returns the first IPv4 address of this host.
func (n *Net) first4() (netip.Addr, bool) {
	for _, ifp := range n.Ifs.All() {
		if ifa := ifp.First(netbsd.AF_INET); ifa != nil {
			return ifa.Addr, true
		}
	}
	return netip.Addr{}, false
}

// bindable4 tells whether a is an address of this host, or a broadcast address
// of one of its networks, that a socket may have.
func (n *Net) bindable4(a netip.Addr) bool {
	ifa := n.Ifs.ByAddr(a)
	if ifa == nil {
		ifa = n.broadcast(a)
	}
	return ifa != nil && ifa.Flags()&(netbsd.IN_IFF_NOTREADY|netbsd.IN_IFF_DETACHED) == 0
}

// bindable6 tells whether a is an address of this host that a socket may have.
func (n *Net) bindable6(a netip.Addr) bool {
	ifa := n.local6(a)
	const no = netbsd.IN6_IFF_ANYCAST | netbsd.IN6_IFF_NOTREADY | netbsd.IN6_IFF_DETACHED
	return ifa != nil && ifa.Flags()&no == 0
}

// local6 returns the address of an interface that is a, whose scope is embedded.
// An address of the link needs one.
func (n *Net) local6(a netip.Addr) *netif.Ifaddr {
	addr, scope := Split(a)
	if scope == 0 && Scoped(a) {
		return nil
	}
	return n.Ifs.ByScopedAddr(addr, int(scope))
}

// broadcast returns the address whose network has a for its broadcast address.
func (n *Net) broadcast(a netip.Addr) *netif.Ifaddr {
	for _, ifp := range n.Ifs.All() {
		if ifp.Flags()&netbsd.IFF_BROADCAST == 0 {
			continue
		}
		for _, ifa := range ifp.Addrs() {
			if ifa.Addr.Is4() && ifa.Dst() == a {
				return ifa
			}
		}
	}
	return nil
}

// wellKnown4 replaces a destination that stands for another: 0.0.0.0 is this
// host, and 255.255.255.255 the first network that has broadcasts.
func (n *Net) wellKnown4(dst netip.Addr) netip.Addr {
	switch dst {
	case any4:
		if a, ok := n.first4(); ok {
			return a
		}
	case broadcast4:
		for _, ifp := range n.Ifs.All() {
			if ifp.Flags()&netbsd.IFF_BROADCAST == 0 {
				continue
			}
			if ifa := ifp.First(netbsd.AF_INET); ifa != nil && ifa.Dst().IsValid() {
				return ifa.Dst()
			}
		}
	}
	return dst
}

var broadcast4 = netip.AddrFrom4([4]byte{255, 255, 255, 255})

// embed returns the address of a name with its scope in it: ENXIO when there is
// no such interface.
func (n *Net) embed(sa Sockaddr) (netip.Addr, error) {
	if sa.Scope == 0 || !Scoped(sa.Addr) {
		return sa.Addr, nil
	}
	if n.Ifs.ByIndex(int(sa.Scope)) == nil {
		return sa.Addr, netbsd.ENXIO
	}
	return Embed(sa.Addr, sa.Scope), nil
}

// scope puts the index of the interface that packets leave by into an address
// that means nothing without (in6_setscope): EINVAL for ::1 on one that is not a
// loopback interface.
func (n *Net) scope(a netip.Addr, ifindex int) (netip.Addr, error) {
	ifp := n.Ifs.ByIndex(ifindex)
	if ifp == nil {
		return a, nil
	}
	if _, ok := zone(a, ifp); !ok {
		return a, netbsd.EINVAL
	}
	return Embed(a, uint32(ifindex)), nil
}

// zone returns the zone of ifp that an address with the scope of a is in, 0 for
// that of all interfaces. It returns false for ::1 on an interface that cannot
// have it.
func zone(a netip.Addr, ifp *netif.Ifnet) (int, bool) {
	switch {
	case a.IsLoopback():
		return 0, ifp.Flags()&netbsd.IFF_LOOPBACK != 0
	case Scoped(a):
		return ifp.Index, true
	}
	return 0, true
}
