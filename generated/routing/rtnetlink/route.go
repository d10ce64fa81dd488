package rtnetlink

import (
	"encoding/binary"
	"math"
	"net/netip"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/linux"
)

// What RTAX_RTT and RTAX_RTTVAR count.
const (
	rttUnit    = time.Millisecond / 8
	rttvarUnit = time.Millisecond / 4
)

var routeTypes = [...]struct {
	to routing.RouteType
	ok bool
}{
	linux.RTN_UNSPEC:      {routing.Unicast, true},
	linux.RTN_UNICAST:     {routing.Unicast, true},
	linux.RTN_LOCAL:       {routing.Local, true},
	linux.RTN_BROADCAST:   {routing.Broadcast, true},
	linux.RTN_MULTICAST:   {routing.Multicast, true},
	linux.RTN_BLACKHOLE:   {routing.Blackhole, true},
	linux.RTN_UNREACHABLE: {routing.Unreachable, true},
}

// route decodes the rtmsg of m.
func (m Message) route(out *routing.Message) error {
	h, attrs, err := fixed[linux.Rtmsg]("rtmsg", m.Data)
	if err != nil {
		return err
	}
	if err := family("rtmsg", "rtm_family", h.Family, out.Op); err != nil {
		return err
	}
	r := &routing.Route{Origin: routing.Origin(h.Protocol), Table: uint32(h.Table)}
	out.Entry = r
	if int(h.Type) < len(routeTypes) && routeTypes[h.Type].ok {
		r.Type = routeTypes[h.Type].to
	} else {
		return abi.NoCounterpart("rtmsg", "rtm_type", h.Type)
	}
	m.routeHeader(r, h, out)
	dst := netip.IPv6Unspecified()
	if h.Family == linux.AF_INET {
		dst = netip.IPv4Unspecified()
	}
	hasDst := false
	err = attributes(attrs, func(at Attribute) (err error) {
		if at.Type == uint16(linux.RTA_DST) {
			dst, err = at.addr("RTA_DST", h.Family)
			hasDst = true
			return err
		}
		return routeAttribute(r, at, h.Family, out)
	})
	if err != nil {
		return err
	}
	if h.Family == linux.AF_UNSPEC {
		return nil // in a request for a dump
	}
	if int(h.DstLen) > dst.BitLen() || !hasDst && h.DstLen != 0 {
		return abi.BadLength("rtmsg", "rtm_dst_len", h.DstLen)
	}
	r.Dst = netip.PrefixFrom(dst, int(h.DstLen))
	return nil
}

// routeHeader notes what the members of h say that NetBSD has no word for.
func (m Message) routeHeader(r *routing.Route, h linux.Rtmsg, out *routing.Message) {
	for _, lost := range []struct {
		member string
		value  uint8
	}{{"rtm_src_len", h.SrcLen}, {"rtm_tos", h.Tos}} {
		if lost.value != 0 {
			out.Lose(abi.NoCounterpart("rtmsg", lost.member, lost.value))
		}
	}
	r.Cloned = h.Flags&linux.RTM_F_CLONED != 0
	// What the kernel says of the state of a route, and how to answer.
	const ignored = linux.RTM_F_CLONED | linux.RTM_F_NOTIFY | linux.RTM_F_LOOKUP_TABLE | linux.RTM_F_FIB_MATCH |
		linux.RTM_F_OFFLOAD | linux.RTM_F_TRAP | linux.RTM_F_OFFLOAD_FAILED |
		linux.RTNH_F_DEAD | linux.RTNH_F_LINKDOWN | linux.RTNH_F_OFFLOAD | linux.RTNH_F_TRAP | linux.RTNH_F_UNRESOLVED
	if other := h.Flags &^ ignored; other != 0 {
		out.Lose(abi.NoCounterpart("rtmsg", "rtm_flags", other))
	}
}

// routeAttribute decodes all but RTA_DST.
func routeAttribute(r *routing.Route, at Attribute, v uint8, out *routing.Message) (err error) {
	switch linux.RtattrTypeT(at.Type) {
	case linux.RTA_GATEWAY:
		r.Gateway, err = at.addr("RTA_GATEWAY", v)
	case linux.RTA_PREFSRC:
		r.Source, err = at.addr("RTA_PREFSRC", v)
	case linux.RTA_OIF:
		r.Index, err = at.uint32("RTA_OIF")
	case linux.RTA_TABLE:
		r.Table, err = at.uint32("RTA_TABLE")
	case linux.RTA_METRICS:
		return attributes(at.Data, func(x Attribute) error { return metric(&r.Metrics, x, out) })
	case linux.RTA_MULTIPATH:
		return multipath(r, at, v, out)
	case linux.RTA_PRIORITY:
		var p uint32
		if p, err = at.uint32("RTA_PRIORITY"); p != defaultPriority(v) {
			lose(out, "RTA", at)
		}
	case linux.RTA_CACHEINFO:
		c, _, err := fixed[linux.RtaCacheinfo]("rta_cacheinfo", at.Data)
		if err != nil {
			return err
		}
		if c.Expires != 0 {
			out.Lose(abi.NoCounterpart("rta_cacheinfo", "rta_expires", c.Expires))
		}
	case linux.RTA_PREF:
		if len(at.Data) != 1 || at.Data[0] != 0 { // neither preferred nor avoided
			lose(out, "RTA", at)
		}
	case linux.RTA_PAD, linux.RTA_UID:
	default:
		lose(out, "RTA", at)
	}
	return err
}

// defaultPriority returns the priority of routes whose maker asked for none.
func defaultPriority(family uint8) uint32 {
	if family == linux.AF_INET6 {
		return 1024
	}
	return 0
}

// metric decodes one attribute of RTA_METRICS.
func metric(x *routing.Metrics, at Attribute, out *routing.Message) error {
	if at.Type == linux.RTAX_CC_ALGO {
		lose(out, "RTAX", at)
		return nil
	}
	v, err := at.uint32("RTA_METRICS")
	if err != nil {
		return err
	}
	switch at.Type {
	case linux.RTAX_MTU:
		x.MTU = v
	case linux.RTAX_RTT:
		x.RTT = time.Duration(v) * rttUnit
	case linux.RTAX_RTTVAR:
		x.RTTVar = time.Duration(v) * rttvarUnit
	case linux.RTAX_LOCK:
		x.MTULocked = v&(1<<linux.RTAX_MTU) != 0
		if v &^= 1 << linux.RTAX_MTU; v != 0 {
			lose(out, "RTAX", at)
		}
	default:
		lose(out, "RTAX", at)
	}
	return nil
}

// multipath decodes the first of several ways for one route.
func multipath(r *routing.Route, at Attribute, v uint8, out *routing.Message) error {
	b := at.Data
	for first := true; len(b) > 0; first = false {
		h, _, err := fixed[linux.Rtnexthop]("rtnexthop", b)
		if err != nil {
			return err
		}
		n := int(h.Len)
		switch {
		case n < linux.SizeofRtnexthop:
			return abi.BadLength("rtnexthop", "rtnh_len", n)
		case n > len(b):
			return abi.Truncated("rtnexthop", "rtnh_len", n)
		case h.Ifindex < 0:
			return abi.OutOfRange("rtnexthop", "rtnh_ifindex", h.Ifindex)
		}
		if first {
			r.Index = uint32(h.Ifindex)
			err := attributes(b[linux.SizeofRtnexthop:n], func(x Attribute) error {
				return routeAttribute(r, x, v, out)
			})
			if err != nil {
				return err
			}
		} else {
			out.Lose(abi.NoCounterpart("rtattr", "RTA_MULTIPATH", h.Ifindex))
		}
		b = b[min(align(n), len(b)):]
	}
	return nil
}

// appendRoute encodes a route.
func appendRoute(b *Builder, r *routing.Route, op routing.Op, request bool) error {
	dst := r.Dst.Addr()
	if !r.Dst.IsValid() {
		return abi.BadLength("rtmsg", "rtm_dst_len", r.Dst.Bits())
	}
	h := linux.Rtmsg{
		Family:   familyOf(dst),
		DstLen:   uint8(r.Dst.Bits()),
		Table:    uint8(min(routeTable(r), uint32(linux.RT_TABLE_COMPAT))),
		Protocol: uint8(r.Origin),
		Type:     wireRouteType(r.Type),
		Scope:    scope(r),
	}
	if t := routeTable(r); t <= math.MaxUint8 {
		h.Table = uint8(t)
	}
	if r.Cloned {
		h.Flags |= linux.RTM_F_CLONED
	}
	if op == routing.Delete && r.Type == routing.Unicast && !r.Gateway.IsValid() {
		h.Scope = uint8(linux.RT_SCOPE_NOWHERE) // any
	}
	Struct(b, &h)
	b.Uint32(uint16(linux.RTA_TABLE), routeTable(r))
	if r.Dst.Bits() != 0 || op == routing.Get && request {
		b.Attribute(uint16(linux.RTA_DST), dst.AsSlice())
	}
	index, err := routeIndex(r)
	if err != nil {
		return err
	}
	if r.Source.IsValid() {
		b.Attribute(uint16(linux.RTA_PREFSRC), r.Source.AsSlice())
	}
	if r.Gateway.IsValid() && !r.Type.IsReject() {
		if r.Gateway.BitLen() != dst.BitLen() {
			return abi.NoCounterpart("rtmsg", "RTA_GATEWAY", r.Gateway.BitLen())
		}
		b.Attribute(uint16(linux.RTA_GATEWAY), r.Gateway.AsSlice())
	}
	if index != 0 {
		b.Uint32(uint16(linux.RTA_OIF), index)
	}
	appendMetrics(b, &r.Metrics)
	return nil
}

// routeTable returns the table that r is in: that of the host's own addresses, or
// the main one, unless it says another.
func routeTable(r *routing.Route) uint32 {
	switch {
	case r.Table != 0:
		return r.Table
	case r.Type == routing.Local || r.Type == routing.Broadcast:
		return uint32(linux.RT_TABLE_LOCAL)
	}
	return uint32(linux.RT_TABLE_MAIN)
}

// routeIndex returns the link that r leaves by. It is also the zone of all
// addresses of r, as they have none of their own.
func routeIndex(r *routing.Route) (uint32, error) {
	index := r.Index
	if r.Zone != 0 {
		index = r.Zone
	}
	if zone := routing.ZoneIndex(r.Gateway); zone != 0 {
		if index == 0 {
			index = zone
		}
		if index != zone {
			return 0, abi.NoCounterpart("rtmsg", "RTA_GATEWAY zone", zone)
		}
	}
	if index > math.MaxInt32 {
		return 0, abi.OutOfRange("rtmsg", "RTA_OIF", index)
	}
	return index, nil
}

// scope returns how far away the destination of r is, which only IPv4 tells.
func scope(r *routing.Route) uint8 {
	switch {
	case r.Dst.Addr().Is6():
		return uint8(linux.RT_SCOPE_UNIVERSE)
	case r.Type == routing.Local:
		return uint8(linux.RT_SCOPE_HOST)
	case r.Type == routing.Broadcast, r.Type == routing.Unicast && !r.Gateway.IsValid():
		return uint8(linux.RT_SCOPE_LINK)
	}
	return uint8(linux.RT_SCOPE_UNIVERSE)
}

func wireRouteType(t routing.RouteType) uint8 {
	for lx := linux.RTN_UNICAST; lx < len(routeTypes); lx++ {
		if routeTypes[lx].ok && routeTypes[lx].to == t {
			return uint8(lx)
		}
	}
	return linux.RTN_UNSPEC
}

func appendMetrics(b *Builder, x *routing.Metrics) {
	var lock uint32
	if x.MTULocked {
		lock = 1 << linux.RTAX_MTU
	}
	rows := []struct {
		t uint16
		v uint32
	}{
		{linux.RTAX_LOCK, lock},
		{linux.RTAX_MTU, x.MTU},
		{linux.RTAX_RTT, uint32(min(x.RTT/rttUnit, math.MaxUint32))},
		{linux.RTAX_RTTVAR, uint32(min(x.RTTVar/rttvarUnit, math.MaxUint32))},
	}
	var nested []byte
	for _, row := range rows {
		if row.v != 0 {
			nested = binary.NativeEndian.AppendUint16(nested, 8)
			nested = binary.NativeEndian.AppendUint16(nested, row.t)
			nested = binary.NativeEndian.AppendUint32(nested, row.v)
		}
	}
	if nested != nil {
		b.Attribute(uint16(linux.RTA_METRICS), nested)
	}
}

// familyOf returns the family of a.
func familyOf(a netip.Addr) uint8 {
	if a.Is4() {
		return linux.AF_INET
	}
	return linux.AF_INET6
}
