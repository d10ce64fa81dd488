package inet

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// multicast6 is struct ip6_moptions.
type multicast6 struct {
	ifindex int   // IPV6_MULTICAST_IF; 0: none
	hops    uint8 // IPV6_MULTICAST_HOPS
	loop    bool  // IPV6_MULTICAST_LOOP
	groups  []group
}

func isMulticast6(name int32) bool {
	switch name {
	case netbsd.IPV6_MULTICAST_IF, netbsd.IPV6_MULTICAST_HOPS, netbsd.IPV6_MULTICAST_LOOP, netbsd.IPV6_JOIN_GROUP, netbsd.IPV6_LEAVE_GROUP:
		return true
	}
	return false
}

// multicastOption6 returns one of the options for groups (ip6_getmoptions).
func (p *Pcb) multicastOption6(name int32) ([]byte, error) {
	m := p.Options().multicast6
	switch name {
	case netbsd.IPV6_MULTICAST_IF:
		return IntValue(int32(m.ifindex)), nil
	case netbsd.IPV6_MULTICAST_HOPS:
		return IntValue(int32(m.hops)), nil
	case netbsd.IPV6_MULTICAST_LOOP:
		return boolValue(m.loop), nil
	}
	return nil, netbsd.EOPNOTSUPP
}

// setMulticast6 sets one of them (ip6_setmoptions).
func (p *Pcb) setMulticast6(l *kern.Lwp, name int32, value []byte) error {
	switch name {
	case netbsd.IPV6_JOIN_GROUP:
		return p.join6(l, value)
	case netbsd.IPV6_LEAVE_GROUP:
		return p.leave6(value)
	}
	v, err := Int(value)
	if err != nil {
		return err
	}
	switch name {
	case netbsd.IPV6_MULTICAST_IF:
		if v != 0 {
			ifp := p.table.Net.Ifs.ByIndex(int(v))
			if ifp == nil {
				return netbsd.ENXIO
			}
			if !multicasts(ifp) {
				return netbsd.EADDRNOTAVAIL
			}
		}
		p.Change(func(o *Options) { o.multicast6.ifindex = int(v) })
	case netbsd.IPV6_MULTICAST_HOPS:
		if v < -1 || v > netbsd.MAXTTL {
			return netbsd.EINVAL
		}
		if v < 0 {
			v = p.table.Net.Params.GroupHops.Load()
		}
		p.Change(func(o *Options) { o.multicast6.hops = uint8(v) })
	case netbsd.IPV6_MULTICAST_LOOP:
		if v != 0 && v != 1 {
			return netbsd.EINVAL
		}
		p.Change(func(o *Options) { o.multicast6.loop = v != 0 })
	}
	return nil
}

// mreq6 reads a struct ipv6_mreq.
func mreq6(value []byte) (addr netip.Addr, ifindex uint32, err error) {
	if len(value) != netbsd.SizeofIPv6Mreq {
		return addr, 0, netbsd.EINVAL
	}
	return netip.AddrFrom16([16]byte(value)), binary.NativeEndian.Uint32(value[16:]), nil
}

// mappedMembership reads a struct ipv6_mreq for an IPv4 group.
func (n *Net) mappedMembership(value []byte) (netip.Addr, *netif.Ifnet, error) {
	addr, ifindex, err := mreq6(value)
	switch {
	case err != nil:
		return addr, nil, err
	case !addr.Is4In6():
		return addr, nil, netbsd.EINVAL
	}
	addr = addr.Unmap()
	if ifindex == 0 {
		return addr, n.interfaceOf(addr, 0), nil
	}
	ifp := n.Ifs.ByIndex(int(ifindex))
	if ifp == nil {
		return addr, nil, netbsd.ENXIO
	}
	return addr, ifp, nil
}

func (p *Pcb) join6(l *kern.Lwp, value []byte) error {
	n := p.table.Net
	addr, ifindex, err := mreq6(value)
	switch {
	case err != nil:
		return err
	case addr == any6 && !l.Superuser(): // all groups
		return netbsd.EACCES
	case addr.Is4In6():
		return p.join4(value)
	case addr != any6 && !addr.IsMulticast():
		return netbsd.EINVAL
	}
	var ifp *netif.Ifnet
	if ifindex == 0 {
		ifp = n.interfaceOf(addr, 0)
	} else if ifp = n.Ifs.ByIndex(int(ifindex)); ifp == nil {
		return netbsd.ENXIO
	}
	if !multicasts(ifp) {
		return netbsd.EADDRNOTAVAIL
	}
	if addr == any6 {
		return netbsd.EINVAL // interfaces cannot do that
	}
	g := group{Embed(addr, uint32(ifp.Index)), ifp.Index}
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &p.ip.multicast6
	if slices.Contains(m.groups, g) {
		return netbsd.EADDRINUSE
	}
	if err := n.join(g); err != nil {
		return err
	}
	m.groups = append([]group{g}, m.groups...)
	return nil
}

func (p *Pcb) leave6(value []byte) error {
	n := p.table.Net
	addr, ifindex, err := mreq6(value)
	if err != nil {
		return err
	}
	if addr.Is4In6() {
		return p.leave4(value)
	}
	var ifp *netif.Ifnet
	if ifindex != 0 {
		if ifp = n.Ifs.ByIndex(int(ifindex)); ifp == nil {
			return netbsd.ENXIO
		}
		addr = Embed(addr, ifindex)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var ok bool
	p.ip.multicast6.groups, ok = n.leave(p.ip.multicast6.groups, addr, ifp)
	if !ok {
		return netbsd.EADDRNOTAVAIL
	}
	return nil
}
