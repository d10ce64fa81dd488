package rtsock

import (
	"math"
	"net/netip"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
)

// What rmx_rtt and rmx_rttvar count.
const rttUnit = time.Second / netbsd.RTM_RTTUNIT

// Flags of a route that tell nothing that a [routing.Route] does not have: they
// follow from its other members, or are the kernel's own business.
const derivedFlags = netbsd.RTF_UP | netbsd.RTF_GATEWAY | netbsd.RTF_HOST | netbsd.RTF_REJECT |
	netbsd.RTF_DYNAMIC | netbsd.RTF_MODIFIED | netbsd.RTF_DONE | netbsd.RTF_MASK |
	netbsd.RTF_CONNECTED | netbsd.RTF_LLDATA | netbsd.RTF_STATIC | netbsd.RTF_BLACKHOLE |
	netbsd.RTF_PROTO1 | netbsd.RTF_LOCAL | netbsd.RTF_BROADCAST | netbsd.RTF_UPDATING

// Route returns what m, which must have a rt_msghdr, says as a message about a
// [routing.Route], even when it has the form of one about a neighbor: in some
// versions the answer to RTM_GET for a route does. An rtm_errno that is not zero
// is an error over [abi.ErrNoCounterpart].
func (m *Message) Route() (*routing.Message, error) {
	h, ok := m.Header.(*netbsd.RtMsghdr)
	if !ok {
		return nil, abi.NoCounterpart("rt_msghdr", "rtm_type", m.Type)
	}
	op, err := m.routeOp(h)
	if err != nil {
		return nil, err
	}
	out := &routing.Message{Op: op}
	r := &routing.Route{
		Index:  uint32(h.Index),
		Type:   routeType(h.Flags),
		Origin: routeOrigin(m.Type, h.Flags),
	}
	if err := m.routeDst(r, h.Flags); err != nil {
		return nil, err
	}
	if err := m.routeGateway(r); err != nil {
		return nil, err
	}
	source, err := parseAddr(m.Addrs[netbsd.RTAX_IFA])
	if err != nil {
		return nil, err
	}
	if source.IsValid() {
		r.Source = source
	}
	if r.Zone == r.Index {
		r.Zone = 0
	}
	r.Source = withoutZone(r.Source, r.Index)
	r.Gateway = withoutZone(r.Gateway, r.Index)
	m.routeMetrics(r, h, out)
	if other := h.Flags &^ derivedFlags; other != 0 {
		out.Lose(abi.NoCounterpart("rt_msghdr", "rtm_flags", other))
	}
	for _, i := range []int{netbsd.RTAX_GENMASK, netbsd.RTAX_TAG} {
		if sa := m.Addrs[i]; len(sa) > 0 {
			out.Lose(abi.NoCounterpart("rt_msghdr", addrName(i), len(sa)))
		}
	}
	out.Entry = r
	return out, nil
}

// routeDst decodes the destination, its mask and its zone.
func (m *Message) routeDst(r *routing.Route, flags int32) error {
	dst, err := parseAddr(m.Addrs[netbsd.RTAX_DST])
	if err != nil {
		return err
	}
	if !dst.IsValid() {
		return abi.Truncated("rt_msghdr", "RTA_DST", len(m.Addrs[netbsd.RTAX_DST]))
	}
	bits := dst.BitLen()
	if mask := m.Addrs[netbsd.RTAX_NETMASK]; mask != nil && flags&netbsd.RTF_HOST == 0 {
		if bits, err = parseMask(mask, dst); err != nil {
			return err
		}
	}
	r.Zone = routing.ZoneIndex(dst)
	r.Dst = netip.PrefixFrom(dst.WithZone(""), bits)
	return nil
}

// routeGateway decodes the gateway, and the link where the header does not tell.
// That of a route to the link itself is a sockaddr_dl, and that of a route that
// rejects is any address of this host.
func (m *Message) routeGateway(r *routing.Route) error {
	if ifp := m.Addrs[netbsd.RTAX_IFP]; isLink(ifp) && r.Index == 0 {
		l, err := parseLink(ifp)
		if err != nil {
			return err
		}
		r.Index = uint32(l.index)
	}
	sa := m.Addrs[netbsd.RTAX_GATEWAY]
	if isLink(sa) {
		l, err := parseLink(sa)
		if err != nil {
			return err
		}
		if r.Index == 0 {
			r.Index = uint32(l.index)
		}
		return nil
	}
	gateway, err := parseAddr(sa)
	if err != nil {
		return err
	}
	if r.Type.IsReject() && gateway.IsLoopback() {
		return nil
	}
	h, _ := m.Header.(*netbsd.RtMsghdr)
	if h.Flags&netbsd.RTF_GATEWAY == 0 && gateway.IsValid() {
		// The address of this host on the link.
		r.Source = gateway
		return nil
	}
	r.Gateway = gateway
	return nil
}

func (m *Message) routeMetrics(r *routing.Route, h *netbsd.RtMsghdr, out *routing.Message) {
	x := &h.Rmx
	r.Metrics = routing.Metrics{
		MTU:       uint32(min(x.MTU, math.MaxUint32)),
		MTULocked: x.Locks&netbsd.RTV_MTU != 0,
		RTT:       microseconds(x.RTT),
		RTTVar:    microseconds(x.Rttvar),
	}
	for _, lost := range []struct {
		name  string
		value uint64
	}{
		{"rmx_locks", x.Locks &^ netbsd.RTV_MTU},
		{"rmx_hopcount", x.Hopcount},
		{"rmx_recvpipe", x.Recvpipe},
		{"rmx_sendpipe", x.Sendpipe},
		{"rmx_ssthresh", x.Ssthresh},
		{"rmx_expire", uint64(x.Expire)},
	} {
		if lost.value != 0 {
			out.Lose(abi.NoCounterpart("rt_metrics", lost.name, lost.value))
		}
	}
}

// microseconds returns n microseconds, or as many as there can be.
func microseconds(n uint64) time.Duration {
	return time.Duration(min(n, uint64(math.MaxInt64/rttUnit))) * rttUnit
}

func routeType(flags int32) routing.RouteType {
	switch {
	case flags&netbsd.RTF_BLACKHOLE != 0:
		return routing.Blackhole
	case flags&netbsd.RTF_REJECT != 0:
		return routing.Unreachable
	case flags&netbsd.RTF_LOCAL != 0:
		return routing.Local
	case flags&netbsd.RTF_BROADCAST != 0:
		return routing.Broadcast
	}
	return routing.Unicast
}

func routeOrigin(messageType uint8, flags int32) routing.Origin {
	switch {
	case flags&netbsd.RTF_DYNAMIC != 0 || messageType == netbsd.RTM_REDIRECT:
		return routing.OriginRedirect
	case flags&netbsd.RTF_STATIC != 0:
		return routing.OriginStatic
	case flags&netbsd.RTF_PROTO1 != 0:
		return routing.OriginDaemon
	case flags&(netbsd.RTF_CONNECTED|netbsd.RTF_LOCAL|netbsd.RTF_BROADCAST) != 0:
		return routing.OriginKernel
	}
	return routing.OriginUnknown
}

// Neighbor is like Route, for the hardware address of a host. A dump of them
// consists of such messages, with few flags set.
func (m *Message) Neighbor() (*routing.Message, error) {
	h, ok := m.Header.(*netbsd.RtMsghdr)
	if !ok {
		return nil, abi.NoCounterpart("rt_msghdr", "rtm_type", m.Type)
	}
	op, err := m.routeOp(h)
	if err != nil {
		return nil, err
	}
	n := &routing.Neighbor{
		Index:     uint32(h.Index),
		Permanent: h.Flags&netbsd.RTF_STATIC != 0 && h.Rmx.Expire == 0,
		Proxy:     h.Flags&netbsd.RTF_ANNOUNCE != 0,
	}
	if n.Addr, err = parseAddr(m.Addrs[netbsd.RTAX_DST]); err != nil {
		return nil, err
	}
	if !n.Addr.IsValid() {
		return nil, abi.Truncated("rt_msghdr", "RTA_DST", len(m.Addrs[netbsd.RTAX_DST]))
	}
	if sa := m.Addrs[netbsd.RTAX_GATEWAY]; isLink(sa) {
		l, err := parseLink(sa)
		if err != nil {
			return nil, err
		}
		n.LinkAddr = l.addr
		if n.Index == 0 {
			n.Index = uint32(l.index)
		}
	}
	n.Addr = withoutZone(n.Addr, n.Index)
	return &routing.Message{Op: op, Entry: n}, nil
}
