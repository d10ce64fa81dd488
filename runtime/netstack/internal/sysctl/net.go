package sysctl

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

func netNodes(ifs *netif.Table, lists pcblists) []Node {
	sharedTCP, udpChecksum := tcpNodes(), NewInt(0, nil) // by both families
	return append(temporary(
		Node{Number: 1, Name: "local", Children: temporary(
			Node{Number: 1, Name: "stream", Children: temporary(lists.kind(netbsd.AF_LOCAL, netbsd.SOCK_STREAM))},
			Node{Number: 2, Name: "dgram", Children: temporary(lists.kind(netbsd.AF_LOCAL, netbsd.SOCK_DGRAM))},
			Node{Number: 5, Name: "seqpacket", Children: temporary(lists.kind(netbsd.AF_LOCAL, netbsd.SOCK_SEQPACKET))},
		)},
	),
		dir(2, "inet", inetNodes(ifs, lists, sharedTCP, udpChecksum)...),
		dir(17, "oroute"),
		dir(24, "inet6", inet6Nodes(ifs, lists, sharedTCP, udpChecksum)...),
		dir(34, "route", Node{Number: Any, Name: "stats", Flags: permanent, Value: Struct(func() []byte { return make([]byte, 5*8) })}),
		byIndex("sdl", linkAddresses(ifs)),
		dir(Any, "ether", byIndex("multicast", groups(ifs))),
	)
}

func inetNodes(ifs *netif.Table, lists pcblists, tcp []Node, udpChecksum *Int) []Node {
	return []Node{
		dir(0, "ip", ipNodes()...),
		dir(1, "icmp", icmpNodes()...),
		dir(2, "igmp", counters(Any, "stats", 10)),
		dir(6, "tcp", withOwn(tcp, lists, netbsd.AF_INET)...),
		dir(17, "udp",
			integer(1, "checksum", 1),
			integer(2, "sendspace", 9216),
			integer(3, "recvspace", 40*(1024+16)),
			Node{Number: 4, Name: "do_loopback_cksum", Flags: permanent | readWrite, Value: udpChecksum},
			counters(5, "stats", 9),
			lists.protocol(netbsd.AF_INET, netbsd.IPPROTO_UDP)),
		dir(112, "carp",
			integer(Any, "preempt", 0),
			integer(Any, "arpbalance", 0),
			integer(Any, "allow", 1),
			integer(Any, "log", 0),
			counters(5, "stats", 16)),
		dir(255, "raw", lists.kind(netbsd.AF_INET, netbsd.SOCK_RAW)),
		dir(Any, "arp",
			integer(Any, "keep", 20*60),
			integer(Any, "down", 20),
			counters(Any, "stats", 23),
			integer(Any, "log_movements", 1),
			integer(Any, "log_permanent_modify", 1),
			integer(Any, "log_wrong_iface", 1),
			integer(Any, "log_unknown_network", 1),
			integer(Any, "debug", 0)),
		byIndex("multicast", groups(ifs)),
	}
}

func inet6Nodes(ifs *netif.Table, lists pcblists, tcp []Node, udpChecksum *Int) []Node {
	return []Node{
		dir(6, "tcp6", withOwn(tcp, lists, netbsd.AF_INET6)...),
		dir(17, "udp6",
			integer(1, "sendspace", 9216),
			integer(2, "recvspace", 40*(1024+28)),
			Node{Number: 3, Name: "do_loopback_cksum", Flags: permanent | readWrite, Value: udpChecksum},
			lists.protocol(netbsd.AF_INET6, netbsd.IPPROTO_UDP),
			counters(4, "stats", 10)),
		dir(41, "ip6", ip6Nodes()...),
		dir(58, "icmp6", icmp6Nodes()...),
		dir(103, "pim6", counters(1, "stats", 7)),
		dir(255, "raw6", lists.kind(netbsd.AF_INET6, netbsd.SOCK_RAW), counters(1, "stats", 7)),
		byIndex("multicast", groups(ifs)),
		byIndex("multicast_kludge", kludge),
	}
}

// withOwn returns TCP's variables with those that each family has for itself.
func withOwn(shared []Node, lists pcblists, family int32) []Node {
	return append(shared[:len(shared):len(shared)], lists.protocol(family, netbsd.IPPROTO_TCP), vtw())
}

// portNodes are the ranges of ports that the kernel chooses from.
func portNodes(anonmin, anonmax, lowmin, lowmax int32) []Node {
	amin, amax := NewInt(49152, nil), NewInt(65535, nil)
	lmin, lmax := NewInt(600, nil), NewInt(1023, nil)
	in := func(v, least, most int32, below *Int, above *Int) error {
		if v < least || v > most || below != nil && v <= below.Load() || above != nil && v >= above.Load() {
			return netbsd.EINVAL
		}
		return nil
	}
	amin.Check = func(v int32) error { return in(v, 1024, 65535, nil, amax) }
	amax.Check = func(v int32) error { return in(v, 1024, 65535, amin, nil) }
	lmin.Check = func(v int32) error { return in(v, 600, 1023, nil, lmax) }
	lmax.Check = func(v int32) error { return in(v, 600, 1023, lmin, nil) }
	node := func(number int32, name string, v *Int) Node {
		return Node{Number: number, Name: name, Flags: permanent | readWrite, Func: true, Value: v}
	}
	return []Node{
		node(anonmin, "anonportmin", amin), node(anonmax, "anonportmax", amax),
		node(lowmin, "lowportmin", lmin), node(lowmax, "lowportmax", lmax),
	}
}

// portAlgorithmNodes choose how a free port is looked for.
func portAlgorithmNodes() []Node {
	const room = 16
	return []Node{
		{Number: Any, Name: "available", Flags: permanent, Func: true, Size: room,
			Value: Text("bsd random_start random_pick hash doublehash randinc")},
		{Number: Any, Name: "selected", Flags: permanent | readWrite, Func: true, Size: room,
			Value: NewString("bsd", room, oneOf("bsd", "random_start", "random_pick", "hash", "doublehash", "randinc"))},
		{Number: Any, Name: "reserve", Flags: permanent | readWrite, Func: true,
			Value: &owned{typ: netbsd.CTLTYPE_STRUCT, b: make([]byte, 65536/8)}},
	}
}

// queueNodes are the queue of packets that arrived. It is always empty.
func queueNodes() []Node {
	empty := IntFunc(func() int32 { return 0 })
	return []Node{
		{Number: 1, Name: "len", Flags: permanent, Func: true, Value: empty},
		checked(2, "maxlen", 256, func(v int32) error {
			if v < 1 || v > 65535 {
				return netbsd.EINVAL
			}
			return nil
		}),
		{Number: 4, Name: "drops", Flags: permanent, Func: true, Value: empty},
	}
}

func powerOfTwo(v int32) error {
	if v <= 0 || v&(v-1) != 0 {
		return netbsd.EINVAL
	}
	return nil
}
