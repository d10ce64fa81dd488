package routesock

import (
	"slices"
	"sync"

	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
	"github.com/abigen/abigen/runtime/netstack/internal/rtable"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// Sockets are the routing sockets of a kernel.
type Sockets struct {
	routes *rtable.Table
	ifs    *netif.Table
	form   *rtsock.Version

	mu      sync.Mutex
	list    []*conn
	waiting []message // to be delivered after the answer to a request
	busy    int       // requests under way
}

// A message is one for the sockets of a family, and those of none.
type message struct {
	family int32
	data   []byte
}

// New returns the routing sockets about a table, which speak the form of
// messages of a NetBSD version.
func New(routes *rtable.Table, ifs *netif.Table, form *rtsock.Version) *Sockets {
	s := &Sockets{routes: routes, ifs: ifs, form: form}
	routes.Tell = s.tell
	return s
}

// Domain is AF_ROUTE. The protocol of a socket is the family that it wants to
// hear of.
func (s *Sockets) Domain() socket.Domain {
	return socket.Domain{Family: netbsd.AF_ROUTE, Switch: []socket.Protosw{{
		Type:     netbsd.SOCK_RAW,
		Wildcard: true,
		Flags:    socket.Atomic | socket.Addr,
		Attach:   s.attach,
	}}}
}

// OldDomain is AF_OROUTE, for programs that were built for NetBSD 5 or before.
// There are such sockets, but the forms of messages of those days are not
// known here: EPROTONOSUPPORT, and nothing to hear.
func (s *Sockets) OldDomain() socket.Domain {
	d := s.Domain()
	d.Family = netbsd.AF_OROUTE
	return d
}

// space is how much the buffers of a socket hold (RAWSNDQ, RAWRCVQ).
const space = 8192

// name is whom messages are from.
var name = []byte{2, netbsd.AF_ROUTE}

// A conn is one routing socket (struct rawcb).
type conn struct {
	socket.Unsupported
	all    *Sockets
	so     *socket.Socket
	family int32
}

func (s *Sockets) attach(_ *kern.Lwp, so *socket.Socket, protocol int32) (socket.Protocol, error) {
	if err := so.Reserve(space, space); err != nil {
		return nil, err
	}
	so.Mu.Lock()
	so.Options |= netbsd.SO_USELOOPBACK
	so.Mu.Unlock()
	so.Connected()
	c := &conn{all: s, so: so, family: protocol}
	if so.Domain == netbsd.AF_OROUTE {
		return c, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = append(s.list, c)
	return c, nil
}

// Close ends the socket.
func (c *conn) Close(*kern.Lwp) {
	s := c.all
	s.mu.Lock()
	defer s.mu.Unlock()
	s.list = slices.DeleteFunc(s.list, func(o *conn) bool { return o == c })
}

// Disconnect ends sending and receiving, as connect(2) does before it fails.
func (c *conn) Disconnect(*kern.Lwp) error {
	c.so.Disconnected()
	return nil
}

// Name and PeerName are the same for all routing sockets.
func (c *conn) Name(*kern.Lwp) ([]byte, error)       { return []byte{2, uint8(c.so.Domain)}, nil }
func (c *conn) PeerName(l *kern.Lwp) ([]byte, error) { return c.Name(l) }

// Ioctl knows none.
func (c *conn) Ioctl(*kern.Lwp, uint64, []byte) error { return netbsd.EOPNOTSUPP }

// Send makes a request (raw_send).
func (c *conn) Send(l *kern.Lwp, m *socket.Outgoing) error {
	connected := c.so.Is(socket.IsConnected)
	switch {
	case len(m.Control) > 0:
		return netbsd.EINVAL
	case m.Name != nil && connected:
		return netbsd.EISCONN
	case m.Name != nil:
		return netbsd.EOPNOTSUPP
	case !connected:
		return netbsd.ENOTCONN
	}
	b := make([]byte, m.Data.Resid) // not more than the send buffer holds
	if len(b) > 0 {
		if _, err := m.Data.Read(b); err != nil {
			return err
		}
	}
	return c.request(l, b)
}

// tell tells all sockets of something, after the answer to a request that is
// under way.
func (s *Sockets) tell(m *rtsock.Message, family int32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) == 0 {
		return
	}
	b, err := m.Append(s.form, nil)
	if err != nil {
		return // too long for a message
	}
	s.waiting = append(s.waiting, message{family, b})
	if s.busy == 0 {
		s.flush()
	}
}

func (s *Sockets) flush() {
	for _, m := range s.waiting {
		s.deliver(m, nil)
	}
	s.waiting = nil
}

// begin begins a request, and end ends it: its answer comes before what the
// kernel has to say meanwhile.
func (s *Sockets) begin() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy++
}

func (s *Sockets) end(answer message, except *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if answer.data != nil {
		s.deliver(answer, except)
	}
	if s.busy--; s.busy == 0 {
		s.flush()
	}
}

// deliver gives a message to the sockets that hear of its family, but for one.
// Those without room lose it.
func (s *Sockets) deliver(m message, except *conn) {
	for _, c := range s.list {
		if c != except && (c.family == 0 || c.family == m.family) {
			c.so.Deliver(&socket.Record{Name: name, Data: m.data})
		}
	}
}
