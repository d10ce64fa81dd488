package rawip

import (
	"math"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// A Protocol is the raw sockets of one kernel.
type Protocol struct {
	// Reflected counts the answers to ICMP requests by type.
	Reflected [icmpTypes]atomic.Uint64

	net   *inet.Net
	table *inet.Table
}

// space is how much the buffers of a raw socket hold.
const space = 8192

// New makes raw sockets on a network.
func New(n *inet.Net) (*Protocol, error) {
	p := &Protocol{net: n, table: inet.NewTable(n)}
	for i := range 256 {
		protocol := uint8(i)
		if protocol == netbsd.IPPROTO_TCP || protocol == netbsd.IPPROTO_UDP {
			continue // none of theirs is for raw sockets
		}
		if protocol != netbsd.IPPROTO_ICMP && protocol != netbsd.IPPROTO_ICMPV6 {
			n.Inputs.Handle(protocol, p.input6, nil)
		}
		if err := n.Stack.RegisterRawTransportEndpoint(ipv4.ProtocolNumber, tcpip.TransportProtocolNumber(protocol), tap(p.input4)); err != nil {
			return nil, inet.Errno(err)
		}
	}
	// The IPv4 packets that gVisor makes itself are ICMP messages, but not
	// echo replies. There are no limits on answers.
	ttl := tcpip.DefaultTTLOption(netbsd.MAXTTL)
	if err := n.Stack.SetNetworkProtocolOption(ipv4.ProtocolNumber, &ttl); err != nil {
		return nil, inet.Errno(err)
	}
	n.Stack.SetTransportProtocolHandler(netbsd.IPPROTO_ICMP, answered)
	n.Stack.SetTransportProtocolHandler(netbsd.IPPROTO_ICMPV6, p.extendedICMP6)
	n.Stack.SetICMPLimit(math.MaxFloat64)
	err := n.Stack.RegisterRawTransportEndpoint(ipv6.ProtocolNumber, netbsd.IPPROTO_ICMPV6, tap(p.inputICMP6))
	return p, inet.Errno(err)
}

// A tap gets a copy of all packets of a protocol.
type tap func(pkt *stack.PacketBuffer)

// HandlePacket gets one packet.
func (t tap) HandlePacket(pkt *stack.PacketBuffer) { t(pkt) }

// Protosw returns the kind of socket for the domain of IPv4 or IPv6.
func (p *Protocol) Protosw() socket.Protosw {
	return socket.Protosw{
		Type:     netbsd.SOCK_RAW,
		Wildcard: true,
		Flags:    socket.Atomic | socket.Addr,
		Attach:   p.attach,
	}
}

func (p *Protocol) attach(l *kern.Lwp, so *socket.Socket, protocol int32) (socket.Protocol, error) {
	if so.Domain == netbsd.AF_INET6 && unread6[protocol] {
		return nil, netbsd.EPROTONOSUPPORT
	}
	if !l.Superuser() {
		return nil, netbsd.EPERM
	}
	if err := so.Reserve(space, space); err != nil {
		return nil, err
	}
	r := &raw{p: p, so: so, protocol: uint8(protocol)}
	r.checksum.Store(noChecksum)
	r.filter.Store(&passAll)
	r.pcb = p.table.AttachUser(so, r)
	r.pcb.Change(func(o *inet.Options) { o.TTL = 0 })
	return r, nil
}

// unread6 are the extension headers that no raw socket of IPv6 gets to see.
var unread6 = map[int32]bool{
	netbsd.IPPROTO_DSTOPTS:  true,
	netbsd.IPPROTO_ROUTING:  true,
	netbsd.IPPROTO_FRAGMENT: true,
}

// passAll is the ICMP6_FILTER of a new socket: a set bit lets a type through.
var passAll filter

func init() {
	for i := range passAll {
		passAll[i] = ^uint32(0)
	}
}

type filter [8]uint32

// passes tells whether ICMPv6 messages of a type get through.
func (f *filter) passes(typ uint8) bool { return f[typ>>5]&(1<<(typ&31)) != 0 }

// raw is the protocol's part of a socket.
type raw struct {
	socket.Unsupported

	p        *Protocol
	so       *socket.Socket
	pcb      *inet.Pcb
	protocol uint8 // 0: any, when receiving

	checksum atomic.Int32 // IPV6_CHECKSUM: its offset; noChecksum: none
	filter   atomic.Pointer[filter]
}

var _ socket.Protocol = (*raw)(nil)

const noChecksum = -1
