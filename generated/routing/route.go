package routing

import (
	"net/netip"
	"strconv"
	"time"
)

// A Route says where packets to some destinations go.
type Route struct {
	Dst     netip.Prefix
	Zone    uint32     // of Dst when it is of link-local scope; 0 is Index
	Gateway netip.Addr // invalid when Dst is on the link
	Index   uint32     // the link that packets leave by; 0 when not told
	Source  netip.Addr // what own packets have as source, invalid when not told
	Type    RouteType
	Origin  Origin
	Metrics Metrics
	// Table is Linux's number for one of its tables of routes; 0 when there
	// is only one.
	Table uint32
	// Cloned says that Dst is the one address that was asked about, and not
	// that of an entry of the table.
	Cloned bool
}

// A RouteType is what becomes of packets that take a route.
type RouteType uint8

// Types of routes.
const (
	Unicast     RouteType = iota
	Local                 // to an address of this host
	Broadcast             // to everybody on the link
	Multicast             // to a group
	Blackhole             // dropped in silence
	Unreachable           // dropped, and the sender is told
)

// IsReject tells that packets do not arrive.
func (t RouteType) IsReject() bool { return t == Blackhole || t == Unreachable }

// Origin tells who made a route. The numbers are Linux's RTPROT_*, where those
// from [OriginDaemon] on are routing daemons; NetBSD tells only a few apart.
type Origin uint8

// Origins of a route.
const (
	OriginUnknown  Origin = 0
	OriginRedirect Origin = 1
	OriginKernel   Origin = 2 // it came with an address
	OriginBoot     Origin = 3
	OriginStatic   Origin = 4
	OriginDaemon   Origin = 8
)

// Metrics are what is known about the path of a [Route]. Zero is not known.
type Metrics struct {
	MTU       uint32
	MTULocked bool // the kernel may not change it
	RTT       time.Duration
	RTTVar    time.Duration
}

// A Neighbor is a host on a link, with its hardware address.
type Neighbor struct {
	Index     uint32
	Addr      netip.Addr
	LinkAddr  []byte // empty as long as it is not known
	Permanent bool   // it was entered, and does not expire
	Proxy     bool   // this host answers for it
	Router    bool
}

// ZoneIndex returns the zone of a: an index, or 0 when it has none.
func ZoneIndex(a netip.Addr) uint32 {
	n, err := strconv.ParseUint(a.Zone(), 10, 32)
	if err != nil {
		return 0
	}
	return uint32(n)
}

// InZone returns a in the zone index when it is of a scope that needs one, and
// a without zone otherwise.
func InZone(a netip.Addr, index uint32) netip.Addr {
	if index == 0 || !NeedsZone(a) {
		return a.WithZone("")
	}
	return a.WithZone(strconv.FormatUint(uint64(index), 10))
}

// NeedsZone tells whether a means something only on one link.
func NeedsZone(a netip.Addr) bool {
	return a.Is6() && !a.Is4In6() &&
		(a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || a.IsInterfaceLocalMulticast())
}
