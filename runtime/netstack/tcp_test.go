package netstack

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"strconv"
	"testing"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A host is a process with one thread, for tests that make system calls. Their
// arguments in memory are at hostBase.
type host struct {
	t *testing.T
	p kernel.Process
	kernel.Thread
	mem *abi.Bytes
}

const hostBase = 1 << 20

func newHost(t *testing.T, k *Kernel) *host {
	t.Helper()
	p, err := k.NewProcess(kernel.ProcessOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Exit)
	return (&host{t: t, p: p}).thread()
}

// thread returns another thread of the process.
func (h *host) thread() *host {
	h.t.Helper()
	n := &host{t: h.t, p: h.p, mem: &abi.Bytes{Base: hostBase}}
	var err error
	if n.Thread, err = h.p.NewThread(n.mem); err != nil {
		h.t.Fatal(err)
	}
	return n
}

func (h *host) must(err error) {
	h.t.Helper()
	if err != nil {
		h.t.Fatal(err)
	}
}

// with makes b the memory at hostBase.
func (h *host) with(b []byte) abi.Addr {
	h.mem.Data = b
	return hostBase
}

func (h *host) socket(family int32) int32 {
	h.t.Helper()
	s, err := syscalls.Socket(context.Background(), h, family, netbsd.SOCK_STREAM, 0)
	h.must(err)
	return s
}

func (h *host) set(s, level, name int32, value ...int32) {
	h.t.Helper()
	var b []byte
	for _, v := range value {
		b = binary.NativeEndian.AppendUint32(b, uint32(v))
	}
	h.must(syscalls.Setsockopt(context.Background(), h, s, level, name, h.with(b), uint32(len(b))))
}

func sockaddr(a string) []byte {
	ap := netip.MustParseAddrPort(a)
	if ap.Addr().Is4() {
		b := make([]byte, netbsd.SizeofSockaddrIn)
		b[0], b[1] = netbsd.SizeofSockaddrIn, netbsd.AF_INET
		binary.BigEndian.PutUint16(b[2:], ap.Port())
		copy(b[4:], ap.Addr().AsSlice())
		return b
	}
	b := make([]byte, netbsd.SizeofSockaddrIn6)
	b[0], b[1] = netbsd.SizeofSockaddrIn6, netbsd.AF_INET6
	binary.BigEndian.PutUint16(b[2:], ap.Port())
	addr := ap.Addr().As16()
	copy(b[8:], addr[:])
	scope, _ := strconv.Atoi(ap.Addr().Zone()) // 0 when there is none
	binary.NativeEndian.PutUint32(b[24:], uint32(scope))
	return b
}

func (h *host) listen(s int32, addr string, backlog int32) {
	h.t.Helper()
	name := sockaddr(addr)
	h.must(syscalls.Bind(context.Background(), h, s, h.with(name), uint32(len(name))))
	h.must(syscalls.Listen(context.Background(), h, s, backlog))
}

func (h *host) connect(s int32, addr string) {
	h.t.Helper()
	name := sockaddr(addr)
	h.must(syscalls.Connect(context.Background(), h, s, h.with(name), uint32(len(name))))
}

func (h *host) accept(s int32) int32 {
	h.t.Helper()
	c, err := syscalls.Accept(context.Background(), h, s, 0, 0)
	h.must(err)
	return c
}

func (h *host) close(fds ...int32) {
	h.t.Helper()
	for _, fd := range fds {
		h.must(syscalls.Close(context.Background(), h, fd))
	}
}

func (h *host) read(s int32, b []byte) int {
	h.t.Helper()
	n, err := syscalls.Read(context.Background(), h, s, h.with(b), uint(len(b)))
	h.must(err)
	return int(n)
}

func (h *host) write(s int32, b []byte) {
	h.t.Helper()
	n, err := syscalls.Write(context.Background(), h, s, h.with(b), uint(len(b)))
	h.must(err)
	if int(n) != len(b) {
		h.t.Fatalf("%d of %d bytes were written", n, len(b))
	}
}

// pair connects two sockets over lo0.
func (h *host) pair(addr string) (l, c, a int32) {
	h.t.Helper()
	l, c = h.socket(netbsd.AF_INET), h.socket(netbsd.AF_INET)
	h.listen(l, addr, 5)
	h.connect(c, addr)
	return l, c, h.accept(l)
}

func boot(t *testing.T) *Kernel {
	t.Helper()
	k, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Close(); err != nil {
			t.Error(err)
		}
	})
	return k
}

func (h *host) name(call func(context.Context, syscalls.Caller, int32, abi.Addr, abi.Addr) error, s int32) string {
	h.t.Helper()
	mem := make([]byte, 64)
	binary.NativeEndian.PutUint32(mem[32:], 32)
	h.must(call(context.Background(), h, s, h.with(mem), hostBase+32))
	port := binary.BigEndian.Uint16(mem[2:])
	if mem[1] == netbsd.AF_INET {
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(mem[4:])), port).String()
	}
	a := netip.AddrFrom16([16]byte(mem[8:]))
	if scope := binary.NativeEndian.Uint32(mem[24:]); scope != 0 {
		a = a.WithZone(strconv.Itoa(int(scope)))
	}
	return netip.AddrPortFrom(a, port).String()
}

// Connections between all forms of addresses, with their names at both ends.
func TestTCPNames(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		listen, connect string
		family          int32  // of who connects
		local, peer     string // as the accepted socket sees it, the peer without its port
	}{
		{"0.0.0.0:4000", "127.0.0.1:4000", netbsd.AF_INET, "127.0.0.1:4000", "127.0.0.1"},
		{"[::]:4000", "127.0.0.1:4000", netbsd.AF_INET, "[::ffff:127.0.0.1]:4000", "::ffff:127.0.0.1"},
		{"127.0.0.1:4000", "[::ffff:127.0.0.1]:4000", netbsd.AF_INET6, "127.0.0.1:4000", "127.0.0.1"},
		{"[::]:4000", "[::1]:4000", netbsd.AF_INET6, "[::1]:4000", "::1"},
		{"[fe80::1%1]:4000", "[fe80::1%1]:4000", netbsd.AF_INET6, "[fe80::1%1]:4000", "fe80::1%1"},
		{"[::]:4000", "[fe80::1%1]:4000", netbsd.AF_INET6, "[fe80::1%1]:4000", "fe80::1%1"},
	} {
		t.Run(c.listen+" "+c.connect, func(t *testing.T) {
			t.Parallel()
			h := newHost(t, boot(t))
			family := int32(netbsd.AF_INET)
			if netip.MustParseAddrPort(c.listen).Addr().Is6() {
				family = netbsd.AF_INET6
			}
			l, s := h.socket(family), h.socket(c.family)
			for fd, f := range map[int32]int32{l: family, s: c.family} {
				if f == netbsd.AF_INET6 {
					h.set(fd, netbsd.IPPROTO_IPV6, netbsd.IPV6_V6ONLY, 0)
				}
			}
			h.listen(l, c.listen, 5)
			h.connect(s, c.connect)
			a := h.accept(l)
			if got := h.name(syscalls.Getsockname, a); got != c.local {
				t.Errorf("the accepted socket's name is %s, not %s", got, c.local)
			}
			if got := h.name(syscalls.Getpeername, s); got != netip.MustParseAddrPort(c.connect).String() {
				t.Errorf("the connecting socket's peer is %s, not %s", got, c.connect)
			}
			peer := netip.MustParseAddrPort(h.name(syscalls.Getpeername, a))
			if peer.Addr().String() != c.peer {
				t.Errorf("the accepted socket's peer is %v, not %s", peer, c.peer)
			}
			own := netip.MustParseAddrPort(h.name(syscalls.Getsockname, s))
			if own.Port() != peer.Port() || own.Addr().Unmap() != peer.Addr().Unmap() {
				t.Errorf("the connecting socket is %v, and to the other end %v", own, peer)
			}
			h.write(s, []byte("four"))
			if n := h.read(a, make([]byte, 8)); n != 4 {
				t.Errorf("%d bytes arrived", n)
			}
		})
	}
}

// Peeking sees all that is there, in however many segments it came.
func TestTCPPeek(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	h := newHost(t, boot(t))
	_, c, a := h.pair("127.0.0.1:4000")
	h.set(c, netbsd.IPPROTO_TCP, netbsd.TCP_NODELAY, 1)
	const total = 300
	for i := range total {
		h.write(c, []byte{byte(i)})
	}
	h.set(a, netbsd.SOL_SOCKET, netbsd.SO_RCVLOWAT, total)
	b := make([]byte, total+1)
	n, err := syscalls.Recvfrom(ctx, h, a, h.with(b), total, netbsd.MSG_PEEK, 0, 0)
	h.must(err)
	if n != total {
		t.Fatalf("%d bytes of %d were seen", n, total)
	}
	for got := 0; got < total; {
		got += h.read(a, b[got:total])
	}
	for i := range total {
		if b[i] != byte(i) {
			t.Fatalf("byte %d is %d", i, b[i])
		}
	}
}

// What arrives after SHUT_RD is thrown away, and does not stop the sender.
func TestTCPShutReadDiscards(t *testing.T) {
	t.Parallel()
	h := newHost(t, boot(t))
	_, c, a := h.pair("127.0.0.1:4000")
	h.must(syscalls.Shutdown(context.Background(), h, a, netbsd.SHUT_RD))
	h.write(c, make([]byte, 8<<20)) // more than all buffers hold
	if n := h.read(a, make([]byte, 8)); n != 0 {
		t.Errorf("%d bytes were read after SHUT_RD", n)
	}
}

// A writer who waits for more than half of the buffer is woken.
func TestTCPSendLowat(t *testing.T) {
	t.Parallel()
	h := newHost(t, boot(t))
	l, c := h.socket(netbsd.AF_INET), h.socket(netbsd.AF_INET)
	h.set(l, netbsd.SOL_SOCKET, netbsd.SO_RCVBUF, 4096)
	h.listen(l, "127.0.0.1:4000", 5)
	h.set(c, netbsd.SOL_SOCKET, netbsd.SO_SNDBUF, 4096)
	h.set(c, netbsd.SOL_SOCKET, netbsd.SO_SNDLOWAT, 4096)
	h.connect(c, "127.0.0.1:4000")
	a := h.accept(l)
	const total = 64 << 10
	w := h.thread()
	done := make(chan struct{})
	go func() {
		defer close(done)
		for range total / 1024 {
			n, err := syscalls.Write(context.Background(), w, c, w.with(make([]byte, 1024)), 1024)
			if n != 1024 || err != nil {
				t.Errorf("write: %d, %v", n, err)
				return
			}
		}
	}()
	for got := 0; got < total; {
		got += h.read(a, make([]byte, 512))
	}
	<-done
}

// A close with SO_LINGER waits until the peer has everything, and not longer.
func TestTCPLinger(t *testing.T) {
	t.Parallel()
	h := newHost(t, boot(t))
	_, c, a := h.pair("127.0.0.1:4000")
	h.set(c, netbsd.SOL_SOCKET, netbsd.SO_LINGER, 1, 300)
	h.write(c, []byte("data"))
	h.close(c) // would take five minutes
	if n := h.read(a, make([]byte, 8)); n != 4 {
		t.Errorf("%d bytes arrived", n)
	}
}

// However connections end, nothing is left of them in the end, and their ports
// are free.
func TestTCPNothingLeft(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	k := boot(t)
	h := newHost(t, k)
	l := h.socket(netbsd.AF_INET)
	h.listen(l, "127.0.0.1:4000", 20)
	open := func() (c, a int32) {
		c = h.socket(netbsd.AF_INET)
		h.connect(c, "127.0.0.1:4000")
		return c, h.accept(l)
	}
	for name, end := range map[string]func(c, a int32){
		"client first": func(c, a int32) { h.close(c, a) },
		"server first": func(c, a int32) { h.close(a, c) },
		"half closed": func(c, a int32) {
			h.must(syscalls.Shutdown(ctx, h, c, netbsd.SHUT_WR))
			h.read(a, make([]byte, 1))
			h.close(a, c)
		},
		"unread": func(c, a int32) {
			h.write(c, []byte("data"))
			h.close(a, c)
		},
		"reset": func(c, a int32) {
			h.set(a, netbsd.SOL_SOCKET, netbsd.SO_LINGER, 1, 0)
			h.close(a)
			_, err := syscalls.Read(ctx, h, c, h.with(make([]byte, 1)), 1)
			if !errors.Is(err, netbsd.ECONNRESET) {
				t.Errorf("read after a reset: %v", err)
			}
			h.close(c)
		},
	} {
		t.Log(name)
		for range 3 {
			end(open())
		}
	}
	c := h.socket(netbsd.AF_INET) // and one that nobody accepts
	h.connect(c, "127.0.0.1:4000")
	h.close(c, l)
	for deadline := time.Now().Add(30 * time.Second); len(k.stack.RegisteredEndpoints()) > 0; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d endpoints are left", len(k.stack.RegisteredEndpoints()))
		}
	}
	h.listen(h.socket(netbsd.AF_INET), "0.0.0.0:4000", 1)
}
