// Package netstack is the embedded kernel: NetBSD's system call interface, for
// all that has to do with sockets and descriptors, over gVisor's network stack.
// Nothing has to be installed for it, and no rights are needed.
//
//	k, err := netstack.New(netstack.Config{})
//	p, err := k.NewProcess(kernel.ProcessOptions{})
//	t, err := p.NewThread(mem)
//	fd, err := syscalls.Socket(ctx, t, netbsd.AF_INET, netbsd.SOCK_STREAM, 0)
//
// It boots as a NetBSD without configuration does: one interface, lo0, with
// 127.0.0.1, ::1 and fe80::1, no other addresses and no default route. The rest
// is configured as on NetBSD: by ioctl(2), routing sockets (route(4)) and
// sysctl(3). Package netcfg does that for Go programs.
//
// Other kernels are reached over Ethernet. Config.Host says what a virt or shmif
// interface is connected to, such as package wire's hub in memory:
//
//	hub := wire.New()
//	host := &hypercall.Host{Network: hypercall.NetworkFunc(func(driver, linkstr string) (hypercall.NetworkDevice, error) {
//		return hub.Attach(), nil
//	})}
//	k, err := netstack.New(netstack.Config{Host: host})
//	c, err := netcfg.Open(k)
//	err = c.CreateInterface(ctx, "virt0")
//
// What it runs on is Config.Host. Of the parameters of a host it uses
// hypercall.ParamHostname, and ParamVerbose for a line at boot.
//
// # Parts
//
// The packages in internal have the places of directories of NetBSD's kernel:
// kern processes, descriptors and readiness; socket what all sockets share;
// local, inet, tcp, udp, rawip, routesock and link the families; netif the
// interfaces; rtable the routes; sysctl the variables. This package puts them
// together and has the table of system calls.
package netstack
