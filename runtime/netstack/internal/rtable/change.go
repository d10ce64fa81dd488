package rtable

import (
	"bytes"
	"slices"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// preserved are flags that a change leaves alone (PRESERVED_RTF).
const preserved = netbsd.RTF_UP | netbsd.RTF_GATEWAY | netbsd.RTF_HOST | netbsd.RTF_DONE | netbsd.RTF_MASK

// Change changes the route that i names: its gateway, interface, source
// address, flags and metrics. ESRCH: there is none with that destination.
// ETOOMANYREFS: a netmask is missing. ENETUNREACH: no interface leads to the
// gateway.
func (t *Table) Change(i *Info) error {
	t.serial.Lock()
	defer t.serial.Unlock()
	old, err := t.named(i)
	if err != nil {
		return err
	}
	if err := t.resolveIfa(i); err != nil {
		return err
	}
	r := *old
	if gate := i.Addrs[netbsd.RTAX_GATEWAY]; gate != nil {
		r.Gate = slices.Clone(gate)
		t.checkGate(&r)
	}
	if tag := i.Addrs[netbsd.RTAX_TAG]; tag != nil {
		r.Tag = slices.Clone(tag)
	}
	t.changeIfa(&r, i)
	i.measure(&r)
	if r.Flags != i.Flags {
		r.Flags = i.Flags&^preserved | r.Flags&preserved
	}
	t.rtrequest(r.ifa(), &r, i.Addrs[netbsd.RTAX_NETMASK])
	i.lock(&r)
	_, err = t.change(old, func(c *Route) {
		c.Gate, c.Tag, c.Flags, c.Ifp, c.Ifa, c.Rmx = r.Gate, r.Tag, r.Flags, r.Ifp, r.Ifa, r.Rmx
	})
	return err
}

// Lock changes which metrics of the route that i names are locked. The errors
// are those of Change.
func (t *Table) Lock(i *Info) error {
	t.serial.Lock()
	defer t.serial.Unlock()
	r, err := t.named(i)
	if err == nil {
		_, err = t.change(r, i.lock)
	}
	return err
}

// named returns the route whose destination is exactly that of i.
func (t *Table) named(i *Info) (*Route, error) {
	r, err := t.Get(i)
	switch {
	case err != nil:
		return nil, err
	case !bytes.HasPrefix(r.Key, i.dst()):
		return nil, netbsd.ESRCH
	case i.Addrs[netbsd.RTAX_NETMASK] == nil && r.Netmask != nil:
		return nil, netbsd.ETOOMANYREFS
	}
	return r, nil
}

// changeIfa gives r the interface and the source address that i asks for.
func (t *Table) changeIfa(r *Route, i *Info) {
	a, p := t.wantedIfa(r, i)
	if a.ifp != nil {
		if p == nil {
			p = a.ifp
		}
		if a != r.ifa() {
			if r.Ifa != nil {
				t.unrequest(r.Ifa, r)
				t.moveRoute(r, r.Ifa, a.addr)
			}
			r.Ifa, r.Ifp = a.addr, p
		}
	}
	if p != nil {
		r.Ifp = p
	}
}

// wantedIfa finds the address and the interface that a change of r asks for
// (route_output_get_ifa). Either may be missing.
func (t *Table) wantedIfa(r *Route, i *Info) (a ifa, p *netif.Ifnet) {
	named, source, gate := i.Addrs[netbsd.RTAX_IFP], i.Addrs[netbsd.RTAX_IFA], i.Addrs[netbsd.RTAX_GATEWAY]
	ok := false
	if named != nil {
		if a, ok = t.ifaWithNet(named); ok {
			p = a.ifp
			if source != nil {
				if a, ok = t.ifaWithAddr(source); !ok {
					a, _ = t.ifaOfIfp(source, p)
				}
				return a, p
			}
			if gate != nil {
				a, _ = t.ifaOfIfp(gate, p)
				return a, p
			}
		}
	}
	if source != nil {
		if b, ok := t.ifaWithAddr(source); ok {
			return b, p
		}
	}
	if gate != nil {
		a, _ = t.ifaWithRoute(r.Flags, r.Key, gate)
	}
	return a, p
}

// measure sets the metrics of r that i says.
func (i *Info) measure(r *Route) {
	for _, m := range []struct {
		bit      int32
		to, from *uint64
	}{
		{netbsd.RTV_RPIPE, &r.Rmx.Recvpipe, &i.Rmx.Recvpipe},
		{netbsd.RTV_SPIPE, &r.Rmx.Sendpipe, &i.Rmx.Sendpipe},
		{netbsd.RTV_SSTHRESH, &r.Rmx.Ssthresh, &i.Rmx.Ssthresh},
		{netbsd.RTV_RTT, &r.Rmx.RTT, &i.Rmx.RTT},
		{netbsd.RTV_RTTVAR, &r.Rmx.Rttvar, &i.Rmx.Rttvar},
		{netbsd.RTV_HOPCOUNT, &r.Rmx.Hopcount, &i.Rmx.Hopcount},
		{netbsd.RTV_MTU, &r.Rmx.MTU, &i.Rmx.MTU},
	} {
		if i.Inits&m.bit != 0 {
			*m.to = *m.from
		}
	}
	if i.Inits&netbsd.RTV_EXPIRE != 0 {
		r.Rmx.Expire = i.Rmx.Expire
	}
}

// lock locks or unlocks the metrics of r that i says.
func (i *Info) lock(r *Route) {
	which := uint64(uint32(i.Inits))
	r.Rmx.Locks = r.Rmx.Locks&^which | which&i.Rmx.Locks
}
