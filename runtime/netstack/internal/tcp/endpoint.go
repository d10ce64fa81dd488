package tcp

import (
	"net/netip"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	gtcp "gvisor.dev/gvisor/pkg/tcpip/transport/tcp"
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// An endpoint is gVisor's end of a connection, or what listens.
type endpoint struct {
	*gtcp.Endpoint

	t     *tcpcb
	queue *waiter.Queue
	own   waiter.Queue // is queue, unless gVisor made it
	entry waiter.Entry
	init  tcpip.Timer // gives up connecting; nil for a connection that came in

	established atomic.Bool
	fin         atomic.Bool // the peer's was seen
	timeWait    atomic.Bool
	over        atomic.Bool // somebody takes note of the end
	draining    atomic.Bool
	waiting     atomic.Bool // awaitSpace is at work
}

// newEndpoint makes an endpoint that has the options of the socket and is
// bound to its name.
func (t *tcpcb) newEndpoint() (*endpoint, error) {
	e := &endpoint{t: t}
	e.queue = &e.own
	ep, terr := t.proto.stack.NewEndpoint(gtcp.ProtocolNumber, t.network(), e.queue)
	if terr != nil {
		return nil, inet.Errno(terr)
	}
	g, ok := ep.(*gtcp.Endpoint)
	if !ok {
		ep.Close()
		return nil, netbsd.EPROTONOSUPPORT
	}
	e.Endpoint = g
	opts := g.SocketOptions()
	opts.SetReusePort(true) // who may have the port was decided elsewhere
	if t.pcb.Family == netbsd.AF_INET6 {
		opts.SetV6Only(t.pcb.V6Only())
	}
	t.configure(e)
	addr, port := t.pcb.Local()
	if terr := g.Bind(fullAddress(addr, port)); terr != nil {
		ep.Close()
		return nil, inet.Errno(terr)
	}
	e.watch()
	return e, nil
}

func (t *tcpcb) network() tcpip.NetworkProtocolNumber {
	if t.pcb.Family == netbsd.AF_INET6 {
		return header.IPv6ProtocolNumber
	}
	return header.IPv4ProtocolNumber
}

// fullAddress returns gVisor's form of an address, which is empty for any.
func fullAddress(addr netip.Addr, port uint16) tcpip.FullAddress {
	addr, scope := inet.Split(addr)
	full := tcpip.FullAddress{NIC: tcpip.NICID(scope), Port: port}
	switch {
	case addr.IsUnspecified():
	case addr.Is4():
		full.Addr = tcpip.AddrFrom4(addr.As4())
	default:
		full.Addr = tcpip.AddrFrom16(addr.As16())
	}
	return full
}

// watch passes gVisor's events on to the socket from now on.
func (e *endpoint) watch() {
	e.entry.Init(e, waiter.AllEvents|waiter.EventInternal)
	e.queue.EventRegister(&e.entry)
}

// NotifyEvent follows the state of the endpoint and wakes those who wait for
// the socket. gVisor calls it, with locks held: what takes the endpoint's lock is
// left to another goroutine.
func (e *endpoint) NotifyEvent(mask waiter.EventMask) {
	e.observe()
	if e.t.discard.Load() {
		if n, _ := received(e.Endpoint); n > 0 {
			e.drainLater()
		}
	}
	e.t.so.Notify(mask)
}

// observe brings the state of the socket in line with that of the endpoint.
func (e *endpoint) observe() {
	state := e.EndpointState()
	switch state {
	case gtcp.StateError, gtcp.StateClose:
		if !e.over.Swap(true) {
			go e.t.end(e, 0)
		}
		return
	case gtcp.StateInitial, gtcp.StateBound, gtcp.StateConnecting, gtcp.StateSynSent, gtcp.StateSynRecv, gtcp.StateListen:
		return
	}
	so := e.t.so
	if !e.established.Load() && !e.established.Swap(true) {
		e.stopInit()
		so.Connected()
	}
	if _, fin := received(e.Endpoint); fin && !e.fin.Swap(true) {
		so.Mark(socket.CantRcvMore)
	}
	if state == gtcp.StateTimeWait && !e.timeWait.Swap(true) {
		so.Disconnected()
	}
}

func (e *endpoint) stopInit() {
	if e.init != nil {
		e.init.Stop()
	}
}

// drain drops what the peer has sent.
func (e *endpoint) drain() {
	for {
		if _, err := e.Read(discard{}, tcpip.ReadOptions{}); err != nil {
			return
		}
	}
}

// drainLater drops what the peer has sent in another goroutine, but in one at a
// time.
func (e *endpoint) drainLater() {
	if e.draining.Swap(true) {
		return
	}
	go func() {
		e.draining.Store(false) // what arrives from here on starts another one
		e.drain()
	}()
}

// discard is a writer that takes everything.
type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
