// Router routes between two networks of the host with NetBSD's stack, and nothing
// else of NetBSD: a kernel with two interfaces, forwarding switched on with
// sysctl(3), and routes added through the routing socket, from Go.
//
// Usage:
//
//	router TAP ADDRESS/LEN[,ADDRESS/LEN...] TAP ADDRESS/LEN[,ADDRESS/LEN...] [NETWORK/LEN=GATEWAY...]
//
// It makes the taps, unless they are there, which takes CAP_NET_ADMIN, and runs
// until it is interrupted. docs/router.md has a network to try it in.
package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/system"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], func() { fmt.Println("routing") }); err != nil {
		fmt.Fprintln(os.Stderr, "router:", err)
		os.Exit(1)
	}
}

// A port is an interface of the router.
type port struct {
	tap       string
	addresses []netip.Prefix
}

// run routes until ctx is done.
func run(ctx context.Context, args []string, ready func()) (err error) {
	ports, routes, err := parse(args)
	if err != nil {
		return err
	}
	// The kernel asks for what is behind virt0 and virt1 by their numbers.
	taps := hypercall.NetworkFunc(func(driver, unit string) (hypercall.NetworkDevice, error) {
		return system.Host().Network.Open(driver, ports[unit].tap)
	})
	k, err := netstack.New(netstack.Config{Hostname: "router", Host: &hypercall.Host{Network: taps}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, k.Close()) }()
	if err := configure(ctx, k, ports, routes); err != nil {
		return err
	}
	ready()
	<-ctx.Done()
	return nil
}

// configure does what ifconfig(8), sysctl(8) and route(8) would do.
func configure(ctx context.Context, k *netstack.Kernel, ports map[string]port, routes []routing.Route) (err error) {
	c, err := netcfg.Open(k)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	for _, unit := range []string{"0", "1"} {
		if err := c.CreateInterface(ctx, "virt"+unit); err != nil {
			return err
		}
		for _, a := range ports[unit].addresses {
			if err := c.AddAddress(ctx, "virt"+unit, a); err != nil {
				return err
			}
		}
	}
	for _, name := range []string{"net.inet.ip.forwarding", "net.inet6.ip6.forwarding"} {
		if err := c.SetInt(ctx, name, 1); err != nil {
			return err
		}
	}
	for _, r := range routes {
		if err := c.AddRoute(ctx, r); err != nil {
			return err
		}
	}
	return nil
}

func parse(args []string) (ports map[string]port, routes []routing.Route, err error) {
	if len(args) < 4 {
		return nil, nil, errors.New("usage: router TAP ADDRESS/LEN TAP ADDRESS/LEN [NETWORK/LEN=GATEWAY...]")
	}
	ports = map[string]port{}
	for i, unit := range []string{"0", "1"} {
		p := port{tap: args[2*i]}
		for a := range strings.SplitSeq(args[2*i+1], ",") {
			prefix, err := netip.ParsePrefix(a)
			if err != nil {
				return nil, nil, err
			}
			p.addresses = append(p.addresses, prefix)
		}
		ports[unit] = p
	}
	for _, arg := range args[4:] {
		to, via, _ := strings.Cut(arg, "=")
		dst, err := netip.ParsePrefix(to)
		if err != nil {
			return nil, nil, err
		}
		gateway, err := netip.ParseAddr(via)
		if err != nil {
			return nil, nil, err
		}
		routes = append(routes, routing.Route{Dst: dst, Gateway: gateway})
	}
	return ports, routes, nil
}
