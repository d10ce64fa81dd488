package rump

import (
	"github.com/abigen/abigen/runtime/hypercall"
)

// Config says what kernel to boot. The zero value is a network stack of the
// libraries that RUMP_PREFIX leads to, or that are where the system has its libraries.
type Config struct {
	// Prefix is the directory with the lib directory that librump.so is in.
	// Empty: $RUMP_PREFIX, or where the system's loader looks.
	Prefix string

	// Components are the parts of the kernel that are wanted: "net", "netinet",
	// "netinet6", "local", "shmif", "virtif", "sockin", "bpf", "npf",
	// "vfs", "ffs" and so on, each a library of that name. What they need
	// comes with them. Nil: Network.
	Components []string

	CPUs     int    // virtual processors; 0: as many as the host's, at most 2
	Memory   string // most that the kernel allocates, as "64m"; empty: what the host has
	Hostname string // kern.hostname; empty: what the kernel makes up
	Verbose  bool   // the messages of a boot

	// Disks are files of the host that the kernel is to have as disks. They take
	// the component "vfs".
	Disks []Disk

	// Network has the devices behind the interfaces virt0, virt1 and so on, of
	// the component "virtif". Nil: taps of the host that are called tun0 and tun1.
	// A kernel apart has no other ones.
	Network hypercall.Network `json:"-"`

	// Console gets what the kernel prints, line by line. Nil: nobody does.
	Console hypercall.Console `json:"-"`

	// Apart boots the kernel in a process of its own, where a panic takes nothing
	// else with it. That process runs this program once more: see Helper. It
	// is what happens anyway when this process has had a kernel.
	Apart bool

	dir string // where that process is; empty: where this one is
}

// A Disk is a file of the host, or a device.
type Disk struct {
	Name string // in the kernel: "/dev/image"
	Path string // on the host
}

// Network are the components of a kernel that is there for its sockets.
var Network = []string{"net", "netinet", "netinet6", "local", "shmif"}

// needs are the components that another one does not work without. The libraries
// do not say.
var needs = map[string][]string{
	"net":        {"rumpnet", "rumpnet_net"},
	"netinet":    {"net", "rumpnet_netinet"},
	"netinet6":   {"netinet", "rumpnet_netinet6"},
	"local":      {"net", "vfs", "rumpnet_local"},
	"shmif":      {"net", "rumpnet_shmif"},
	"virtif":     {"net", "rumpnet_virtif"},
	"sockin":     {"net", "rumpnet_sockin"},
	"bridge":     {"net", "rumpnet_bridge"},
	"gif":        {"netinet6", "rumpnet_gif"},
	"agr":        {"net", "rumpnet_agr"},
	"bpf":        {"net", "dev", "vfs", "rumpdev_bpf"},
	"bpfjit":     {"bpf", "rumpkern_sljit", "rumpnet_bpfjit"},
	"npf":        {"netinet6", "bpf", "rumpnet_npf"},
	"tap":        {"net", "dev", "vfs", "rumpnet_tap"},
	"vfs":        {"rumpvfs"},
	"dev":        {"vfs", "rumpdev"},
	"disk":       {"dev", "vfs", "rumpdev_disk"},
	"rnd":        {"dev", "vfs", "rumpdev_rnd"},
	"vnd":        {"disk", "rumpdev_vnd"},
	"fifofs":     {"vfs", "net", "local", "rumpvfs_fifofs"},
	"ffs":        {"disk", "rumpfs_ffs"},
	"tmpfs":      {"vfs", "rumpfs_tmpfs"},
	"ext2fs":     {"ffs", "rumpfs_ext2fs"},
	"msdos":      {"disk", "rumpfs_msdos"},
	"cd9660":     {"disk", "rumpfs_cd9660"},
	"kernfs":     {"vfs", "rumpfs_kernfs"},
	"crypto":     {"rumpkern_crypto"},
	"opencrypto": {"net", "dev", "crypto", "rumpkern_z", "rumpdev_opencrypto"},
}

// libraries lists the libraries of components after those that they need. A name that
// is not known is that of a library without its "lib".
func libraries(components []string) []string {
	var list []string
	seen := map[string]bool{}
	var add func(name string)
	add = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		more, known := needs[name]
		if !known {
			list = append(list, name)
		}
		for _, n := range more {
			add(n)
		}
	}
	for _, name := range append([]string{"rumpuser", "rump"}, append(components, "rumpkern_sysproxy")...) {
		add(name)
	}
	return list
}
