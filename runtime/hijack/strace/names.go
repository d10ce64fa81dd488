package strace

import (
	"fmt"
	"strings"

	"github.com/abigen/abigen/linux"
)

// named returns the name of a number, or the number.
func named(names map[int64]string, v int64) string {
	if s, ok := names[v]; ok {
		return s
	}
	return fmt.Sprint(v)
}

// A bit is a flag and its name.
type bit struct {
	value uint32
	name  string
}

// flags returns the names of the flags in v.
func flags(bits []bit, v uint32) string {
	var list []string
	for _, b := range bits {
		if v&b.value != 0 {
			list = append(list, b.name)
			v &^= b.value
		}
	}
	if v != 0 || len(list) == 0 {
		list = append(list, fmt.Sprintf("%#x", v))
	}
	if len(list) == 1 && list[0] == "0x0" {
		return "0"
	}
	return strings.Join(list, "|")
}

func of(names map[int64]string) kind {
	return func(c *Call, i int) string { return named(names, int64(int32(uint32(c.Args[i])))) }
}

func bitsOf(bits []bit) kind {
	return func(c *Call, i int) string { return flags(bits, uint32(c.Args[i])) }
}

var (
	family       = of(families)
	level        = of(levels)
	how          = of(map[int64]string{linux.SHUT_RD: "SHUT_RD", linux.SHUT_WR: "SHUT_WR", linux.SHUT_RDWR: "SHUT_RDWR"})
	request      = of(requests)
	socketFlags  = bitsOf(socketBits)
	messageFlags = bitsOf(messageBits)
)

func socketType(c *Call, i int) string {
	v := uint32(c.Args[i])
	s := named(map[int64]string{
		int64(linux.SOCK_STREAM): "SOCK_STREAM", int64(linux.SOCK_DGRAM): "SOCK_DGRAM", int64(linux.SOCK_RAW): "SOCK_RAW",
		int64(linux.SOCK_SEQPACKET): "SOCK_SEQPACKET",
	}, int64(v&0xf))
	if v &^= 0xf; v != 0 {
		s += "|" + flags(socketBits, v)
	}
	return s
}

// protocol shows the protocol of a new socket, which depends on its family.
func protocol(c *Call, i int) string {
	v := int64(int32(uint32(c.Args[i])))
	switch c.Args[0] {
	case linux.AF_NETLINK:
		return named(map[int64]string{linux.NETLINK_ROUTE: "NETLINK_ROUTE", linux.NETLINK_SOCK_DIAG: "NETLINK_SOCK_DIAG", linux.NETLINK_GENERIC: "NETLINK_GENERIC"}, v)
	case linux.AF_INET, linux.AF_INET6:
		return named(map[int64]string{
			linux.IPPROTO_IP: "IPPROTO_IP", linux.IPPROTO_TCP: "IPPROTO_TCP", linux.IPPROTO_UDP: "IPPROTO_UDP", linux.IPPROTO_ICMP: "IPPROTO_ICMP",
			linux.IPPROTO_ICMPV6: "IPPROTO_ICMPV6", linux.IPPROTO_RAW: "IPPROTO_RAW",
		}, v)
	}
	return fmt.Sprint(v)
}

// option shows an option of the level that is the argument before it.
func option(c *Call, i int) string {
	v := int64(int32(uint32(c.Args[i])))
	switch c.Args[i-1] {
	case linux.SOL_SOCKET:
		return named(socketOptions, v)
	case linux.IPPROTO_IP:
		return named(ipOptions, v)
	case linux.IPPROTO_IPV6:
		return named(ipv6Options, v)
	case linux.IPPROTO_TCP:
		return named(tcpOptions, v)
	case linux.SOL_NETLINK:
		return named(netlinkOptions, v)
	}
	return fmt.Sprint(v)
}
