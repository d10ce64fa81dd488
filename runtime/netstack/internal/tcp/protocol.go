package tcp

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	gtcp "gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

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

// timeWait is how long a connection that is over keeps its ports: twice the MSL
// that NetBSD has for the loopback interface (tcp_msl_loop). gVisor knows only
// one time for all connections.
const timeWait = 2 * time.Second

// New prepares the TCP of s, whose blocks are in t.
func New(s *stack.Stack, t *inet.Table) (*Protocol, error) {
	if errLayout != nil {
		return nil, errLayout
	}
	tw := tcpip.TCPTimeWaitTimeoutOption(timeWait)
	if err := s.SetTransportProtocolOption(gtcp.ProtocolNumber, &tw); err != nil {
		return nil, inet.Errno(err)
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
