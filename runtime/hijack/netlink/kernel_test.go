package netlink_test

import (
	"context"
	"net"
	"net/netip"
	"testing"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/runtime/hijack/netlink"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// A cable leads nowhere.
type cable struct{}

func (cable) Start(func([]byte))   {}
func (cable) Send(...[]byte) error { return nil }
func (cable) Close() error         { return nil }

// boot returns a kernel whose interfaces are connected to cables.
func boot(t testing.TB, release *kernel.Release) kernel.Kernel {
	t.Helper()
	k, err := netstack.New(netstack.Config{Release: release, Host: &hypercall.Host{
		Network: hypercall.NetworkFunc(func(string, string) (hypercall.NetworkDevice, error) { return cable{}, nil }),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return k
}

func serve(t testing.TB, k kernel.Kernel) *netlink.Server {
	t.Helper()
	s, err := netlink.New(k)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func open(t testing.TB, s *netlink.Server, protocol int32) *netlink.Conn {
	t.Helper()
	c, err := s.Open(protocol)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// shmif0 makes an interface with the address 10.5.0.1/24 and routes.
func shmif0(t testing.TB, k kernel.Kernel) routing.Link {
	t.Helper()
	c, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	ctx := context.Background()
	const name = "shmif0"
	for i, step := range []func() error{
		func() error { return c.CreateInterface(ctx, name) },
		func() error { return c.SetLinkString(ctx, name, "cable") },
		func() error { return c.SetLinkAddr(ctx, name, []byte{2, 0, 0, 0, 0, 1}) },
		func() error { return c.AddAddress(ctx, name, netip.MustParsePrefix("10.5.0.1/24")) },
		func() error { return c.AddAddress(ctx, name, netip.MustParsePrefix("2001:db8::1/64")) },
	} {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	link, err := c.Interface(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	return link
}

// cabled makes shmif0, which is connected, and returns its index.
func cabled(t testing.TB, k kernel.Kernel) uint32 {
	t.Helper()
	c, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	ctx := context.Background()
	const name = "shmif0"
	if err := c.CreateInterface(ctx, name); err != nil {
		t.Fatal(err)
	}
	if err := c.SetLinkString(ctx, name, "cable"); err != nil {
		t.Fatal(err)
	}
	link, err := c.Interface(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	return link.Index
}

// theirLink returns the index of an interface of Linux.
func theirLink(t testing.TB, name string) int {
	t.Helper()
	i, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	return i.Index
}
