package udp

import (
	"sync/atomic"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// A Protocol is UDP in one kernel.
type Protocol struct {
	Table  *inet.Table
	Params *Params
	Counts [2]Counts // of IPv4 and IPv6

	net   *inet.Net
	local func(in inet.Packet, b []byte) bool // deliverLocal

	// pktinfo tells that control messages may be sent over IPv4
	// (kernel.Release.PktinfoV4).
	pktinfo bool
}

// Params are the variables of sysctl(7) below net.inet.udp and net.inet6.udp6.
// They may change at any time.
type Params struct {
	SendSpace, RecvSpace   atomic.Int32 // net.inet.udp
	SendSpace6, RecvSpace6 atomic.Int32 // net.inet6.udp6
	Checksum               atomic.Int32 // net.inet.udp.checksum: packets over IPv4 have one
}

// The sizes of buffers after boot. That for receiving is 40 datagrams of a
// kilobyte with their senders' names.
const (
	sendSpace  = 9216
	recvSpace4 = 40 * (1024 + netbsd.SizeofSockaddrIn)
	recvSpace6 = 40 * (1024 + netbsd.SizeofSockaddrIn6)
)

// New makes UDP on a network. pktinfo tells that control messages may be sent
// over IPv4.
func New(n *inet.Net, pktinfo bool) *Protocol {
	p := &Protocol{Table: inet.NewTable(n), Params: new(Params), net: n, pktinfo: pktinfo}
	p.Params.SendSpace.Store(sendSpace)
	p.Params.SendSpace6.Store(sendSpace)
	p.Params.RecvSpace.Store(recvSpace4)
	p.Params.RecvSpace6.Store(recvSpace6)
	p.Params.Checksum.Store(1)
	p.local = p.deliverLocal
	n.Inputs.Handle(netbsd.IPPROTO_UDP, p.input, p.unreachable)
	return p
}

// Protosw returns the kind of socket for the domain of IPv4 or IPv6.
func (p *Protocol) Protosw() socket.Protosw {
	return socket.Protosw{
		Type:     netbsd.SOCK_DGRAM,
		Protocol: netbsd.IPPROTO_UDP,
		Flags:    socket.Atomic | socket.Addr,
		Attach:   p.attach,
	}
}

func (p *Protocol) attach(_ *kern.Lwp, so *socket.Socket, _ int32) (socket.Protocol, error) {
	snd, rcv := p.Params.SendSpace.Load(), p.Params.RecvSpace.Load()
	if so.Domain == netbsd.AF_INET6 {
		snd, rcv = p.Params.SendSpace6.Load(), p.Params.RecvSpace6.Load()
	}
	if err := so.Reserve(int(snd), int(rcv)); err != nil {
		return nil, err
	}
	return &udp{p: p, so: so, pcb: p.Table.Attach(so)}, nil
}
