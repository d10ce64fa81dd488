package netstack_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	hostsockets "github.com/abigen/abigen/runtime/hypercall/sockin"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netstack"
)

// newSockin boots a kernel on the sockets of this machine.
func newSockin(t testing.TB) *netstack.Kernel {
	t.Helper()
	k, err := netstack.New(netstack.Config{Sockin: new(hostsockets.Host)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

// TestSockinTypes asks for sockets of all kinds.
func TestSockinTypes(t *testing.T) {
	h := newProgram(t, newSockin(t))
	for _, row := range []struct {
		family, typ, protocol int32
		err                   error
	}{
		{netbsd.AF_INET, netbsd.SOCK_STREAM, 0, nil},
		{netbsd.AF_INET6, netbsd.SOCK_STREAM, netbsd.IPPROTO_TCP, nil},
		{netbsd.AF_INET, netbsd.SOCK_DGRAM, netbsd.IPPROTO_UDP, nil},
		{netbsd.AF_INET6, netbsd.SOCK_DGRAM, 0, nil},
		{netbsd.AF_INET, netbsd.SOCK_STREAM, netbsd.IPPROTO_UDP, netbsd.EPROTONOSUPPORT},
		{netbsd.AF_INET6, netbsd.SOCK_DGRAM, netbsd.IPPROTO_TCP, netbsd.EPROTONOSUPPORT},
		{netbsd.AF_INET, netbsd.SOCK_RAW, 0, netbsd.EPROTOTYPE},
		{netbsd.AF_INET, netbsd.SOCK_RAW, netbsd.IPPROTO_ICMP, netbsd.EPROTONOSUPPORT},
		{netbsd.AF_INET6, netbsd.SOCK_SEQPACKET, 0, netbsd.EPROTOTYPE},
		{netbsd.AF_APPLETALK, netbsd.SOCK_DGRAM, 0, netbsd.EAFNOSUPPORT},
		{netbsd.AF_LOCAL, netbsd.SOCK_STREAM, 0, nil},
	} {
		fd, err := syscalls.Socket(t.Context(), h, row.family, row.typ, row.protocol)
		if !errors.Is(err, row.err) {
			t.Errorf("socket(%d, %d, %d): %v, want %v", row.family, row.typ, row.protocol, err, row.err)
		}
		if err == nil {
			h.close(fd)
		}
	}
}

// TestSockinNet runs the tests of net.Conn between a program on the kernel and one
// on this machine, and the other way round.
func TestSockinNet(t *testing.T) {
	n, err := nbsock.New(newSockin(t), nbsock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	type dial func(ctx context.Context, network, addr string) (net.Conn, error)
	type listen func(network, addr string) (net.Listener, error)
	var host net.Dialer
	for _, row := range []struct {
		name   string
		dial   dial
		listen listen
	}{
		{"dial", n.DialContext, net.Listen},
		{"listen", host.DialContext, n.Listen},
	} {
		t.Run(row.name, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				ln, err := row.listen("tcp", "127.0.0.1:0")
				if err != nil {
					return nil, nil, nil, err
				}
				defer ln.Close()
				if c1, err = row.dial(t.Context(), "tcp", ln.Addr().String()); err != nil {
					return nil, nil, nil, err
				}
				if c2, err = ln.Accept(); err != nil {
					return nil, nil, nil, errors.Join(err, c1.Close())
				}
				if got, want := c2.RemoteAddr().String(), c1.LocalAddr().String(); got != want {
					t.Errorf("accepted from %s, want %s", got, want)
				}
				return c1, c2, func() { _, _ = c1.Close(), c2.Close() }, nil
			})
		})
	}
}

// hostPair makes a connection between a program on the kernel and one on this machine.
func (h *host) hostPair() (fd int32, peer *net.TCPConn) {
	h.Helper()
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		h.Fatal(err)
	}
	defer ln.Close()
	fd = h.socket(netbsd.AF_INET, netbsd.SOCK_STREAM, 0)
	to := sockaddr(ln.Addr().String())
	if err := syscalls.Connect(h.Context(), h, fd, h.put(to), uint32(len(to))); err != nil {
		h.Fatalf("connect: %v", err)
	}
	c, err := ln.Accept()
	if err != nil {
		h.Fatal(err)
	}
	h.Cleanup(func() { _ = c.Close() })
	return fd, c.(*net.TCPConn)
}

func (h *host) recv(fd int32, n int, flags int32) (string, error) {
	a := h.put(make([]byte, n))
	n, err := syscalls.Recvfrom(h.Context(), h, fd, a, uint(n), flags, 0, 0)
	if err != nil {
		return "", err
	}
	return string(h.at(a, n)), nil
}

func (h *host) write(fd int32, data string, flags int32) error {
	_, err := syscalls.Sendto(h.Context(), h, fd, h.put([]byte(data)), uint(len(data)), flags, 0, 0)
	return err
}

// TestSockinHalfClose sends after the other end has said that it will not, and gets
// the rest after having said so.
func TestSockinHalfClose(t *testing.T) {
	h := newProgram(t, newSockin(t))
	fd, peer := h.hostPair()
	if err := h.write(fd, "request", 0); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := syscalls.Shutdown(t.Context(), h, fd, netbsd.SHUT_WR); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := io.ReadAll(peer); string(got) != "request" || err != nil {
		t.Errorf("the other end got %q, %v", got, err)
	}
	if _, err := peer.Write([]byte("answer")); err != nil {
		t.Fatal(err)
	}
	if got, err := h.recv(fd, 100, 0); got != "answer" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	_ = peer.Close()
	if got, err := h.recv(fd, 100, 0); got != "" || err != nil {
		t.Errorf("at the end got %q, %v", got, err)
	}
	if err := h.write(fd, "x", 0); !errors.Is(err, netbsd.EPIPE) {
		t.Errorf("write: %v, want EPIPE", err)
	}
	h.close(fd)
}

// TestSockinClose closes: the other end sees the end of the stream also when
// something was not read, and a reset only when that was asked for.
func TestSockinClose(t *testing.T) {
	h := newProgram(t, newSockin(t))
	for _, row := range []struct {
		name  string
		reset bool
	}{{"FIN", false}, {"RST", true}} {
		fd, peer := h.hostPair()
		if _, err := peer.Write([]byte("unread")); err != nil {
			t.Fatal(err)
		}
		if _, err := h.recv(fd, 1, netbsd.MSG_PEEK); err != nil {
			t.Fatal(err)
		}
		if row.reset {
			h.set(fd, netbsd.SOL_SOCKET, netbsd.SO_LINGER, append(integer(1), integer(0)...))
		}
		h.close(fd)
		if got, err := io.ReadAll(peer); len(got) != 0 || (err != nil) != row.reset {
			t.Errorf("%s: the other end got %q, %v", row.name, got, err)
		}
	}
}

// TestSockinReset reads and writes when the other end has reset the connection.
func TestSockinReset(t *testing.T) {
	h := newProgram(t, newSockin(t))
	fd, peer := h.hostPair()
	if err := peer.SetLinger(0); err != nil {
		t.Fatal(err)
	}
	_ = peer.Close()
	if _, err := h.recv(fd, 1, 0); !errors.Is(err, netbsd.ECONNRESET) {
		t.Errorf("read: %v, want ECONNRESET", err)
	}
	if err := h.write(fd, "x", 0); !errors.Is(err, netbsd.EPIPE) {
		t.Errorf("write: %v, want EPIPE", err)
	}
	h.close(fd)
}

// TestSockinRefused connects to nobody, twice, and then to somebody.
func TestSockinRefused(t *testing.T) {
	h := newProgram(t, newSockin(t))
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	unused, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := sockaddr(unused.Addr().String())
	_ = unused.Close()
	fd := h.socket(netbsd.AF_INET, netbsd.SOCK_STREAM, 0)
	for range 2 {
		if err := syscalls.Connect(t.Context(), h, fd, h.put(nobody), uint32(len(nobody))); !errors.Is(err, netbsd.ECONNREFUSED) {
			t.Errorf("connect: %v, want ECONNREFUSED", err)
		}
	}
	to := sockaddr(ln.Addr().String())
	if err := syscalls.Connect(t.Context(), h, fd, h.put(to), uint32(len(to))); err != nil {
		t.Errorf("connect: %v", err)
	}
	if err := syscalls.Connect(t.Context(), h, fd, h.put(to), uint32(len(to))); !errors.Is(err, netbsd.EISCONN) {
		t.Errorf("connect: %v, want EISCONN", err)
	}
	h.close(fd)
}

// TestSockinDatagrams sends datagrams to this machine and back.
func TestSockinDatagrams(t *testing.T) {
	h := newProgram(t, newSockin(t))
	peer, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	fd := h.socket(netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
	h.bind(fd, "127.0.0.1:0")
	to := peer.LocalAddr().String()
	for _, size := range []int{0, 1, 65507} {
		if err := h.send(fd, to, nil, string(make([]byte, size))); err != nil {
			t.Fatalf("send %d bytes: %v", size, err)
		}
		b := make([]byte, 1<<16)
		n, from, err := peer.ReadFromUDPAddrPort(b)
		if err != nil || n != size {
			t.Fatalf("the other end got %d bytes, %v, want %d", n, err, size)
		}
		if _, err := peer.WriteToUDPAddrPort(b[:n], from); err != nil {
			t.Fatal(err)
		}
		if err := h.ready(fd); err != nil {
			t.Fatal(err)
		}
		got, name := h.receiveFrom(fd)
		if got != size || name != to {
			t.Errorf("received %d bytes from %s, want %d from %s", got, name, size, to)
		}
	}
	if err := h.send(fd, to, nil, string(make([]byte, 65508))); !errors.Is(err, netbsd.EMSGSIZE) {
		t.Errorf("65508 bytes: %v, want EMSGSIZE", err)
	}
	if err := h.send(fd, "255.255.255.255:9", nil, "x"); !errors.Is(err, netbsd.EACCES) {
		t.Errorf("broadcast: %v, want EACCES", err)
	}
	if err := h.send(fd, "127.0.0.1:0", nil, "x"); !errors.Is(err, netbsd.EADDRNOTAVAIL) {
		t.Errorf("to port 0: %v, want EADDRNOTAVAIL", err)
	}
	h.close(fd)
}

// receiveFrom receives a datagram, and returns its size and sender.
func (h *host) receiveFrom(fd int32) (int, string) {
	h.Helper()
	a, name, n := h.put(make([]byte, 1<<16)), h.put(make([]byte, 128)), h.put(integer(128))
	size, err := syscalls.Recvfrom(h.Context(), h, fd, a, 1<<16, 0, name, n)
	if err != nil {
		h.Fatal(err)
	}
	b := h.at(name, netbsd.SizeofSockaddrIn)
	addr, _ := netip.AddrFromSlice(b[4:8])
	return size, netip.AddrPortFrom(addr, uint16(b[2])<<8|uint16(b[3])).String()
}

// ready waits until something can be received.
func (h *host) ready(fd int32) error {
	p := netbsd.Pollfd{FD: fd, Events: netbsd.POLLIN}
	n, err := syscalls.Poll(h.Context(), h, h.put(abi.AsBytes(&p)), 1, 10_000)
	if err == nil && n == 0 {
		err = netbsd.ETIMEDOUT
	}
	return err
}
