package rtsock

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
)

// Decode returns what m says about the tables. A message about an address of
// family AF_LINK, which in NetBSD are addresses like others, is a
// [routing.Link] with nothing but its hardware address, name, type and index.
//
// Messages that are no entry of a table, such as RTM_MISS and RTM_LOSING, are an
// error over [abi.ErrNoCounterpart].
func (m *Message) Decode() (*routing.Message, error) {
	switch h := m.Header.(type) {
	case *netbsd.RtMsghdr:
		if m.isNeighbor(h) {
			return m.Neighbor()
		}
		return m.Route()
	case *netbsd.IfaMsghdr:
		return m.address(h)
	case *netbsd.IfMsghdr:
		return m.link(h)
	case *netbsd.IfAnnouncemsghdr:
		return m.announcement(h)
	}
	return nil, abi.NoCounterpart("rt_msghdr", "rtm_type", m.Type)
}

// isNeighbor tells whether m, which could be either, is a neighbor and not a
// route: the hardware address of a host is known by a flag, and by where a route
// would have its gateway. A route to an own address has the flag too.
func (m *Message) isNeighbor(h *netbsd.RtMsghdr) bool {
	const routes = netbsd.RTF_GATEWAY | netbsd.RTF_LOCAL | netbsd.RTF_BROADCAST
	return m.Type == netbsd.RTM_LLINFO_UPD ||
		h.Flags&netbsd.RTF_LLDATA != 0 && h.Flags&routes == 0 &&
			isLink(m.Addrs[netbsd.RTAX_GATEWAY]) && m.Addrs[netbsd.RTAX_NETMASK] == nil
}

// routeOp returns what a message with a header h says of its entry.
func (m *Message) routeOp(h *netbsd.RtMsghdr) (routing.Op, error) {
	if h.Errno != 0 {
		return 0, abi.NoCounterpart("rt_msghdr", "rtm_errno", h.Errno)
	}
	switch m.Type {
	case netbsd.RTM_ADD:
		return routing.Add, nil
	case netbsd.RTM_CHANGE, netbsd.RTM_REDIRECT, netbsd.RTM_LLINFO_UPD:
		return routing.Change, nil
	case netbsd.RTM_DELETE:
		return routing.Delete, nil
	case netbsd.RTM_GET:
		return routing.Get, nil
	}
	return 0, abi.NoCounterpart("rt_msghdr", "rtm_type", m.Type)
}

// address decodes RTM_NEWADDR, RTM_CHGADDR and RTM_DELADDR.
func (m *Message) address(h *netbsd.IfaMsghdr) (*routing.Message, error) {
	out := &routing.Message{Op: routing.Add}
	switch m.Type {
	case netbsd.RTM_DELADDR:
		out.Op = routing.Delete
	case netbsd.RTM_CHGADDR:
		out.Op = routing.Change
	}
	index := uint32(h.Index)
	if ifa := m.Addrs[netbsd.RTAX_IFA]; isLink(ifa) {
		l, err := parseLink(ifa)
		if err != nil {
			return nil, err
		}
		out.Entry = &routing.Link{Index: index, Name: l.name, Type: l.kind, Addr: l.addr}
		return out, nil
	}
	a := &routing.Address{Index: index}
	var err error
	if a.Addr, err = parseAddr(m.Addrs[netbsd.RTAX_IFA]); err != nil {
		return nil, err
	}
	if !a.Addr.IsValid() {
		return nil, abi.Truncated("ifa_msghdr", "RTA_IFA", len(m.Addrs[netbsd.RTAX_IFA]))
	}
	if a.Bits, err = parseMask(m.Addrs[netbsd.RTAX_NETMASK], a.Addr); err != nil {
		return nil, err
	}
	if m.Addrs[netbsd.RTAX_NETMASK] == nil {
		a.Bits = a.Addr.BitLen()
	}
	a.Addr = withoutZone(a.Addr, index)
	if err := m.addressBroadcast(a); err != nil {
		return nil, err
	}
	a.Flags = addressFlags(h.Addrflags, a.Addr.Is6(), out)
	out.Entry = a
	return out, nil
}

// addressBroadcast decodes RTA_BRD. It is a broadcast address when a's network
// has that one, and otherwise the peer of a point-to-point link; the kernel has
// both in one place. The address of a loopback interface is its own peer.
func (m *Message) addressBroadcast(a *routing.Address) error {
	brd, err := parseAddr(m.Addrs[netbsd.RTAX_BRD])
	switch {
	case err != nil:
		return err
	case !brd.IsValid() || brd.WithZone("") == a.Addr.WithZone("") || brd.IsUnspecified():
		return nil
	case brd.BitLen() != a.Addr.BitLen():
		return abi.NoCounterpart("ifa_msghdr", "RTA_BRD", m.Addrs[netbsd.RTAX_BRD][1])
	}
	if brd = withoutZone(brd, a.Index); brd.Is4() && brd == routing.LastAddr(a.Prefix()) {
		a.Broadcast = brd
	} else {
		a.Peer = brd
	}
	return nil
}

var address4Flags = abi.Flags[int32, routing.AddressFlags]{
	{From: netbsd.IN_IFF_TENTATIVE, To: routing.AddressTentative},
	{From: netbsd.IN_IFF_DUPLICATED, To: routing.AddressDuplicated},
}

var address6Flags = abi.Flags[int32, routing.AddressFlags]{
	{From: netbsd.IN6_IFF_ANYCAST, To: routing.AddressAnycast},
	{From: netbsd.IN6_IFF_TENTATIVE, To: routing.AddressTentative},
	{From: netbsd.IN6_IFF_DUPLICATED, To: routing.AddressDuplicated},
	{From: netbsd.IN6_IFF_DEPRECATED, To: routing.AddressDeprecated},
	{From: netbsd.IN6_IFF_NODAD, To: routing.AddressNoDAD},
	{From: netbsd.IN6_IFF_TEMPORARY, To: routing.AddressTemporary},
}

func addressFlags(v int32, is6 bool, m *routing.Message) routing.AddressFlags {
	table := address4Flags
	if is6 {
		table = address6Flags
	}
	to, unknown, ok := table.Map(v)
	if !ok {
		m.Lose(abi.NoCounterpart("ifa_msghdr", "ifam_addrflags", unknown))
	}
	return to
}

var linkFlags = abi.Flags[uint16, routing.LinkFlags]{
	{From: netbsd.IFF_UP, To: routing.LinkUp},
	{From: netbsd.IFF_BROADCAST, To: routing.LinkBroadcast},
	{From: netbsd.IFF_DEBUG, To: routing.LinkDebug},
	{From: netbsd.IFF_LOOPBACK, To: routing.LinkLoopback},
	{From: netbsd.IFF_POINTOPOINT, To: routing.LinkPointToPoint},
	{From: netbsd.IFF_RUNNING, To: routing.LinkRunning},
	{From: netbsd.IFF_NOARP, To: routing.LinkNoARP},
	{From: netbsd.IFF_PROMISC, To: routing.LinkPromisc},
	{From: netbsd.IFF_ALLMULTI, To: routing.LinkAllMulti},
	{From: netbsd.IFF_MULTICAST, To: routing.LinkMulticast},
	// States and wishes of drivers.
	{From: netbsd.IFF_UNNUMBERED}, {From: netbsd.IFF_OACTIVE}, {From: netbsd.IFF_SIMPLEX},
	{From: netbsd.IFF_LINK0}, {From: netbsd.IFF_LINK1}, {From: netbsd.IFF_LINK2},
}

// link decodes RTM_IFINFO.
func (m *Message) link(h *netbsd.IfMsghdr) (*routing.Message, error) {
	d := &h.Data
	flags, _, _ := linkFlags.Map(uint16(h.Flags))
	l := &routing.Link{
		Index: uint32(h.Index),
		Type:  d.Type,
		Flags: flags,
		MTU:   uint32(min(d.MTU, 1<<32-1)),
		Stats: &routing.LinkStats{
			RxPackets: d.Ipackets, TxPackets: d.Opackets,
			RxBytes: d.Ibytes, TxBytes: d.Obytes,
			RxErrors: d.Ierrors, TxErrors: d.Oerrors,
			RxDropped: d.Iqdrops, RxNoProtocol: d.Noproto,
			Multicast: d.Imcasts, Collisions: d.Collisions,
		},
	}
	switch d.LinkState {
	case netbsd.LINK_STATE_DOWN:
		l.State = routing.LinkStateDown
	case netbsd.LINK_STATE_UP:
		l.State = routing.LinkStateUp
	}
	// The name comes with dumps only.
	if sa := m.Addrs[netbsd.RTAX_IFP]; isLink(sa) {
		dl, err := parseLink(sa)
		if err != nil {
			return nil, err
		}
		l.Name, l.Addr = dl.name, dl.addr
	}
	return &routing.Message{Op: routing.Change, Entry: l}, nil
}

// announcement decodes RTM_IFANNOUNCE.
func (m *Message) announcement(h *netbsd.IfAnnouncemsghdr) (*routing.Message, error) {
	n := abi.StringLen(h.Name[:])
	if n == len(h.Name) {
		return nil, abi.BadString("if_announcemsghdr", "ifan_name", n)
	}
	out := &routing.Message{Entry: &routing.Link{Index: uint32(h.Index), Name: string(h.Name[:n])}}
	switch h.What {
	case netbsd.IFAN_ARRIVAL:
		out.Op = routing.Add
	case netbsd.IFAN_DEPARTURE:
		out.Op = routing.Delete
	default:
		return nil, abi.NoCounterpart("if_announcemsghdr", "ifan_what", h.What)
	}
	return out, nil
}
