package socket

import (
	"sync/atomic"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// A Layer is the sockets of a kernel.
type Layer struct {
	// InterfaceIoctl does the ioctls about interfaces and routes (group 'i'),
	// which sockets of all families take. Nil: there are none.
	InterfaceIoctl func(l *kern.Lwp, so *Socket, cmd uint64, data []byte) error

	SbMax atomic.Int32 // kern.sbmax: the most a buffer may take

	domains []Domain
	flight  flight
}

// The limits of sys/socket.h and sys/socketvar.h: on buffers, as a kernel boots,
// and on the queue of connections.
const (
	sbMax     = 256 * 1024
	somaxConn = 128
)

// New makes the layer for the domains. All of a family are one Domain.
func New(domains ...Domain) *Layer {
	ly := &Layer{domains: domains}
	ly.SbMax.Store(sbMax)
	return ly
}

// find returns the kind of socket that fits, or the errno that socket(2) has.
func (ly *Layer) find(family, typ, protocol int32) (*Protosw, error) {
	var d *Domain
	for i := range ly.domains {
		if ly.domains[i].Family == family {
			d = &ly.domains[i]
		}
	}
	if d == nil || family == 0 {
		return nil, netbsd.EAFNOSUPPORT
	}
	if sw := d.find(typ, protocol); sw != nil {
		return sw, nil
	}
	if protocol == 0 && typ != 0 {
		return nil, netbsd.EPROTOTYPE
	}
	return nil, netbsd.EPROTONOSUPPORT
}

// find looks for the protocol, or the first one of the type when protocol is 0
// (pffindproto, pffindtype).
func (d *Domain) find(typ, protocol int32) *Protosw {
	var wildcard *Protosw
	for i := range d.Switch {
		sw := &d.Switch[i]
		switch {
		case sw.Type != typ || typ == 0:
		case protocol == 0 || sw.Protocol == protocol:
			return sw
		case sw.Wildcard && wildcard == nil:
			wildcard = sw
		}
	}
	return wildcard
}

// Create makes a socket without a descriptor.
func (ly *Layer) Create(l *kern.Lwp, family, typ, protocol int32) (*Socket, error) {
	sw, err := ly.find(family, typ, protocol)
	if err != nil {
		return nil, err
	}
	so := &Socket{Domain: family, Type: typ, Protocol: sw.Protocol, Flags: sw.Flags, Cred: l.Cred(), layer: ly, procs: l.Proc.Procs()}
	if so.Proto, err = sw.Attach(l, so, protocol); err != nil {
		return nil, err
	}
	return so, nil
}

// NewConnection makes the socket of a connection that came in to so, which
// listens: it has the options, sizes and state of so (sonewconn). attach makes
// the protocol's part.
func (so *Socket) NewConnection(attach func(*Socket) Protocol) *Socket {
	sbmax := so.layer.SbMax.Load()
	so.Mu.Lock()
	c := &Socket{
		Domain: so.Domain, Type: so.Type, Protocol: so.Protocol, Flags: so.Flags, Cred: so.Cred, layer: so.layer, procs: so.procs,
		Options: so.Options &^ netbsd.SO_ACCEPTCONN, Linger: so.Linger, State: so.State,
		Snd: so.Snd.limits(leastSend, sbmax), Rcv: so.Rcv.limits(0, sbmax),
	}
	so.Mu.Unlock()
	c.owner.Copy(&so.owner)
	c.async.Store(so.async.Load())
	c.Proto = attach(c)
	return c
}

// limits returns an empty buffer like b, which holds at least least bytes.
func (b *Buffer) limits(least int, sbmax int32) Buffer {
	c := Buffer{Timeout: b.Timeout}
	_ = c.setHiwat(max(b.Hiwat, least), sbmax) // b was allowed to have as much
	c.Lowat = b.Lowat
	return c
}

// Queued reports whether one more connection may wait on so, where n do already
// (the limit of sonewconn, half more than listen was told). None may when so was
// shut down.
func (so *Socket) Queued(n int) bool {
	so.Mu.Lock()
	defer so.Mu.Unlock()
	return n <= 3*so.Backlog/2 && so.Rcv.Hiwat > 0
}

// Sysents lists the system calls on sockets.
func (ly *Layer) Sysents() []kern.Sysent {
	const full = kernel.Full
	return []kern.Sysent{
		{Number: netbsd.SYS___socket30, Handler: ly.socket, Level: full},
		{Number: netbsd.SYS_socketpair, Handler: ly.socketpair, Level: full},
		{Number: netbsd.SYS_bind, Handler: bind, Level: full},
		{Number: netbsd.SYS_connect, Handler: connect, Level: full},
		{Number: netbsd.SYS_listen, Handler: listen, Level: full},
		{Number: netbsd.SYS_accept, Handler: accept, Level: full},
		{Number: netbsd.SYS_paccept, Handler: paccept, Level: kernel.Partial, Note: "the signal mask is read, and has no effect"},
		{Number: netbsd.SYS_getsockname, Handler: getsockname, Level: full},
		{Number: netbsd.SYS_getpeername, Handler: getpeername, Level: full},
		{Number: netbsd.SYS_shutdown, Handler: shutdown, Level: full},
		{Number: netbsd.SYS_setsockopt, Handler: setsockopt, Level: full},
		{Number: netbsd.SYS_getsockopt, Handler: getsockopt, Level: full},
		{Number: netbsd.SYS_getsockopt2, Handler: getsockopt, Level: full},
		{Number: netbsd.SYS_sendto, Handler: sendto, Level: full},
		{Number: netbsd.SYS_sendmsg, Handler: sendmsg, Level: full},
		{Number: netbsd.SYS_sendmmsg, Handler: sendmmsg, Level: full},
		{Number: netbsd.SYS_recvfrom, Handler: recvfrom, Level: full},
		{Number: netbsd.SYS_recvmsg, Handler: recvmsg, Level: full},
		{Number: netbsd.SYS_recvmmsg, Handler: recvmmsg, Level: full},
	}
}
