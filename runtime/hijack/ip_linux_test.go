//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"net"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/runtime/hijack"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// A cable leads nowhere.
type cable struct{}

func (cable) Start(func([]byte))   {}
func (cable) Send(...[]byte) error { return nil }
func (cable) Close() error         { return nil }

// newCabled boots a kernel with shmif0, which has no address and is down, and checks
// for no duplicates.
func newCabled(t testing.TB) kernel.Kernel {
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
	ctx := t.Context()
	for i, step := range []func() error{
		func() error { return c.SetInt(ctx, "net.inet.ip.dad_count", 0) },
		func() error { return c.SetInt(ctx, "net.inet6.ip6.dad_count", 0) },
		func() error { return c.CreateInterface(ctx, "shmif0") },
		func() error { return c.SetLinkString(ctx, "shmif0", "cable") },
		func() error { return c.SetLinkAddr(ctx, "shmif0", []byte{2, 0, 0, 0, 5, 1}) },
	} {
		if err := step(); err != nil {
			t.Fatalf("step %d: %v", i, err)
		}
	}
	return k
}

// need returns where programs are, or skips the test when one is not installed.
func need(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			t.Skipf("%s is not installed", name)
		}
	}
}

// ipCommands are what is asked of both kernels, one after the other.
const ipCommands = `
ip link set shmif0 up
ip addr add 10.5.0.1/24 brd + dev shmif0
ip addr add 2001:db8::1/64 dev shmif0 nodad
ip link set dev shmif0 mtu 1400
ip route add default via 10.5.0.2 proto static
ip route add 192.0.2.0/24 via 10.5.0.3 proto static
ip route add 198.51.100.0/24 dev shmif0 proto static
ip route add 203.0.113.0/24 via 10.5.0.5 proto static
ip route replace 203.0.113.0/24 via 10.5.0.6 proto static
ip route add blackhole 192.88.99.0/24 proto static
ip -6 route add 2001:db8:5::/48 via 2001:db8::2 proto static
ip neigh add 10.5.0.9 lladdr 02:00:00:00:00:09 dev shmif0
ip neigh replace 10.5.0.9 lladdr 02:00:00:00:00:0a dev shmif0
ip link show dev shmif0
ip addr show dev shmif0
ip -4 addr show dev shmif0
ip -6 addr show dev shmif0
ip -br -4 addr show dev shmif0
ip route
ip route show proto kernel
ip route show 192.0.2.0/24
ip route show dev shmif0
ip -6 route show 2001:db8:5::/48
ip neigh show nud permanent
ip neigh show dev shmif0 nud permanent
ip -6 neigh show dev shmif0 nud permanent
ip route get 192.0.2.77
ip route get 10.5.0.77 oif shmif0
ip route get 2001:db8:5::9
ip rule
ip addr add 10.5.0.1/24 brd + dev shmif0
ip addr del 10.9.0.1/24 dev shmif0
ip addr add 10.5.0.1/24 dev wm7
ip link show wm7
ip route del 192.0.7.0/24
ip route add 192.0.2.0/24 via 10.5.0.3
ip neigh del 10.5.0.99 dev shmif0
ip route get 240.0.0.1 oif wm7
ip route flush 198.51.100.0/24
ip route del 203.0.113.0/24
ip route show proto static
ip addr flush to 10.5.0.1 dev shmif0
ip addr show dev shmif0
ip link set shmif0 down
ip link show dev shmif0
`

// ipDiffers are words of ip that say nothing of the configuration, or that NetBSD has
// no place for.
var ipDiffers = []struct{ pattern, by string }{
	{`(?m)^(Error: (ipv4|ipv6|Nexthop)|RTNETLINK answers): .*$`, "refused"}, // releases of Linux word it in several ways
	{`qlen \d+`, ""},                                 // of Linux's queues
	{`shmif0@cable0`, "shmif0"},                      // the other end of the cable
	{`(?m)^\d+: shmif0`, "N: shmif0"},                // its index
	{` state \w+|(?m)^(shmif0) +(UP|UNKNOWN)`, "$1"}, // Linux's veth knows of a carrier, shmif does not
	{` metric \d+| pref medium`, ""},                 // NetBSD has one route for a destination
	{` (proto static|proto boot)\b`, ""},             // NetBSD does not tell them apart
	{`LOWER_UP|NO-CARRIER,|M-DOWN`, ""},              // the carrier
	{`\buid \d+`, ""},                                // who asks
	{`fe80::\S+`, "fe80::"},                          // Linux's has been made of another address
	{`(?m)^32767:.*\n`, ""},                          // NetBSD has no third table
	{`(?m)^(\d+: *from all lookup \w+).*$`, "$1"},
	{` scope global nodad`, " scope global"}, // is told when it was asked for, which NetBSD forgets
	{` from :: `, " "},                       // an address that nobody has given
	{` tentative`, ""},                       // soon over
	{`(?m)[ ,<>]+$`, ""},
	{` +`, " "},
}

func normal(s string) string {
	for _, d := range ipDiffers {
		s = regexp.MustCompile(d.pattern).ReplaceAllString(s, d.by)
	}
	return strings.TrimSpace(s)
}

// TestIPLikeLinux has ip(8) configure a NetBSD and, in a network of its own, Linux,
// and compares what it prints.
func TestIPLikeLinux(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		need(t, "ip", "sh")
		netns.IP(t, "link add shmif0 address 02:00:00:00:05:01 type veth peer name cable0")
		netns.IP(t, "link set cable0 up")
		k := newCabled(t)
		var script strings.Builder
		commands := strings.Split(strings.TrimSpace(ipCommands), "\n")
		for _, line := range commands {
			script.WriteString(line + " 2>&1; echo \"exit code $?\"; echo ---\n")
		}
		ours, stderr, _ := run(t, k, hijack.Config{Args: []string{"sh", "-c", script.String()}})
		theirs, err := exec.CommandContext(t.Context(), "sh", "-c", script.String()).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, theirs)
		}
		got, want := strings.Split(ours, "---\n"), strings.Split(string(theirs), "---\n")
		if len(got) != len(want) || len(want) != len(commands)+1 {
			t.Fatalf("%d answers, and on Linux %d\n%s\n%s", len(got), len(want), ours, stderr)
		}
		for i, line := range commands {
			if a, b := normal(got[i]), normal(want[i]); a != b {
				t.Errorf("%s\n%s\n\nand on Linux\n%s", line, a, b)
			}
		}
	})
}

// TestSocketsAreListed has ss(8) and /proc/net list a program's own sockets.
func TestSocketsAreListed(t *testing.T) {
	need(t, "ss", "python3", "sh")
	const script = `
import socket, subprocess
a = socket.socket(); a.bind(("127.0.0.1", 8080)); a.listen(5)
b = socket.create_connection(("127.0.0.1", 8080)); c = a.accept()[0]
d = socket.socket(socket.AF_INET6); d.bind(("::1", 8081)); d.listen(5)
e = socket.socket(type=socket.SOCK_DGRAM); e.bind(("127.0.0.1", 8082))
print(subprocess.run(["ss", "-Htln"], capture_output=True, text=True).stdout, end="")
print("--")
print(subprocess.run(["ss", "-Htn", "sport", "=", ":8080"], capture_output=True, text=True).stdout, end="")
print("--")
print(subprocess.run(["ss", "-Huln"], capture_output=True, text=True).stdout, end="")
print("--")
for name in "tcp", "tcp6", "udp":
    for line in open("/proc/net/" + name):
        print(" ".join(line.split()[1:4]))
`
	stdout, stderr, code := run(t, newKernel(t), hijack.Config{Args: []string{"python3", "-c", script}})
	parts := strings.Split(regexp.MustCompile(`[ \t]+`).ReplaceAllString(stdout, " "), "--\n")
	if code != 0 || len(parts) != 4 {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	port := `127\.0\.0\.1:\d{4,5}`
	for i, want := range [][]string{
		{`^LISTEN 0 \d+ 127\.0\.0\.1:8080 0\.0\.0\.0:\*`, `LISTEN 0 \d+ \[::1\]:8081 \*:\*`},
		{`^ESTAB 0 0 127\.0\.0\.1:8080 ` + port + ` ?\n$`},
		{`^UNCONN 0 0 127\.0\.0\.1:8082 0\.0\.0\.0:\*`},
		{`(?m)^0100007F:1F90 00000000:0000 0A$`, `(?m)^0100007F:1F90 0100007F:[0-9A-F]{4} 01$`,
			`(?m)^0{24}01000000:1F91 0{32}:0000 0A$`, `(?m)^0100007F:1F92 00000000:0000 07$`},
	} {
		for _, w := range want {
			if !regexp.MustCompile(w).MatchString(parts[i]) {
				t.Errorf("%q does not match %s", parts[i], w)
			}
		}
	}
}

// TestInterfacesAgree asks for interfaces and addresses in all the ways that
// programs know.
func TestInterfacesAgree(t *testing.T) {
	need(t, "ip", "sh")
	k := newCabled(t)
	set := hijack.Config{Args: []string{"sh", "-c", "ip addr add 10.5.0.1/24 dev shmif0 && ip addr add 2001:db8::1/64 dev shmif0 && ip link set shmif0 up"}}
	if stdout, stderr, code := run(t, k, set); code != 0 {
		t.Fatalf("exit code %d\n%s%s", code, stdout, stderr)
	}
	want := []string{"10.5.0.1/24", "127.0.0.1/8", "2001:db8::1/64", "::1/128"}
	sorted := func(s string) []string {
		list := slices.DeleteFunc(strings.Fields(s), func(a string) bool { return strings.HasPrefix(a, "fe80:") })
		slices.Sort(list)
		return list
	}
	if got := sorted(program(t, k, "addresses")); !slices.Equal(got, want) { // Go asks by netlink
		t.Errorf("Go lists %q", got)
	}
	t.Run("getifaddrs", func(t *testing.T) {
		need(t, "python3")
		const script = `
import ctypes, socket, struct
libc = ctypes.CDLL(None, use_errno=True)
class A(ctypes.Structure): pass
A._fields_ = [("next", ctypes.POINTER(A)), ("name", ctypes.c_char_p), ("flags", ctypes.c_uint), ("addr", ctypes.c_void_p), ("mask", ctypes.c_void_p), ("dst", ctypes.c_void_p), ("data", ctypes.c_void_p)]
p = ctypes.POINTER(A)(); assert libc.getifaddrs(ctypes.byref(p)) == 0
def at(p, n): return ctypes.string_at(p, n)
while p:
    a = p.contents
    if a.addr:
        f = struct.unpack("H", at(a.addr, 2))[0]
        o, n = {2: (4, 4), 10: (8, 16)}.get(f, (0, 0))
        if n: print(socket.inet_ntop(f, at(a.addr, 28)[o:o+n]) + "/" + str(sum(bin(b).count("1") for b in at(a.mask, 28)[o:o+n])))
    p = a.next
`
		stdout, stderr, code := run(t, k, hijack.Config{Args: []string{"python3", "-c", script}})
		if got := sorted(stdout); code != 0 || !slices.Equal(got, want) {
			t.Errorf("getifaddrs lists %q, exit code %d, %s", got, code, stderr)
		}
	})
	t.Run("ioctl", func(t *testing.T) {
		need(t, "python3")
		const script = `
import fcntl, socket, struct, array
s = socket.socket(type=socket.SOCK_DGRAM)
b = array.array("B", bytes(400))
n, _ = struct.unpack("iL", fcntl.ioctl(s, 0x8912, struct.pack("iL", 400, b.buffer_info()[0])))
for i in range(0, n, 40):
    name = bytes(b[i:i+16])
    mask = fcntl.ioctl(s, 0x891b, name + bytes(24))[20:24]
    print(socket.inet_ntoa(bytes(b[i+20:i+24])) + "/" + str(sum(bin(x).count("1") for x in mask)))
`
		stdout, stderr, code := run(t, k, hijack.Config{Args: []string{"python3", "-c", script}})
		if got := sorted(stdout); code != 0 || !slices.Equal(got, want[:2]) {
			t.Errorf("SIOCGIFCONF lists %q, exit code %d, %s", got, code, stderr)
		}
	})
	stdout, stderr, code := run(t, k, hijack.Config{Args: []string{"sh", "-c", "cat /proc/net/if_inet6 /proc/self/net/dev; cat /proc/net/snmp"}})
	if !strings.Contains(stdout, "20010db8000000000000000000000001") || !strings.Contains(stdout, "shmif0:") || code == 0 || !strings.Contains(stderr, "No such file") {
		t.Errorf("/proc/net has %q, exit code %d, %s", stdout, code, stderr)
	}
	host, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range host {
		if i.Name != "shmif0" && strings.Contains(stdout, i.Name+":") {
			t.Errorf("/proc/net tells of %s of the host", i.Name)
		}
	}
}
