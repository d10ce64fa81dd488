package netstack_test

import (
	"context"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall/wire"
)

// TestRejectedPackets has a router with routes that lead nowhere: in silence,
// or so that the sender is told.
func TestRejectedPackets(t *testing.T) {
	if raceEnabled {
		t.Skip("as TestRouter")
	}
	w := wires{"left": wire.New(), "right": wire.New()}
	a, router, b := w.node(t), w.node(t), w.node(t)
	a.connect(t, "shmif0", "left", "10.1.0.2/24", "fd01::2/64")
	router.connect(t, "shmif0", "left", "10.1.0.1/24", "fd01::1/64")
	router.connect(t, "shmif1", "right", "10.2.0.1/24", "fd02::1/64")
	b.connect(t, "shmif0", "right", "10.2.0.2/24", "fd02::2/64")
	ctx := t.Context()
	for _, row := range []struct{ all, left, right, host, loopback string }{
		{"0.0.0.0/0", "10.1.0.1", "10.2.0.1", "10.2.0.2", "127.0.0.1"},
		{"::/0", "fd01::1", "fd02::1", "fd02::2", "::1"},
	} {
		all, host, addr := netip.MustParsePrefix(row.all), netip.MustParseAddr(row.host), netip.AddrPortFrom(netip.MustParseAddr(row.host), 7).String()
		must(t, a.AddRoute(ctx, routing.Route{Dst: all, Gateway: netip.MustParseAddr(row.left)}))
		must(t, b.AddRoute(ctx, routing.Route{Dst: all, Gateway: netip.MustParseAddr(row.right)}))
		must(t, router.SetInt(ctx, "net.inet6.ip6.forwarding", 1))
		b.echo(t, addr)
		a.talk(t, addr)

		rejected := routing.Route{Dst: netip.PrefixFrom(host, host.BitLen()), Gateway: netip.MustParseAddr(row.loopback), Type: routing.Blackhole}
		must(t, router.AddRoute(ctx, rejected))
		impatient, cancel := context.WithTimeout(ctx, 200*time.Millisecond)
		if c, err := a.net.DialContext(impatient, "tcp", addr); err == nil {
			_ = c.Close()
			t.Errorf("%s: connected through a black hole", addr)
		}
		cancel()
		must(t, router.DeleteRoute(ctx, rejected.Dst))
		a.talk(t, addr)

		rejected.Type = routing.Unreachable
		must(t, router.AddRoute(ctx, rejected))
		if err := a.probe(addr); !errors.Is(err, netbsd.EHOSTUNREACH) {
			t.Errorf("%s: %v, want EHOSTUNREACH", addr, err)
		}
	}
}

// probe sends a datagram, and waits for an answer or an error.
func (k node) probe(addr string) error {
	c, err := k.net.DialContext(context.Background(), "udp", addr)
	if err != nil {
		return err
	}
	defer func() { _ = c.Close() }()
	if err := c.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	if _, err := c.Write([]byte("hello")); err != nil {
		return err
	}
	_, err = c.Read(make([]byte, 1))
	return err
}
