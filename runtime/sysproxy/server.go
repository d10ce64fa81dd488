package sysproxy

import (
	"cmp"
	"errors"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A Server lets clients use a kernel. Its fields are set before it serves.
type Server struct {
	Kernel kernel.Kernel
	Limits Limits
	Log    *slog.Logger // nil: nothing is said

	// Reboot is called when a client asks for reboot(2), with its first
	// argument, after the answer was sent. Nil: EPERM.
	Reboot func(howto int32)

	mu        sync.Mutex
	closed    bool
	listeners map[net.Listener]struct{}
	sessions  map[*session]struct{}
	preforks  preforks
	running   sync.WaitGroup // sessions

	watching sync.Mutex
	watched  map[*session]uint32 // what lends was; nil while nobody watches

	askSupport sync.Once
	lacks      []syscalls.Number // system calls
}

// Limits are what clients may use of a server. Zero stands for the values
// given.
type Limits struct {
	Clients   int           // connections: 1024. More are closed at once
	Calls     int           // that a client may have under way: 1024. More are told to try again
	Preforks  int           // of a client that no child has claimed: 16
	Claim     time.Duration // within which a child must: 1 minute
	Handshake time.Duration // that a new connection has: 30 seconds
}

func (l Limits) withDefaults() Limits {
	return Limits{
		Clients:   cmp.Or(l.Clients, 1024),
		Calls:     cmp.Or(l.Calls, 1024),
		Preforks:  cmp.Or(l.Preforks, 16),
		Claim:     cmp.Or(l.Claim, time.Minute),
		Handshake: cmp.Or(l.Handshake, 30*time.Second),
	}
}

// ErrServerClosed is returned by Serve after Close.
var ErrServerClosed = errors.New("sysproxy: server closed")

// Serve accepts clients until the listener fails, or the server is closed. It
// may be called for several listeners at once.
func (s *Server) Serve(l net.Listener) error {
	if !s.add(l) {
		l.Close()
		return ErrServerClosed
	}
	defer s.remove(l)
	if l.Addr().Network() == "tcp" {
		s.log().Warn("serving over TCP: whoever can connect is the superuser of the kernel", "address", l.Addr())
	}
	for delay := time.Duration(0); ; {
		conn, err := l.Accept()
		if err == nil {
			delay = 0
			s.start(conn)
			continue
		}
		if s.isClosed() {
			return ErrServerClosed
		}
		var ne net.Error
		if !errors.As(err, &ne) || !ne.Temporary() { //nolint:staticcheck // as net/http does: descriptors may run out for a while
			return err
		}
		delay = min(max(2*delay, 5*time.Millisecond), time.Second)
		s.log().Warn("no more clients for a while", "error", err)
		time.Sleep(delay)
	}
}

// Close stops the listeners, ends the processes of all clients, and returns
// when nothing of them is left. The kernel goes on.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	for l := range s.listeners {
		_ = l.Close()
	}
	for c := range s.sessions {
		_ = c.conn.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
	s.preforks.drop()
	return nil
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (s *Server) add(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	if s.listeners == nil {
		s.listeners = map[net.Listener]struct{}{}
	}
	s.listeners[l] = struct{}{}
	return true
}

func (s *Server) remove(l net.Listener) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
	_ = l.Close()
}

// start serves a client, if there are not too many.
func (s *Server) start(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	limits := s.Limits.withDefaults()
	if s.closed || len(s.sessions) >= limits.Clients {
		if !s.closed {
			s.log().Warn("too many clients", "limit", limits.Clients)
		}
		_ = conn.Close()
		return
	}
	if s.sessions == nil {
		s.sessions = map[*session]struct{}{}
	}
	c := newSession(s, conn, limits)
	s.sessions[c] = struct{}{}
	s.running.Add(1)
	go c.serve()
}

// ended forgets a client, of which nothing is left.
func (s *Server) ended(c *session) {
	s.mu.Lock()
	delete(s.sessions, c)
	s.mu.Unlock()
	_ = c.conn.Close() // when it counts no more
	s.running.Done()
}

// has tells whether the kernel has a system call, as far as it says.
func (s *Server) has(num syscalls.Number) bool {
	s.askSupport.Do(func() {
		for _, c := range s.Kernel.Support() {
			if c.Level == kernel.None {
				s.lacks = append(s.lacks, c.Number)
			}
		}
	})
	return !slices.Contains(s.lacks, num)
}

func (s *Server) log() *slog.Logger {
	if s.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Log
}
