package nbsock

import (
	"context"
	"io"
	"net"
	"os"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A Conn is a connection: TCP, or a local one of type SOCK_STREAM or
// SOCK_SEQPACKET.
type Conn struct {
	*Socket
}

var _ net.Conn = (*Conn)(nil)

// Read implements net.Conn.
func (c *Conn) Read(b []byte) (int, error) {
	if len(b) == 0 && c.typ == netbsd.SOCK_STREAM {
		return 0, nil
	}
	n, err := c.readSome(b)
	if err != nil {
		return 0, c.opError("read", err)
	}
	if n == 0 && len(b) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Write implements net.Conn.
func (c *Conn) Write(b []byte) (int, error) {
	write := c.writeAll
	if c.typ != netbsd.SOCK_STREAM {
		write = c.writeRecord
	}
	n, err := write(b)
	if err != nil {
		return n, c.opError("write", err)
	}
	return n, nil
}

// CloseRead ends the receiving half: reads return io.EOF.
func (c *Conn) CloseRead() error { return c.shutdown(netbsd.SHUT_RD) }

// CloseWrite ends the sending half: the peer reads io.EOF.
func (c *Conn) CloseWrite() error { return c.shutdown(netbsd.SHUT_WR) }

func (c *Conn) shutdown(how int32) error {
	return c.opError("close", c.call("shutdown", func(t *thread) error {
		return syscalls.Shutdown(context.Background(), t, c.fd, how)
	}))
}

// configure sets the options that connections of package net have.
func (c *Conn) configure(keepAlive net.KeepAliveConfig) error {
	if c.family == netbsd.AF_LOCAL {
		return nil
	}
	if err := c.SetNoDelay(true); err != nil {
		return err
	}
	if !keepAlive.Enable {
		return nil
	}
	return c.SetKeepAliveConfig(keepAlive)
}

// sockname asks the kernel for the local address.
func (s *Socket) sockname() (addr net.Addr, err error) {
	err = s.call("getsockname", func(t *thread) error {
		t.mem.scratch.namelen = maxName
		err := syscalls.Getsockname(context.Background(), t, s.fd, t.mem.addr(nameAt), t.mem.addr(namelenAt))
		if err == nil {
			addr = s.addr(t.mem.scratch.foundName())
		}
		return err
	})
	return addr, err
}

// bind gives the socket a local address.
func (s *Socket) bind(name *sockaddr) error {
	return s.call("bind", func(t *thread) error {
		n := copy(t.mem.scratch.name[:], name.bytes())
		return syscalls.Bind(context.Background(), t, s.fd, t.mem.addr(nameAt), uint32(n))
	})
}

// connect gives the socket a peer. It returns the error of ctx when that ends it,
// or is done already.
func (s *Socket) connect(ctx context.Context, name *sockaddr) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	t, err := s.net.thread()
	if err != nil {
		return err
	}
	defer s.net.release(t)
	n := copy(t.mem.scratch.name[:], name.bytes())
	err = syscalls.Connect(ctx, t, s.fd, t.mem.addr(nameAt), uint32(n))
	if ctx.Err() != nil && err != nil {
		return ctx.Err()
	}
	return os.NewSyscallError("connect", err)
}
