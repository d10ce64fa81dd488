package nbsock

import (
	"context"
	"net"
	"net/netip"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A ListenConfig listens on addresses, as net.ListenConfig does. Only Net has to
// be set.
type ListenConfig struct {
	Net *Net

	// Backlog is how many connections may wait to be accepted; 0 is
	// SOMAXCONN.
	Backlog int

	// KeepAlive is as in Dialer, for the connections that are accepted.
	KeepAlive time.Duration

	// Control is called with a new socket before it is bound.
	Control func(ctx context.Context, network, address string, s *Socket) error
}

// Listen listens on an address of a network of streams: "tcp", "tcp4", "tcp6",
// "unix" or "unixpacket". Without a host, "tcp" listens on all addresses of both
// IPv4 and IPv6. The result is a *Listener.
func (lc *ListenConfig) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	k, err := parseNetwork(network)
	if err == nil && k.typ != netbsd.SOCK_STREAM && k.typ != netbsd.SOCK_SEQPACKET {
		err = net.UnknownNetworkError(network)
	}
	if err == nil && lc.Net == nil {
		err = errNoNet
	}
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	s, err := lc.bind(ctx, k, network, address)
	if err != nil {
		return nil, err
	}
	l := &Listener{Socket: s, keepAlive: keepAlive(lc.KeepAlive)}
	if k.base == "unix" {
		l.path = address
	}
	if err := l.prepare(); err != nil {
		_ = l.Close()
		return nil, s.opError("listen", err)
	}
	if err := s.call("listen", func(t *thread) error {
		backlog := lc.Backlog
		if backlog <= 0 {
			backlog = netbsd.SOMAXCONN
		}
		return syscalls.Listen(ctx, t, s.fd, int32(backlog))
	}); err != nil {
		_ = l.Close()
		return nil, s.opError("listen", err)
	}
	return l, nil
}

// ListenPacket binds a socket for datagrams: of "udp", "udp4", "udp6",
// "unixgram", "ip4:icmp" and the like. The result is a *PacketConn.
func (lc *ListenConfig) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	k, err := parseNetwork(network)
	if err == nil && k.typ != netbsd.SOCK_DGRAM && k.typ != netbsd.SOCK_RAW {
		err = net.UnknownNetworkError(network)
	}
	if err == nil && lc.Net == nil {
		err = errNoNet
	}
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	s, err := lc.bind(ctx, k, network, address)
	if err != nil {
		return nil, err
	}
	c := &PacketConn{Socket: s}
	if k.base == "unix" {
		c.path = address
	}
	return c, nil
}

// bind makes a socket that is bound to an address.
func (lc *ListenConfig) bind(ctx context.Context, k kind, network, address string) (*Socket, error) {
	fail := func(err error) (*Socket, error) {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	if k.base == "unix" {
		name, err := localName(address)
		if err != nil {
			return fail(err)
		}
		return lc.bindTo(ctx, k, network, address, netbsd.AF_LOCAL, &name)
	}
	addrs, err := lc.Net.lookup(ctx, k, address)
	if err != nil {
		return fail(err)
	}
	ap := addrs[0]
	for _, a := range addrs[1:] { // of a host with several, an IPv4 address
		if a.Addr().Is4() && !ap.Addr().Is4() {
			ap = a
		}
	}
	family := k.familyOf(ap.Addr())
	name, err := lc.Net.inetName(family, ap)
	if err != nil {
		return fail(err)
	}
	s, err := lc.bindTo(ctx, k, network, address, family, &name)
	if err != nil && k.bothFamilies(ap.Addr()) { // a kernel without IPv6
		if name, err4 := lc.Net.inetName(netbsd.AF_INET, ap); err4 == nil {
			if s, err4 := lc.bindTo(ctx, k, network, address, netbsd.AF_INET, &name); err4 == nil {
				return s, nil
			}
		}
	}
	return s, err
}

// bothFamilies tells that a socket bound to an address is to hear of IPv4 as
// well as of IPv6.
func (k kind) bothFamilies(a netip.Addr) bool {
	return k.family == 0 && k.hasPorts() && !a.Is4() && (!a.IsValid() || a.IsUnspecified())
}

func (lc *ListenConfig) bindTo(ctx context.Context, k kind, network, address string, family int32, name *sockaddr) (*Socket, error) {
	s, err := lc.Net.socket(ctx, network, family, k.typ, k.protocol)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	if err := lc.setUp(ctx, k, s, address, name); err != nil {
		_ = s.Close()
		return nil, &net.OpError{Op: "listen", Net: network, Source: s.addr(name.bytes()), Err: err}
	}
	return s, nil
}

func (lc *ListenConfig) setUp(ctx context.Context, k kind, s *Socket, address string, name *sockaddr) error {
	on, only := int32(1), int32(1)
	if k.bothFamilies(s.net.inetAddr(name.bytes()).Addr()) {
		only = 0
	}
	if s.family == netbsd.AF_INET6 {
		err := s.setsockopt(netbsd.IPPROTO_IPV6, netbsd.IPV6_V6ONLY, abi.AsBytes(&only))
		if err != nil && only == 0 {
			return err
		}
	}
	if k.base == "tcp" {
		if err := s.setsockopt(netbsd.SOL_SOCKET, netbsd.SO_REUSEADDR, abi.AsBytes(&on)); err != nil {
			return err
		}
	}
	if lc.Control != nil {
		if err := lc.Control(ctx, s.network, address, s); err != nil {
			return err
		}
	}
	if err := s.bind(name); err != nil {
		return err
	}
	var err error
	s.laddr, err = s.sockname()
	return err
}

// A Listener accepts connections.
type Listener struct {
	*Socket
	keepAlive net.KeepAliveConfig
	path      string // to remove on Close
}

var _ net.Listener = (*Listener)(nil)

// Addr returns the address that l listens on.
func (l *Listener) Addr() net.Addr { return l.laddr }

// Accept waits for a connection, which is a *Conn.
func (l *Listener) Accept() (net.Conn, error) {
	c, err := l.accept()
	if err != nil {
		return nil, l.opError("accept", err)
	}
	return c, nil
}

func (l *Listener) accept() (*Conn, error) {
	fd, peer, err := l.acceptOne()
	if err != nil {
		return nil, err
	}
	s := &Socket{net: l.net, fd: fd, network: l.network, family: l.family, typ: l.typ}
	c := &Conn{Socket: s}
	s.raddr, s.laddr = s.addr(peer.bytes()), l.laddr
	// When the peer has gone already, these fail: reads will tell.
	if unspecified(l.laddr) {
		if a, err := s.sockname(); err == nil && a != nil {
			s.laddr = a
		}
	}
	if l.keepAlive.Enable && l.family != netbsd.AF_LOCAL {
		_ = c.setKeepAliveTimes(l.keepAlive)
	}
	return c, nil
}

// prepare sets the options that connections inherit from their listener.
func (l *Listener) prepare() error {
	if l.family == netbsd.AF_LOCAL {
		return nil
	}
	c := &Conn{Socket: l.Socket}
	if err := c.SetNoDelay(true); err != nil {
		return err
	}
	return c.SetKeepAlive(l.keepAlive.Enable)
}

// unspecified tells that a is the address of all interfaces, so that connections
// have others.
func unspecified(a net.Addr) bool {
	tcp, ok := a.(*net.TCPAddr)
	return !ok || tcp.IP == nil || tcp.IP.IsUnspecified()
}

// SetDeadline sets until when Accept waits.
func (l *Listener) SetDeadline(t time.Time) error { return l.SetReadDeadline(t) }

// Close stops listening, and removes the name of a local socket. An Accept that
// waits fails with net.ErrClosed.
func (l *Listener) Close() error {
	err := l.Socket.Close()
	if err == nil && l.path != "" {
		l.net.unlink(l.path)
	}
	return err
}

// unlink removes the name of a socket. That it is gone already is no matter.
func (n *Net) unlink(path string) {
	t, err := n.thread()
	if err != nil {
		return
	}
	defer n.release(t)
	t.mem.data = append([]byte(path), 0)
	_ = syscalls.Unlink(context.Background(), t, t.mem.addr(dataAt))
}
