package inet

import (
	"net/netip"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// Inputs are what packets are given to that arrive for this host, by protocol:
// inetsw and inet6sw of NetBSD, for all protocols that gVisor has no sockets
// for here.
type Inputs struct {
	input [256]func(pkt *stack.PacketBuffer) bool
	fail  [256]func(e *Unreachable)

	// ShortUDP counts packets without a whole header of UDP, of IPv4 and of
	// IPv6, and BadTCP those that are for nobody in particular, since their
	// header is not whole or their checksum is wrong.
	ShortUDP [2]atomic.Uint64
	BadTCP   atomic.Uint64
}

// An Unreachable tells that a packet which was sent did not arrive: an ICMP
// message said so.
type Unreachable struct {
	Src, Dst  netip.Addr // of the packet; the scope is embedded
	Errno     netbsd.Errno
	Transport []byte // what follows its IP header: eight bytes or more
}

// Handle sets what packets of a protocol are given to, and what is told of those
// that did not arrive. It must be called before there are any. The packet is not
// to be kept. When input returns false, the sender is told that there is no
// such port.
func (in *Inputs) Handle(protocol uint8, input func(pkt *stack.PacketBuffer) bool, fail func(e *Unreachable)) {
	in.input[protocol], in.fail[protocol] = input, fail
}

// Fail tells the protocol of a packet that it did not arrive (pr_ctlinput).
func (in *Inputs) Fail(protocol uint8, e *Unreachable) {
	if fail := in.fail[protocol]; fail != nil && e.Errno != 0 {
		fail(e)
	}
}

// Factories returns the protocols for a stack. TCP and ICMP are gVisor's own.
func (in *Inputs) Factories() []stack.TransportProtocolFactory {
	var list []stack.TransportProtocolFactory
	for i := range in.input {
		switch tcpip.TransportProtocolNumber(i) {
		case header.TCPProtocolNumber, header.ICMPv4ProtocolNumber, header.ICMPv6ProtocolNumber:
			continue
		}
		list = append(list, func(*stack.Stack) stack.TransportProtocol {
			return &transport{in: in, number: uint8(i)}
		})
	}
	return list
}

// TCP returns gVisor's TCP for a stack. It takes the word of devices that have
// verified a checksum.
func (in *Inputs) TCP(s *stack.Stack) stack.TransportProtocol {
	return verified{tcp.NewProtocol(s).(gvisorTCP), &in.BadTCP}
}

// gvisorTCP has what gVisor's stack knows of its TCP.
type gvisorTCP interface {
	stack.TransportProtocol
	stack.SendBufSizeProto
	QueuePacket(stack.TransportEndpoint, stack.TransportEndpointID, *stack.PacketBuffer)
}

type verified struct {
	gvisorTCP
	bad *atomic.Uint64
}

func (v verified) Parse(pkt *stack.PacketBuffer) bool {
	if netif.Checked(pkt) {
		pkt.RXChecksumValidated = true
	}
	if !v.gvisorTCP.Parse(pkt) {
		v.bad.Add(1)
		return false
	}
	return true
}

func (v verified) HandleUnknownDestinationPacket(id stack.TransportEndpointID, pkt *stack.PacketBuffer) stack.UnknownDestinationPacketDisposition {
	d := v.gvisorTCP.HandleUnknownDestinationPacket(id, pkt)
	if d == stack.UnknownDestinationPacketMalformed {
		v.bad.Add(1)
	}
	return d
}

// transport is a protocol to gVisor. It has no endpoints.
type transport struct {
	in     *Inputs
	number uint8
}

var _ stack.TransportProtocol = (*transport)(nil)

func (t *transport) Number() tcpip.TransportProtocolNumber {
	return tcpip.TransportProtocolNumber(t.number)
}

// HandleUnknownDestinationPacket gets all packets, as there are no endpoints.
func (t *transport) HandleUnknownDestinationPacket(_ stack.TransportEndpointID, pkt *stack.PacketBuffer) stack.UnknownDestinationPacketDisposition {
	if input := t.in.input[t.number]; input != nil && !input(pkt) {
		return stack.UnknownDestinationPacketUnhandled
	}
	return stack.UnknownDestinationPacketHandled
}

// Parse leaves the first bytes of a packet in its transport header.
func (t *transport) Parse(pkt *stack.PacketBuffer) bool {
	_, ok := pkt.TransportHeader().Consume(t.MinimumPacketSize())
	pkt.TransportProtocolNumber = t.Number()
	if !ok && t.number == netbsd.IPPROTO_UDP {
		version := 0
		if pkt.NetworkProtocolNumber == header.IPv6ProtocolNumber {
			version = 1
		}
		t.in.ShortUDP[version].Add(1)
	}
	return ok
}

// MinimumPacketSize is that of a UDP header, or one byte, since gVisor drops
// packets with an empty transport header.
func (t *transport) MinimumPacketSize() int {
	if t.number == netbsd.IPPROTO_UDP {
		return header.UDPMinimumSize
	}
	return 1
}

// The rest is for endpoints, or there is nothing to do.
func (t *transport) NewEndpoint(tcpip.NetworkProtocolNumber, *waiter.Queue) (tcpip.Endpoint, tcpip.Error) {
	return nil, &tcpip.ErrNotSupported{}
}

func (t *transport) NewRawEndpoint(tcpip.NetworkProtocolNumber, *waiter.Queue) (tcpip.Endpoint, tcpip.Error) {
	return nil, &tcpip.ErrNotSupported{}
}

func (t *transport) ParsePorts([]byte) (src, dst uint16, err tcpip.Error) { return 0, 0, nil }

func (t *transport) SetOption(tcpip.SettableTransportProtocolOption) tcpip.Error {
	return &tcpip.ErrUnknownProtocolOption{}
}

func (t *transport) Option(tcpip.GettableTransportProtocolOption) tcpip.Error {
	return &tcpip.ErrUnknownProtocolOption{}
}

func (t *transport) Close()   {}
func (t *transport) Wait()    {}
func (t *transport) Pause()   {}
func (t *transport) Resume()  {}
func (t *transport) Restore() {}
