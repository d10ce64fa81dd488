package netcfg_test

import (
	"context"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netcfg"
)

// Zones are the name or the index of an interface.
func TestZones(t *testing.T) {
	eachRelease(t, cables, func(t *testing.T, c *netcfg.Client) {
		ctx := t.Context()
		link := ethernet(t, c)
		index := strconv.Itoa(int(link.Index))
		for i, zone := range []string{link.Name, index} {
			dst := netip.PrefixFrom(netip.AddrFrom16([16]byte{0x20, 1, 0xd, 0xb8, 0, byte(i)}), 48)
			gateway := addr("fe80::2%" + zone)
			steps(t, func(ctx context.Context) error {
				return c.AddRoute(ctx, routing.Route{Dst: dst, Gateway: gateway})
			})
			r, err := c.RouteTo(ctx, dst.Addr().Next())
			if err != nil || r.Index != link.Index || r.Gateway.WithZone("") != addr("fe80::2") {
				t.Errorf("the route by way of %v is %+v, %v", gateway, r, err)
			}
			if r, err := c.RouteTo(ctx, addr("fe80::77%"+zone)); err != nil || r.Index != link.Index {
				t.Errorf("the route to fe80::77%%%s is %+v, %v", zone, r, err)
			}
			n := routing.Neighbor{Addr: addr("fe80::77%" + zone), LinkAddr: []byte{2, 0, 0, 0, 0, 7}}
			steps(t,
				func(ctx context.Context) error { return c.SetNeighbor(ctx, n) },
				func(ctx context.Context) error { return c.DeleteNeighbor(ctx, n.Addr) },
			)
		}
		err := c.AddRoute(ctx, routing.Route{Dst: prefix("::/0"), Gateway: addr("fe80::2%virt7")})
		want(t, err, netbsd.ENXIO)
		if err != nil && !strings.Contains(err.Error(), "virt7") {
			t.Errorf("the error does not tell the zone: %v", err)
		}
		_, err = c.RouteTo(ctx, addr("fe80::77%99"))
		want(t, err, netbsd.ENXIO)
	})
}

// What no kernel is to be asked for is refused.
func TestRefused(t *testing.T) {
	eachRelease(t, cables, func(t *testing.T, c *netcfg.Client) {
		ctx := t.Context()
		link := ethernet(t, c)
		want(t, c.SetMTU(ctx, link.Name, 0), netbsd.EINVAL)
		for _, name := range []string{"", "shmif", "7", "shmif01", "shmif1\x00", "shm\x00if1", "shmif-1", "shmif1a", "shm if1", "shmif+1", "shmif4294967296"} {
			want(t, c.CreateInterface(ctx, name), netbsd.EINVAL)
		}
		want(t, c.SetUp(ctx, "shmif0\x00", false), netbsd.EINVAL)
		want(t, c.AddAddress(ctx, "shmif0\x00", prefix("10.5.0.9/24")), netbsd.EINVAL)
		want(t, c.SetNeighbor(ctx, routing.Neighbor{Addr: addr("10.5.0.2")}), netbsd.EINVAL)
		if links, err := c.Interfaces(ctx); err != nil || len(links) != 2 {
			t.Errorf("interfaces are %+v, %v", links, err)
		}
	})
}
