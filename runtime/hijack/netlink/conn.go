package netlink

import (
	"context"
	"errors"
	"math"
	"sync"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/linux"
)

const (
	// defaultBuffer is what net.core.rmem_default has, in bytes.
	defaultBuffer = 212992
	// maxBuffer is how much SO_RCVBUF and its like can ask for.
	maxBuffer = 16 << 20
	// maxDatagram is what a datagram of several messages is kept below, since
	// many readers have a buffer of one page: what Linux begins with, too.
	maxDatagram = 3776
	// firstPort is the first address of those that are given to sockets of a
	// process that has one already: -4096, counting down.
	firstPort = math.MaxUint32 - 4095
)

// A Conn is a netlink socket. Its methods may be used by several goroutines at
// once, but what Send asks for is done in order only for one.
type Conn struct {
	server   *Server
	protocol int32
	request  func(c *Conn, r *request) error
	maxGroup uint32
	wake     chan struct{} // has room for one: there is something to receive

	sending sync.Mutex

	// mu guards what follows.
	mu      sync.Mutex
	id      uint32 // 0: not bound
	peer    linux.SockaddrNl
	groups  [(linux.RTNLGRP_MAX + 32) / 32]uint32 // bit n-1 for group n
	flags   options
	rcvbuf  uint32
	sndbuf  uint32
	queue   []Datagram
	queued  int // bytes in queue
	dumping int // datagrams in queue that are of a dump
	lost    bool
	closed  bool
}

// A Datagram is what one recvmsg returns.
type Datagram struct {
	Data []byte
	// Group is the multicast group it was sent to; 0 is the socket alone.
	Group uint32

	dump bool
}

// From returns the address of the sender, which is the kernel.
func (d *Datagram) From() linux.SockaddrNl {
	a := linux.SockaddrNl{Family: linux.AF_NETLINK}
	if d.Group >= 1 && d.Group <= 32 {
		a.Groups = 1 << (d.Group - 1)
	}
	return a
}

// Bind gives the socket an address: a port, or 0 for pid (the process that asks), or
// when that is taken for another one; and makes it a member of groups. The error is
// EINVAL when it has another port, EADDRINUSE when another socket has the port.
func (c *Conn) Bind(a linux.SockaddrNl, pid uint32) error {
	if a.Family != linux.AF_NETLINK {
		return linux.EINVAL
	}
	c.mu.Lock()
	bound := c.id
	c.mu.Unlock()
	if bound != 0 && a.PID != bound {
		if a.PID != 0 {
			return linux.EINVAL
		}
	}
	if bound == 0 {
		if err := c.server.bind(c, a.PID, pid); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.groups[0] = a.Groups & mask(c.maxGroup)
	return nil
}

// mask has the bits of groups up to n.
func mask(n uint32) uint32 {
	if n >= 32 {
		return math.MaxUint32
	}
	return 1<<n - 1
}

// bind gives c the port id, or one of the server's choice when that is 0.
func (s *Server) bind(c *Conn, id, pid uint32) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	want := id
	if want == 0 {
		want = pid
	}
	for want == 0 || s.ports[port{c.protocol, want}] != nil {
		if id != 0 {
			return linux.EADDRINUSE
		}
		want = s.next
		if s.next--; s.next <= math.MaxInt32 {
			s.next = firstPort
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return linux.EBADF
	}
	if c.id == 0 {
		c.id = want
		s.ports[port{c.protocol, want}] = c
	}
	return nil
}

// Connect sets where Send sends to. The only peer that listens is the kernel, port
// 0.
func (c *Conn) Connect(a linux.SockaddrNl, pid uint32) error {
	switch a.Family {
	case linux.AF_UNSPEC:
		a = linux.SockaddrNl{}
	case linux.AF_NETLINK:
		c.mu.Lock()
		bound := c.id != 0
		c.mu.Unlock()
		if !bound {
			if err := c.server.bind(c, 0, pid); err != nil {
				return err
			}
		}
	default:
		return linux.EINVAL
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.peer = linux.SockaddrNl{PID: a.PID, Groups: a.Groups}
	return nil
}

// Name returns the address of the socket.
func (c *Conn) Name() linux.SockaddrNl {
	c.mu.Lock()
	defer c.mu.Unlock()
	return linux.SockaddrNl{Family: linux.AF_NETLINK, PID: c.id, Groups: c.groups[0]}
}

// PeerName returns the address that Connect has set, or the kernel's.
func (c *Conn) PeerName() linux.SockaddrNl {
	c.mu.Lock()
	defer c.mu.Unlock()
	return linux.SockaddrNl{Family: linux.AF_NETLINK, PID: c.peer.PID, Groups: c.peer.Groups}
}

// Protocol tells what the socket was opened for.
func (c *Conn) Protocol() int32 { return c.protocol }

// Send has the requests in b done, one after the other. What comes of them is there
// to be received when it returns. pid is the process that asks, for a socket that
// has no address yet. Nobody but the kernel listens, so other peers are refused.
func (c *Conn) Send(b []byte, to *linux.SockaddrNl, pid uint32) error {
	c.mu.Lock()
	id, peer, closed, limit := c.id, c.peer, c.closed, c.sndbuf
	c.mu.Unlock()
	switch {
	case closed:
		return linux.EBADF
	case to != nil && to.Family != linux.AF_NETLINK:
		return linux.EINVAL
	case to != nil:
		peer = *to
	}
	switch {
	case peer.Groups != 0:
		return linux.EPERM
	case peer.PID != 0:
		return linux.ECONNREFUSED
	case uint64(len(b)) > uint64(limit)-32:
		return linux.EMSGSIZE
	case len(b) == 0:
		return linux.ENODATA
	}
	if id == 0 {
		if err := c.server.bind(c, 0, pid); err != nil {
			return err
		}
	}
	c.sending.Lock()
	defer c.sending.Unlock()
	for len(b) > 0 {
		m, rest, err := rtnetlink.Parse(b)
		if err != nil {
			return nil // the end of what is there, as Linux takes it
		}
		c.one(b[:m.Header.Len], m)
		b = rest
	}
	return nil
}

// one has a single request done.
func (c *Conn) one(raw []byte, m rtnetlink.Message) {
	var err error
	r := &request{Message: m, header: m.Header}
	if m.Header.Flags&linux.NLM_F_REQUEST != 0 && m.Header.Type >= linux.NLMSG_MIN_TYPE {
		c.mu.Lock()
		r.port, r.strict = c.id, c.flags.strict
		c.mu.Unlock()
		r.lx = append([]byte(nil), raw...)
		h := m.Header
		h.PID = r.port // that of the socket is in the answers
		copy(r.lx, abi.AsBytes(&h))
		r.Header = h
		if err = c.request(c, r); r.answered {
			return
		}
	}
	if err != nil || m.Header.Flags&linux.NLM_F_ACK != 0 {
		c.reply(c.acknowledgement(raw, m.Header, err))
	}
}

// A request is a message that a program has sent.
type request struct {
	rtnetlink.Message        // its header has the port of the socket
	lx                []byte // all of it
	header            linux.Nlmsghdr
	port              uint32
	strict            bool

	// answered says that there is no need for an acknowledgement.
	answered bool
}

// dumps tells whether the request asks for all of a table.
func (r *request) dumps() bool {
	return r.Header.Flags&linux.NLM_F_DUMP == linux.NLM_F_DUMP
}

// Receive waits for the next datagram. The error is ENOBUFS, once, when some were
// lost because there was no room, EINTR when ctx is done, and EBADF when the socket
// is closed.
func (c *Conn) Receive(ctx context.Context) (Datagram, error) {
	for {
		d, err := c.TryReceive()
		if !errors.Is(err, linux.EAGAIN) {
			return d, err
		}
		select {
		case <-ctx.Done():
			return Datagram{}, linux.EINTR
		case <-c.wake:
		}
	}
}

// TryReceive is Receive that does not wait: the error is EAGAIN when there is
// nothing.
func (c *Conn) TryReceive() (Datagram, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.lost:
		c.lost = false
		return Datagram{}, linux.ENOBUFS
	case len(c.queue) > 0:
		d := c.queue[0]
		c.queue[0] = Datagram{}
		c.queue = c.queue[1:]
		c.queued -= len(d.Data)
		if d.dump {
			c.dumping--
		}
		if len(c.queue) > 0 {
			c.signal()
		}
		return d, nil
	case c.closed:
		c.signal() // for the others that wait
		return Datagram{}, linux.EBADF
	}
	return Datagram{}, linux.EAGAIN
}

// signal wakes one that receives.
func (c *Conn) signal() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Close ends the socket. Those that wait in Receive return.
func (c *Conn) Close() {
	c.server.mu.Lock()
	defer c.server.mu.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		return
	}
	c.closed = true
	delete(c.server.conns, c)
	if c.id != 0 {
		delete(c.server.ports, port{c.protocol, c.id})
	}
	c.signal()
}

// reply queues what answers a request: a datagram.
func (c *Conn) reply(data []byte) { c.deliver(Datagram{Data: data}) }

// deliver queues a datagram, unless there is no room, or the socket has left the
// group meanwhile. A dump is let in, as there is only one at a time.
func (c *Conn) deliver(d Datagram) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed || d.Group != 0 && !c.hears(d.Group) {
		return
	}
	if !d.dump && uint64(c.queued)+uint64(len(d.Data)) > uint64(c.rcvbuf) {
		c.lost = c.lost || !c.flags.noENOBUFS
	} else {
		c.queue = append(c.queue, d)
		c.queued += len(d.Data)
		if d.dump {
			c.dumping++
		}
	}
	c.signal()
}

// dump queues the messages of an answer to a request for a table, in several
// datagrams if need be. The end of it is on its own.
func (c *Conn) dump(lx []byte) error {
	start, end := 0, 0
	cut := func() {
		if end > start {
			c.deliver(Datagram{Data: lx[start:end:end], dump: true})
		}
		start = end
	}
	for end < len(lx) {
		m, rest, err := rtnetlink.Parse(lx[end:])
		if err != nil {
			return err
		}
		n := len(lx) - len(rest) - end
		if end+n-start > maxDatagram || m.Header.Type == linux.NLMSG_DONE {
			cut()
		}
		end += n
	}
	cut()
	return nil
}

// busy tells that a dump has not been received entirely.
func (c *Conn) busy() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.dumping > 0
}
