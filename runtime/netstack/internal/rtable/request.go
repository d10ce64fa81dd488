package rtable

import (
	"encoding/binary"
	"slices"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

var native = binary.NativeEndian

// An Info is what a request says about a route (struct rt_addrinfo).
type Info struct {
	Flags int32                   // RTF_*
	Addrs [netbsd.RTAX_MAX][]byte // by RTAX_*, nil for those that are absent
	Inits int32                   // RTV_*: which members of Rmx to set
	Rmx   netbsd.RtMetrics

	ifp *netif.Ifnet // from here on: what the addresses stand for
	ifa ifa
}

// dst returns the destination.
func (i *Info) dst() []byte { return i.Addrs[netbsd.RTAX_DST] }

// mask returns the netmask, nil for a host.
func (i *Info) mask() []byte {
	if i.Flags&netbsd.RTF_HOST != 0 {
		return nil
	}
	return i.Addrs[netbsd.RTAX_NETMASK]
}

// Add makes the route that i asks for (rtrequest1). EEXIST: there is one.
// ENETUNREACH: no interface leads to the gateway. ESRCH: the family has no
// routes.
func (t *Table) Add(i *Info) (*Route, error) {
	t.serial.Lock()
	defer t.serial.Unlock()
	return t.requestAdd(i)
}

func (t *Table) requestAdd(i *Info) (*Route, error) {
	if familyOf(i.dst()) == nil {
		return nil, netbsd.ESRCH
	}
	if i.ifa.ifp == nil {
		if err := t.resolveIfa(i); err != nil {
			return nil, err
		}
	}
	r := &Route{
		Flags: netbsd.RTF_UP | i.Flags,
		Key:   slices.Clone(i.dst()),
		Gate:  slices.Clone(i.Addrs[netbsd.RTAX_GATEWAY]),
		Tag:   slices.Clone(i.Addrs[netbsd.RTAX_TAG]),
		Ifp:   i.ifa.ifp,
		Ifa:   i.ifa.addr,
	}
	if named := i.Addrs[netbsd.RTAX_IFP]; named != nil {
		if a, ok := t.ifaWithNet(named); ok {
			r.Ifp = a.ifp
		}
	}
	t.checkGate(r)
	if t.exists(r.Key, i.mask()) {
		return nil, netbsd.EEXIST
	}
	t.rtrequest(i.ifa, r, i.Addrs[netbsd.RTAX_NETMASK])
	i.measure(r)
	return r, t.add(r, i.mask())
}

// checkGate looks up the gateway of a route that has one, as NetBSD does when
// it sets it: a route without a way to its gateway is possible, but not silent.
// A path MTU larger than the gateway's is lowered to that.
func (t *Table) checkGate(r *Route) {
	if !r.Is(netbsd.RTF_GATEWAY) {
		return
	}
	g, err := t.Find(r.Gate, nil)
	if err != nil {
		t.miss(r.Gate)
		return
	}
	if r.Rmx.Locks&netbsd.RTV_MTU == 0 && r.Rmx.MTU > g.Rmx.MTU {
		r.Rmx.MTU = g.Rmx.MTU
	}
}

// exists tells whether there is a route to key with exactly this mask.
func (t *Table) exists(key, mask []byte) bool {
	f := familyOf(key)
	t.mu.RLock()
	defer t.mu.RUnlock()
	nodes := t.tree(f).nodes
	if mask != nil {
		return withMask(nodes[f.address(masked(key, mask))], f.trimmed(f.address(mask))) != nil
	}
	list := nodes[f.address(key)]
	return len(list) > 0 && list[0].Netmask == nil
}

// resolveIfa finds the interface and the source address of a new route
// (rt_getifa): ENETUNREACH when there are none.
func (t *Table) resolveIfa(i *Info) error {
	gate, source := i.Addrs[netbsd.RTAX_GATEWAY], i.Addrs[netbsd.RTAX_IFA]
	if named := i.Addrs[netbsd.RTAX_IFP]; i.ifp == nil && familyNumber(named) == netbsd.AF_LINK {
		if a, ok := t.ifaWithNet(named); ok {
			i.ifp = a.ifp
		}
	}
	ok := false
	if source != nil {
		i.ifa, ok = t.ifaWithAddr(source)
	}
	if !ok {
		sa := source
		if sa == nil {
			sa = gate
		}
		if sa == nil {
			sa = i.dst()
		}
		switch {
		case i.ifp != nil:
			i.ifa, ok = t.ifaOfIfp(sa, i.ifp)
		case gate != nil:
			i.ifa, ok = t.ifaWithRoute(i.Flags, i.dst(), gate)
		default:
			i.ifa, ok = t.ifaWithRoute(i.Flags, sa, sa)
		}
	}
	if !ok {
		i.ifa = ifa{}
		return netbsd.ENETUNREACH
	}
	if i.ifp == nil {
		i.ifp = i.ifa.ifp
	}
	return nil
}

// Delete takes the route that i names away, and returns it as it was, without
// RTF_UP. ESRCH: there is none.
func (t *Table) Delete(i *Info) (*Route, error) {
	t.serial.Lock()
	defer t.serial.Unlock()
	return t.requestDelete(i)
}

func (t *Table) requestDelete(i *Info) (*Route, error) {
	r, err := t.remove(i.dst(), i.mask())
	if err != nil {
		return nil, err
	}
	if r.Ifa != nil {
		t.unroute(r, r.Ifa)
		t.unrequest(r.Ifa, r)
	}
	return r, nil
}

// Get returns the route that i names: that to the destination and mask, or
// without a mask the one that packets to the destination take. ESRCH: there is
// none.
func (t *Table) Get(i *Info) (*Route, error) { return t.Find(i.dst(), i.mask()) }
