package netstack_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/hypercall/sockin"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack"
)

// TestSockinBackPressure has the other end send more than anybody reads: it must
// notice.
func TestSockinBackPressure(t *testing.T) {
	h := newProgram(t, newSockin(t))
	fd, peer := h.hostPair()
	if _, err := peer.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if got, err := h.recv(fd, 1, netbsd.MSG_PEEK); got != "x" || err != nil {
		t.Fatal(got, err)
	}
	const most = 64 << 20 // the host's buffers are smaller
	if err := peer.SetWriteDeadline(time.Now().Add(500 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	n, err := peer.Write(make([]byte, most))
	if !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the other end sent %d bytes, %v", n, err)
	}
	h.close(fd)
}

// TestSockinBlockedConnect has one thread wait for a connection that does not come,
// which must stop no other, and can be interrupted.
func TestSockinBlockedConnect(t *testing.T) {
	to := fullListener(t)
	k := newSockin(t)
	h := newProgram(t, k)
	fd := h.socket(netbsd.AF_INET, netbsd.SOCK_STREAM, 0)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	name := sockaddr(to)
	at := h.put(name)
	go func() { done <- syscalls.Connect(ctx, h, fd, at, uint32(len(name))) }()
	other := newProgram(t, k)
	a, b := other.socket(netbsd.AF_INET, netbsd.SOCK_DGRAM, 0), other.socket(netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
	other.bind(a, "127.0.0.1:0")
	if err := other.send(b, other.name(a), nil, "x"); err != nil {
		t.Fatal(err)
	}
	if got, err := other.recv(a, 10, 0); got != "x" || err != nil {
		t.Errorf("meanwhile received %q, %v", got, err)
	}
	select {
	case err := <-done:
		t.Fatalf("connect: %v, want it to wait", err)
	default:
	}
	cancel()
	if err := <-done; !errors.Is(err, netbsd.EINTR) {
		t.Errorf("connect: %v, want EINTR", err)
	}
}

// fullListener returns the address of somebody on this machine who accepts no more
// connections.
func fullListener(t *testing.T) string {
	t.Helper()
	l, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(l) })
	if err := errors.Join(unix.Bind(l, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}), unix.Listen(l, 0)); err != nil {
		t.Fatal(err)
	}
	sa, err := unix.Getsockname(l)
	if err != nil {
		t.Fatal(err)
	}
	to := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(sa.(*unix.SockaddrInet4).Port)).String()
	for {
		c, err := net.DialTimeout("tcp4", to, 300*time.Millisecond)
		if err != nil {
			return to
		}
		t.Cleanup(func() { _ = c.Close() })
	}
}

// name returns what a socket is called.
func (h *host) name(fd int32) string {
	h.Helper()
	a, n := h.put(make([]byte, 128)), h.put(integer(128))
	if err := syscalls.Getsockname(h.Context(), h, fd, a, n); err != nil {
		h.Fatal(err)
	}
	b := h.at(a, netbsd.SizeofSockaddrIn)
	addr, _ := netip.AddrFromSlice(b[4:8])
	return netip.AddrPortFrom(addr, uint16(b[2])<<8|uint16(b[3])).String()
}

// TestSockinUnreachable sends to a port where nobody is: a connected socket hears
// of it.
func TestSockinUnreachable(t *testing.T) {
	h := newProgram(t, newSockin(t))
	unused, fd := h.socket(netbsd.AF_INET, netbsd.SOCK_DGRAM, 0), h.socket(netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
	h.bind(unused, "127.0.0.1:0")
	to := sockaddr(h.name(unused))
	h.close(unused)
	if err := syscalls.Connect(t.Context(), h, fd, h.put(to), uint32(len(to))); err != nil {
		t.Fatal(err)
	}
	if err := h.write(fd, "x", 0); err != nil {
		t.Fatal(err)
	}
	if _, err := h.recv(fd, 10, 0); !errors.Is(err, netbsd.ECONNREFUSED) {
		t.Errorf("receive: %v, want ECONNREFUSED", err)
	}
}

// TestSockinDescriptors leaves connections in all states, and looks whether the host
// has them all back when the kernel is gone.
func TestSockinDescriptors(t *testing.T) {
	before := openFiles(t)
	k, err := netstack.New(netstack.Config{Sockin: new(sockin.Host)})
	if err != nil {
		t.Fatal(err)
	}
	h := newProgram(t, k)
	for range 10 {
		l := h.socket(netbsd.AF_INET, netbsd.SOCK_STREAM, 0)
		h.bind(l, "127.0.0.1:0")
		if err := syscalls.Listen(t.Context(), h, l, 5); err != nil {
			t.Fatal(err)
		}
		to := sockaddr(h.name(l))
		for i := range 3 {
			c := h.socket(netbsd.AF_INET, netbsd.SOCK_STREAM, 0)
			if err := syscalls.Connect(t.Context(), h, c, h.put(to), uint32(len(to))); err != nil {
				t.Fatal(err)
			}
			if i == 0 {
				if _, err := syscalls.Accept(t.Context(), h, l, 0, 0); err != nil {
					t.Fatal(err)
				}
			}
			if i == 1 {
				h.close(c)
			}
		}
		h.socket(netbsd.AF_INET6, netbsd.SOCK_DGRAM, 0)
	}
	halt(t, k)
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		after := openFiles(t)
		if after <= before {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d descriptors of the host, %d before", after, before)
		}
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	return len(list)
}

// TestSockinAtOnce has programs that do everything with sockets at the same time,
// for the race detector.
func TestSockinAtOnce(t *testing.T) {
	k := newSockin(t)
	for range 4 {
		t.Run("", func(t *testing.T) {
			t.Parallel()
			everythingSockin(t, k)
		})
	}
}

func everythingSockin(t *testing.T, k kernel.Kernel) {
	h := newProgram(t, k)
	for range 30 {
		h.mem.Data = h.mem.Data[:0]
		fd, peer := h.hostPair()
		_, _ = peer.Write([]byte("ab"))
		if got, err := h.recv(fd, 2, netbsd.MSG_WAITALL); got != "ab" || err != nil {
			t.Errorf("received %q, %v", got, err)
		}
		p := netbsd.Pollfd{FD: fd, Events: netbsd.POLLIN | netbsd.POLLOUT}
		if n, err := syscalls.Poll(t.Context(), h, h.put(abi.AsBytes(&p)), 1, -1); n != 1 || err != nil {
			t.Errorf("poll: %d, %v", n, err)
		}
		_ = peer.SetLinger(0)
		_ = peer.Close()
		if err := h.ready(fd); err != nil {
			t.Error(err)
		}
		if _, err := h.recv(fd, 1, 0); !errors.Is(err, netbsd.ECONNRESET) {
			t.Errorf("receive: %v, want ECONNRESET", err)
		}
		h.close(fd)
	}
}
