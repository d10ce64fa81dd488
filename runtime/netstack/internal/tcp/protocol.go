package tcp

import (
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// A Protocol is the TCP of a kernel.
type Protocol struct {
	Table  *inet.Table
	Params Params

	stack *stack.Stack
}

// New prepares the TCP of s, whose blocks are in t.
func New(s *stack.Stack, t *inet.Table) (*Protocol, error) {
	if errLayout != nil {
		return nil, errLayout
	}
	p := &Protocol{Table: t, stack: s}
	p.Params.init()
	return p, nil
}

// Protosw returns the kind of socket TCP has in the domains of both families.
func (p *Protocol) Protosw() socket.Protosw {
	return socket.Protosw{
		Type:     netbsd.SOCK_STREAM,
		Protocol: netbsd.IPPROTO_TCP,
		Flags:    socket.ConnRequired | socket.WantRcvd | socket.Listen,
		Attach:   p.attach,
	}
}

func (p *Protocol) attach(_ *kern.Lwp, so *socket.Socket, _ int32) (socket.Protocol, error) {
	if err := so.Reserve(int(p.Params.SendSpace.Load()), int(p.Params.RecvSpace.Load())); err != nil {
		return nil, err
	}
	return p.newTcpcb(so), nil
}
