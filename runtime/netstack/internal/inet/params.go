package inet

import (
	"sync/atomic"

	"github.com/abigen/abigen/netbsd"
)

// Params are the variables of sysctl(7) that the network layer looks at:
// net.inet.ip, net.inet6.ip6 and net.inet.icmp. They may change at any time.
type Params struct {
	TTL    atomic.Int32 // net.inet.ip.ttl: of new sockets
	Ports4 Ports        // net.inet.ip

	HopLimit      atomic.Int32 // net.inet6.ip6.hlim
	GroupHops     atomic.Int32 // net.inet6.ip6.defmcasthlim
	V6Only        atomic.Int32 // net.inet6.ip6.v6only: of new sockets
	UseDeprecated atomic.Int32 // net.inet6.ip6.use_deprecated: as source addresses
	UseTemporary  atomic.Int32 // net.inet6.ip6.prefer_tempaddr
	Ports6        Ports        // net.inet6.ip6

	Quote      atomic.Int32 // net.inet.icmp.returndatabytes
	MaskReply  atomic.Int32 // net.inet.icmp.maskrepl
	EchoGroups atomic.Int32 // net.inet.icmp.bmcastecho: requests to more than one node are answered
}

// Ports are the ranges of ports that sockets get which do not ask for one.
type Ports struct {
	AnonMin, AnonMax atomic.Int32 // anonportmin, anonportmax
	LowMin, LowMax   atomic.Int32 // lowportmin, lowportmax
}

// NewParams returns the variables with the values they have after boot.
func NewParams() *Params {
	p := new(Params)
	p.TTL.Store(netbsd.IPDEFTTL)
	p.HopLimit.Store(netbsd.IPV6_DEFHLIM)
	p.GroupHops.Store(netbsd.IPV6_DEFAULT_MULTICAST_HOPS)
	p.V6Only.Store(1)
	p.UseDeprecated.Store(1)
	p.Quote.Store(quote)
	for _, r := range []*Ports{&p.Ports4, &p.Ports6} {
		r.AnonMin.Store(netbsd.IPPORT_ANONMIN)
		r.AnonMax.Store(netbsd.IPPORT_ANONMAX)
		r.LowMin.Store(netbsd.IPPORT_RESERVEDMIN)
		r.LowMax.Store(netbsd.IPPORT_RESERVEDMAX)
	}
	return p
}
