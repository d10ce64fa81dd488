// Package wire is an Ethernet segment in memory: each frame that one device
// sends arrives at all others. It joins kernels of one process without any
// help of the host. A kernel is on it once it has an interface whose device comes
// from Attach, for instance virt0 of an embedded kernel:
//
//	hub := wire.New()
//	host := &hypercall.Host{Network: hypercall.NetworkFunc(func(string, string) (hypercall.NetworkDevice, error) {
//		return hub.Attach(), nil
//	})}
//	k, err := netstack.New(netstack.Config{Host: host})
//	c, err := netcfg.Open(k)
//	err = c.CreateInterface(ctx, "virt0")
//	err = c.AddAddress(ctx, "virt0", netip.MustParsePrefix("10.0.0.1/24"))
package wire
