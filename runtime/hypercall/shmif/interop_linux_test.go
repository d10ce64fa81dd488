package shmif_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/runtime/hypercall/shmif"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
	"github.com/abigen/abigen/runtime/sysproxy"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// closed closes c when the test ends.
func closed[C io.Closer](t testing.TB, c C) C {
	t.Cleanup(func() { must(t, c.Close()) })
	return c
}

// embedded starts a kernel of this module.
func embedded(t testing.TB) kernel.Kernel {
	k, err := netstack.New(netstack.Config{})
	must(t, err)
	return closed(t, k)
}

// real starts a kernel of NetBSD's.
func real(t testing.TB) kernel.Kernel {
	t.Helper()
	if why := rump.Missing(); why != "" {
		t.Skip(why)
	}
	s, err := rump.Start(t.Context(), t.TempDir(), "s")
	must(t, err)
	closed(t, s)
	c, err := sysproxy.Dial(t.Context(), s.URL)
	must(t, err)
	return closed(t, c)
}

// join connects shmif0 of a kernel to a bus, with the addresses 10.0.0.number
// and fd00::number, and returns its network.
func join(t testing.TB, k kernel.Kernel, bus string, number int) *nbsock.Net {
	t.Helper()
	ctx := t.Context()
	c, err := netcfg.Open(k)
	must(t, err)
	defer func() { must(t, c.Close()) }()
	must(t, c.SetInt(ctx, "net.inet6.ip6.dad_count", 0))
	must(t, c.CreateInterface(ctx, "shmif0"))
	must(t, c.SetLinkString(ctx, "shmif0", bus))
	must(t, c.AddAddress(ctx, "shmif0", netip.MustParsePrefix(fmt.Sprintf("10.0.0.%d/24", number))))
	must(t, c.AddAddress(ctx, "shmif0", netip.MustParsePrefix(fmt.Sprintf("fd00::%d/64", number))))
	must(t, c.WaitAddresses(ctx, "shmif0"))
	n, err := nbsock.New(k, nbsock.Config{})
	must(t, err)
	return closed(t, n)
}

// Kernels of both kinds, and of one, reach each other over a bus: pings, and TCP
// in both directions, enough of it for the ring to go around many times.
func TestKernels(t *testing.T) {
	for name, kinds := range map[string][2]func(testing.TB) kernel.Kernel{
		"embedded and embedded": {embedded, embedded},
		"NetBSD and embedded":   {real, embedded},
		"NetBSD and NetBSD":     {real, real},
	} {
		t.Run(name, func(t *testing.T) {
			bus := filepath.Join(t.TempDir(), "bus")
			a, b := join(t, kinds[0](t), bus, 1), join(t, kinds[1](t), bus, 2)
			for _, size := range []int{0, 56, 1400, 5000} {
				for _, p := range []struct {
					from *nbsock.Net
					to   string
				}{{a, "10.0.0.2"}, {b, "10.0.0.1"}, {a, "fd00::2"}, {b, "fd00::1"}} {
					ping(t, p.from, netip.MustParseAddr(p.to), size)
				}
			}
			const large = 8 << 20
			transfer(t, a, b, "10.0.0.2", large)
			transfer(t, b, a, "10.0.0.1", large)
			transfer(t, a, b, "fd00::2", large)
			transfer(t, b, a, "fd00::1", large)
			readable(t, bus)
		})
	}
}

// Kernels of NetBSD, which wait for ever for one that was killed with the lock, go
// on when an embedded one is on the bus.
func TestKilledBesideKernels(t *testing.T) {
	bus := filepath.Join(t.TempDir(), "bus")
	a, b := join(t, real(t), bus, 1), join(t, real(t), bus, 2)
	join(t, embedded(t), bus, 3)
	best := time.Hour
	for range 3 {
		shmif.Kill(t, "holds the lock", bus)
		start := time.Now()
		ping(t, a, netip.MustParseAddr("10.0.0.2"), 56)
		best = min(best, time.Since(start))
		ping(t, b, netip.MustParseAddr("10.0.0.3"), 56)
	}
	if best > time.Second {
		t.Errorf("an answer takes %v", best)
	}
}

// ping sends echo requests until one is answered with the same bytes.
func ping(t *testing.T, n *nbsock.Net, to netip.Addr, size int) {
	t.Helper()
	network, typ, answer, proto := "ip4:icmp", icmp.Type(ipv4.ICMPTypeEcho), icmp.Type(ipv4.ICMPTypeEchoReply), 1
	if to.Is6() {
		network, typ, answer, proto = "ip6:ipv6-icmp", ipv6.ICMPTypeEchoRequest, ipv6.ICMPTypeEchoReply, 58
	}
	c, err := n.ListenPacket(network, "")
	must(t, err)
	defer func() { _ = c.Close() }()
	echo := &icmp.Echo{ID: 1000 + rand.IntN(60000), Data: bytes.Repeat([]byte("ping"), size/4)}
	buf := make([]byte, size+1000)
	for echo.Seq = 1; echo.Seq <= 100; echo.Seq++ {
		b, err := (&icmp.Message{Type: typ, Body: echo}).Marshal(nil)
		must(t, err)
		_, err = c.WriteTo(b, &net.IPAddr{IP: to.AsSlice()})
		must(t, err)
		must(t, c.SetReadDeadline(time.Now().Add(200*time.Millisecond)))
		for {
			n, _, err := c.ReadFrom(buf)
			if err != nil {
				break // time is up
			}
			m, err := icmp.ParseMessage(proto, buf[:n])
			if e, ok := body(m, err); ok && m.Type == answer && e.ID == echo.ID {
				if !bytes.Equal(e.Data, echo.Data) {
					t.Fatalf("%v answers %d other bytes", to, size)
				}
				return
			}
		}
	}
	t.Fatalf("%v does not answer %d bytes", to, size)
}

func body(m *icmp.Message, err error) (*icmp.Echo, bool) {
	if err != nil {
		return nil, false
	}
	e, ok := m.Body.(*icmp.Echo)
	return e, ok
}

// transfer sends bytes from one kernel to an address of the other, and compares
// their SHA-256.
func transfer(t *testing.T, from, to *nbsock.Net, addr string, size int64) {
	t.Helper()
	ln, err := to.Listen("tcp", net.JoinHostPort(addr, "9"))
	must(t, err)
	defer func() { _ = ln.Close() }()
	received := sha256.New()
	done := make(chan error, 1)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			done <- err
			return
		}
		_, err = io.Copy(received, c)
		_ = c.Close()
		done <- err
	}()
	c, err := from.DialContext(t.Context(), "tcp", ln.Addr().String())
	must(t, err)
	sent := sha256.New()
	_, err = io.CopyN(io.MultiWriter(c, sent), rand.NewChaCha8([32]byte{}), size)
	must(t, err)
	must(t, c.Close())
	must(t, <-done)
	if !bytes.Equal(sent.Sum(nil), received.Sum(nil)) {
		t.Errorf("to %s: something else arrived", addr)
	}
}

// readable reads what is left on a bus.
func readable(t *testing.T, bus string) {
	t.Helper()
	image, err := os.ReadFile(bus)
	must(t, err)
	frames := 0
	for _, err := range shmif.Frames(image) {
		must(t, err)
		frames++
	}
	if frames < 500 {
		t.Errorf("only %d frames on the bus", frames)
	}
}
