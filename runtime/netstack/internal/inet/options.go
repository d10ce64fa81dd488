package inet

import "net/netip"

// Options are what a socket asks of the network layer. Those of both families
// are there, as an AF_INET6 socket may talk IPv4.
type Options struct {
	TTL uint8 // IP_TTL
	TOS uint8 // IP_TOS
	Hop int   // IPV6_UNICAST_HOPS; -1: as net.inet6.ip6.hlim says

	multicast4 multicast4
	multicast6 multicast6
	sticky     Packet6
}

// A Packet6 is what IPv6 options and control messages say about the packets
// sent (struct ip6_pktopts).
type Packet6 struct {
	Addr      netip.Addr // IPV6_PKTINFO
	Ifindex   int
	NextHop   netip.Addr // IPV6_NEXTHOP
	Temporary bool       // IPV6_PREFER_TEMPADDR
}

type multicast4 struct {
	ifindex int // IP_MULTICAST_IF
}

type multicast6 struct {
	ifindex int // IPV6_MULTICAST_IF
}

// options returns the options of a new socket.
func (p *Params) options() Options {
	return Options{TTL: uint8(p.TTL.Load()), Hop: -1}
}

// Options returns a copy of p's options.
func (p *Pcb) Options() Options {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.ip
}

func (p *Pcb) source4() Source {
	opts := options(p.So)
	p.mu.Lock()
	defer p.mu.Unlock()
	return Source{Options: opts, MulticastIf: p.ip.multicast4.ifindex}
}

func (p *Pcb) source6() Source6 {
	p.mu.Lock()
	defer p.mu.Unlock()
	o := &p.ip.sticky
	return Source6{
		Addr:        o.Addr,
		Ifindex:     o.Ifindex,
		NextHop:     o.NextHop,
		MulticastIf: p.ip.multicast6.ifindex,
		Temporary:   o.Temporary,
	}
}
