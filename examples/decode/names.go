package main

import (
	"fmt"
	"strings"

	"github.com/abigen/abigen/netbsd"
)

// A nameTable holds the names of numbers that begin at 0.
type nameTable [32]string

func (t *nameTable) has(v uint8) bool { return int(v) < len(t) && t[v] != "" }

func (t *nameTable) name(v uint8) string {
	if t.has(v) {
		return t[v]
	}
	return fmt.Sprintf("type %d", v)
}

var messageTypes = nameTable{
	netbsd.RTM_ADD: "RTM_ADD", netbsd.RTM_DELETE: "RTM_DELETE", netbsd.RTM_CHANGE: "RTM_CHANGE", netbsd.RTM_GET: "RTM_GET",
	netbsd.RTM_LOSING: "RTM_LOSING", netbsd.RTM_REDIRECT: "RTM_REDIRECT", netbsd.RTM_MISS: "RTM_MISS", netbsd.RTM_LOCK: "RTM_LOCK",
	netbsd.RTM_ONEWADDR: "RTM_ONEWADDR", netbsd.RTM_ODELADDR: "RTM_ODELADDR", netbsd.RTM_OCHGADDR: "RTM_OCHGADDR",
	netbsd.RTM_IFANNOUNCE: "RTM_IFANNOUNCE", netbsd.RTM_IFINFO: "RTM_IFINFO",
	netbsd.RTM_NEWADDR: "RTM_NEWADDR", netbsd.RTM_DELADDR: "RTM_DELADDR", netbsd.RTM_CHGADDR: "RTM_CHGADDR",
}

// A bitTable holds the names of bits.
type bitTable []struct {
	bit  uint32
	name string
}

// names spells v as names joined by commas, and what is left of it as a number.
func (t bitTable) names(v uint32) string {
	var s []string
	for _, e := range t {
		if v&e.bit != 0 {
			s = append(s, e.name)
			v &^= e.bit
		}
	}
	if len(s) == 0 && v == 0 {
		return "no flags"
	}
	if v != 0 {
		s = append(s, fmt.Sprintf("%#x", v))
	}
	return strings.Join(s, ",")
}

var routeFlags = bitTable{
	{netbsd.RTF_UP, "up"}, {netbsd.RTF_GATEWAY, "gateway"}, {netbsd.RTF_HOST, "host"}, {netbsd.RTF_REJECT, "reject"},
	{netbsd.RTF_DYNAMIC, "dynamic"}, {netbsd.RTF_MODIFIED, "modified"}, {netbsd.RTF_DONE, "done"}, {netbsd.RTF_MASK, "mask"},
	{netbsd.RTF_CONNECTED, "connected"}, {netbsd.RTF_LLDATA, "lldata"}, {netbsd.RTF_STATIC, "static"},
	{netbsd.RTF_BLACKHOLE, "blackhole"}, {netbsd.RTF_PROTO2, "proto2"}, {netbsd.RTF_PROTO1, "proto1"}, {netbsd.RTF_SRC, "src"},
	{netbsd.RTF_ANNOUNCE, "announce"}, {netbsd.RTF_LOCAL, "local"}, {netbsd.RTF_BROADCAST, "broadcast"},
	{netbsd.RTF_UPDATING, "updating"}, {netbsd.RTF_DONTCHANGEIFA, "dontchangeifa"},
}

var interfaceFlags = bitTable{
	{netbsd.IFF_UP, "up"}, {netbsd.IFF_BROADCAST, "broadcast"}, {netbsd.IFF_DEBUG, "debug"}, {netbsd.IFF_LOOPBACK, "loopback"},
	{netbsd.IFF_POINTOPOINT, "pointopoint"}, {netbsd.IFF_UNNUMBERED, "unnumbered"}, {netbsd.IFF_RUNNING, "running"},
	{netbsd.IFF_NOARP, "noarp"}, {netbsd.IFF_PROMISC, "promisc"}, {netbsd.IFF_ALLMULTI, "allmulti"},
	{netbsd.IFF_OACTIVE, "oactive"}, {netbsd.IFF_SIMPLEX, "simplex"}, {netbsd.IFF_LINK0, "link0"}, {netbsd.IFF_LINK1, "link1"},
	{netbsd.IFF_LINK2, "link2"}, {netbsd.IFF_MULTICAST, "multicast"},
}

// auxNames are what the kernel tells a program about itself, AT_*.
var auxNames = map[uint32]string{
	netbsd.AT_PHDR: "AT_PHDR", netbsd.AT_PHENT: "AT_PHENT", netbsd.AT_PHNUM: "AT_PHNUM", netbsd.AT_PAGESZ: "AT_PAGESZ",
	netbsd.AT_BASE: "AT_BASE", netbsd.AT_FLAGS: "AT_FLAGS", netbsd.AT_ENTRY: "AT_ENTRY", netbsd.AT_STACKBASE: "AT_STACKBASE",
	netbsd.AT_EUID: "AT_EUID", netbsd.AT_RUID: "AT_RUID", netbsd.AT_EGID: "AT_EGID", netbsd.AT_RGID: "AT_RGID",
}
