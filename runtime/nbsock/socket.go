package nbsock

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A Socket is what connections and listeners have in common.
type Socket struct {
	net     *Net
	fd      int32
	network string // "tcp", as in the errors
	family  int32
	typ     int32
	laddr   net.Addr
	raddr   net.Addr

	read, write side
	control     sync.Mutex // held while any other call is made
	closed      bool       // guarded by control
}

// A side of a socket makes one call at a time.
type side struct {
	mu sync.Mutex // held while the call is made
	interrupt
}

// socket creates a socket of the process.
func (n *Net) socket(ctx context.Context, network string, family, typ, protocol int32) (*Socket, error) {
	t, err := n.thread()
	if err != nil {
		return nil, err
	}
	defer n.release(t)
	fd, err := syscalls.Socket(ctx, t, family, typ|netbsd.SOCK_CLOEXEC|netbsd.SOCK_NOSIGPIPE, protocol)
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	return &Socket{net: n, fd: fd, network: network, family: family, typ: typ}, nil
}

// LocalAddr returns the local address.
func (s *Socket) LocalAddr() net.Addr { return s.laddr }

// RemoteAddr returns the address of the peer, nil when there is none.
func (s *Socket) RemoteAddr() net.Addr { return s.raddr }

// SetDeadline sets both deadlines, as net.Conn says.
func (s *Socket) SetDeadline(t time.Time) error {
	if err := s.SetReadDeadline(t); err != nil {
		return err
	}
	return s.SetWriteDeadline(t)
}

// SetReadDeadline sets the deadline of reads and accepts, as net.Conn says.
func (s *Socket) SetReadDeadline(t time.Time) error { return s.opError("set", s.read.set(t)) }

// SetWriteDeadline sets the deadline of writes, as net.Conn says.
func (s *Socket) SetWriteDeadline(t time.Time) error { return s.opError("set", s.write.set(t)) }

// Close closes the socket. Calls that are blocked fail with net.ErrClosed.
func (s *Socket) Close() error {
	s.read.close()
	s.write.close()
	s.read.mu.Lock() // no call is under way, and none will begin
	defer s.read.mu.Unlock()
	s.write.mu.Lock()
	defer s.write.mu.Unlock()
	s.control.Lock()
	defer s.control.Unlock()
	if s.closed {
		return s.opError("close", net.ErrClosed)
	}
	s.closed = true
	return s.opError("close", s.closeDescriptor())
}

func (s *Socket) closeDescriptor() error {
	t, err := s.net.thread()
	if err != nil {
		return err
	}
	defer s.net.release(t)
	return os.NewSyscallError("close", syscalls.Close(context.Background(), t, s.fd))
}

// Control calls f with the socket's descriptor, which stays open until f
// returns, and with something to make calls of the process, which see mem.
func (s *Socket) Control(mem abi.Memory, f func(c syscalls.Caller, fd int32) error) error {
	s.control.Lock()
	defer s.control.Unlock()
	if s.closed {
		return s.opError("control", net.ErrClosed)
	}
	t, err := s.net.process.NewThread(mem)
	if err != nil {
		return s.opError("control", err)
	}
	defer t.Exit()
	return f(t, s.fd)
}

// call makes a call that is neither a read nor a write.
func (s *Socket) call(op string, f func(t *thread) error) error {
	s.control.Lock()
	defer s.control.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	t, err := s.net.thread()
	if err != nil {
		return err
	}
	defer s.net.release(t)
	return os.NewSyscallError(op, f(t))
}

// opError says which socket an error is of.
func (s *Socket) opError(op string, err error) error {
	if err == nil {
		return nil
	}
	return &net.OpError{Op: op, Net: s.network, Source: s.laddr, Addr: s.raddr, Err: err}
}

// again tells that a call of this side that was interrupted is to be made once
// more, or why not: what ended it by a deadline or Close is the same error as
// before the call.
func (d *side) again(call string, err error) (bool, error) {
	if !errors.Is(err, netbsd.EINTR) {
		return false, os.NewSyscallError(call, err)
	}
	if why := d.check(); why != nil {
		return false, why
	}
	return true, nil
}
