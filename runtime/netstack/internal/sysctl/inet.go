package sysctl

import "github.com/abigen/abigen/netbsd"

func ipNodes() []Node {
	return append([]Node{
		integer(1, "forwarding", 1),
		integer(2, "redirect", 1),
		integer(3, "ttl", 64),
		checked(5, "forwsrcrt", 1, nil),
		integer(6, "directed-broadcast", 0),
		integer(7, "allowsrcrt", 1),
		integer(8, "subnetsarelocal", 1),
		integer(9, "mtudisc", 1),
		checked(12, "mtudisctimeout", 600, atLeast(0)),
		checked(13, "maxflows", 256, nil),
		integer(14, "hostzerobroadcast", 0),
		{Number: 18, Name: "maxfragpackets", Flags: readWrite, Value: NewInt(200, nil)},
		integer(20, "checkinterface", 0),
		dir(21, "ifq", queueNodes()...),
		integer(22, "random_id", 0),
		integer(23, "do_loopback_cksum", 0),
		counters(24, "stats", 30),
		integer(25, "dad_count", 3),
		dir(Any, "anonportalgo", portAlgorithmNodes()...),
		checked(Any, "hashsize", 64, powerOfTwo),
	}, portNodes(10, 11, 16, 17)...)
}

func icmpNodes() []Node {
	return []Node{
		integer(1, "maskrepl", 0),
		checked(3, "returndatabytes", 8, func(v int32) error {
			if v < 8 || v > 512 {
				return netbsd.EINVAL
			}
			return nil
		}),
		integer(4, "errppslimit", 100),
		integer(5, "rediraccept", 1),
		checked(6, "redirtimeout", 600, atLeast(0)),
		counters(7, "stats", 16+2*41),
		integer(8, "bmcastecho", 0),
	}
}

// tcpNodes are the variables of TCP, which is one for IPv4 and IPv6.
func tcpNodes() []Node {
	window := func(v int32) error { // an index into a table of windows
		if v < 0 || v > 10 {
			return netbsd.EINVAL
		}
		return nil
	}
	const room = 12
	return []Node{
		checked(1, "rfc1323", 1, atLeast(0)),
		integer(2, "sendspace", 32<<10),
		integer(3, "recvspace", 32<<10),
		checked(4, "mssdflt", 536, atLeast(32)),
		integer(5, "syn_cache_limit", 10255),
		integer(6, "syn_bucket_limit", 105),
		checked(8, "init_win", 4, window),
		integer(9, "mss_ifmtu", 0),
		dir(10, "sack",
			integer(Any, "enable", 1),
			integer(Any, "maxholes", 32),
			integer(Any, "globalmaxholes", 1024),
			state(Any, "globalholes", func() int32 { return 0 })),
		checked(11, "win_scale", 1, atLeast(0)),
		checked(12, "timestamps", 1, atLeast(0)),
		integer(13, "compat_42", 0),
		integer(14, "cwm", 0),
		integer(15, "cwm_burstsize", 4),
		integer(16, "ack_on_push", 0),
		checked(17, "keepidle", 2*7200, nil), // these in half seconds
		checked(18, "keepintvl", 2*75, nil),
		checked(19, "keepcnt", 8, nil),
		constant(20, "slowhz", 2),
		integer(22, "log_refused", 0),
		integer(24, "rstppslimit", 100),
		integer(25, "delack_ticks", hz/5),
		checked(26, "init_win_local", 4, window),
		{Number: 27, Name: "ident", Flags: permanent | readWrite, Type: netbsd.CTLTYPE_STRUCT, Size: 4, Handler: unsupported},
		integer(29, "do_loopback_cksum", 0),
		counters(30, "stats", 76),
		{Number: 33, Name: "drop", Flags: permanent | readWrite, Type: netbsd.CTLTYPE_STRUCT, Handler: unsupported},
		integer(34, "msl", 30),
		integer(Any, "minmss", 216),
		dir(Any, "congctl",
			Node{Number: Any, Name: "available", Flags: permanent, Value: Text("reno newreno cubic")},
			Node{Number: Any, Name: "selected", Flags: permanent | readWrite, Func: true, Size: room,
				Value: NewString("newreno", room, oneOf("reno", "newreno", "cubic"))}),
		checked(Any, "keepinit", 2*75, nil),
		integer(Any, "recvbuf_auto", 1),
		integer(Any, "recvbuf_inc", 16<<10),
		integer(Any, "recvbuf_max", 256<<10),
		integer(Any, "sendbuf_auto", 1),
		integer(Any, "sendbuf_inc", 8<<10),
		integer(Any, "sendbuf_max", 256<<10),
		dir(Any, "ecn", integer(Any, "enable", 0), integer(Any, "maxretries", 1)),
		integer(Any, "local_by_rtt", 0),
		integer(Any, "iss_hash", 0),
		dir(Any, "abc", integer(Any, "enable", 1), integer(Any, "aggressive", 1)),
		dir(Any, "mslt",
			integer(Any, "enable", 1),
			integer(Any, "loopback", 2), // these in half seconds
			integer(Any, "local", 10),
			integer(Any, "remote", 60),
			integer(Any, "remote_threshold", 6)),
	}
}

// vtw is TCP's memory of connections in TIME_WAIT, of which each family has
// its own.
func vtw() Node {
	return dir(Any, "vtw",
		checked(Any, "enable", 0, nil),
		state(Any, "entries", func() int32 { return 16 }))
}

// unsupported stands for what this kernel does not do.
func unsupported(*Request) error { return netbsd.EOPNOTSUPP }

func ip6Nodes() []Node {
	return append([]Node{
		integer(1, "forwarding", 0),
		integer(2, "redirect", 1),
		integer(3, "hlim", 64),
		counters(6, "stats", 402),
		integer(9, "maxfragpackets", 200),
		integer(12, "accept_rtadv", 0),
		integer(13, "keepfaith", 0),
		integer(14, "log_interval", 5),
		integer(15, "hdrnestlimit", 50),
		integer(16, "dad_count", 1),
		integer(17, "auto_flowlabel", 1),
		integer(18, "defmcasthlim", 1),
		{Number: 20, Name: "kame_version", Flags: permanent, Value: Text("NetBSD-current")},
		integer(21, "use_deprecated", 1),
		integer(22, "rr_prune", 5),
		integer(24, "v6only", 1),
		integer(35, "auto_linklocal", 1),
		{Number: 38, Name: "addctlpolicy", Flags: permanent, Type: netbsd.CTLTYPE_STRUCT, Handler: nothing(netbsd.CTL_MAXNAME)},
		integer(39, "use_defaultzone", 0),
		integer(41, "maxfrags", 200),
		dir(42, "ifq", queueNodes()...),
		integer(43, "rtadv_maxroutes", 100),
		state(44, "rtadv_numroutes", func() int32 { return 1 }),
		integer(Any, "use_tempaddr", 0),
		integer(Any, "prefer_tempaddr", 0),
		integer(Any, "temppltime", 86400),
		integer(Any, "tempvltime", 604800),
		integer(Any, "mcast_pmtu", 0),
		checked(Any, "maxflows", 256, nil),
		checked(Any, "hashsize", 64, powerOfTwo),
		dir(Any, "anonportalgo", portAlgorithmNodes()...),
		integer(Any, "neighborgcthresh", 2048),
		integer(Any, "maxifprefixes", 16),
		integer(Any, "maxifdefrouters", 16),
		integer(Any, "maxdynroutes", 4096),
	}, portNodes(28, 29, 30, 31)...)
}

func icmp6Nodes() []Node {
	list := func(number int32, name string) Node {
		return Node{Number: number, Name: name, Flags: permanent, Type: netbsd.CTLTYPE_STRUCT, Handler: nothing(0)}
	}
	return []Node{
		counters(1, "stats", 542),
		integer(2, "rediraccept", 1),
		checked(3, "redirtimeout", 600, atLeast(0)),
		integer(6, "nd6_prune", 1),
		integer(8, "nd6_delay", 5),
		integer(9, "nd6_umaxtries", 3),
		integer(10, "nd6_mmaxtries", 3),
		integer(11, "nd6_useloopback", 1),
		integer(13, "nodeinfo", 1),
		integer(14, "errppslimit", 100),
		integer(15, "nd6_maxnudhint", 0),
		integer(16, "mtudisc_hiwat", 1280),
		integer(17, "mtudisc_lowat", 256),
		integer(18, "nd6_debug", 0),
		list(19, "nd6_drlist"),
		list(20, "nd6_prlist"),
		integer(24, "maxqueuelen", 1),
	}
}
