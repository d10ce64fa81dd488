package procnet_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hijack/procnet"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// A cable leads nowhere.
type cable struct{}

func (cable) Start(func([]byte))   {}
func (cable) Send(...[]byte) error { return nil }
func (cable) Close() error         { return nil }

// boot returns a kernel with an interface that is configured as configure does it on
// Linux.
func boot(t *testing.T) (kernel.Kernel, *procnet.Net) {
	t.Helper()
	k, err := netstack.New(netstack.Config{Host: &hypercall.Host{
		Network: hypercall.NetworkFunc(func(string, string) (hypercall.NetworkDevice, error) { return cable{}, nil }),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	c, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	const name = "shmif0"
	ctx := t.Context()
	steps := []func() error{
		func() error { return c.SetInt(ctx, "net.inet6.ip6.dad_count", 0) },
		func() error { return c.SetInt(ctx, "net.inet.ip.dad_count", 0) },
		func() error { return c.CreateInterface(ctx, name) },
		func() error { return c.SetLinkString(ctx, name, "cable") },
		func() error { return c.SetLinkAddr(ctx, name, []byte{2, 0, 0, 0, 5, 1}) },
		func() error { return c.AddAddress(ctx, name, netip.MustParsePrefix("10.5.0.1/24")) },
		func() error { return c.AddAddress(ctx, name, netip.MustParsePrefix("2001:db8::1/64")) },
		func() error { return addRoute(ctx, c, "0.0.0.0/0", "10.5.0.2") },
		func() error { return addRoute(ctx, c, "192.0.2.7/32", "10.5.0.3") },
		func() error { return addRoute(ctx, c, "2001:db8:5::/48", "2001:db8::2") },
		func() error {
			return c.SetNeighbor(ctx, routing.Neighbor{Addr: netip.MustParseAddr("10.5.0.9"), LinkAddr: []byte{2, 0, 0, 0, 0, 9}, Permanent: true})
		},
		func() error { return c.WaitAddresses(ctx, name) },
	}
	for i, step := range steps {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	n, err := procnet.New(k)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return k, n
}

func addRoute(ctx context.Context, c *netcfg.Client, dst, gateway string) error {
	return c.AddRoute(ctx, routing.Route{Dst: netip.MustParsePrefix(dst), Gateway: netip.MustParseAddr(gateway)})
}

// configure does the same to Linux.
func configure(t *testing.T) {
	for _, words := range []string{
		"link add shmif0 address 02:00:00:00:05:01 type veth peer name cable0",
		"link set cable0 up",
		"link set shmif0 up",
		"addr add 10.5.0.1/24 brd + dev shmif0",
		"addr add 2001:db8::1/64 dev shmif0 nodad",
		"route add default via 10.5.0.2",
		"route add 192.0.2.7/32 via 10.5.0.3",
		"route add 2001:db8:5::/48 via 2001:db8::2",
		"neigh add 10.5.0.9 lladdr 02:00:00:00:00:09 dev shmif0",
	} {
		netns.IP(t, words)
	}
	netns.Running(t, "shmif0")
}

// pick returns the lines that have one of the words, in order, with # for what differs
// on any two machines.
func pick(b []byte, differs *regexp.Regexp, words ...string) []string {
	var list []string
	for line := range strings.SplitSeq(string(b), "\n") {
		if slices.ContainsFunc(words, func(w string) bool { return strings.Contains(line, w) }) {
			list = append(list, strings.TrimRight(differs.ReplaceAllLiteralString(line, "#"), " "))
		}
	}
	slices.Sort(list)
	return list
}

func TestFilesLikeLinux(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		k, n := boot(t)
		configure(t)
		listen(t, k)
		for _, f := range []struct {
			name    string
			differs string   // a pattern
			words   []string // of lines that are compared
		}{
			{"dev", `shmif0:.*`, []string{"shmif0", "face", "Inter"}},
			{"route", `$^`, []string{"shmif0", "Iface"}},
			{"if_inet6", ` \S\S 40| \S\S +shmif0`, []string{"20010db8"}},
			{"ipv6_route", ` \S{8} \S{8} \S{8} \S{8} +shmif0`, []string{"20010db80005"}},
			{"arp", `$^`, []string{"10.5.0.9", "HW type"}},
			{"tcp", `^ *\d+:|\d+ 1 [0-9a-f]{16} 100`, []string{"sl", ":1F90"}},
			{"tcp6", `^ *\d+:|\d+ 1 [0-9a-f]{16} 100`, []string{"sl", ":1F91"}},
			{"udp", `^ *\d+:|\d+ 2 [0-9a-f]{16}`, []string{"sl", ":1F92"}},
			{"udp6", `^ *\d+:|\d+ 2 [0-9a-f]{16}`, []string{"sl", ":1F93"}},
			{"raw", `$^`, []string{"sl"}},
			{"raw6", `$^`, []string{"sl"}},
		} {
			ours, err := n.Read(t.Context(), f.name)
			if err != nil {
				t.Errorf("%s: %v", f.name, err)
				continue
			}
			theirs, err := os.ReadFile("/proc/self/net/" + f.name)
			if err != nil {
				t.Fatal(err)
			}
			differs := regexp.MustCompile(f.differs)
			got, want := pick(ours, differs, f.words...), pick(theirs, differs, f.words...)
			if !slices.Equal(got, want) || len(want) == 0 {
				t.Errorf("%s:\n%q\nand on Linux\n%q", f.name, got, want)
			}
		}
	})
}

// listen makes sockets at ports 8080 to 8083 of both kernels.
func listen(t *testing.T, k kernel.Kernel) {
	t.Helper()
	n, err := nbsock.New(k, nbsock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	for _, s := range []struct{ network, addr string }{
		{"tcp4", "10.5.0.1:8080"}, {"tcp6", "[2001:db8::1]:8081"}, {"udp4", "10.5.0.1:8082"}, {"udp6", "[2001:db8::1]:8083"},
	} {
		theirs(t, s.network, netip.MustParseAddrPort(s.addr))
		if s.network[:3] == "udp" {
			c, err := n.ListenPacket(s.network, s.addr)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close() })
			continue
		}
		l, err := n.Listen(s.network, s.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = l.Close() })
	}
}

// theirs makes a socket of this machine.
func theirs(t *testing.T, network string, at netip.AddrPort) {
	t.Helper()
	family, typ := unix.AF_INET, unix.SOCK_DGRAM
	var sa unix.Sockaddr = &unix.SockaddrInet4{Port: int(at.Port()), Addr: netip.IPv4Unspecified().As4()}
	if at.Addr().Is6() {
		family = unix.AF_INET6
		sa = &unix.SockaddrInet6{Port: int(at.Port()), Addr: at.Addr().As16()}
	} else if v4, ok := sa.(*unix.SockaddrInet4); ok {
		v4.Addr = at.Addr().As4()
	}
	if network[:3] == "tcp" {
		typ = unix.SOCK_STREAM
	}
	fd, err := unix.Socket(family, typ|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	if err := unix.Bind(fd, sa); err != nil {
		t.Fatal(err)
	}
	if typ == unix.SOCK_STREAM {
		if err := unix.Listen(fd, 10); err != nil {
			t.Fatal(err)
		}
	}
}

func TestIoctlsLikeLinux(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		_, n := boot(t)
		configure(t)
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Close(fd) })
		in := func(a string) []byte {
			b := binary.NativeEndian.AppendUint16(nil, unix.AF_INET)
			return append(append(b, 0, 0), netip.MustParseAddr(a).AsSlice()...)
		}
		number := func(v uint32) []byte { return binary.NativeEndian.AppendUint32(nil, v) }
		const all = ^uint64(0)
		for _, test := range []struct {
			what    string
			request uint64
			name    string
			arg     []byte
			mask    uint64 // of the first eight bytes of the answer
		}{
			{"flags", linux.SIOCGIFFLAGS, "shmif0", nil, unix.IFF_UP | unix.IFF_BROADCAST | unix.IFF_RUNNING | unix.IFF_MULTICAST | unix.IFF_LOOPBACK},
			{"MTU", linux.SIOCGIFMTU, "shmif0", nil, all},
			{"metric", linux.SIOCGIFMETRIC, "shmif0", nil, 0xffffffff},
			{"hardware address", linux.SIOCGIFHWADDR, "shmif0", nil, all},
			{"address", linux.SIOCGIFADDR, "shmif0", nil, all},
			{"mask", linux.SIOCGIFNETMASK, "shmif0", nil, all},
			{"broadcast address", linux.SIOCGIFBRDADDR, "shmif0", nil, all},
			{"peer", linux.SIOCGIFDSTADDR, "shmif0", nil, all},
			{"no interface", linux.SIOCGIFMTU, "wm3", nil, all},
			{"no name", linux.SIOCGIFMTU, "", nil, all},
			{"no index", linux.SIOCGIFNAME, "", number(99), all},
			{"set MTU", linux.SIOCSIFMTU, "shmif0", number(1400), 0},
			{"MTU that was set", linux.SIOCGIFMTU, "shmif0", nil, all},
			{"set address", linux.SIOCSIFADDR, "shmif0", in("172.16.3.4"), 0},
			{"mask of its class", linux.SIOCGIFNETMASK, "shmif0", nil, all},
			{"set mask", linux.SIOCSIFNETMASK, "shmif0", in("255.255.255.0"), 0},
			{"address that was set", linux.SIOCGIFADDR, "shmif0", nil, all},
			{"mask that was set", linux.SIOCGIFNETMASK, "shmif0", nil, all},
			{"set broadcast address", linux.SIOCSIFBRDADDR, "shmif0", in("172.16.3.255"), 0},
			{"broadcast address that was set", linux.SIOCGIFBRDADDR, "shmif0", nil, all},
			{"set mask with a hole", linux.SIOCSIFNETMASK, "shmif0", in("255.0.255.0"), 0},
			{"set address of no family", linux.SIOCSIFADDR, "shmif0", make([]byte, 8), 0},
			{"set down", linux.SIOCSIFFLAGS, "shmif0", []byte{0, 0}, 0},
			{"flags when down", linux.SIOCGIFFLAGS, "shmif0", nil, unix.IFF_UP},
			{"no request", 0x89c0, "shmif0", nil, 0},
		} {
			ifr := func() []byte {
				b := make([]byte, procnet.IfreqSize)
				copy(b, test.name)
				copy(b[16:], test.arg)
				return b
			}
			ours, theirs := ifr(), ifr()
			got := linux.Errno(0)
			if err := n.Ioctl(t.Context(), test.request, ours); err != nil {
				got = errno(err)
			}
			_, _, want := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), uintptr(test.request), uintptr(unsafe.Pointer(&theirs[0])))
			a, b := binary.NativeEndian.Uint64(ours[16:]), binary.NativeEndian.Uint64(theirs[16:])
			if int(got) != int(want) || want == 0 && a&test.mask != b&test.mask {
				t.Errorf("%s: %x, %v; on Linux %x, %v", test.what, ours[16:], got, theirs[16:], want)
			}
		}
		conf, err := n.Conf(t.Context())
		if err != nil || len(conf) != 2*procnet.IfreqSize || string(conf[40:46]) != "shmif0" || netip.AddrFrom4([4]byte(conf[60:64])).String() != "172.16.3.4" {
			t.Errorf("SIOCGIFCONF lists %q, %v", conf, err)
		}
		index := make([]byte, procnet.IfreqSize)
		copy(index, "shmif0")
		if err := n.Ioctl(t.Context(), linux.SIOCGIFINDEX, index); err != nil {
			t.Fatal(err)
		}
		clear(index[:16])
		if err := n.Ioctl(t.Context(), linux.SIOCGIFNAME, index); err != nil || string(index[:7]) != "shmif0\x00" {
			t.Errorf("the interface of an index is %q, %v", index[:16], err)
		}
	})
}

// errno returns the number of Linux's that a program would see.
func errno(err error) linux.Errno {
	var lx linux.Errno
	var nb netbsd.Errno
	switch {
	case errors.As(err, &lx):
		return lx
	case errors.As(err, &nb):
		lx, _ = tolinux.Errno(nb)
		return lx
	}
	return linux.EIO
}

func TestName(t *testing.T) {
	for path, want := range map[string]string{
		"/proc/net/dev": "dev", "/proc/self/net/tcp": "tcp", "/proc/17/net/route": "route",
		"/proc/self/task/9/net/dev": "dev", "/proc//net/./dev": "dev",
		"/proc/net": "", "/proc/net/stat/arp_cache": "", "/proc/sys/net/core": "", "/sys/net/dev": "", "net/dev": "",
		"/proc/self/mounts": "", "": "", "/proc/x/net/dev": "", "/proc/1/2/3/net/dev": "",
	} {
		got, ok := procnet.Name(path)
		if got != want || ok != (want != "") {
			t.Errorf("%s is %q, %v", path, got, ok)
		}
	}
	_, n := boot(t)
	for _, name := range procnet.Names() {
		if b, err := n.Read(t.Context(), name); err != nil || len(b) == 0 && name != "if_inet6" {
			t.Errorf("%s: %q, %v", name, b, err)
		}
	}
	if _, err := n.Read(t.Context(), "wireless"); !errors.Is(err, linux.ENOENT) {
		t.Errorf("a file that is not there: %v", err)
	}
}
