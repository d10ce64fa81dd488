package local

import (
	"slices"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// find returns the socket of a name that p may talk to: ECONNREFUSED when there
// is only the name, EPROTOTYPE when it is of another type. d.mu is held.
func (p *pcb) find(l *kern.Lwp, name []byte) (*pcb, error) {
	found, err := p.d.fs.Socket(l, path(name))
	if err != nil {
		return nil, err
	}
	q, ok := found.(*pcb)
	if !ok {
		return nil, netbsd.ECONNREFUSED
	}
	if q.so.Type != p.so.Type {
		return nil, netbsd.EPROTOTYPE
	}
	return q, nil
}

// Connect connects to the socket of a name. A stream is connected at once, though
// nobody has accepted it, unless one of the two asked with LOCAL_CONNWAIT that the
// call wait for that.
func (p *pcb) Connect(l *kern.Lwp, name []byte) error {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	q, err := p.find(l, name)
	if err != nil {
		return err
	}
	if p.so.Type == netbsd.SOCK_DGRAM {
		p.point(q)
		return nil
	}
	if !q.so.Option(netbsd.SO_ACCEPTCONN) || !q.so.Queued(len(q.queue)) {
		return netbsd.ECONNREFUSED
	}
	c := q.spawn()
	c.ids = ids(l)
	p.ids = q.bound
	p.conn, c.conn = c, p
	if p.connWait || c.connWait {
		p.so.Connecting()
	} else {
		p.so.Connected()
	}
	c.so.Connected()
	q.queue = append(q.queue, c)
	q.pending.Store(int32(len(q.queue)))
	q.so.Notify(waiter.ReadableEvents)
	return nil
}

// spawn makes the socket of a connection to q. d.mu is held.
func (q *pcb) spawn() *pcb {
	var c *pcb
	q.so.NewConnection(func(so *socket.Socket) socket.Protocol {
		c = q.d.newPcb(so)
		return c
	})
	c.addr, c.wantCreds, c.connWait, c.bound, c.head = q.addr, q.wantCreds, q.connWait, q.bound, q
	return c
}

// point makes q the one that p's datagrams go to. d.mu is held.
func (p *pcb) point(q *pcb) {
	p.conn = q
	if q.refs == nil {
		q.refs = map[*pcb]struct{}{}
	}
	q.refs[p] = struct{}{}
	p.so.Connected()
}

// Connect2 connects the two sockets of a pair.
func (p *pcb) Connect2(l *kern.Lwp, peer *socket.Socket) error {
	q, ok := peer.Proto.(*pcb)
	if !ok || p.so.Type != peer.Type {
		return netbsd.EPROTOTYPE
	}
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	if p.so.Type == netbsd.SOCK_DGRAM {
		p.point(q)
		return nil
	}
	p.conn, q.conn = q, p
	p.ids, q.ids = ids(l), ids(l)
	p.so.Connected()
	q.so.Connected()
	return nil
}

// Listen lets others connect: EINVAL without a name.
func (p *pcb) Listen(*kern.Lwp, int) error {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	if p.node == nil {
		return netbsd.EINVAL
	}
	return nil
}

// Pending counts the connections that wait to be accepted.
func (p *pcb) Pending() int { return int(p.pending.Load()) }

// Accept returns the first connection that waits. Who connected may be gone.
func (p *pcb) Accept(*kern.Lwp) (*socket.Socket, error) {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	if len(p.queue) == 0 {
		return nil, netbsd.EWOULDBLOCK
	}
	c := p.queue[0]
	c.unqueue()
	if c.conn != nil && c.conn.so.Is(socket.IsConnecting) {
		c.conn.so.Connected()
	}
	return c.so, nil
}

// unqueue takes c out of its listener's queue. d.mu is held.
func (c *pcb) unqueue() {
	q := c.head
	c.head = nil
	q.queue = slices.DeleteFunc(q.queue, func(o *pcb) bool { return o == c })
	q.pending.Store(int32(len(q.queue)))
}

// Disconnect parts the socket from the other end.
func (p *pcb) Disconnect(*kern.Lwp) error {
	p.d.mu.Lock()
	defer p.d.mu.Unlock()
	p.disconnect()
	return nil
}

// disconnect is Disconnect with d.mu held.
func (p *pcb) disconnect() {
	q := p.conn
	if q == nil {
		return
	}
	p.conn = nil
	if p.so.Type == netbsd.SOCK_DGRAM {
		delete(q.refs, p)
		p.so.Unmark(socket.IsConnected)
		return
	}
	q.conn = nil
	p.so.Disconnected()
	q.so.Disconnected()
}

// Close ends the socket. Those whose datagrams went to it hear of ECONNRESET, and
// connections that nobody accepted end. The name stays.
func (p *pcb) Close(l *kern.Lwp) {
	p.d.mu.Lock()
	if p.node != nil {
		p.node.CloseSocket()
		p.node = nil
	}
	p.disconnect()
	for q := range p.refs {
		q.so.SetError(netbsd.ECONNRESET)
		q.disconnect()
	}
	queue := slices.Clone(p.queue)
	for _, c := range queue {
		c.unqueue()
	}
	p.so.Disconnected()
	delete(p.d.pcbs, p)
	p.d.mu.Unlock()
	for _, c := range queue {
		c.so.Close(l)
	}
}
