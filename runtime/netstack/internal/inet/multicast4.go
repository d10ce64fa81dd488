package inet

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// multicast4 is struct ip_moptions.
type multicast4 struct {
	ifindex int        // IP_MULTICAST_IF; 0: none
	addr    netip.Addr // as it was given, when it was an index in disguise
	ttl     uint8      // IP_MULTICAST_TTL
	loop    bool       // IP_MULTICAST_LOOP
	groups  []group
}

var newMulticast4 = multicast4{ttl: netbsd.IP_DEFAULT_MULTICAST_TTL, loop: netbsd.IP_DEFAULT_MULTICAST_LOOP != 0}

// A group is one that a socket has joined, on one interface.
type group struct {
	addr    netip.Addr
	ifindex int
}

func isMulticast4(name int32) bool {
	switch name {
	case netbsd.IP_MULTICAST_IF, netbsd.IP_MULTICAST_TTL, netbsd.IP_MULTICAST_LOOP, netbsd.IP_ADD_MEMBERSHIP, netbsd.IP_DROP_MEMBERSHIP:
		return true
	}
	return false
}

// multicastOption4 returns one of the options for groups (ip_getmoptions).
func (p *Pcb) multicastOption4(name int32) ([]byte, error) {
	m := p.Options().multicast4
	switch name {
	case netbsd.IP_MULTICAST_IF:
		addr := any4
		if ifp := p.table.Net.Ifs.ByIndex(m.ifindex); m.ifindex != 0 && m.addr.IsValid() {
			addr = m.addr
		} else if ifp != nil {
			if ifa := ifp.First(netbsd.AF_INET); ifa != nil {
				addr = ifa.Addr
			}
		}
		return addr.AsSlice(), nil
	case netbsd.IP_MULTICAST_TTL:
		return []byte{m.ttl}, nil
	case netbsd.IP_MULTICAST_LOOP:
		return []byte{uint8(b2i(m.loop))}, nil
	}
	return nil, netbsd.EOPNOTSUPP
}

// setMulticast4 sets one of them (ip_setmoptions).
func (p *Pcb) setMulticast4(name int32, value []byte) error {
	switch name {
	case netbsd.IP_MULTICAST_IF:
		return p.setMulticastIf4(value)
	case netbsd.IP_MULTICAST_TTL:
		v, err := byteOrInt(value, netbsd.MAXTTL)
		if err == nil {
			p.Change(func(o *Options) { o.multicast4.ttl = v })
		}
		return err
	case netbsd.IP_MULTICAST_LOOP:
		v, err := byteOrInt(value, 1)
		if err == nil {
			p.Change(func(o *Options) { o.multicast4.loop = v != 0 })
		}
		return err
	case netbsd.IP_ADD_MEMBERSHIP:
		return p.join4(value)
	case netbsd.IP_DROP_MEMBERSHIP:
		return p.leave4(value)
	}
	return netbsd.EOPNOTSUPP
}

// byteOrInt reads an option that may have one byte or four (ip_getoptval).
func byteOrInt(value []byte, limit uint32) (uint8, error) {
	var v uint32
	switch len(value) {
	case 1:
		v = uint32(value[0])
	case 4:
		v = binary.NativeEndian.Uint32(value)
	default:
		return 0, netbsd.EINVAL
	}
	if v > limit {
		return 0, netbsd.EINVAL
	}
	return uint8(v), nil
}

func (p *Pcb) setMulticastIf4(value []byte) error {
	if len(value) != hop {
		return netbsd.EINVAL
	}
	a := netip.AddrFrom4([4]byte(value))
	if a == any4 {
		p.Change(func(o *Options) { o.multicast4.ifindex, o.multicast4.addr = 0, netip.Addr{} })
		return nil
	}
	ifp, byIndex := p.table.Net.multicastIf(a)
	if !multicasts(ifp) {
		return netbsd.EADDRNOTAVAIL
	}
	if !byIndex {
		a = netip.Addr{}
	}
	p.Change(func(o *Options) { o.multicast4.ifindex, o.multicast4.addr = ifp.Index, a })
	return nil
}

// multicastIf returns the interface with the address a. One of 0.0.0.0/8 is the
// index of an interface (RFC 1724, 3.3).
func (n *Net) multicastIf(a netip.Addr) (ifp *netif.Ifnet, byIndex bool) {
	if b := a.As4(); b[0] == 0 {
		return n.Ifs.ByIndex(int(binary.BigEndian.Uint32(b[:]))), true
	}
	if ifa := n.Ifs.ByAddr(a); ifa != nil && multicasts(ifa.Ifp) {
		return ifa.Ifp, false
	}
	return nil, false
}

func multicasts(ifp *netif.Ifnet) bool {
	return ifp != nil && ifp.Flags()&netbsd.IFF_MULTICAST != 0
}

// membership4 reads a struct ip_mreq, or a struct ipv6_mreq with an IPv4-mapped
// group. The interface is nil when there is none such.
func (n *Net) membership4(value []byte, add bool) (netip.Addr, *netif.Ifnet, error) {
	if len(value) != netbsd.SizeofIPMreq {
		return n.mappedMembership(value)
	}
	addr, where := netip.AddrFrom4([4]byte(value)), netip.AddrFrom4([4]byte(value[hop:]))
	if !addr.IsMulticast() {
		return addr, nil, netbsd.EINVAL
	}
	if where == any4 {
		if !add {
			return addr, nil, nil
		}
		return addr, n.interfaceOf(addr, 0), nil
	}
	ifp, _ := n.multicastIf(where)
	if !add && ifp == nil {
		return addr, nil, netbsd.EADDRNOTAVAIL
	}
	return addr, ifp, nil
}

// interfaceOf returns the interface that packets to a take, nil for none.
func (n *Net) interfaceOf(a netip.Addr, scope int) *netif.Ifnet {
	if rt, ok := n.resolve(a, scope); ok {
		return rt.Ifp
	}
	return nil
}

func (p *Pcb) join4(value []byte) error {
	addr, ifp, err := p.table.Net.membership4(value, true)
	if err != nil {
		return err
	}
	if !multicasts(ifp) {
		return netbsd.EADDRNOTAVAIL
	}
	g := group{addr, ifp.Index}
	p.mu.Lock()
	defer p.mu.Unlock()
	m := &p.ip.multicast4
	switch {
	case slices.Contains(m.groups, g):
		return netbsd.EADDRINUSE
	case len(m.groups) >= netbsd.IP_MAX_MEMBERSHIPS:
		return netbsd.ETOOMANYREFS
	}
	if err := p.table.Net.join(g); err != nil {
		return err
	}
	m.groups = append(slices.Clip(m.groups), g)
	return nil
}

func (p *Pcb) leave4(value []byte) error {
	addr, ifp, err := p.table.Net.membership4(value, false)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	var ok bool
	p.ip.multicast4.groups, ok = p.table.Net.leave(p.ip.multicast4.groups, addr, ifp)
	if !ok {
		return netbsd.EADDRNOTAVAIL
	}
	return nil
}

// join makes the interface receive packets to a group, once more.
func (n *Net) join(g group) error {
	addr, _ := Split(g.addr)
	return Errno(n.Stack.JoinGroup(protocol(addr), tcpip.NICID(g.ifindex), tcpip.AddrFromSlice(addr.AsSlice())))
}

// leave undoes a join: of the first of the groups that is addr, on ifp unless
// that is nil. It returns the others.
func (n *Net) leave(groups []group, addr netip.Addr, ifp *netif.Ifnet) ([]group, bool) {
	i := slices.IndexFunc(groups, func(g group) bool {
		return g.addr == addr && (ifp == nil || ifp.Index == g.ifindex)
	})
	if i < 0 {
		return groups, false
	}
	n.forget(groups[i])
	return slices.Concat(groups[:i], groups[i+1:]), true
}

func (n *Net) forget(g group) {
	addr, _ := Split(g.addr)
	// The interface may be gone, and the group with it.
	_ = n.Stack.LeaveGroup(protocol(addr), tcpip.NICID(g.ifindex), tcpip.AddrFromSlice(addr.AsSlice()))
}

// leaveAll undoes all joins of p.
func (p *Pcb) leaveAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, g := range slices.Concat(p.ip.multicast4.groups, p.ip.multicast6.groups) {
		p.table.Net.forget(g)
	}
	p.ip.multicast4.groups, p.ip.multicast6.groups = nil, nil
}

func protocol(a netip.Addr) tcpip.NetworkProtocolNumber {
	if a.Is4() {
		return ipv4.ProtocolNumber
	}
	return ipv6.ProtocolNumber
}
