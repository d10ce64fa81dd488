package tcp

import (
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// Connect sends the first segment to the other end (tcp_connect). A socket that
// does not wait gets EINPROGRESS, even if the answer is there by now: NetBSD
// handles it after the call, also from an address of its own.
func (t *tcpcb) Connect(l *kern.Lwp, name []byte) error {
	if err := t.alive(); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.bound(l); err != nil {
		return err
	}
	if err := t.pcb.Connect(l, name); err != nil {
		return err
	}
	if err := t.reachable(); err != nil {
		t.pcb.Disconnect()
		return err
	}
	e, err := t.newEndpoint()
	if err != nil {
		t.pcb.Disconnect()
		return err
	}
	t.ep.Store(e)
	t.so.Connecting()
	e.init = t.proto.stack.Clock().AfterFunc(time.Duration(t.options.keepInit)*time.Second, func() {
		if !e.established.Swap(true) {
			t.end(e, netbsd.ETIMEDOUT)
			e.Abort()
		}
	})
	terr := e.Connect(fullAddress(t.pcb.Foreign()))
	if _, ok := terr.(*tcpip.ErrConnectStarted); ok {
		if t.so.Is(socket.NonBlocking) {
			return netbsd.EINPROGRESS
		}
		return nil
	}
	e.stopInit()
	t.ep.Store(nil)
	t.pcb.Disconnect()
	e.Close()
	return inet.Errno(terr)
}

// reachable returns an error when there is no route to the other end, or one that
// rejects packets (ip_output, looutput).
func (t *tcpcb) reachable() error {
	addr, _ := t.pcb.Foreign()
	addr, scope := inet.Split(addr)
	rt, ok := t.proto.Table.Net.Routes.Resolve(addr.Unmap(), int(scope))
	switch {
	case !ok:
		return netbsd.EHOSTUNREACH
	case !rt.Is(netbsd.RTF_REJECT):
		return nil
	case rt.Is(netbsd.RTF_HOST):
		return netbsd.EHOSTUNREACH
	}
	return netbsd.ENETUNREACH
}

// Connect2 is for pairs of sockets, which TCP has none of.
func (t *tcpcb) Connect2(l *kern.Lwp, peer *socket.Socket) error {
	if err := t.alive(); err != nil {
		return err
	}
	return netbsd.EOPNOTSUPP
}
