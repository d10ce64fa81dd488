package nbsock

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"time"

	"github.com/abigen/abigen/netbsd"
)

// A Dialer connects to addresses, as net.Dialer does. Only Net has to be set.
type Dialer struct {
	Net *Net

	// Timeout is how long a dial may take, Deadline until when; zero is for
	// as long as the kernel tries. A negative Timeout is over at once.
	Timeout  time.Duration
	Deadline time.Time

	// LocalAddr is the address to dial from, of the network's type; nil, or a
	// nil pointer, lets the kernel choose.
	LocalAddr net.Addr

	// KeepAlive is the time between the keep-alive messages of TCP: 0 is 15
	// seconds, and a negative one turns them off.
	KeepAlive time.Duration

	// Resolver looks for names; nil is one that asks the servers of the
	// Net's Config.
	Resolver *net.Resolver

	// Control is called with a new socket before it is connected, or bound
	// to LocalAddr.
	Control func(ctx context.Context, network, address string, s *Socket) error
}

// Dial connects to an address: DialContext without a context.
func (d *Dialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext connects to an address of a network. The networks are "tcp",
// "udp", "unix", "unixgram", "unixpacket", those with a 4 or 6 behind their
// name, and "ip4:icmp" and the like; addresses are as net.Dial has them. Once
// connected, the context has no effect. The result is a *Conn or a *PacketConn.
func (d *Dialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := d.limit(ctx)
	defer cancel()
	k, err := parseNetwork(network)
	if err == nil && d.Net == nil {
		err = errNoNet
	}
	var local net.Addr
	if err == nil {
		local, err = k.localAddr(network, d.LocalAddr)
	}
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	from := *d
	from.LocalAddr = local
	return from.resolve(ctx, k, network, address)
}

// errNoNet is the error of a Dialer or ListenConfig that has none.
var errNoNet = errors.New("nbsock: Net is not set")

// resolve finds the addresses that address stands for, and dials them.
func (d *Dialer) resolve(ctx context.Context, k kind, network, address string) (net.Conn, error) {
	if k.base == "unix" {
		name, err := localName(address)
		if err != nil {
			return nil, &net.OpError{Op: "dial", Net: network, Err: err}
		}
		return d.dial(ctx, k, network, address, netbsd.AF_LOCAL, &name)
	}
	lookup := d.Net.lookup
	if d.Resolver != nil {
		lookup = func(ctx context.Context, k kind, address string) ([]netip.AddrPort, error) {
			return k.lookup(ctx, d.Resolver, address)
		}
	}
	addrs, err := lookup(ctx, k, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Source: d.LocalAddr, Err: err}
	}
	return d.dialEach(ctx, k, network, addrs)
}

// limit returns ctx with the limits of d.
func (d *Dialer) limit(ctx context.Context) (context.Context, context.CancelFunc) {
	deadline := d.Deadline
	if d.Timeout != 0 {
		if t := time.Now().Add(d.Timeout); deadline.IsZero() || t.Before(deadline) {
			deadline = t
		}
	}
	if deadline.IsZero() {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, deadline)
}

// dialEach tries addresses one after the other, each with its share of the time
// that is left. The error is that of the first.
func (d *Dialer) dialEach(ctx context.Context, k kind, network string, addrs []netip.AddrPort) (net.Conn, error) {
	var first error
	for i, ap := range addrs {
		share, cancel := shareOf(ctx, len(addrs)-i)
		c, err := d.dialInet(share, k, network, netip.AddrPortFrom(k.loopback(ap.Addr()), ap.Port()))
		cancel()
		if err == nil {
			return c, nil
		}
		if first == nil {
			first = err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil, first
}

// shareOf divides what is left of a deadline among n attempts; each but the
// last has 2 seconds at least.
func shareOf(ctx context.Context, n int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok || n <= 1 {
		return ctx, func() {}
	}
	left := time.Until(deadline)
	share := max(left/time.Duration(n), min(left, 2*time.Second))
	return context.WithTimeout(ctx, share)
}

func (d *Dialer) dialInet(ctx context.Context, k kind, network string, ap netip.AddrPort) (net.Conn, error) {
	family := k.familyOf(ap.Addr())
	name, err := d.Net.inetName(family, ap)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Source: d.LocalAddr, Err: err}
	}
	address := ""
	switch {
	case d.Control == nil: // nobody else wants it
	case k.hasPorts():
		address = ap.String()
	default:
		address = ap.Addr().String()
	}
	for range selfConnects {
		c, err := d.dial(ctx, k, network, address, family, &name)
		if err != nil || d.LocalAddr != nil || !k.hasPorts() || !same(c.LocalAddr(), c.RemoteAddr()) {
			return c, err
		}
		_ = c.Close()
	}
	return nil, &net.OpError{Op: "dial", Net: network, Err: errSelfConnect}
}

// A socket may get the very port that it is to connect to, and is then connected
// to itself: when nobody listens there, or somebody does for IPv6 and IPv4, which
// is not in the way of an IPv4 socket's choice of a port. The next one gets
// another port.
const selfConnects = 3

// same tells whether two addresses of one network are one.
func same(a, b net.Addr) bool {
	switch a := a.(type) {
	case *net.TCPAddr:
		b, ok := b.(*net.TCPAddr)
		return ok && a.Port == b.Port && a.Zone == b.Zone && a.IP.Equal(b.IP)
	case *net.UDPAddr:
		b, ok := b.(*net.UDPAddr)
		return ok && a.Port == b.Port && a.Zone == b.Zone && a.IP.Equal(b.IP)
	}
	return false
}

var errSelfConnect = errors.New("connected to itself")

// dial makes a socket and connects it.
func (d *Dialer) dial(ctx context.Context, k kind, network, address string, family int32, name *sockaddr) (net.Conn, error) {
	s, err := d.Net.socket(ctx, network, family, k.typ, k.protocol)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Source: d.LocalAddr, Err: err}
	}
	remote := s.addr(name.bytes())
	if err := d.establish(ctx, s, address, name); err != nil {
		_ = s.Close()
		return nil, &net.OpError{Op: "dial", Net: network, Source: d.LocalAddr, Addr: remote, Err: err}
	}
	s.raddr = remote
	if k.typ == netbsd.SOCK_DGRAM || k.typ == netbsd.SOCK_RAW {
		return &PacketConn{Socket: s}, nil
	}
	return &Conn{Socket: s}, nil
}

func (d *Dialer) establish(ctx context.Context, s *Socket, address string, name *sockaddr) error {
	if d.Control != nil {
		if err := d.Control(ctx, s.network, address, s); err != nil {
			return err
		}
	}
	if s.typ == netbsd.SOCK_STREAM {
		// This is quicker before there is a connection. It fails for times that are too
		// long, which package net does not mind either.
		_ = (&Conn{Socket: s}).configure(keepAlive(d.KeepAlive))
	}
	if d.LocalAddr != nil {
		local, err := s.name(d.LocalAddr)
		if err != nil {
			return err
		}
		if err := s.bind(&local); err != nil {
			return err
		}
	}
	if err := s.connect(ctx, name); err != nil {
		return err
	}
	if local, err := s.sockname(); err == nil {
		s.laddr = local
	}
	return nil
}

// keepAlive says how a connection is to be configured for a time between
// keep-alive messages.
func keepAlive(d time.Duration) net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: d >= 0, Idle: d, Interval: d, Count: -1}
}

// localAddr returns the address to dial from: nil when there is none, or a nil
// pointer. It must be of the network's type.
func (k kind) localAddr(network string, a net.Addr) (net.Addr, error) {
	none := a == nil
	switch a := a.(type) {
	case *net.TCPAddr:
		none = a == nil
	case *net.UDPAddr:
		none = a == nil
	case *net.IPAddr:
		none = a == nil
	case *net.UnixAddr:
		none = a == nil
	}
	if none {
		return nil, nil
	}
	want := k.base
	if want == "unix" {
		want = network // of which there are three
	}
	if a.Network() != want {
		return nil, &net.AddrError{Err: "mismatched local address type", Addr: a.String()}
	}
	return a, nil
}
