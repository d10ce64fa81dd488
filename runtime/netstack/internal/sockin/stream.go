package sockin

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// A stream is TCP's part of a socket.
type stream struct {
	pcb

	phase atomic.Int32
	peer  []byte // of a connection that was accepted; nil for others

	news     news        // of what can be read
	writable atomic.Bool // there may be room
	ended    atomic.Bool // nothing more will come than there is
	discard  atomic.Bool // nobody will read
	urgent   atomic.Bool // urgent data is ahead, or next

	failing sync.Mutex // held while an error is on its way from the host to the socket

	// left is what the host gave and the caller's memory did not take. It
	// belongs to the reader; others see how much it is.
	left    []byte
	numLeft atomic.Int64
}

var _ socket.Stream = (*stream)(nil)

// The phases of a stream, which tell what events mean: nothing while it is idle,
// as Linux reports a socket that is neither connected nor listening to be hung up.
const (
	idle int32 = iota
	connecting
	connected
	listening
)

func attachStream(host hypercall.Sockets, so *socket.Socket) (socket.Protocol, error) {
	h, err := open(host, so)
	if err != nil {
		return nil, err
	}
	return newStream(h, so), nil
}

func newStream(h hypercall.Socket, so *socket.Socket) *stream {
	s := &stream{pcb: pcb{so: so, host: h}}
	s.writable.Store(true)
	return s
}

// Connect begins to connect.
func (s *stream) Connect(_ *kern.Lwp, name []byte) error {
	if err := s.checkPeer(name); err != nil {
		return err
	}
	s.so.Connecting()
	s.phase.Store(connecting)
	err := s.host.Connect(name)
	if err != nil && hypercall.Errno(err) != netbsd.EINPROGRESS {
		s.phase.Store(idle)
		return err
	}
	if err := s.host.Watch(s.event); err != nil {
		s.phase.Store(idle)
		return err
	}
	if s.so.Is(socket.NonBlocking) {
		return err // in progress, also when the event has come by now
	}
	s.resolve() // saves the caller from having to wait for the event
	return nil
}

// resolve looks what has become of an attempt to connect. A later error of the
// connection is not for it.
func (s *stream) resolve() {
	s.failing.Lock()
	defer s.failing.Unlock()
	if s.phase.Load() != connecting {
		return
	}
	if err := s.host.Error(); err != nil {
		s.phase.Store(idle)
		s.so.Refused(hypercall.Errno(err))
		return
	}
	if _, err := s.host.PeerName(); err == nil && s.phase.CompareAndSwap(connecting, connected) {
		s.news.add()
		s.so.Connected()
	}
}

// Listen makes it accept connections.
func (s *stream) Listen(_ *kern.Lwp, backlog int) error {
	if err := s.host.Listen(backlog); err != nil {
		return err
	}
	s.phase.Store(listening)
	return s.host.Watch(s.event)
}

// Pending counts the connections that wait to be accepted.
func (s *stream) Pending() int {
	if s.phase.Load() != listening {
		return 0
	}
	return s.host.Pending()
}

// Accept returns the next connection.
func (s *stream) Accept(*kern.Lwp) (*socket.Socket, error) {
	h, peer, err := s.host.Accept()
	if err != nil {
		return nil, err
	}
	var c *stream
	so := s.so.NewConnection(func(so *socket.Socket) socket.Protocol {
		c = newStream(h, so)
		c.peer = peer
		return c
	})
	c.phase.Store(connected)
	c.news.add()
	so.Connected()
	if err := h.Watch(c.event); err != nil {
		_ = h.Close()
		return nil, err
	}
	return so, nil
}

// PeerName returns the name of the other end, also when that is gone already.
func (s *stream) PeerName(l *kern.Lwp) ([]byte, error) {
	if s.peer != nil {
		return s.peer, nil
	}
	return s.pcb.PeerName(l)
}

// ShutWrite sends a FIN after all that was written. It ends an attempt to connect.
func (s *stream) ShutWrite(*kern.Lwp) error {
	s.so.Mark(socket.CantSendMore)
	err := s.shutdown(netbsd.SHUT_WR)
	if s.phase.CompareAndSwap(connecting, idle) {
		s.so.Disconnected()
	}
	return err
}

// ShutRead drops what has arrived, and what will. The host goes on receiving, so
// that the other end is not stuck.
func (s *stream) ShutRead(*kern.Lwp) error {
	if s.phase.Load() == listening {
		return s.shutdown(netbsd.SHUT_RD)
	}
	s.discard.Store(true)
	s.left = nil
	s.numLeft.Store(0)
	s.drain()
	return nil
}

// Disconnect begins to end the connection. What SO_LINGER asks for is done by
// Close, or by who waits for that.
func (s *stream) Disconnect(*kern.Lwp) error {
	if s.resets() {
		s.so.Disconnected()
		return nil
	}
	s.so.Disconnecting()
	s.discard.Store(true)
	if err := s.shutdown(netbsd.SHUT_WR); err != nil {
		return err
	}
	if s.so.Option(netbsd.SO_LINGER) {
		go s.awaitSent()
	}
	return nil
}

// awaitSent marks the socket as disconnected when the other end has everything, of
// which the host sends no event.
func (s *stream) awaitSent() {
	for pause := time.Millisecond; s.so.Is(socket.IsConnected) && s.host.Unsent() > 0; pause = min(2*pause, 100*time.Millisecond) {
		time.Sleep(pause)
	}
	s.so.Disconnected()
}

// resets tells whether closing is to throw away what was not sent.
func (s *stream) resets() bool {
	s.so.Mu.Lock()
	defer s.so.Mu.Unlock()
	return s.so.Options&netbsd.SO_LINGER != 0 && s.so.Linger == 0
}

// Close ends the socket. The host would send a reset for data that nobody has
// read, and NetBSD does not.
func (s *stream) Close(*kern.Lwp) {
	if s.phase.Swap(idle) == connected {
		if s.resets() {
			linger := netbsd.Linger{Onoff: 1}
			_ = s.host.SetOption(netbsd.SOL_SOCKET, netbsd.SO_LINGER, abi.AsBytes(&linger))
		} else {
			if !s.so.Is(socket.CantSendMore) {
				_ = s.shutdown(netbsd.SHUT_WR) // gone is gone
			}
			s.drain()
		}
	}
	_ = s.host.Close()
}

// drain drops what has arrived: not for ever, if the other end is fast.
func (s *stream) drain() {
	const most = 16 << 20
	for sum := 0; sum < most; {
		n, err := s.host.Discard()
		if err != nil || n == 0 {
			return
		}
		sum += n
	}
}
