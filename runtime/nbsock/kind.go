package nbsock

import (
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/abigen/abigen/netbsd"
)

// A kind is what the name of a network says.
type kind struct {
	base     string // "tcp", "udp", "ip" or "unix"
	family   int32  // the only one that will do; 0: AF_INET and AF_INET6
	typ      int32
	protocol int32
}

var kinds = map[string]kind{
	"tcp":        {"tcp", 0, netbsd.SOCK_STREAM, 0},
	"tcp4":       {"tcp", netbsd.AF_INET, netbsd.SOCK_STREAM, 0},
	"tcp6":       {"tcp", netbsd.AF_INET6, netbsd.SOCK_STREAM, 0},
	"udp":        {"udp", 0, netbsd.SOCK_DGRAM, 0},
	"udp4":       {"udp", netbsd.AF_INET, netbsd.SOCK_DGRAM, 0},
	"udp6":       {"udp", netbsd.AF_INET6, netbsd.SOCK_DGRAM, 0},
	"ip":         {"ip", 0, netbsd.SOCK_RAW, 0},
	"ip4":        {"ip", netbsd.AF_INET, netbsd.SOCK_RAW, 0},
	"ip6":        {"ip", netbsd.AF_INET6, netbsd.SOCK_RAW, 0},
	"unix":       {"unix", netbsd.AF_LOCAL, netbsd.SOCK_STREAM, 0},
	"unixgram":   {"unix", netbsd.AF_LOCAL, netbsd.SOCK_DGRAM, 0},
	"unixpacket": {"unix", netbsd.AF_LOCAL, netbsd.SOCK_SEQPACKET, 0},
}

// protocols are those that have a name in package net.
var protocols = map[string]int32{
	"icmp":      netbsd.IPPROTO_ICMP,
	"igmp":      netbsd.IPPROTO_IGMP,
	"tcp":       netbsd.IPPROTO_TCP,
	"udp":       netbsd.IPPROTO_UDP,
	"ipv6-icmp": netbsd.IPPROTO_ICMPV6,
}

// parseNetwork returns the kind of a network: "tcp", "udp6", "ip4:icmp", ....
func parseNetwork(network string) (kind, error) {
	name, protocol, raw := strings.Cut(network, ":")
	k, ok := kinds[name]
	if !ok || raw != (k.typ == netbsd.SOCK_RAW) {
		return k, net.UnknownNetworkError(network)
	}
	if raw {
		if k.protocol, ok = protocols[protocol]; !ok {
			number, err := strconv.ParseUint(protocol, 10, 8)
			if err != nil {
				return k, net.UnknownNetworkError(network)
			}
			k.protocol = int32(number)
		}
	}
	return k, nil
}

func (k kind) hasPorts() bool { return k.base == "tcp" || k.base == "udp" }

// takes tells whether a socket of the network can have the address.
func (k kind) takes(a netip.Addr) bool {
	return k.family == 0 || a.Is4() == (k.family == netbsd.AF_INET)
}

// familyOf returns the family of sockets for an address.
func (k kind) familyOf(a netip.Addr) int32 {
	switch {
	case k.family != 0:
		return k.family
	case a.Is4():
		return netbsd.AF_INET
	}
	return netbsd.AF_INET6
}

// loopback returns what a wildcard stands for when it is dialed.
func (k kind) loopback(a netip.Addr) netip.Addr {
	switch {
	case a.IsValid() && !a.IsUnspecified():
		return a
	case k.family == netbsd.AF_INET6, a.Is6():
		return netip.IPv6Loopback()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}
