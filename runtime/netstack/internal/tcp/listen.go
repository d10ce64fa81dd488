package tcp

import (
	"net/netip"

	"gvisor.dev/gvisor/pkg/tcpip"
	gtcp "gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// Listen makes the socket accept connections (tcp_listen).
func (t *tcpcb) Listen(l *kern.Lwp, backlog int) error {
	if err := t.alive(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.bound(l); err != nil {
		return err
	}
	e := t.ep.Load()
	if e == nil {
		var err error
		if e, err = t.newEndpoint(); err != nil {
			return err
		}
	}
	// A SYN is answered while no more than the backlog wait (tcp_input).
	if terr := e.Endpoint.Listen(backlog + 1); terr != nil {
		if _, ok := terr.(*tcpip.ErrInvalidEndpointState); ok && t.ep.Load() == e {
			return nil // more wait than the new backlog: gVisor keeps the old one
		}
		e.Close()
		return inet.Errno(terr)
	}
	t.ep.Store(e)
	return nil
}

// Pending counts the connections that wait to be accepted.
func (t *tcpcb) Pending() int {
	if e := t.ep.Load(); e != nil {
		return pending(e.Endpoint)
	}
	return 0
}

// Accept returns the next connection, or ECONNABORTED when it has come to an
// end while it waited.
func (t *tcpcb) Accept(l *kern.Lwp) (*socket.Socket, error) {
	if err := t.alive(); err != nil {
		return nil, err
	}
	e := t.ep.Load()
	if e == nil {
		return nil, netbsd.EINVAL
	}
	ep, queue, terr := e.Endpoint.Accept(nil)
	if terr != nil {
		if _, ok := terr.(*tcpip.ErrWouldBlock); ok {
			return nil, netbsd.EWOULDBLOCK
		}
		return nil, netbsd.ECONNABORTED
	}
	g, ok := ep.(*gtcp.Endpoint)
	if !ok {
		ep.Close()
		return nil, netbsd.ECONNABORTED
	}
	var c *tcpcb
	so := t.so.NewConnection(func(so *socket.Socket) socket.Protocol {
		c = t.accepted(so)
		return c
	})
	if s := g.EndpointState(); s == gtcp.StateError || s == gtcp.StateClose {
		c.pcb.Detach()
		ep.Close()
		return nil, netbsd.ECONNABORTED
	}
	c.take(g, queue)
	return so, nil
}

// accepted makes the TCP part of a connection that came in to t.
func (t *tcpcb) accepted(so *socket.Socket) *tcpcb {
	c := t.proto.newTcpcb(so)
	t.mu.Lock()
	defer t.mu.Unlock()
	c.options = t.options
	return c
}

// take makes g the end of t's connection.
func (t *tcpcb) take(g *gtcp.Endpoint, queue *waiter.Queue) {
	local, _ := g.GetLocalAddress()
	id := g.TransportEndpointInfo.ID // does not change
	t.pcb.Accepted(
		netip.AddrPortFrom(address(id.LocalAddress, local.NIC), id.LocalPort),
		netip.AddrPortFrom(address(id.RemoteAddress, local.NIC), id.RemotePort),
	)
	e := &endpoint{Endpoint: g, t: t, queue: queue}
	t.ep.Store(e)
	e.established.Store(true)
	t.so.Connected()
	t.configure(e)
	e.watch()
	e.observe() // what came before
}

// address returns an address of gVisor's on the link of a NIC.
func address(a tcpip.Address, nic tcpip.NICID) netip.Addr {
	addr, _ := netip.AddrFromSlice(a.AsSlice())
	return inet.Embed(addr, uint32(nic))
}
