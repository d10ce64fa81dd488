package netlink_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/internal/netns"
	"github.com/abigen/abigen/runtime/kernel"
)

// steps are requests, most of them as ip(8) makes them. The interface is given by
// its index.
var steps = []struct {
	name    string
	request func(index uint32) builder
}{
	{"link up", func(i uint32) builder { return request(unix.RTM_NEWLINK, 0, ifinfo(i, 1, 1)...) }},
	{"link mtu 1400", func(i uint32) builder {
		return request(unix.RTM_NEWLINK, 0, ifinfo(i, 0, 0)...).number(unix.IFLA_MTU, 1400)
	}},
	{"link address", func(i uint32) builder {
		return request(unix.RTM_NEWLINK, 0, ifinfo(i, 0, 0)...).attr(unix.IFLA_ADDRESS, 2, 0, 0, 0, 5, 1)
	}},
	{"get link", func(i uint32) builder { return request(unix.RTM_GETLINK, 0, ifinfo(i, 0, 0)...) }},
	{"get link by name", func(uint32) builder {
		return request(unix.RTM_GETLINK, 0, ifinfo(0, 0, 0)...).number(unix.IFLA_EXT_MASK, 9).text(unix.IFLA_IFNAME, "shmif0")
	}},
	{"change no link", func(uint32) builder { return request(unix.RTM_NEWLINK, 0, ifinfo(0, 0, 0)...) }},
	{"get no link", func(uint32) builder { return request(unix.RTM_GETLINK, 0, ifinfo(77, 0, 0)...) }},
	{"get no link by name", func(uint32) builder {
		return request(unix.RTM_GETLINK, 0, ifinfo(0, 0, 0)...).text(unix.IFLA_IFNAME, "wm7")
	}},
	{"no link up", func(uint32) builder { return request(unix.RTM_NEWLINK, 0, ifinfo(77, 1, 1)...) }},
	{"link without index and name", func(uint32) builder { return request(unix.RTM_GETLINK, 0, ifinfo(0, 0, 0)...) }},

	{"address", func(i uint32) builder { return address(i, "10.5.0.1", 24).addr(unix.IFA_BROADCAST, "10.5.0.255") }},
	{"address again", func(i uint32) builder { return address(i, "10.5.0.1", 24).addr(unix.IFA_BROADCAST, "10.5.0.255") }},
	{"address of another network", func(i uint32) builder { return address(i, "10.6.0.1", 16).addr(unix.IFA_BROADCAST, "10.6.255.255") }},
	{"address of no link", func(uint32) builder { return address(77, "10.7.0.1", 24) }},
	{"address of 33 bits", func(i uint32) builder { return address(i, "10.7.0.1", 33) }},
	{"no address", func(i uint32) builder {
		return request(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, ifaddr(unix.AF_INET, 24, i)...)
	}},
	{"address of IPv6", func(i uint32) builder { return address(i, "2001:db8::1", 64) }},
	{"address of IPv6 again", func(i uint32) builder { return address(i, "2001:db8::1", 64) }},
	{"delete no address", func(i uint32) builder {
		return request(unix.RTM_DELADDR, 0, ifaddr(unix.AF_INET, 24, i)...).addr(unix.IFA_LOCAL, "10.9.0.1")
	}},
	{"delete address", func(i uint32) builder {
		return request(unix.RTM_DELADDR, 0, ifaddr(unix.AF_INET, 16, i)...).addr(unix.IFA_LOCAL, "10.6.0.1")
	}},

	{"default route", func(uint32) builder { return route("0.0.0.0", 0).addr(unix.RTA_GATEWAY, "10.5.0.2") }},
	{"default route again", func(uint32) builder { return route("0.0.0.0", 0).addr(unix.RTA_GATEWAY, "10.5.0.2") }},
	{"route", func(i uint32) builder { return route("192.0.2.0", 24).addr(unix.RTA_GATEWAY, "10.5.0.3") }},
	{"route on the link", func(i uint32) builder {
		return onLink(route("198.51.100.0", 24).number(unix.RTA_OIF, i))
	}},
	{"route over no link", func(uint32) builder { return onLink(route("198.51.101.0", 24).number(unix.RTA_OIF, 77)) }},
	{"blackhole", func(uint32) builder { return ofType(route("203.0.113.0", 24), unix.RTN_BLACKHOLE) }},
	{"unreachable", func(uint32) builder { return ofType(route("203.0.114.0", 24), unix.RTN_UNREACHABLE) }},
	{"replace route", func(uint32) builder {
		b := route("192.0.2.0", 24).addr(unix.RTA_GATEWAY, "10.5.0.4")
		binary.NativeEndian.PutUint16(b[6:], unix.NLM_F_REQUEST|unix.NLM_F_CREATE|unix.NLM_F_REPLACE)
		return b
	}},
	{"route of IPv6", func(uint32) builder { return route("2001:db8:5::", 48).addr(unix.RTA_GATEWAY, "2001:db8::2") }},
	{"get route", func(uint32) builder { return getRoute("192.0.2.77") }},
	{"get route by a link", func(i uint32) builder { return getRoute("192.0.2.77").number(unix.RTA_OIF, i) }},
	{"get local route", func(uint32) builder { return getRoute("10.5.0.1") }},
	{"get route of IPv6", func(uint32) builder { return getRoute("2001:db8:5::7") }},
	{"delete route", func(uint32) builder { return deleteRoute("198.51.100.0", 24) }},
	{"delete no route", func(uint32) builder { return deleteRoute("198.51.100.0", 24) }},

	{"neighbor", func(i uint32) builder { return neighbor(i, "10.5.0.9").attr(unix.NDA_LLADDR, 2, 0, 0, 0, 0, 9) }},
	{"neighbor again", func(i uint32) builder { return neighbor(i, "10.5.0.9").attr(unix.NDA_LLADDR, 2, 0, 0, 0, 0, 9) }},
	{"neighbor without address", func(i uint32) builder {
		return request(unix.RTM_NEWNEIGH, unix.NLM_F_CREATE|unix.NLM_F_EXCL, ndmsg(unix.AF_INET, i, unix.NUD_PERMANENT)...)
	}},
	{"neighbor on no link", func(uint32) builder { return neighbor(77, "10.5.0.9").attr(unix.NDA_LLADDR, 2, 0, 0, 0, 0, 9) }},
	{"delete no neighbor", func(i uint32) builder {
		return request(unix.RTM_DELNEIGH, 0, ndmsg(unix.AF_INET, i, 0)...).addr(unix.NDA_DST, "10.5.0.10")
	}},

	{"nothing but a header", func(uint32) builder { return request(unix.RTM_NEWADDR, 0) }},
	{"half a struct", func(uint32) builder { return request(unix.RTM_NEWADDR, 0, 2, 24, 0, 0) }},
	{"an attribute beyond the message", func(i uint32) builder {
		return append(request(unix.RTM_NEWADDR, 0, ifaddr(unix.AF_INET, 24, i)...), 60, 0, unix.IFA_LOCAL, 0, 10, 5, 0, 0)
	}},
	{"no such message", func(uint32) builder { return request(16+4*60, 0, 0, 0, 0, 0) }},
	{"no such family", func(i uint32) builder { return request(unix.RTM_NEWADDR, unix.NLM_F_CREATE, ifaddr(99, 24, i)...) }},
}

func address(index uint32, s string, bits byte) builder {
	family := byte(unix.AF_INET)
	if strings.Contains(s, ":") {
		family = unix.AF_INET6
	}
	return request(unix.RTM_NEWADDR, unix.NLM_F_CREATE|unix.NLM_F_EXCL, ifaddr(family, bits, index)...).
		addr(unix.IFA_LOCAL, s).addr(unix.IFA_ADDRESS, s)
}

func route(dst string, bits byte) builder {
	family := byte(unix.AF_INET)
	if strings.Contains(dst, ":") {
		family = unix.AF_INET6
	}
	b := request(unix.RTM_NEWROUTE, unix.NLM_F_CREATE|unix.NLM_F_EXCL,
		rtmsg(family, bits, unix.RT_TABLE_MAIN, unix.RTPROT_BOOT, unix.RT_SCOPE_UNIVERSE, unix.RTN_UNICAST)...)
	if bits > 0 {
		b = b.addr(unix.RTA_DST, dst)
	}
	return b
}

// onLink gives a route the scope of what is on the link.
func onLink(b builder) builder {
	b[16+6] = unix.RT_SCOPE_LINK
	return b
}

func ofType(b builder, typ byte) builder {
	b[16+7] = typ
	return b
}

func getRoute(dst string) builder {
	a := netip.MustParseAddr(dst)
	family := byte(unix.AF_INET)
	if a.Is6() {
		family = unix.AF_INET6
	}
	return request(unix.RTM_GETROUTE, 0, rtmsg(family, byte(a.BitLen()), 0, 0, 0, 0)...).addr(unix.RTA_DST, dst)
}

func deleteRoute(dst string, bits byte) builder {
	return request(unix.RTM_DELROUTE, 0, rtmsg(unix.AF_INET, bits, unix.RT_TABLE_MAIN, 0, unix.RT_SCOPE_NOWHERE, 0)...).addr(unix.RTA_DST, dst)
}

func neighbor(index uint32, s string) builder {
	return request(unix.RTM_NEWNEIGH, unix.NLM_F_CREATE|unix.NLM_F_EXCL, ndmsg(unix.AF_INET, index, unix.NUD_PERMANENT)...).addr(unix.NDA_DST, s)
}

// TestLikeLinux makes the same requests of a NetBSD and of Linux. They have to end
// in the same way, and afterwards the tables have to say the same.
func TestLikeLinux(t *testing.T) {
	netns.Run(t, func(t *testing.T) {
		for _, release := range []*kernel.Release{kernel.NetBSD79934, kernel.NetBSD10} {
			netns.IP(t, "link add shmif0 type veth peer name cable0")
			netns.IP(t, "link set cable0 up")
			compare(t, release)
			netns.IP(t, "link del shmif0")
			netns.IP(t, "route del blackhole 203.0.113.0/24")
			netns.IP(t, "route del unreachable 203.0.114.0/24")
			if t.Failed() {
				t.Fatal("on NetBSD ", release.Version)
			}
		}
	})
}

func compare(t *testing.T, release *kernel.Release) {
	k := boot(t, release)
	index := cabled(t, k)
	theirIndex := uint32(theirLink(t, "shmif0"))
	us, them := ours{open(t, serve(t, k), unix.NETLINK_ROUTE)}, openTheirs(t, unix.NETLINK_ROUTE)
	for _, step := range steps {
		with := func(index uint32) []byte {
			b := step.request(index)
			binary.NativeEndian.PutUint16(b[6:], binary.NativeEndian.Uint16(b[6:])|unix.NLM_F_ACK)
			return b.end()
		}
		got, gotErr := ask(t, us, with(index), index)
		want, wantErr := ask(t, them, with(theirIndex), theirIndex)
		if step.name == "link up" {
			netns.Running(t, "shmif0")
		}
		if gotErr != wantErr || got != want {
			t.Errorf("%s: %v %s, and on Linux %v %s", step.name, gotErr, got, wantErr, want)
		}
	}
	for _, dump := range []struct {
		name    string
		request []byte
	}{
		{"links", request(unix.RTM_GETLINK, unix.NLM_F_DUMP, ifinfo(0, 0, 0)...).end()},
		{"addresses", request(unix.RTM_GETADDR, unix.NLM_F_DUMP, ifaddr(0, 0, 0)...).end()},
		{"routes", request(unix.RTM_GETROUTE, unix.NLM_F_DUMP, rtmsg(unix.AF_INET, 0, 0, 0, 0, 0)...).end()},
		{"routes of IPv6", request(unix.RTM_GETROUTE, unix.NLM_F_DUMP, rtmsg(unix.AF_INET6, 0, 0, 0, 0, 0)...).end()},
		{"neighbors", request(unix.RTM_GETNEIGH, unix.NLM_F_DUMP, ndmsg(0, 0, 0)...).end()},
		{"rules", request(unix.RTM_GETRULE, unix.NLM_F_DUMP, rtmsg(unix.AF_INET6, 0, 0, 0, 0, 0)...).end()},
	} {
		tell := func(s socket, index uint32) []string {
			var lines []string
			for _, m := range table(t, s, dump.request) {
				if line := say(t, m, index); line != "" {
					lines = append(lines, line)
				}
			}
			slices.Sort(lines)
			return lines
		}
		got, want := tell(us, index), tell(them, theirIndex)
		if !slices.Equal(got, want) || len(want) == 0 {
			t.Errorf("%s:\n%s\nand on Linux\n%s", dump.name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

// say tells what an entry is.
func say(t testing.TB, m syscall.NetlinkMessage, index uint32) string {
	switch m.Header.Type {
	case unix.RTM_NEWLINK:
		return sayLink(t, m, index)
	case unix.RTM_NEWADDR:
		return sayAddress(t, m, index)
	case unix.RTM_NEWROUTE:
		return sayRoute(t, m, index)
	case unix.RTM_NEWNEIGH:
		return sayNeighbor(t, m, index)
	case unix.RTM_NEWRULE:
		return sayRule(t, m)
	}
	return fmt.Sprintf("a message of type %d", m.Header.Type)
}

// The functions below say what an entry is, in words that do not depend on the
// kernel; "" for those that are not about the interface, whose index is given.

func sayLink(t testing.TB, m syscall.NetlinkMessage, index uint32) string {
	at := attributes(t, m, unix.SizeofIfInfomsg)
	if binary.NativeEndian.Uint32(m.Data[4:]) != index {
		return ""
	}
	const flags = unix.IFF_UP | unix.IFF_BROADCAST | unix.IFF_RUNNING | unix.IFF_LOOPBACK | unix.IFF_MULTICAST | unix.IFF_LOWER_UP | unix.IFF_POINTOPOINT
	return fmt.Sprintf("%s type %d flags %#x mtu %d address %x broadcast %x qdisc %s group %d mode %d carrier %d, %d and %d bytes of statistics",
		at[unix.IFLA_IFNAME], binary.NativeEndian.Uint16(m.Data[2:]), binary.NativeEndian.Uint32(m.Data[8:])&flags,
		binary.NativeEndian.Uint32(at[unix.IFLA_MTU]), at[unix.IFLA_ADDRESS], at[unix.IFLA_BROADCAST], at[unix.IFLA_QDISC],
		at[unix.IFLA_GROUP], at[unix.IFLA_LINKMODE], at[unix.IFLA_CARRIER], len(at[unix.IFLA_STATS]), min(len(at[unix.IFLA_STATS64]), 192))
}

func sayAddress(t testing.TB, m syscall.NetlinkMessage, index uint32) string {
	at := attributes(t, m, unix.SizeofIfAddrmsg)
	if binary.NativeEndian.Uint32(m.Data[4:]) != index {
		return ""
	}
	if m.Data[0] == unix.AF_INET6 && at[unix.IFA_ADDRESS][0] == 0xfe {
		at[unix.IFA_ADDRESS] = nil // made of the hardware address before it was changed
	}
	const flags = unix.IFA_F_PERMANENT | unix.IFA_F_DEPRECATED
	return fmt.Sprintf("family %d bits %d flags %#x scope %d local %v address %v broadcast %v label %s lifetime %x",
		m.Data[0], m.Data[1], binary.NativeEndian.Uint32(at[unix.IFA_FLAGS])&flags, m.Data[3],
		at[unix.IFA_LOCAL], at[unix.IFA_ADDRESS], at[unix.IFA_BROADCAST], at[unix.IFA_LABEL], at[unix.IFA_CACHEINFO][:8])
}

func sayRoute(t testing.TB, m syscall.NetlinkMessage, index uint32) string {
	at := attributes(t, m, unix.SizeofRtMsg)
	const cloned = 0x200
	if m.Data[4] != unix.RT_TABLE_MAIN && binary.NativeEndian.Uint32(m.Data[8:])&cloned == 0 {
		return ""
	}
	typ := m.Data[7]
	if m.Data[0] == unix.AF_INET6 && at[unix.RTA_DST][0] == 0xff {
		return "" // NetBSD has a route for each scope, Linux one in another table
	}
	if typ == unix.RTN_UNICAST && binary.NativeEndian.Uint32(at[unix.RTA_OIF]) != index {
		return ""
	}
	line := fmt.Sprintf("family %d to %v/%d type %d via %v", m.Data[0], at[unix.RTA_DST], m.Data[1], typ, at[unix.RTA_GATEWAY])
	if m.Data[0] == unix.AF_INET {
		protocol := m.Data[5]
		if protocol == unix.RTPROT_BOOT {
			protocol = unix.RTPROT_STATIC // NetBSD does not tell them apart
		}
		line += fmt.Sprintf(" protocol %d scope %d source %v", protocol, m.Data[6], at[unix.RTA_PREFSRC])
	}
	return line
}

func sayNeighbor(t testing.TB, m syscall.NetlinkMessage, index uint32) string {
	const size = 12
	at := attributes(t, m, size)
	state := binary.NativeEndian.Uint16(m.Data[8:])
	if binary.NativeEndian.Uint32(m.Data[4:]) != index || state != unix.NUD_PERMANENT {
		return ""
	}
	return fmt.Sprintf("family %d %v at %x", m.Data[0], at[unix.NDA_DST], at[unix.NDA_LLADDR])
}

func sayRule(t testing.TB, m syscall.NetlinkMessage) string {
	const size = 12
	at := attributes(t, m, size)
	return fmt.Sprintf("family %d table %d %x action %d priority %x", m.Data[0], m.Data[4], at[15], m.Data[7], at[6])
}
