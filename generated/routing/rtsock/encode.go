package rtsock

import (
	"math"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
)

// New returns the routing message that says m: as a request, a notification
// without RTF_DONE, or a line of a dump. m.Lost is not looked at.
//
// There are no routing messages to replace an entry or to ask for a dump; such
// operations are an error over [abi.ErrNoCounterpart].
func New(m *routing.Message) (*Message, error) {
	switch e := m.Entry.(type) {
	case *routing.Route:
		return newRoute(m.Op, e)
	case *routing.Neighbor:
		return newNeighbor(m.Op, e)
	case *routing.Address:
		return newAddress(m.Op, e)
	case *routing.Link:
		return newLink(m.Op, e)
	}
	return nil, abi.NoCounterpart("rt_msghdr", "rtm_type", uint8(m.Op))
}

// NewGet returns the request for the route that packets to dst take, as a host
// asks when it wants to know the link as well.
func NewGet(dst netip.Addr) (*Message, error) {
	m := &Message{Type: netbsd.RTM_GET, Header: &netbsd.RtMsghdr{Flags: netbsd.RTF_UP | netbsd.RTF_HOST}}
	var err error
	if m.Addrs[netbsd.RTAX_DST], err = makeAddr(dst, 0); err != nil {
		return nil, err
	}
	m.Addrs[netbsd.RTAX_IFP], err = makeLink(0, "", nil)
	return m, err
}

// SetDone makes m what the kernel sends when it has done what a request asked
// for: seq and pid are those of the request. With an errno it says why it has
// not.
func (m *Message) SetDone(seq, pid int32, errno netbsd.Errno) {
	if h, ok := m.Header.(*netbsd.RtMsghdr); ok {
		h.Seq, h.PID, h.Errno = seq, pid, int32(errno)
		if errno == 0 {
			h.Flags |= netbsd.RTF_DONE
		}
	}
}

var routeTypes = map[routing.Op]uint8{
	routing.Add:    netbsd.RTM_ADD,
	routing.Change: netbsd.RTM_CHANGE,
	routing.Delete: netbsd.RTM_DELETE,
	routing.Get:    netbsd.RTM_GET,
}

func newRoute(op routing.Op, r *routing.Route) (*Message, error) {
	t, ok := routeTypes[op]
	if !ok {
		return nil, abi.NoCounterpart("rt_msghdr", "rtm_type", uint8(op))
	}
	if !r.Dst.IsValid() {
		return nil, abi.BadLength("rt_msghdr", "RTA_DST", r.Dst.Bits())
	}
	if r.Index > math.MaxUint16 {
		return nil, abi.OutOfRange("rt_msghdr", "rtm_index", r.Index)
	}
	h := &netbsd.RtMsghdr{Index: uint16(r.Index), Flags: routeFlags(r)}
	if op == routing.Add || op == routing.Get {
		h.Flags |= netbsd.RTF_UP
	}
	m := &Message{Type: t, Header: h}
	zone := r.Zone
	if zone == 0 {
		zone = r.Index
	}
	dst := r.Dst.Addr()
	var err error
	if m.Addrs[netbsd.RTAX_DST], err = makeAddr(dst, zone); err != nil {
		return nil, err
	}
	if r.Dst.IsSingleIP() {
		h.Flags |= netbsd.RTF_HOST
	} else if m.Addrs[netbsd.RTAX_NETMASK], err = makeMask(r.Dst.Bits(), dst); err != nil {
		return nil, err
	}
	if err := m.setGateway(r, h); err != nil {
		return nil, err
	}
	if r.Source.IsValid() && (r.Gateway.IsValid() || r.Index != 0 || r.Type.IsReject()) {
		if m.Addrs[netbsd.RTAX_IFA], err = makeAddr(r.Source, r.Index); err != nil {
			return nil, err
		}
	}
	setMetrics(h, &r.Metrics)
	return m, nil
}

// setGateway encodes the gateway and the link. Every new route needs some
// gateway: one that leads to the link itself has the link, and one that rejects
// has this host.
func (m *Message) setGateway(r *routing.Route, h *netbsd.RtMsghdr) error {
	gateway := r.Gateway
	if r.Type.IsReject() && !gateway.IsValid() {
		gateway = netip.IPv6Loopback()
		if r.Dst.Addr().Is4() {
			gateway = netip.AddrFrom4([4]byte{127, 0, 0, 1})
		}
	}
	var err error
	switch {
	case gateway.IsValid() && gateway.BitLen() != r.Dst.Addr().BitLen():
		return abi.NoCounterpart("rt_msghdr", "RTA_GATEWAY", gateway.BitLen())
	case gateway.IsValid():
		h.Flags |= netbsd.RTF_GATEWAY
		if m.Addrs[netbsd.RTAX_GATEWAY], err = makeAddr(gateway, r.Index); err != nil {
			return err
		}
		if r.Index != 0 {
			m.Addrs[netbsd.RTAX_IFP], err = makeLink(r.Index, "", nil)
		}
	case r.Index != 0:
		m.Addrs[netbsd.RTAX_GATEWAY], err = makeLink(r.Index, "", nil)
	case r.Source.IsValid():
		// An own address tells the link, too, and is the source then.
		m.Addrs[netbsd.RTAX_GATEWAY], err = makeAddr(r.Source, 0)
	case m.Type == netbsd.RTM_ADD:
		return abi.Truncated("rt_msghdr", "RTA_GATEWAY", 0)
	}
	return err
}

// routeFlags returns the flags that come from the type and the origin of r.
func routeFlags(r *routing.Route) int32 {
	var flags int32
	switch r.Type {
	case routing.Local:
		flags = netbsd.RTF_LOCAL
	case routing.Broadcast:
		flags = netbsd.RTF_BROADCAST
	case routing.Blackhole:
		flags = netbsd.RTF_BLACKHOLE
	case routing.Unreachable:
		flags = netbsd.RTF_REJECT
	}
	switch {
	case r.Origin == routing.OriginRedirect:
		flags |= netbsd.RTF_DYNAMIC
	case r.Origin == routing.OriginKernel:
		if r.Type == routing.Unicast && !r.Gateway.IsValid() {
			flags |= netbsd.RTF_CONNECTED
		}
	case r.Origin >= routing.OriginDaemon:
		flags |= netbsd.RTF_PROTO1
	case r.Origin != routing.OriginUnknown:
		flags |= netbsd.RTF_STATIC
	}
	return flags
}

func setMetrics(h *netbsd.RtMsghdr, x *routing.Metrics) {
	h.Rmx.MTU = uint64(x.MTU)
	h.Rmx.RTT = uint64(x.RTT / rttUnit)
	h.Rmx.Rttvar = uint64(x.RTTVar / rttUnit)
	if x.MTULocked {
		h.Rmx.Locks = netbsd.RTV_MTU
	}
	for _, init := range []struct {
		value uint64
		bit   int32
	}{{h.Rmx.MTU, netbsd.RTV_MTU}, {h.Rmx.RTT, netbsd.RTV_RTT}, {h.Rmx.Rttvar, netbsd.RTV_RTTVAR}} {
		if init.value != 0 {
			h.Inits |= init.bit
		}
	}
}

func newNeighbor(op routing.Op, n *routing.Neighbor) (*Message, error) {
	t, ok := routeTypes[op]
	if !ok {
		return nil, abi.NoCounterpart("rt_msghdr", "rtm_type", uint8(op))
	}
	if n.Index > math.MaxUint16 {
		return nil, abi.OutOfRange("rt_msghdr", "rtm_index", n.Index)
	}
	h := &netbsd.RtMsghdr{Index: uint16(n.Index), Flags: netbsd.RTF_HOST | netbsd.RTF_LLDATA}
	if n.Permanent {
		h.Flags |= netbsd.RTF_STATIC
	}
	if n.Proxy {
		h.Flags |= netbsd.RTF_ANNOUNCE
	}
	m := &Message{Type: t, Header: h}
	var err error
	if m.Addrs[netbsd.RTAX_DST], err = makeAddr(n.Addr, n.Index); err != nil {
		return nil, err
	}
	l := link{index: uint16(n.Index), addr: n.LinkAddr}
	if len(n.LinkAddr) == 6 {
		l.kind = netbsd.IFT_ETHER
	}
	m.Addrs[netbsd.RTAX_GATEWAY], err = l.sockaddr()
	return m, err
}

func newAddress(op routing.Op, a *routing.Address) (*Message, error) {
	m := &Message{}
	switch op {
	case routing.Add, routing.Get:
		m.Type = netbsd.RTM_NEWADDR
	case routing.Change:
		m.Type = netbsd.RTM_CHGADDR
	case routing.Delete:
		m.Type = netbsd.RTM_DELADDR
	default:
		return nil, abi.NoCounterpart("ifa_msghdr", "ifam_type", uint8(op))
	}
	if a.Index > math.MaxUint16 {
		return nil, abi.OutOfRange("ifa_msghdr", "ifam_index", a.Index)
	}
	m.Header = &netbsd.IfaMsghdr{Index: uint16(a.Index), Addrflags: wireAddressFlags(a)}
	var err error
	if m.Addrs[netbsd.RTAX_IFA], err = makeAddr(a.Addr, a.Index); err != nil {
		return nil, err
	}
	if m.Addrs[netbsd.RTAX_NETMASK], err = makeMask(a.Bits, a.Addr); err != nil {
		return nil, err
	}
	if m.Addrs[netbsd.RTAX_IFP], err = makeLink(a.Index, "", nil); err != nil {
		return nil, err
	}
	brd := a.Broadcast
	if a.Peer.IsValid() {
		brd = a.Peer
	}
	if brd.IsValid() {
		m.Addrs[netbsd.RTAX_BRD], err = makeAddr(brd, a.Index)
	}
	return m, err
}

// wireAddressFlags returns a.Flags as its family has them: IPv4 has fewer.
func wireAddressFlags(a *routing.Address) int32 {
	table := address4Flags
	if a.Addr.Is6() {
		table = address6Flags
	}
	var flags int32
	for _, row := range table {
		if a.Flags&row.To != 0 {
			flags |= row.From
		}
	}
	return flags
}

func newLink(op routing.Op, l *routing.Link) (*Message, error) {
	if l.Index > math.MaxUint16 {
		return nil, abi.OutOfRange("if_msghdr", "ifm_index", l.Index)
	}
	switch op {
	case routing.Add, routing.Delete:
		h := &netbsd.IfAnnouncemsghdr{Index: uint16(l.Index), What: netbsd.IFAN_ARRIVAL}
		if op == routing.Delete {
			h.What = netbsd.IFAN_DEPARTURE
		}
		if len(l.Name) >= len(h.Name) {
			return nil, abi.BadString("if_announcemsghdr", "ifan_name", len(l.Name))
		}
		copy(h.Name[:], l.Name)
		return &Message{Type: netbsd.RTM_IFANNOUNCE, Header: h}, nil
	case routing.Change, routing.Get:
		h := &netbsd.IfMsghdr{Index: uint16(l.Index), Flags: int32(wireLinkFlags(l.Flags))}
		setLinkData(&h.Data, l)
		sa, err := link{index: uint16(l.Index), kind: l.Type, name: l.Name, addr: l.Addr}.sockaddr()
		if err != nil {
			return nil, err
		}
		m := &Message{Type: netbsd.RTM_IFINFO, Header: h}
		m.Addrs[netbsd.RTAX_IFP] = sa
		return m, nil
	}
	return nil, abi.NoCounterpart("if_msghdr", "ifm_type", uint8(op))
}

func setLinkData(d *netbsd.IfData, l *routing.Link) {
	d.Type, d.Addrlen, d.MTU = l.Type, uint8(len(l.Addr)), uint64(l.MTU)
	switch l.State {
	case routing.LinkStateDown:
		d.LinkState = netbsd.LINK_STATE_DOWN
	case routing.LinkStateUp:
		d.LinkState = netbsd.LINK_STATE_UP
	}
	if s := l.Stats; s != nil {
		d.Ipackets, d.Opackets = s.RxPackets, s.TxPackets
		d.Ibytes, d.Obytes = s.RxBytes, s.TxBytes
		d.Ierrors, d.Oerrors = s.RxErrors, s.TxErrors
		d.Iqdrops, d.Noproto = s.RxDropped, s.RxNoProtocol
		d.Imcasts, d.Collisions = s.Multicast, s.Collisions
	}
}

// wireLinkFlags returns flags as NetBSD has them.
func wireLinkFlags(flags routing.LinkFlags) uint16 {
	var to uint16
	for _, row := range linkFlags {
		if flags&row.To != 0 {
			to |= row.From
		}
	}
	return to
}
