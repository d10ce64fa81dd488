package inet

import (
	"encoding/binary"
	"net/netip"
	"slices"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// A Packet6 is what options of a socket, or control messages, say about IPv6
// packets that are sent (struct ip6_pktopts).
type Packet6 struct {
	pktinfo    []byte     // IPV6_PKTINFO, struct in6_pktinfo; nil: none
	hopLimit   int32      // IPV6_HOPLIMIT; -1: none
	tclass     int32      // IPV6_TCLASS; -1: none
	nextHop    netip.Addr // IPV6_NEXTHOP; not valid: none
	nextName   []byte     // as it was given
	minMTU     int32      // IPV6_USE_MIN_MTU
	temporary  int32      // IPV6_PREFER_TEMPADDR
	dontFrag   bool       // IPV6_DONTFRAG
	extensions [4][]byte  // IPV6_HOPOPTS and so on, in the order they have in packets
}

// newPacket6 says nothing in particular.
var newPacket6 = Packet6{hopLimit: -1, tclass: -1, minMTU: netbsd.IP6PO_MINMTU_MCASTONLY, temporary: netbsd.IP6PO_TEMPADDR_SYSTEM}

// The extension headers of Packet6.
const (
	hopByHop = iota
	destination1
	routing
	destination2
)

// extensions are the options that set them.
var extensions = map[int32]int{
	netbsd.IPV6_HOPOPTS:      hopByHop,
	netbsd.IPV6_RTHDRDSTOPTS: destination1,
	netbsd.IPV6_RTHDR:        routing,
	netbsd.IPV6_DSTOPTS:      destination2,
}

// ipv6OTclass is IPV6_OTCLASS, which only the kernel's own header has: the
// traffic class in one byte.
const ipv6OTclass = 58

// option returns one of the options (ip6_getpcbopt).
func (o *Packet6) option(name int32) ([]byte, error) {
	if i, ok := extensions[name]; ok {
		return slices.Clone(o.extensions[i]), nil
	}
	switch name {
	case netbsd.IPV6_PKTINFO:
		if o.pktinfo == nil {
			return make([]byte, netbsd.SizeofIn6Pktinfo), nil
		}
		return slices.Clone(o.pktinfo), nil
	case netbsd.IPV6_TCLASS:
		return IntValue(max(o.tclass, 0)), nil
	case ipv6OTclass:
		return nil, netbsd.EINVAL
	case netbsd.IPV6_NEXTHOP:
		return slices.Clone(o.nextName), nil
	case netbsd.IPV6_USE_MIN_MTU:
		return IntValue(o.minMTU), nil
	case netbsd.IPV6_DONTFRAG:
		return boolValue(o.dontFrag), nil
	case netbsd.IPV6_PREFER_TEMPADDR:
		return IntValue(o.temporary), nil
	}
	return nil, netbsd.ENOPROTOOPT
}

// setSticky sets one of the options for all packets of p.
func (p *Pcb) setSticky(l *kern.Lwp, name int32, value []byte) error {
	stream := p.So.Type == netbsd.SOCK_STREAM
	switch name {
	case netbsd.IPV6_HOPLIMIT: // for control messages alone
		if _, err := Int(value); err != nil {
			return err
		}
		return netbsd.ENOPROTOOPT
	case netbsd.IPV6_PKTINFO:
		if stream && len(value) == netbsd.SizeofIn6Pktinfo && netip.AddrFrom16([16]byte(value)) != any6 {
			return netbsd.EINVAL
		}
	case netbsd.IPV6_DONTFRAG:
		if v, err := Int(value); stream && err == nil && v != 0 {
			return nil
		}
	}
	o := *p.Options().sticky
	if err := o.set(p.table.Net, l, name, value); err != nil {
		return err
	}
	p.Change(func(options *Options) { options.sticky = &o })
	return nil
}

// set sets one of the options (ip6_setpktopt). What o refers to is replaced, not
// changed.
func (o *Packet6) set(n *Net, l *kern.Lwp, name int32, value []byte) error {
	if i, ok := extensions[name]; ok {
		return o.setExtension(l, i, value)
	}
	switch name {
	case netbsd.IPV6_PKTINFO:
		return o.setPktinfo(n, value)
	case netbsd.IPV6_NEXTHOP:
		return o.setNextHop(n, l, value)
	case ipv6OTclass:
		if len(value) != 1 {
			return netbsd.EINVAL
		}
		o.tclass = int32(value[0])
		return nil
	case netbsd.IPV6_HOPLIMIT, netbsd.IPV6_TCLASS, netbsd.IPV6_USE_MIN_MTU, netbsd.IPV6_DONTFRAG, netbsd.IPV6_PREFER_TEMPADDR:
		v, err := Int(value)
		if err != nil {
			return err
		}
		return o.setInt(name, v)
	}
	return netbsd.ENOPROTOOPT
}

func (o *Packet6) setInt(name, v int32) error {
	limit := int32(255)
	dst := &o.hopLimit
	switch name {
	case netbsd.IPV6_DONTFRAG:
		o.dontFrag = v != 0
		return nil
	case netbsd.IPV6_TCLASS:
		dst = &o.tclass
	case netbsd.IPV6_USE_MIN_MTU:
		dst, limit = &o.minMTU, netbsd.IP6PO_MINMTU_ALL
	case netbsd.IPV6_PREFER_TEMPADDR:
		dst, limit = &o.temporary, netbsd.IP6PO_TEMPADDR_PREFER
	}
	if v < -1 || v > limit {
		return netbsd.EINVAL
	}
	*dst = v
	return nil
}

func (o *Packet6) setPktinfo(n *Net, value []byte) error {
	if len(value) != netbsd.SizeofIn6Pktinfo {
		return netbsd.EINVAL
	}
	ifindex := binary.NativeEndian.Uint32(value[16:])
	if o.pktinfo != nil && ifindex == 0 && netip.AddrFrom16([16]byte(value)) == any6 {
		o.pktinfo = nil
		return nil
	}
	if ifindex != 0 && n.Ifs.ByIndex(int(ifindex)) == nil {
		return netbsd.ENXIO
	}
	o.pktinfo = slices.Clone(value)
	return nil
}

func (o *Packet6) setNextHop(n *Net, l *kern.Lwp, value []byte) error {
	const smallest = 16 // sizeof(struct sockaddr)
	switch {
	case !l.Superuser():
		return netbsd.EPERM
	case len(value) == 0:
		o.nextHop, o.nextName = netip.Addr{}, nil
		return nil
	case len(value) < smallest || len(value) < int(value[0]):
		return netbsd.EINVAL
	case value[1] != netbsd.AF_INET6:
		return netbsd.EAFNOSUPPORT
	case value[0] != netbsd.SizeofSockaddrIn6:
		return netbsd.EINVAL
	}
	sa, err := decode6(value[:netbsd.SizeofSockaddrIn6])
	if err != nil {
		return err
	}
	if sa.Addr == any6 || sa.Addr.IsMulticast() {
		return netbsd.EINVAL
	}
	if sa.Addr, err = n.embed(sa); err != nil {
		return err
	}
	o.nextHop, o.nextName = sa.Addr, slices.Clone(value[:netbsd.SizeofSockaddrIn6])
	return nil
}

func (o *Packet6) setExtension(l *kern.Lwp, which int, value []byte) error {
	if which != routing && !l.Superuser() {
		return netbsd.EPERM
	}
	if len(value) == 0 {
		o.extensions[which] = nil
		return nil
	}
	if len(value) < 2 || len(value) != (int(value[1])+1)*8 {
		return netbsd.EINVAL
	}
	if which == routing {
		if len(value) < 4 || value[2] != netbsd.IPV6_RTHDR_TYPE_0 || value[1] == 0 || value[1]%2 != 0 || value[1]/2 != value[3] {
			return netbsd.EINVAL
		}
	}
	o.extensions[which] = slices.Clone(value)
	return nil
}

// source returns what o says about the source address of packets.
func (o *Packet6) source(multicastIf int) Source6 {
	s := Source6{NextHop: o.nextHop, MulticastIf: multicastIf, Temporary: o.temporary}
	if o.pktinfo != nil {
		s.Addr, s.Ifindex = netip.AddrFrom16([16]byte(o.pktinfo)), int(binary.NativeEndian.Uint32(o.pktinfo[16:]))
	}
	return s
}

// messages applies control messages to a copy of o (ip6_setpktopts): EINVAL for
// such that do not fit into each other.
func (o Packet6) messages(n *Net, l *kern.Lwp, control []byte) (Packet6, error) {
	err := eachMessage(control, netbsd.IPPROTO_IPV6, func(typ int32, data []byte) error {
		return o.set(n, l, typ, data)
	})
	return o, err
}
