package netcfg_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// A second loopback interface, a route by way of it, and a variable.
func Example() {
	k, err := netstack.New(netstack.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = k.Close() }()
	c, err := netcfg.Open(k)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = c.Close() }()

	ctx := context.Background()
	gateway := netip.MustParseAddr("10.1.0.1")
	if err := errors.Join(
		c.CreateInterface(ctx, "lo1"),
		c.AddAddress(ctx, "lo1", netip.PrefixFrom(gateway, 16)),
		c.AddRoute(ctx, routing.Route{Dst: netip.MustParsePrefix("10.2.0.0/16"), Gateway: gateway}),
		c.SetInt(ctx, "net.inet.ip.ttl", 32),
	); err != nil {
		fmt.Println(err)
		return
	}
	link, _ := c.Interface(ctx, "lo1")
	route, err := c.RouteTo(ctx, netip.MustParseAddr("10.2.3.4"))
	fmt.Println(route.Dst, "via", route.Gateway, "on lo1:", route.Index == link.Index, err)
	fmt.Println(c.AddAddress(ctx, "lo2", netip.PrefixFrom(gateway, 16)))
	// Output:
	// 10.2.0.0/16 via 10.1.0.1 on lo1: true <nil>
	// netcfg: add address 10.1.0.1 to lo2: Device not configured
}
