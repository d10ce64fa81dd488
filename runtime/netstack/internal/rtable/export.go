package rtable

import (
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip"

	"github.com/abigen/abigen/netbsd"
)

// A nicRoute is a route as gVisor has it.
type nicRoute = tcpip.Route

// export gives gVisor its copy of r. It needs none of routes to own addresses
// and to networks of one link, which it knows from its NICs.
func (t *Table) export(r *Route) {
	if r.nic = t.nicRoute(r); r.nic != nil {
		t.stack.AddRoute(*r.nic)
	}
}

// unexport takes the copy of r back.
func (t *Table) unexport(r *Route) {
	if r.nic == nil {
		return
	}
	gone := false
	t.stack.RemoveRoutes(func(other tcpip.Route) bool {
		match := !gone && other.Equal(*r.nic) && other.Gateway == r.nic.Gateway && other.MTU == r.nic.MTU && other.SourceHint == r.nic.SourceHint
		gone = gone || match
		return match
	})
	r.nic = nil
}

func (t *Table) nicRoute(r *Route) *nicRoute {
	if r.Is(netbsd.RTF_LOCAL) || r.Ifp == nil || r.Dst.Addr().Is6() && oneLink(r.Dst.Addr()) {
		return nil
	}
	f := familyOf(r.Key)
	subnet, err := tcpip.NewSubnet(tcpip.AddrFromSlice(r.address[:f.size]), tcpip.MaskFromBytes(r.mask[:f.size]))
	if err != nil {
		return nil // a host route with bits that its mask has not: there is no such thing
	}
	c := &nicRoute{Destination: subnet, NIC: tcpip.NICID(r.Ifp.Index), MTU: uint32(min(r.Rmx.MTU, 1<<16-1))}
	if r.Is(netbsd.RTF_GATEWAY) && r.Gateway.BitLen() == 8*f.size {
		c.Gateway = address(r.Gateway)
	}
	switch {
	case r.Is(netbsd.RTF_REJECT):
		c.NIC, c.Gateway = t.sink(rejectNIC), tcpip.Address{}
	case r.Is(netbsd.RTF_BLACKHOLE):
		c.NIC, c.Gateway = t.sink(blackholeNIC), tcpip.Address{}
	}
	if r.Ifa != nil && r.Ifa.Addr.BitLen() == 8*f.size {
		c.SourceHint = address(r.Ifa.Addr)
	}
	return c
}

func address(a netip.Addr) tcpip.Address { return tcpip.AddrFromSlice(a.AsSlice()) }
