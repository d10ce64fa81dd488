package netstack_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// A node is a kernel with interfaces on wires.
type node struct {
	*netcfg.Client
	net *nbsock.Net
}

// wires are Ethernet segments by the link strings that name them.
type wires map[string]*wire.Wire

func (w wires) Open(_, linkstr string) (hypercall.NetworkDevice, error) {
	if w[linkstr] == nil {
		return nil, netbsd.ENOENT
	}
	return w[linkstr].Attach(), nil
}

func (w wires) node(t *testing.T) node {
	t.Helper()
	k, err := netstack.New(netstack.Config{Host: &hypercall.Host{Network: w}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { halt(t, k) })
	return nodeOn(t, k)
}

func nodeOn(t *testing.T, k kernel.Kernel) node {
	t.Helper()
	c, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	must(t, c.SetInt(t.Context(), "net.inet6.ip6.dad_count", 0)) // addresses are not tentative for a while
	n, err := nbsock.New(k, nbsock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return node{c, n}
}

// connect gives the node an interface on a wire, with these addresses.
func (k node) connect(t *testing.T, ifname, bus string, addrs ...string) {
	t.Helper()
	ctx := t.Context()
	must(t, k.CreateInterface(ctx, ifname))
	must(t, k.SetLinkString(ctx, ifname, bus))
	for _, a := range addrs {
		must(t, k.AddAddress(ctx, ifname, netip.MustParsePrefix(a)))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// echo serves connections on an address, and fails the test when it cannot.
func (k node) echo(t *testing.T, addr string) {
	t.Helper()
	ln, err := k.net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	go func() {
		for {
			c, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = c.Close() }()
				_, _ = io.Copy(c, c) // the other end notices what is missing
			}()
		}
	}()
}

// talk sends 1 MiB to an echo, and checks what comes back.
func (k node) talk(t *testing.T, addr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := k.net.DialContext(ctx, "tcp", addr)
	if err != nil {
		t.Errorf("%s: %v", addr, err)
		return
	}
	defer func() { _ = c.Close() }()
	const size = 1 << 20
	go func() { _, _ = c.Write(make([]byte, size)) }()
	if n, err := io.CopyN(io.Discard, c, size); err != nil {
		t.Errorf("%s: %d bytes came back: %v", addr, n, err)
	}
}

func TestKernelsOnAWire(t *testing.T) {
	w := wires{"bus": wire.New()}
	a, b := w.node(t), w.node(t)
	a.connect(t, "shmif0", "bus", "10.0.0.1/24", "fd00::1/64")
	b.connect(t, "shmif0", "bus", "10.0.0.2/24", "fd00::2/64")
	for _, addr := range []string{"10.0.0.1:7", "[fd00::1]:7"} {
		a.echo(t, addr)
		b.talk(t, addr)
		a.talk(t, addr) // through lo0
	}
}

// TestRouter lets two kernels talk through a third one, and then not.
func TestRouter(t *testing.T) {
	if raceEnabled {
		t.Skip("gVisor reads the TTL of a packet that it forwards from a buffer that it has just given back")
	}
	w := wires{"left": wire.New(), "right": wire.New()}
	a, router, b := w.node(t), w.node(t), w.node(t)
	a.connect(t, "shmif0", "left", "10.1.0.2/24")
	router.connect(t, "shmif0", "left", "10.1.0.1/24")
	router.connect(t, "shmif1", "right", "10.2.0.1/24")
	b.connect(t, "shmif0", "right", "10.2.0.2/24")
	all := netip.MustParsePrefix("0.0.0.0/0")
	ctx := t.Context()
	must(t, a.AddRoute(ctx, routing.Route{Dst: all, Gateway: netip.MustParseAddr("10.1.0.1")}))
	must(t, b.AddRoute(ctx, routing.Route{Dst: all, Gateway: netip.MustParseAddr("10.2.0.1")}))
	b.echo(t, "10.2.0.2:7")
	a.talk(t, "10.2.0.2:7")

	must(t, router.SetInt(ctx, "net.inet.ip.forwarding", 0))
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	if c, err := a.net.DialContext(ctx, "tcp", "10.2.0.2:7"); err == nil {
		_ = c.Close()
		t.Error("a kernel that does not forward does")
	}
	router.talkToItself(t)
}

// talkToItself checks that addresses of interfaces are still reached through
// lo0.
func (k node) talkToItself(t *testing.T) {
	t.Helper()
	k.echo(t, "10.2.0.1:7")
	k.talk(t, "10.2.0.1:7")
}

// TestOwnAddressOfDownInterface sends to an own address whose interface is
// down: the packet does not arrive, and its sender hears of it.
func TestOwnAddressOfDownInterface(t *testing.T) {
	w := wires{"bus": wire.New()}
	a := w.node(t)
	a.connect(t, "shmif0", "bus", "10.0.0.1/24")
	in, err := a.net.ListenPacket("udp", "10.0.0.1:9000")
	must(t, err)
	d := nbsock.Dialer{Net: a.net, LocalAddr: &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}}
	out, err := d.Dial("udp", "10.0.0.1:9000")
	must(t, err)
	buf := make([]byte, 16)

	must(t, a.SetUp(t.Context(), "shmif0", false))
	_, err = out.Write([]byte("lost"))
	must(t, err)
	if _, err := out.Read(buf); !errors.Is(err, netbsd.EHOSTUNREACH) {
		t.Errorf("the sender reads %v, want EHOSTUNREACH", err)
	}

	must(t, a.SetUp(t.Context(), "shmif0", true))
	_, err = out.Write([]byte("arrives"))
	must(t, err)
	n, _, err := in.ReadFrom(buf)
	must(t, err)
	if got := string(buf[:n]); got != "arrives" {
		t.Errorf("received %q", got)
	}
}
