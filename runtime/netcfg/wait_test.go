package netcfg_test

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netcfg"
)

func TestWaitAddresses(t *testing.T) {
	eachRelease(t, cables, func(t *testing.T, c *netcfg.Client) {
		ctx := t.Context()
		steps(t, func(ctx context.Context) error { return c.SetInt(ctx, "net.inet.ip.dad_count", 1) })
		ethernet(t, c)
		steps(t, func(ctx context.Context) error { return c.AddAddress(ctx, "shmif0", prefix("10.5.1.1/24")) })
		flags, err := c.AddressFlags(ctx, "shmif0", addr("10.5.1.1"))
		if err != nil || flags != netbsd.IN_IFF_TENTATIVE {
			t.Errorf("a new address has flags %#x, %v", flags, err)
		}
		done, cancel := context.WithCancel(ctx)
		cancel()
		if err := c.WaitAddresses(done, ""); !errors.Is(err, context.Canceled) {
			t.Errorf("waiting with a context that is done: %v", err)
		}
		steps(t, func(ctx context.Context) error { return c.WaitAddresses(ctx, "shmif0") })
		if flags, err := c.AddressFlags(ctx, "shmif0", addr("10.5.1.1")); err != nil || flags != 0 {
			t.Errorf("then it has flags %#x, %v", flags, err)
		}
		_, err = c.AddressFlags(ctx, "shmif0", addr("10.5.0.2"))
		want(t, err, netbsd.EADDRNOTAVAIL)
		want(t, c.WaitAddresses(ctx, "shmif7"), netbsd.ENXIO)
	})
}

func TestLinkString(t *testing.T) {
	eachRelease(t, cables, func(t *testing.T, c *netcfg.Client) {
		ctx := t.Context()
		ethernet(t, c)
		if s, err := c.LinkString(ctx, "shmif0"); s != "cable" || err != nil {
			t.Errorf("the link string is %q, %v", s, err)
		}
		_, err := c.LinkString(ctx, "lo0")
		want(t, err, netbsd.ENOTTY)
		steps(t, func(ctx context.Context) error { return c.CreateInterface(ctx, "shmif1") })
		_, err = c.LinkString(ctx, "shmif1")
		want(t, err, netbsd.ENOENT)
		if names, err := c.Cloners(ctx); !slices.Contains(names, "shmif") || err != nil {
			t.Errorf("the drivers are %v, %v", names, err)
		}
	})
}
