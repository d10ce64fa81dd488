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

	// Hostname is kern.hostname; empty is NetBSD's own default.
	Hostname string

	// Link finds the device behind an interface: driver is "shmif" or
	// "virt", linkstr what SIOCSLINKSTR (ifconfig linkstr) names. Nil: there
	// are none, and the request fails with ENXIO.
	Link func(driver, linkstr string) (hypercall.NetworkDevice, error)
}
