package faulty

import (
	"sync"
	"sync/atomic"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/system"
)

// Sockets are the sockets of another host with faults. Their driver is "sockin",
// the operations are "open", "bind", "listen", "connect", "accept", "send",
// "receive", "shutdown", "option" and "set option", and what they are about is "tcp"
// or "udp". Max is for streams alone. After EWOULDBLOCK an event follows, as it must.
type Sockets struct {
	inner hypercall.Sockets
	*faults
	open atomic.Int64

	telling sync.Mutex // held to tell of events, of which there may be more than the host's
}

var _ hypercall.Sockets = (*Sockets)(nil)

// NewSockets returns inner with the faults of a plan. Delays are by the clock; nil
// is that of the machine.
func NewSockets(inner hypercall.Sockets, plan Plan, clock hypercall.Clock) *Sockets {
	if clock == nil {
		clock = system.Clock()
	}
	return &Sockets{inner: inner, faults: &faults{plan, clock}}
}

// Alive counts the sockets that are open.
func (h *Sockets) Alive() int { return int(h.open.Load()) }

// Open makes a socket.
func (h *Sockets) Open(family, typ int32) (hypercall.Socket, error) {
	kind := "tcp"
	if typ == netbsd.SOCK_DGRAM {
		kind = "udp"
	}
	if _, err := h.fault("open", kind, 0); err != nil {
		return nil, err
	}
	s, err := h.inner.Open(family, typ)
	if err != nil {
		return nil, err
	}
	return h.wrap(s, kind), nil
}

// fault is begin with errors as those of sockets are.
func (h *Sockets) fault(op, kind string, n int) (int, error) {
	n, err := h.begin(Op{"sockin", op, kind}, n)
	if err != nil {
		return 0, hypercall.Errno(err)
	}
	return n, nil
}

func (h *Sockets) wrap(s hypercall.Socket, kind string) *socket {
	h.open.Add(1)
	return &socket{Socket: s, host: h, kind: kind}
}

// A socket is one of Sockets.
type socket struct {
	hypercall.Socket
	host   *Sockets
	kind   string
	closed atomic.Bool

	changed atomic.Pointer[func(hypercall.SocketEvents)]
}

func (s *socket) Watch(changed func(hypercall.SocketEvents)) error {
	tell := func(ev hypercall.SocketEvents) {
		s.host.telling.Lock()
		defer s.host.telling.Unlock()
		changed(ev)
	}
	s.changed.CompareAndSwap(nil, &tell)
	return s.Socket.Watch(tell)
}

// again has an event tell that a call that failed with EWOULDBLOCK may work now.
func (s *socket) again(err error) {
	if tell := s.changed.Load(); tell != nil && hypercall.Errno(err) == netbsd.EWOULDBLOCK {
		go (*tell)(hypercall.SocketReadable | hypercall.SocketWritable)
	}
}

// fault decides about an operation, of n bytes.
func (s *socket) fault(op string, n int) (int, error) {
	most, err := s.host.fault(op, s.kind, n)
	if err != nil {
		s.again(err)
		return 0, err
	}
	if s.kind == "udp" {
		most = n
	}
	return most, nil
}

func (s *socket) Bind(name []byte) error {
	if _, err := s.fault("bind", 0); err != nil {
		return err
	}
	return s.Socket.Bind(name)
}

func (s *socket) Listen(backlog int) error {
	if _, err := s.fault("listen", 0); err != nil {
		return err
	}
	return s.Socket.Listen(backlog)
}

func (s *socket) Connect(name []byte) error {
	if _, err := s.fault("connect", 0); err != nil {
		return err
	}
	return s.Socket.Connect(name)
}

func (s *socket) Accept() (hypercall.Socket, []byte, error) {
	if _, err := s.fault("accept", 0); err != nil {
		return nil, nil, err
	}
	c, peer, err := s.Socket.Accept()
	if err != nil {
		return nil, nil, err
	}
	return s.host.wrap(c, s.kind), peer, nil
}

func (s *socket) Send(p, to, control []byte, flags int32) (int, error) {
	n, err := s.fault("send", len(p))
	if err != nil {
		return 0, err
	}
	sent, err := s.Socket.Send(p[:n], to, control, flags)
	if n < len(p) && sent == n {
		s.again(netbsd.EWOULDBLOCK) // there is room for more, of which the host does not tell
	}
	return sent, err
}

func (s *socket) Receive(p []byte, flags int32) (int, error) {
	n, err := s.fault("receive", len(p))
	if err != nil {
		return 0, err
	}
	got, err := s.Socket.Receive(p[:n], flags)
	if n < len(p) && got == n {
		s.again(netbsd.EWOULDBLOCK)
	}
	return got, err
}

func (s *socket) ReceiveFrom(p []byte, m *hypercall.SocketMessage) (int, error) {
	if _, err := s.fault("receive", len(p)); err != nil {
		return 0, err
	}
	return s.Socket.ReceiveFrom(p, m)
}

func (s *socket) Shutdown(how int32) error {
	if _, err := s.fault("shutdown", 0); err != nil {
		return err
	}
	return s.Socket.Shutdown(how)
}

func (s *socket) Option(level, name int32) ([]byte, error) {
	if _, err := s.fault("option", 0); err != nil {
		return nil, err
	}
	return s.Socket.Option(level, name)
}

func (s *socket) SetOption(level, name int32, value []byte) error {
	if _, err := s.fault("set option", 0); err != nil {
		return err
	}
	return s.Socket.SetOption(level, name, value)
}

// Close closes the socket in any case.
func (s *socket) Close() error {
	if !s.closed.Swap(true) {
		s.host.open.Add(-1)
	}
	return s.Socket.Close()
}
