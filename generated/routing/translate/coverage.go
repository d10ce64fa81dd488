package translate

// A Row of the coverage: names that mean the same, or a name without a
// counterpart and why.
type Row struct {
	Linux  string `json:"linux,omitempty"`  // C names, or patterns with *, separated by spaces
	NetBSD string `json:"netbsd,omitempty"` // the same
	Why    string `json:"why,omitempty"`    // what is lost; empty when nothing is
}

// Mapped tells that both systems have it.
func (r Row) Mapped() bool { return r.Linux != "" && r.NetBSD != "" }

// Coverage returns all messages, attributes and flags that have to do with links,
// addresses, routes and neighbors, and what becomes of each. The file
// coverage.json beside this one has the same rows.
//
// A name without a counterpart makes a request fail, with an error that names it,
// and is left out of what is told.
func Coverage() []Row {
	var rows []Row
	for _, part := range [][]Row{messageRows, linkRows, addressRows, routeRows, neighborRows} {
		rows = append(rows, part...)
	}
	return rows
}

const (
	noTable     = "NetBSD has no such table in its routing messages"
	linuxOnly   = "NetBSD has nothing like it"
	netbsdOnly  = "Linux has nothing like it"
	kernelState = "it tells of the inside of one kernel"
	form        = "it is about the form of messages, which are made anew"
)

var messageRows = []Row{
	{Linux: "RTM_NEWLINK", NetBSD: "RTM_IFINFO RTM_IFANNOUNCE SIOCIFCREATE SIOCSIFFLAGS SIOCSIFMTU SIOCALIFADDR", Why: "a new link is announced, and then its state told"},
	{Linux: "RTM_DELLINK", NetBSD: "RTM_IFANNOUNCE SIOCIFDESTROY"},
	{Linux: "RTM_GETLINK", NetBSD: "NET_RT_IFLIST"},
	{Linux: "RTM_SETLINK", NetBSD: "SIOCSIFFLAGS SIOCSIFMTU SIOCALIFADDR"},
	{Linux: "RTM_NEWADDR", NetBSD: "RTM_NEWADDR RTM_CHGADDR SIOCAIFADDR SIOCAIFADDR_IN6", Why: "NetBSD changes an address that is there also without NLM_F_REPLACE"},
	{Linux: "RTM_DELADDR", NetBSD: "RTM_DELADDR SIOCDIFADDR SIOCDIFADDR_IN6"},
	{Linux: "RTM_GETADDR", NetBSD: "NET_RT_IFLIST"},
	{Linux: "RTM_NEWROUTE", NetBSD: "RTM_ADD RTM_CHANGE RTM_REDIRECT", Why: "the gateway that sent a redirect (RTA_AUTHOR) is lost"},
	{Linux: "RTM_DELROUTE", NetBSD: "RTM_DELETE"},
	{Linux: "RTM_GETROUTE", NetBSD: "RTM_GET NET_RT_DUMP"},
	{Linux: "RTM_NEWNEIGH", NetBSD: "RTM_ADD RTM_LLINFO_UPD"},
	{Linux: "RTM_DELNEIGH", NetBSD: "RTM_DELETE"},
	{Linux: "RTM_GETNEIGH", NetBSD: "RTM_GET NET_RT_FLAGS"},
	{Linux: "RTM_BASE RTM_MAX RTM_NR_*", Why: "bounds"},
	{Linux: "RTM_*RULE RTM_*QDISC RTM_*TCLASS RTM_*TFILTER RTM_*ACTION RTM_*PREFIX RTM_*CAST RTM_*NEIGHTBL RTM_NEWNDUSEROPT " +
		"RTM_*ADDRLABEL RTM_*DCB RTM_*NETCONF RTM_*MDB RTM_*NSID RTM_*STATS RTM_NEWCACHEREPORT RTM_*CHAIN RTM_*NEXTHOP* " +
		"RTM_*LINKPROP RTM_*VLAN RTM_*TUNNEL", Why: noTable},
	{NetBSD: "RTM_MISS RTM_LOSING", Why: "Linux does not tell listeners of lookups that fail and of gateways under suspicion"},
	{NetBSD: "RTM_LOCK", Why: "Linux locks metrics when it sets them (RTAX_LOCK)"},
	{NetBSD: "RTM_IEEE80211", Why: "Linux tells it in nl80211, of generic netlink"},
	{NetBSD: "RTM_OLDADD RTM_OLDDEL RTM_SETGATE RTM_OIFINFO RTM_OOIFINFO", Why: "NetBSD does not send it any more"},
	{NetBSD: "RTM_ONEWADDR RTM_ODELADDR RTM_OCHGADDR", Why: "numbers of older versions, which a Version has"},
	{NetBSD: "RTM_VERSION RTM_RTTUNIT", Why: form},
	{Linux: "NLM_F_REQUEST NLM_F_MULTI NLM_F_ACK NLM_F_DUMP NLM_F_ROOT NLM_F_MATCH NLMSG_ERROR NLMSG_DONE NLMSG_NOOP", Why: form},
	{Linux: "NLM_F_CREATE NLM_F_EXCL", NetBSD: "RTM_ADD"},
	{Linux: "NLM_F_REPLACE", NetBSD: "RTM_CHANGE"},
	{Linux: "NLM_F_APPEND", Why: "NetBSD has one route for a destination, so it is there or it is new"},
	{Linux: "NLM_F_NONREC NLM_F_BULK NLM_F_ECHO NLM_F_ATOMIC NLM_F_DUMP_INTR NLM_F_DUMP_FILTERED NLM_F_CAPPED NLM_F_ACK_TLVS NLMSG_OVERRUN", Why: form},
}

var linkRows = []Row{
	{Linux: "IFLA_IFNAME", NetBSD: "RTA_IFP", Why: "NetBSD does not rename links"},
	{Linux: "IFLA_ADDRESS", NetBSD: "RTA_IFP RTA_IFA"},
	{Linux: "IFLA_MTU", NetBSD: "ifi_mtu"},
	{Linux: "IFLA_OPERSTATE IFLA_CARRIER", NetBSD: "ifi_link_state", Why: "NetBSD has up, down and unknown"},
	{Linux: "IFLA_STATS64", NetBSD: "ifi_ipackets ifi_opackets ifi_ibytes ifi_obytes ifi_ierrors ifi_oerrors ifi_iqdrops ifi_noproto ifi_imcasts ifi_collisions"},
	{Linux: "IFLA_LINKINFO IFLA_INFO_KIND", NetBSD: "SIOCIFCREATE", Why: "in NetBSD the name of a link says what drives it"},
	{NetBSD: "ifi_omcasts ifi_baudrate ifi_metric ifi_lastchange ifi_hdrlen", Why: netbsdOnly},
	{Linux: "IFLA_BROADCAST IFLA_STATS IFLA_MAP IFLA_EXT_MASK IFLA_PAD IFLA_EVENT IFLA_UNSPEC IFLA_MAX", Why: form},
	{Linux: "IFLA_*", Why: linuxOnly},
}

var addressRows = []Row{
	{Linux: "IFA_LOCAL", NetBSD: "RTA_IFA"},
	{Linux: "IFA_ADDRESS IFA_BROADCAST", NetBSD: "RTA_BRD", Why: "NetBSD has both in one place; what is not the network's broadcast address is the peer"},
	{Linux: "IFA_CACHEINFO", NetBSD: "ifra_lifetime", Why: "routing messages do not have lifetimes, and IPv4 addresses have none"},
	{Linux: "IFA_FLAGS", NetBSD: "ifam_addrflags"},
	{Linux: "IFA_F_TENTATIVE", NetBSD: "IN6_IFF_TENTATIVE IN_IFF_TENTATIVE"},
	{Linux: "IFA_F_DADFAILED", NetBSD: "IN6_IFF_DUPLICATED IN_IFF_DUPLICATED"},
	{Linux: "IFA_F_DEPRECATED", NetBSD: "IN6_IFF_DEPRECATED"},
	{Linux: "IFA_F_NODAD", NetBSD: "IN6_IFF_NODAD"},
	{Linux: "IFA_F_TEMPORARY", NetBSD: "IN6_IFF_TEMPORARY"},
	{Linux: "IFA_F_SECONDARY", Why: "with IPv4 it tells the order in which addresses came, which NetBSD does not keep"},
	{Linux: "IFA_F_PERMANENT", Why: "an infinite lifetime says the same"},
	{Linux: "IFA_LABEL", Why: "the label may be the link's name, which is told apart"},
	{Linux: "IFA_F_OPTIMISTIC IFA_F_HOMEADDRESS IFA_F_MANAGETEMPADDR IFA_F_NOPREFIXROUTE IFA_F_MCAUTOJOIN IFA_F_STABLE_PRIVACY", Why: linuxOnly},
	{Linux: "IFA_ANYCAST IFA_MULTICAST", Why: "they are tables of their own in Linux"},
	{Linux: "IFA_RT_PRIORITY IFA_TARGET_NETNSID IFA_PROTO", Why: linuxOnly},
	{Linux: "IFA_UNSPEC IFA_MAX", Why: form},
	{NetBSD: "IN6_IFF_ANYCAST", Why: "Linux makes anycast addresses by a socket option"},
	{NetBSD: "IN6_IFF_DETACHED IN6_IFF_AUTOCONF IN_IFF_DETACHED IN_IFF_TRYTENTATIVE", Why: netbsdOnly},
	{NetBSD: "IN6_IFFBITS IN6_IFF_NOTREADY IN_IFFBITS IN_IFF_NOTREADY", Why: "sums of others"},
}

var routeRows = []Row{
	{Linux: "RTA_DST", NetBSD: "RTA_DST RTA_NETMASK", Why: "a mask with holes has no counterpart"},
	{Linux: "RTA_GATEWAY", NetBSD: "RTA_GATEWAY RTF_GATEWAY"},
	{Linux: "RTA_OIF", NetBSD: "rtm_index RTA_IFP RTA_GATEWAY", Why: "NetBSD leaves the link out where the gateway tells it"},
	{Linux: "RTA_PREFSRC", NetBSD: "RTA_IFA"},
	{Linux: "RTA_METRICS", NetBSD: "rtm_rmx"},
	{Linux: "RTAX_MTU", NetBSD: "rmx_mtu RTV_MTU"},
	{Linux: "RTAX_LOCK", NetBSD: "rmx_locks", Why: "of the MTU alone"},
	{Linux: "RTAX_RTT", NetBSD: "rmx_rtt RTV_RTT", Why: "Linux counts eighths of a millisecond, NetBSD microseconds"},
	{Linux: "RTAX_RTTVAR", NetBSD: "rmx_rttvar RTV_RTTVAR", Why: "Linux counts quarters of a millisecond, NetBSD microseconds"},
	{Linux: "RTAX_HOPLIMIT", Why: "NetBSD's hop count of a route is not what packets get"},
	{Linux: "RTAX_SSTHRESH", Why: "Linux counts packets, NetBSD bytes"},
	{Linux: "RTAX_*", Why: linuxOnly},
	{NetBSD: "RTV_HOPCOUNT rmx_hopcount RTV_SSTHRESH rmx_ssthresh", Why: "Linux's numbers mean something else"},
	{NetBSD: "RTV_RPIPE rmx_recvpipe RTV_SPIPE rmx_sendpipe RTV_EXPIRE rmx_expire", Why: "Linux does not keep it with a route of IPv4"},
	{Linux: "RTA_MULTIPATH", Why: "NetBSD has one gateway for a route: one next hop is translated"},
	{Linux: "RTA_PRIORITY", Why: "NetBSD has one route for a destination; the default priority is no priority"},
	{Linux: "RTA_TABLE", Why: "NetBSD has one table, which is Linux's main and local ones; routes of others are left out"},
	{Linux: "RTA_CACHEINFO RTA_PREF RTA_PAD RTA_UID RTA_UNSPEC RTA_MAX RTA_ALIGNTO", Why: kernelState},
	{Linux: "RTA_*", Why: linuxOnly},
	{NetBSD: "RTA_AUTHOR RTA_GENMASK RTA_TAG", Why: netbsdOnly},
	{Linux: "RTN_UNICAST RTN_UNSPEC", NetBSD: "RTF_UP"},
	{Linux: "RTN_LOCAL", NetBSD: "RTF_LOCAL"},
	{Linux: "RTN_BROADCAST", NetBSD: "RTF_BROADCAST"},
	{Linux: "RTN_BLACKHOLE", NetBSD: "RTF_BLACKHOLE"},
	{Linux: "RTN_UNREACHABLE", NetBSD: "RTF_REJECT"},
	{Linux: "RTN_MULTICAST", Why: "in NetBSD a route to a group is like others"},
	{Linux: "RTN_ANYCAST RTN_PROHIBIT RTN_THROW RTN_NAT RTN_XRESOLVE", Why: linuxOnly},
	{Linux: "RTN_MAX", Why: "bounds"},
	{Linux: "RTPROT_REDIRECT", NetBSD: "RTF_DYNAMIC"},
	{Linux: "RTPROT_KERNEL", NetBSD: "RTF_CONNECTED RTF_LOCAL RTF_BROADCAST"},
	{Linux: "RTPROT_STATIC RTPROT_BOOT", NetBSD: "RTF_STATIC"},
	{Linux: "RTPROT_UNSPEC", NetBSD: "RTF_UP"},
	{Linux: "RTPROT_*", NetBSD: "RTF_PROTO1", Why: "NetBSD does not tell one routing daemon from another"},
	{NetBSD: "RTF_HOST", Linux: "rtm_dst_len"},
	{NetBSD: "RTF_PROTO2 RTF_DONTCHANGEIFA RTF_SRC", Why: netbsdOnly},
	{NetBSD: "RTF_DONE RTF_MODIFIED RTF_MASK RTF_UPDATING RTFBITS RTABITS RTVBITS", Why: kernelState},
	{Linux: "RTM_F_CLONED", NetBSD: "RTM_GET", Why: "an answer that is about one address"},
	{Linux: "RTM_F_NOTIFY RTM_F_LOOKUP_TABLE RTM_F_FIB_MATCH RTM_F_OFFLOAD* RTM_F_TRAP RTM_F_EQUALIZE RTM_F_PREFIX RTNH_*", Why: kernelState},
}

var neighborRows = []Row{
	{Linux: "NDA_DST", NetBSD: "RTA_DST RTF_LLDATA"},
	{Linux: "NDA_LLADDR", NetBSD: "RTA_GATEWAY RTF_LLDATA"},
	{Linux: "NUD_PERMANENT", NetBSD: "RTF_STATIC"},
	{Linux: "NTF_PROXY", NetBSD: "RTF_ANNOUNCE"},
	{Linux: "NUD_REACHABLE NUD_INCOMPLETE", NetBSD: "RTF_LLDATA", Why: "NetBSD shows whether there is a hardware address; requests can only make entries that stay"},
	{Linux: "NUD_STALE NUD_DELAY NUD_PROBE NUD_FAILED NUD_NOARP NUD_NONE", Why: "routing messages do not show the state of an entry"},
	{Linux: "NTF_ROUTER", Why: "routing messages do not have it"},
	{Linux: "NDA_CACHEINFO NDA_PROBES NDA_UNSPEC NDA_MAX", Why: kernelState},
	{Linux: "NDA_* NTF_*", Why: linuxOnly},
}
