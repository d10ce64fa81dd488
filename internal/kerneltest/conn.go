package kerneltest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/nbsock"
)

// connected returns the two ends of a connection, closed after the test.
func connected(t *testing.T, n *nbsock.Net, network, address string) (c1, c2 *nbsock.Conn) {
	t.Helper()
	a, b, err := pair(n, network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = a.Close(), b.Close() })
	return a.(*nbsock.Conn), b.(*nbsock.Conn)
}

func testAddresses(t *testing.T, s *Subject) {
	n := s.net(t)
	for _, tc := range []struct{ network, address, host string }{
		{"tcp", "127.0.0.1:0", "127.0.0.1"},
		{"tcp4", ":0", "127.0.0.1"},
		{"tcp6", "[::1]:0", "::1"},
		{"tcp", ":0", "127.0.0.1"},
	} {
		l, err := n.Listen(tc.network, tc.address)
		if err != nil {
			t.Error(err)
			continue
		}
		_, port, _ := net.SplitHostPort(l.Addr().String())
		c1, err := n.Dial("tcp", net.JoinHostPort(tc.host, port))
		if err != nil {
			t.Errorf("%s: %v", tc.address, err)
			continue
		}
		c2, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if c1.LocalAddr().String() != c2.RemoteAddr().String() || c1.RemoteAddr().String() != c2.LocalAddr().String() || !strings.HasPrefix(c2.LocalAddr().String(), strings.Trim(net.JoinHostPort(tc.host, ""), ":")) {
			t.Errorf("%s: %v to %v here, %v to %v there", tc.address, c1.LocalAddr(), c1.RemoteAddr(), c2.LocalAddr(), c2.RemoteAddr())
		}
		_, _, _ = c1.Close(), c2.Close(), l.Close()
	}
}

func testHalfClose(t *testing.T, s *Subject) {
	c1, c2 := connected(t, s.net(t), "tcp4", "127.0.0.1:0")
	if _, err := c1.Write([]byte("question")); err != nil {
		t.Fatal(err)
	}
	if err := c1.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(c2); err != nil || string(b) != "question" {
		t.Fatalf("got %q, %v", b, err)
	}
	if _, err := c2.Write([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	if err := c2.Close(); err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(c1); err != nil || string(b) != "answer" {
		t.Fatalf("got %q, %v", b, err)
	}
	if _, err := c1.Write([]byte("x")); !errors.Is(err, netbsd.EPIPE) {
		t.Errorf("write after CloseWrite: %v, want EPIPE", err)
	}
}

// testMovedDeadline moves the deadline of a read that is blocked.
func testMovedDeadline(t *testing.T, s *Subject) {
	c1, _ := connected(t, s.net(t), "tcp4", "127.0.0.1:0")
	if err := c1.SetReadDeadline(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		_, err := c1.Read(make([]byte, 1))
		failed <- err
	}()
	if err := c1.SetReadDeadline(time.Now().Add(time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("read: %v", err)
	}
}

func testCloseWakes(t *testing.T, s *Subject) {
	n := s.net(t)
	c1, _ := connected(t, n, "tcp4", "127.0.0.1:0")
	l, err := n.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	failed := make(chan error)
	go func() {
		_, err := c1.Read(make([]byte, 1))
		failed <- err
	}()
	go func() {
		for {
			if _, err := c1.Write(make([]byte, 1<<16)); err != nil {
				failed <- err
				return
			}
		}
	}()
	go func() {
		_, err := l.Accept()
		failed <- err
	}()
	time.Sleep(10 * time.Millisecond) // most likely all are blocked; if not, the outcome is the same
	if err := errors.Join(c1.Close(), l.Close()); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if err := <-failed; !errors.Is(err, net.ErrClosed) {
			t.Errorf("got %v, want net.ErrClosed", err)
		}
	}
	for _, err := range []error{c1.Close(), c1.SetDeadline(time.Time{}), c1.SetNoDelay(true), c1.CloseWrite(), l.Close()} {
		if !errors.Is(err, net.ErrClosed) {
			t.Errorf("after Close: %v, want net.ErrClosed", err)
		}
	}
}

func testDialErrors(t *testing.T, s *Subject) {
	n := s.net(t)
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, tc := range []struct {
		name, network, address string
		ctx                    context.Context
		want                   string
	}{
		{"refused", "tcp", "127.0.0.1:9", t.Context(), "dial tcp 127.0.0.1:9: connect: Connection refused"},
		{"no route", "tcp", "192.0.2.1:80", t.Context(), "dial tcp 192.0.2.1:80: connect: Can't assign requested address"},
		{"network", "stream", "127.0.0.1:9", t.Context(), "dial stream: unknown network stream"},
		{"no port", "tcp", "127.0.0.1", t.Context(), "dial tcp: address 127.0.0.1: missing port in address"},
		{"family", "tcp6", "127.0.0.1:9", t.Context(), "dial tcp6: address 127.0.0.1: no suitable address"},
		{"zone", "tcp6", "[fe80::1%nope0]:9", t.Context(), "dial tcp6: address nope0: unknown zone: ioctl: Device not configured"},
		{"canceled", "tcp", "127.0.0.1:9", canceled, "dial tcp 127.0.0.1:9: context canceled"},
		{"no server", "tcp", "www.example.com:80", t.Context(), "no DNS server is configured"},
		{"no such name", "unix", "/nobody", t.Context(), "dial unix /nobody: connect: No such file or directory"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, err := n.DialContext(tc.ctx, tc.network, tc.address)
			if err == nil {
				_ = c.Close()
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %q, want %q", err, tc.want)
			}
		})
	}
}

func testDialTimeout(t *testing.T, s *Subject) {
	d := nbsock.Dialer{Net: s.net(t), Timeout: time.Nanosecond}
	_, err := d.Dial("tcp", "127.0.0.1:9")
	var ne net.Error
	if !errors.As(err, &ne) || !ne.Timeout() {
		t.Errorf("got %v, want a timeout", err)
	}
}

// testControl has a local address and options that are set before connecting.
func testControl(t *testing.T, s *Subject) {
	n := s.net(t)
	lc := nbsock.ListenConfig{Net: n, Backlog: 1, Control: func(_ context.Context, network, _ string, s *nbsock.Socket) error {
		if network != "tcp4" {
			t.Errorf("network %q", network)
		}
		return s.SetReadBuffer(8192)
	}}
	l, err := lc.Listen(t.Context(), "tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	d := nbsock.Dialer{
		Net:       n,
		LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 4000},
		KeepAlive: -1,
		Control: func(_ context.Context, _, _ string, s *nbsock.Socket) error {
			return s.SetsockoptInt(netbsd.IPPROTO_IP, netbsd.IP_TTL, 17)
		},
	}
	nc, err := d.Dial("tcp4", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	c := nc.(*nbsock.Conn)
	defer func() { _ = c.Close() }()
	if c.LocalAddr().String() != "127.0.0.1:4000" {
		t.Errorf("local address %v", c.LocalAddr())
	}
	if ttl, err := c.GetsockoptInt(netbsd.IPPROTO_IP, netbsd.IP_TTL); ttl != 17 || err != nil {
		t.Errorf("TTL %d, %v", ttl, err)
	}
	if on, err := c.GetsockoptInt(netbsd.SOL_SOCKET, netbsd.SO_KEEPALIVE); on != 0 || err != nil {
		t.Errorf("SO_KEEPALIVE %d, %v", on, err)
	}
	if size, err := l.(*nbsock.Listener).GetsockoptInt(netbsd.SOL_SOCKET, netbsd.SO_RCVBUF); size != 8192 || err != nil {
		t.Errorf("SO_RCVBUF %d, %v", size, err)
	}
}

func testOptions(t *testing.T, s *Subject) {
	c, _ := connected(t, s.net(t), "tcp4", "127.0.0.1:0")
	if err := errors.Join(c.SetNoDelay(false), c.SetKeepAlivePeriod(1500*time.Millisecond), c.SetLinger(3), c.SetWriteBuffer(16384)); err != nil {
		t.Fatal(err)
	}
	for _, o := range []struct {
		level, name int32
		want        int
	}{
		{netbsd.IPPROTO_TCP, netbsd.TCP_NODELAY, 0},
		{netbsd.SOL_SOCKET, netbsd.SO_KEEPALIVE, 1},
		{netbsd.SOL_SOCKET, netbsd.SO_SNDBUF, 16384},
	} {
		if v, err := c.GetsockoptInt(o.level, o.name); err != nil || (v != 0) != (o.want != 0) || v > 4 && v != o.want {
			t.Errorf("option %d/%#x is %d, %v, want %d", o.level, o.name, v, err, o.want)
		}
	}
	var l netbsd.Linger
	if n, err := c.Getsockopt(netbsd.SOL_SOCKET, netbsd.SO_LINGER, abi.AsBytes(&l)); n != netbsd.SizeofLinger || l.Linger != 3 || err != nil {
		t.Errorf("SO_LINGER has %d bytes, %+v, %v", n, l, err)
	}
	if err := c.SetsockoptInt(netbsd.SOL_SOCKET, 0x7777, 1); !errors.Is(err, netbsd.ENOPROTOOPT) {
		t.Errorf("unknown option: %v", err)
	}
	var waiting int32
	mem := &abi.Bytes{Base: 0x1000, Data: abi.AsBytes(&waiting)}
	if err := c.Control(mem, func(k syscalls.Caller, fd int32) error {
		_, err := syscalls.Ioctl(t.Context(), k, fd, netbsd.FIONREAD, mem.Base)
		return err
	}); err != nil {
		t.Error(err)
	}
}

func testPacketConn(t *testing.T, s *Subject) {
	n := s.net(t)
	for _, network := range []string{"udp4", "udp6", "udp"} {
		t.Run(network, func(t *testing.T) {
			host := map[string]string{"udp4": "127.0.0.1", "udp6": "::1", "udp": "127.0.0.1"}[network]
			bind := net.JoinHostPort(host, "0")
			if network == "udp" {
				bind = ":0" // hears of IPv4 and IPv6
			}
			pc, err := n.ListenPacket(network, bind)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = pc.Close() }()
			_, port, _ := net.SplitHostPort(pc.LocalAddr().String())
			c, err := n.Dial(network, net.JoinHostPort(host, port))
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if _, err := c.Write([]byte("ping")); err != nil {
				t.Fatal(err)
			}
			b := make([]byte, 16)
			nr, from, err := pc.ReadFrom(b)
			if err != nil || string(b[:nr]) != "ping" || from.String() != c.LocalAddr().String() {
				t.Fatalf("got %q from %v, %v", b[:nr], from, err)
			}
			if _, err := pc.WriteTo([]byte("pong"), from); err != nil {
				t.Fatal(err)
			}
			if _, err := pc.(*nbsock.PacketConn).WriteToAddrPort([]byte("more"), from.(*net.UDPAddr).AddrPort()); err != nil {
				t.Fatal(err)
			}
			if nr, err := c.Read(b); err != nil || string(b[:nr]) != "pong" {
				t.Fatalf("got %q, %v", b[:nr], err)
			}
			nr, ap, err := c.(*nbsock.PacketConn).ReadFromAddrPort(b)
			if err != nil || string(b[:nr]) != "more" || ap.Addr() != netip.MustParseAddr(host) {
				t.Fatalf("got %q from %v, %v", b[:nr], ap, err)
			}
			if err := pc.SetReadDeadline(time.Now().Add(-time.Second)); err != nil {
				t.Fatal(err)
			}
			if _, _, err := pc.ReadFrom(b); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("read after the deadline: %v", err)
			}
		})
	}
}

// testControlMessages receives the destination of a datagram.
func testControlMessages(t *testing.T, s *Subject) {
	n := s.net(t)
	pc, err := n.ListenPacket("udp4", ":0")
	if err != nil {
		t.Fatal(err)
	}
	c := pc.(*nbsock.PacketConn)
	defer func() { _ = c.Close() }()
	if err := c.SetsockoptInt(netbsd.IPPROTO_IP, netbsd.IP_RECVDSTADDR, 1); err != nil {
		t.Fatal(err)
	}
	to := &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: c.LocalAddr().(*net.UDPAddr).Port}
	if _, err := c.WriteMsg([]byte("to myself"), nil, to); err != nil {
		t.Fatal(err)
	}
	b, control := make([]byte, 4), make([]byte, 64)
	nr, nc, flags, from, err := c.ReadMsg(b, control)
	if err != nil || nr != 4 || flags&netbsd.MSG_TRUNC == 0 || from.String() != to.String() {
		t.Fatalf("got %d bytes from %v, flags %#x, %v", nr, from, flags, err)
	}
	const header = 16 // CMSG_LEN(0)
	if nc < header+4 || [4]byte(control[header:]) != [4]byte{127, 0, 0, 1} {
		t.Errorf("control messages % x", control[:nc])
	}
}

func testRawICMP(t *testing.T, s *Subject) {
	n := s.net(t)
	pc, err := n.ListenPacket("ip4:icmp", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = pc.Close() }()
	echo := []byte{8, 0, 0xf7, 0xfd, 0, 1, 0, 1} // type, code, checksum, identifier, sequence
	if _, err := pc.WriteTo(echo, &net.IPAddr{IP: net.IPv4(127, 0, 0, 1)}); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 64)
	nr, from, err := pc.ReadFrom(b)
	if err != nil || nr != len(echo) || b[0] != 0 || from.String() != "127.0.0.1" {
		t.Errorf("got % x from %v, %v, want an echo reply", b[:nr], from, err)
	}
}

func testLocal(t *testing.T, s *Subject) {
	n := s.net(t)
	l, err := n.Listen("unix", "/server")
	if err != nil {
		t.Fatal(err)
	}
	if l.Addr().String() != "/server" {
		t.Errorf("address %v", l.Addr())
	}
	if _, err := n.Listen("unix", "/server"); !errors.Is(err, netbsd.EADDRINUSE) {
		t.Errorf("listen twice: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if l, err = n.Listen("unix", "/server"); err != nil {
		t.Errorf("Close left the name: %v", err)
	} else if err := l.Close(); err != nil {
		t.Error(err)
	}
	a, err := n.ListenPacket("unixgram", "/a")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = a.Close() }()
	b, err := n.ListenPacket("unixgram", "/b")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = b.Close() }()
	if _, err := a.WriteTo([]byte("local"), &net.UnixAddr{Name: "/b", Net: "unixgram"}); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 16)
	if nr, from, err := b.ReadFrom(buf); err != nil || string(buf[:nr]) != "local" || from.String() != "/a" {
		t.Errorf("got %q from %v, %v", buf[:nr], from, err)
	}
}

// testKernelCloses has the kernel halt under a connection.
func testKernelCloses(t *testing.T, s *Subject) {
	n := s.net(t)
	c, _ := connected(t, n, "tcp4", "127.0.0.1:0")
	failed := make(chan error)
	go func() {
		_, err := c.Read(make([]byte, 1))
		failed <- err
	}()
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	if err := <-failed; err == nil || errors.Is(err, io.EOF) {
		t.Errorf("read: %v", err)
	}
	if _, err := n.Dial("tcp", "127.0.0.1:80"); !errors.Is(err, net.ErrClosed) {
		t.Errorf("dial: %v", err)
	}
}
