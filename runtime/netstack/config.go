package netstack

import (
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/kernel"
)

// Config says what kernel to boot. The zero value will do.
type Config struct {
	// Release is the NetBSD whose interface the kernel has: nil is
	// kernel.NetBSD10, the one of package netbsd.
	Release *kernel.Release

	// Hostname is kern.hostname; empty is what the host calls the kernel.
	Hostname string

	// Host is what the kernel runs on. It has the devices behind the
	// kernel's interfaces; the name that SIOCSLINKSTR (ifconfig linkstr)
	// gives is one of its Network. Nil, and members that are nil, are the
	// machine the program runs on (package system).
	Host *hypercall.Host

	// Sockin are the host's sockets, of which the kernel makes its own of
	// AF_INET and AF_INET6 (sockin(4)). Nil: these have the kernel's network
	// stack, with its interfaces and routes.
	Sockin hypercall.Sockets
}
