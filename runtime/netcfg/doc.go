// Package netcfg configures the network of a kernel from Go: interfaces,
// addresses, routes, neighbors, and the variables of sysctl(7). It does so as
// ifconfig(8), route(8), arp(8), ndp(8) and sysctl(8) do: by system calls, with
// NetBSD's structs, so that any [kernel.Kernel] will do.
//
//	c, err := netcfg.Open(k)
//	err = c.CreateInterface(ctx, "shmif0")
//	err = c.SetLinkString(ctx, "shmif0", "bus")
//	err = c.AddAddress(ctx, "shmif0", netip.MustParsePrefix("10.0.0.1/24"))
//	err = c.AddRoute(ctx, routing.Route{Dst: netip.MustParsePrefix("0.0.0.0/0"), Gateway: gw})
//	err = c.SetInt(ctx, "net.inet.ip.forwarding", 1)
//
// Links, addresses, routes and neighbors are the plain data of package
// [github.com/abigen/abigen/generated/routing]. Interfaces go by name where
// something is asked for, and by index in what the kernel tells. So do the zones
// of IPv6 addresses: fe80::2%virt0 and fe80::2%2 will do as a gateway, a
// destination or a neighbor, and the kernel tells the latter.
//
// # Contexts
//
// A context ends a call that waits: of a [Watcher], or in WaitAddresses. Others do
// not wait for anything, and are not stopped by a context that is done: what was
// asked for happens nevertheless.
package netcfg
