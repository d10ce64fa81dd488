package netcfg_test

import (
	"bytes"
	"context"
	"net/netip"
	"slices"
	"testing"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// A cable leads nowhere.
type cable struct{}

func (cable) Start(func([]byte))   {}
func (cable) Send(...[]byte) error { return nil }
func (cable) Close() error         { return nil }

// cables are a host that has one for each interface.
var cables = netstack.Config{Host: &hypercall.Host{Network: hypercall.NetworkFunc(func(string, string) (hypercall.NetworkDevice, error) {
	return cable{}, nil
})}}

func prefix(s string) netip.Prefix { return netip.MustParsePrefix(s) }
func addr(s string) netip.Addr     { return netip.MustParseAddr(s) }

// steps makes calls one after the other, until one fails.
func steps(t *testing.T, list ...func(ctx context.Context) error) {
	t.Helper()
	for i, do := range list {
		if err := do(t.Context()); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
}

// ethernet makes shmif0, with a cable and the address 10.5.0.1/24.
func ethernet(t *testing.T, c *netcfg.Client) routing.Link {
	t.Helper()
	const name = "shmif0"
	steps(t,
		func(ctx context.Context) error { return c.CreateInterface(ctx, name) },
		func(ctx context.Context) error { return c.SetLinkString(ctx, name, "cable") },
		func(ctx context.Context) error { return c.SetLinkAddr(ctx, name, []byte{2, 0, 0, 0, 0, 1}) },
		func(ctx context.Context) error { return c.AddAddress(ctx, name, prefix("10.5.0.1/24")) },
	)
	link, err := c.Interface(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

func TestInterfaces(t *testing.T) {
	eachRelease(t, cables, func(t *testing.T, c *netcfg.Client) {
		ctx := t.Context()
		link := ethernet(t, c)
		const flags = routing.LinkUp | routing.LinkBroadcast | routing.LinkMulticast
		if link.Name != "shmif0" || link.Flags&flags != flags || !bytes.Equal(link.Addr, []byte{2, 0, 0, 0, 0, 1}) {
			t.Errorf("the interface is %+v", link)
		}
		steps(t,
			func(ctx context.Context) error { return c.SetUp(ctx, "shmif0", false) },
			func(ctx context.Context) error { return c.SetMTU(ctx, "shmif0", 1400) },
		)
		link, err := c.Interface(ctx, "shmif0")
		if err != nil || link.Flags&routing.LinkUp != 0 || link.MTU != 1400 {
			t.Errorf("the interface is %+v, %v", link, err)
		}
		want(t, c.CreateInterface(ctx, "shmif0"), netbsd.EEXIST)
		want(t, c.CreateInterface(ctx, "nothing0"), netbsd.EINVAL)
		want(t, c.CreateInterface(ctx, "a name that is too long"), netbsd.EINVAL)
		steps(t, func(ctx context.Context) error { return c.DestroyInterface(ctx, "shmif0") })
		list, err := c.Interfaces(ctx)
		if err != nil || len(list) != 1 || list[0].Name != "lo0" {
			t.Errorf("interfaces are %+v, %v", list, err)
		}
		_, err = c.Interface(ctx, "shmif0")
		want(t, err, netbsd.ENXIO)
	})
}

func TestAddresses(t *testing.T) {
	eachRelease(t, netstack.Config{}, func(t *testing.T, c *netcfg.Client) {
		has := func(a string, bits int) bool {
			t.Helper()
			list, err := c.Addresses(t.Context(), "lo0")
			if err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(list, func(l routing.Address) bool { return l.Addr == addr(a) && l.Bits == bits })
		}
		if !has("127.0.0.1", 8) || !has("::1", 128) {
			t.Error("lo0 lacks one of its own addresses")
		}
		steps(t,
			func(ctx context.Context) error { return c.AddAddress(ctx, "lo0", prefix("10.1.0.1/16")) },
			func(ctx context.Context) error { return c.AddAddress(ctx, "lo0", prefix("2001:db8::1/64")) },
		)
		if !has("10.1.0.1", 16) || !has("2001:db8::1", 64) {
			t.Error("lo0 lacks one of its new addresses")
		}
		steps(t,
			func(ctx context.Context) error { return c.DeleteAddress(ctx, "lo0", addr("10.1.0.1")) },
			func(ctx context.Context) error { return c.DeleteAddress(ctx, "lo0", addr("2001:db8::1")) },
		)
		if has("10.1.0.1", 16) || has("2001:db8::1", 64) {
			t.Error("lo0 still has an address that it lost")
		}
		want(t, c.DeleteAddress(t.Context(), "lo0", addr("10.1.0.1")), netbsd.EADDRNOTAVAIL)
		want(t, c.AddAddress(t.Context(), "lo7", prefix("10.1.0.1/16")), netbsd.ENXIO)
	})
}

func TestRoutes(t *testing.T) {
	eachRelease(t, cables, func(t *testing.T, c *netcfg.Client) {
		ctx := t.Context()
		link := ethernet(t, c)
		dst := prefix("10.6.0.0/16")
		steps(t, func(ctx context.Context) error {
			return c.AddRoute(ctx, routing.Route{Dst: dst, Gateway: addr("10.5.0.2")})
		})
		want(t, c.AddRoute(ctx, routing.Route{Dst: dst, Gateway: addr("10.5.0.3")}), netbsd.EEXIST)
		to := func() routing.Route {
			r, err := c.RouteTo(ctx, addr("10.6.7.8"))
			if err != nil {
				t.Error(err)
			}
			return r
		}
		if r := to(); r.Gateway != addr("10.5.0.2") || r.Index != link.Index || r.Origin != routing.OriginStatic {
			t.Errorf("the route is %+v", r)
		}
		steps(t, func(ctx context.Context) error {
			return c.ChangeRoute(ctx, routing.Route{Dst: dst, Gateway: addr("10.5.0.4")})
		})
		if r := to(); r.Gateway != addr("10.5.0.4") {
			t.Errorf("the route is %+v after a change", r)
		}
		list, err := c.Routes(ctx)
		if err != nil || !slices.ContainsFunc(list, func(r routing.Route) bool { return r.Dst == dst }) {
			t.Errorf("the routes are %+v, %v", list, err)
		}
		steps(t, func(ctx context.Context) error { return c.DeleteRoute(ctx, dst) })
		_, err = c.RouteTo(ctx, addr("10.6.7.8"))
		want(t, err, netbsd.ESRCH)
		want(t, c.DeleteRoute(ctx, dst), netbsd.ESRCH)
	})
}

func TestNeighbors(t *testing.T) {
	eachRelease(t, cables, func(t *testing.T, c *netcfg.Client) {
		link := ethernet(t, c)
		host := addr("10.5.0.2")
		known := func() []byte {
			list, err := c.Neighbors(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range list {
				if n.Addr == host && n.Index == link.Index {
					return n.LinkAddr
				}
			}
			return nil
		}
		for _, mac := range [][]byte{{2, 0, 0, 0, 0, 2}, {2, 0, 0, 0, 0, 3}} {
			steps(t, func(ctx context.Context) error {
				return c.SetNeighbor(ctx, routing.Neighbor{Addr: host, LinkAddr: mac, Permanent: true})
			})
			if got := known(); !bytes.Equal(got, mac) {
				t.Errorf("the neighbor has %x, not %x", got, mac)
			}
		}
		steps(t, func(ctx context.Context) error { return c.DeleteNeighbor(ctx, host) })
		if got := known(); got != nil {
			t.Errorf("the neighbor has %x after it was deleted", got)
		}
	})
}

func TestWatch(t *testing.T) {
	eachRelease(t, netstack.Config{}, func(t *testing.T, c *netcfg.Client) {
		w, err := c.Watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		steps(t, func(ctx context.Context) error { return c.AddAddress(ctx, "lo0", prefix("10.1.0.1/16")) })
		for {
			m, err := w.Next(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if a, ok := m.Entry.(*routing.Address); ok && m.Op == routing.Add && a.Addr == addr("10.1.0.1") {
				break
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		for err = nil; err == nil; _, err = w.Next(ctx) {
		}
		want(t, err, netbsd.EINTR)
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
}

func TestKindsOfRoutes(t *testing.T) {
	eachRelease(t, cables, func(t *testing.T, c *netcfg.Client) {
		link := ethernet(t, c)
		steps(t, func(ctx context.Context) error { return c.AddAddress(ctx, "shmif0", prefix("2001:db8::1/64")) })
		for _, want := range []struct {
			routing.Route
			to string
		}{
			{routing.Route{Dst: prefix("0.0.0.0/0"), Gateway: addr("10.5.0.9")}, "192.0.2.1"},
			{routing.Route{Dst: prefix("::/0"), Gateway: addr("2001:db8::2")}, "2001:4::1"},
			{routing.Route{Dst: prefix("2001:db9::/32"), Gateway: addr("fe80::2"), Index: link.Index}, "2001:db9::5"},
			{routing.Route{Dst: prefix("10.77.0.0/16"), Index: link.Index}, "10.77.1.1"},
			{routing.Route{Dst: prefix("10.78.0.0/16"), Type: routing.Blackhole}, "10.78.1.1"},
			{routing.Route{Dst: prefix("10.79.0.1/32"), Type: routing.Unreachable}, "10.79.0.1"},
		} {
			if err := c.AddRoute(t.Context(), want.Route); err != nil {
				t.Error(err)
				continue
			}
			r, err := c.RouteTo(t.Context(), addr(want.to))
			if err != nil {
				t.Error(err)
				continue
			}
			if r.Dst != want.Dst || r.Gateway != want.Gateway || r.Type != want.Type || !r.Type.IsReject() && r.Index != link.Index {
				t.Errorf("the route to %s is %+v, not %+v", want.to, r, want.Route)
			}
			if err := c.DeleteRoute(t.Context(), want.Dst); err != nil {
				t.Error(err)
			}
		}
	})
}
