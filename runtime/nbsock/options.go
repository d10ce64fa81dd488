package nbsock

import (
	"context"
	"net"
	"os"
	"time"
	"unsafe"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// Setsockopt sets an option: level is SOL_SOCKET or the number of a protocol,
// and name one of its options, as NetBSD numbers them. value has the form that
// the manual page says, in the byte order of the machine.
func (s *Socket) Setsockopt(level, name int32, value []byte) error {
	return s.opError("set", s.setsockopt(level, name, value))
}

// SetsockoptInt sets an option that is an int.
func (s *Socket) SetsockoptInt(level, name int32, value int) error {
	v := int32(value)
	if int(v) != value {
		return s.opError("set", os.NewSyscallError("setsockopt", netbsd.EINVAL))
	}
	return s.opError("set", s.call("setsockopt", func(t *thread) error {
		t.mem.scratch.value = uint32(v)
		return syscalls.Setsockopt(context.Background(), t, s.fd, level, name, t.mem.addr(valueAt), uint32(unsafe.Sizeof(v)))
	}))
}

func (s *Socket) setsockopt(level, name int32, value []byte) error {
	return s.call("setsockopt", func(t *thread) error {
		t.mem.data = value
		return syscalls.Setsockopt(context.Background(), t, s.fd, level, name, t.mem.addr(dataAt), uint32(len(value)))
	})
}

// Getsockopt reads an option into value, and returns how long the option is;
// what does not fit is cut.
func (s *Socket) Getsockopt(level, name int32, value []byte) (int, error) {
	n := 0
	err := s.call("getsockopt", func(t *thread) error {
		t.mem.data, t.mem.scratch.value = value, uint32(len(value))
		err := syscalls.Getsockopt(context.Background(), t, s.fd, level, name, t.mem.addr(dataAt), t.mem.addr(valueAt))
		n = int(t.mem.scratch.value)
		return err
	})
	if err != nil {
		return 0, s.opError("get", err)
	}
	return n, nil
}

// GetsockoptInt reads an option that is an int.
func (s *Socket) GetsockoptInt(level, name int32) (int, error) {
	var v int32
	_, err := s.Getsockopt(level, name, abi.AsBytes(&v))
	return int(v), err
}

// SetReadBuffer sets the size of the receive buffer, in bytes.
func (s *Socket) SetReadBuffer(bytes int) error {
	return s.SetsockoptInt(netbsd.SOL_SOCKET, netbsd.SO_RCVBUF, bytes)
}

// SetWriteBuffer sets the size of the send buffer, in bytes.
func (s *Socket) SetWriteBuffer(bytes int) error {
	return s.SetsockoptInt(netbsd.SOL_SOCKET, netbsd.SO_SNDBUF, bytes)
}

func boolint(on bool) int {
	if on {
		return 1
	}
	return 0
}

// SetNoDelay turns TCP_NODELAY on, as it is at first, or off.
func (c *Conn) SetNoDelay(on bool) error {
	return c.SetsockoptInt(netbsd.IPPROTO_TCP, netbsd.TCP_NODELAY, boolint(on))
}

// SetLinger says what Close does with data that is not sent: as net.TCPConn's.
func (c *Conn) SetLinger(seconds int) error {
	l := netbsd.Linger{Onoff: 1, Linger: int32(seconds)}
	if seconds < 0 {
		l = netbsd.Linger{}
	}
	return c.Setsockopt(netbsd.SOL_SOCKET, netbsd.SO_LINGER, abi.AsBytes(&l))
}

// SetKeepAlive turns keep-alive messages on or off.
func (c *Conn) SetKeepAlive(on bool) error {
	return c.SetsockoptInt(netbsd.SOL_SOCKET, netbsd.SO_KEEPALIVE, boolint(on))
}

// SetKeepAlivePeriod says after what time without traffic keep-alive messages
// begin, and how long they are apart. It is rounded up to seconds.
func (c *Conn) SetKeepAlivePeriod(d time.Duration) error {
	return c.SetKeepAliveConfig(net.KeepAliveConfig{Enable: true, Idle: d, Interval: d, Count: -1})
}

// The defaults of package net.
const (
	keepAliveTime  = 15 * time.Second
	keepAliveCount = 9
)

// SetKeepAliveConfig configures keep-alive messages, as net.TCPConn's.
func (c *Conn) SetKeepAliveConfig(cfg net.KeepAliveConfig) error {
	if err := c.SetKeepAlive(cfg.Enable); err != nil || !cfg.Enable {
		return err
	}
	return c.setKeepAliveTimes(cfg)
}

// setKeepAliveTimes sets what the connections of a listener do not inherit.
func (c *Conn) setKeepAliveTimes(cfg net.KeepAliveConfig) error {
	if err := c.setPeriod(netbsd.TCP_KEEPIDLE, cfg.Idle); err != nil {
		return err
	}
	if err := c.setPeriod(netbsd.TCP_KEEPINTVL, cfg.Interval); err != nil {
		return err
	}
	switch {
	case cfg.Count == 0:
		cfg.Count = keepAliveCount
	case cfg.Count < 0:
		return nil
	}
	return c.SetsockoptInt(netbsd.IPPROTO_TCP, netbsd.TCP_KEEPCNT, cfg.Count)
}

func (c *Conn) setPeriod(option int32, d time.Duration) error {
	switch {
	case d == 0:
		d = keepAliveTime
	case d < 0:
		return nil
	}
	seconds := (d + time.Second - 1) / time.Second
	return c.SetsockoptInt(netbsd.IPPROTO_TCP, option, int(seconds))
}
