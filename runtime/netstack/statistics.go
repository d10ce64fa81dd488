package netstack

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
	"github.com/abigen/abigen/runtime/netstack/internal/rawip"
	"github.com/abigen/abigen/runtime/netstack/internal/sysctl"
	"github.com/abigen/abigen/runtime/netstack/internal/udp"
)

// count puts what the protocols count behind the names of NetBSD's counters. What
// gVisor does not count is zero, and what it does not tell apart is with the
// nearest that there is.
func count(vars *sysctl.Tree, s *stack.Stack, ifs *netif.Table, u *udp.Protocol, raws *rawip.Protocol, in *inet.Inputs) error {
	stats := s.Stats()
	for name, fill := range map[string]func([]uint64){
		"net.inet.tcp.stats":    func(to []uint64) { fillTCP(to, &stats.TCP, in.BadTCP.Load()) },
		"net.inet.udp.stats":    u.Fill4,
		"net.inet6.udp6.stats":  u.Fill6,
		"net.inet.ip.stats":     func(to []uint64) { fillIP4(to, ifs.IPCounts(ipv4.ProtocolNumber)) },
		"net.inet6.ip6.stats":   func(to []uint64) { fillIP6(to, ifs.IPCounts(ipv6.ProtocolNumber)) },
		"net.inet.icmp.stats":   func(to []uint64) { fillICMP(to, &stats.ICMP.V4, raws) },
		"net.inet6.icmp6.stats": func(to []uint64) { fillICMP6(to, &stats.ICMP.V6) },
		"net.inet.igmp.stats":   func(to []uint64) { fillIGMP(to, &stats.IGMP) },
		"net.inet.arp.stats":    func(to []uint64) { fillARP(to, &stats.ARP) },
	} {
		c, err := vars.Counters(name)
		if err != nil {
			return err
		}
		c.Fill = fill
	}
	return nil
}

// counted are counters whose sum is one of NetBSD's.
type counted = []*tcpip.StatCounter

// enter enters the sums in their places.
func enter(to []uint64, at map[int]counted) {
	for i, list := range at {
		for _, c := range list {
			to[i] += c.Value()
		}
	}
}

func fillTCP(to []uint64, st *tcpip.TCPStats, bad uint64) {
	enter(to, map[int]counted{
		netbsd.TCP_STAT_CONNATTEMPT:   {st.ActiveConnectionOpenings},
		netbsd.TCP_STAT_ACCEPTS:       {st.PassiveConnectionOpenings},
		netbsd.TCP_STAT_CONNECTS:      {st.ActiveConnectionOpenings, st.PassiveConnectionOpenings},
		netbsd.TCP_STAT_CLOSED:        {st.EstablishedClosed, st.EstablishedResets, st.EstablishedTimedout},
		netbsd.TCP_STAT_DROPS:         {st.EstablishedResets, st.EstablishedTimedout},
		netbsd.TCP_STAT_CONNDROPS:     {st.FailedConnectionAttempts},
		netbsd.TCP_STAT_TIMEOUTDROP:   {st.EstablishedTimedout},
		netbsd.TCP_STAT_REXMTTIMEO:    {st.Timeouts},
		netbsd.TCP_STAT_SNDTOTAL:      {st.SegmentsSent},
		netbsd.TCP_STAT_SNDREXMITPACK: {st.Retransmits},
		netbsd.TCP_STAT_SNDCTRL:       {st.ResetsSent},
		netbsd.TCP_STAT_RCVTOTAL:      {st.ValidSegmentsReceived, st.InvalidSegmentsReceived},
		netbsd.TCP_STAT_RCVSHORT:      {st.InvalidSegmentsReceived},
		netbsd.TCP_STAT_RCVBADSUM:     {st.ChecksumErrors},
		netbsd.TCP_STAT_SC_OVERFLOWED: {st.ListenOverflowSynDrop},
	})
	to[netbsd.TCP_STAT_RCVTOTAL] += bad
	to[netbsd.TCP_STAT_RCVSHORT] += bad
}

func fillIP4(to []uint64, c netif.IPCount) {
	for i, v := range map[int]uint64{
		netbsd.IP_STAT_TOTAL: c.Received, netbsd.IP_STAT_DELIVERED: c.Delivered, netbsd.IP_STAT_LOCALOUT: c.Sent,
		netbsd.IP_STAT_FORWARD: c.Forwarded, netbsd.IP_STAT_CANTFORWARD: c.NotForwarded, netbsd.IP_STAT_NOROUTE: c.Unrouteable,
		netbsd.IP_STAT_TOOSHORT: c.Malformed, netbsd.IP_STAT_BADFRAGS: c.BadFragments, netbsd.IP_STAT_BADADDR: c.BadAddresses,
		netbsd.IP_STAT_ODROPPED: c.Unsent,
	} {
		to[i] = v
	}
}

func fillIP6(to []uint64, c netif.IPCount) {
	for i, v := range map[int]uint64{
		netbsd.IP6_STAT_TOTAL: c.Received, netbsd.IP6_STAT_DELIVERED: c.Delivered, netbsd.IP6_STAT_LOCALOUT: c.Sent,
		netbsd.IP6_STAT_FORWARD: c.Forwarded, netbsd.IP6_STAT_CANTFORWARD: c.NotForwarded, netbsd.IP6_STAT_NOROUTE: c.Unrouteable,
		netbsd.IP6_STAT_TOOSHORT: c.Malformed, netbsd.IP6_STAT_FRAGDROPPED: c.BadFragments, netbsd.IP6_STAT_BADSCOPE: c.BadAddresses,
		netbsd.IP6_STAT_ODROPPED: c.Unsent,
	} {
		to[i] = v
	}
}

// Where netinet/icmp_var.h has the counters of ICMP (ICMP_STAT_*).
const (
	icmpTooShort = 4
	icmpReflect  = 7
	icmpOutHist  = 16
	icmpInHist   = icmpOutHist + 41
)

// byType are the counters of ICMP messages at their types.
func byType(at int, st *tcpip.ICMPv4PacketStats) map[int]counted {
	return map[int]counted{
		at + netbsd.ICMP_ECHOREPLY: {st.EchoReply}, at + netbsd.ICMP_UNREACH: {st.DstUnreachable}, at + netbsd.ICMP_SOURCEQUENCH: {st.SrcQuench},
		at + netbsd.ICMP_REDIRECT: {st.Redirect}, at + netbsd.ICMP_ECHO: {st.EchoRequest}, at + netbsd.ICMP_TIMXCEED: {st.TimeExceeded},
		at + netbsd.ICMP_PARAMPROB: {st.ParamProblem}, at + netbsd.ICMP_TSTAMP: {st.Timestamp}, at + netbsd.ICMP_TSTAMPREPLY: {st.TimestampReply},
		at + netbsd.ICMP_IREQ: {st.InfoRequest}, at + netbsd.ICMP_IREQREPLY: {st.InfoReply},
	}
}

func fillICMP(to []uint64, st *tcpip.ICMPv4Stats, raws *rawip.Protocol) {
	enter(to, byType(icmpOutHist, &st.PacketsSent.ICMPv4PacketStats))
	enter(to, byType(icmpInHist, &st.PacketsReceived.ICMPv4PacketStats))
	to[icmpTooShort] = st.PacketsReceived.Invalid.Value()
	for i := range raws.Reflected {
		n := raws.Reflected[i].Load()
		to[icmpOutHist+i] += n
		to[icmpReflect] += n
	}
}

func byType6(at int, st *tcpip.ICMPv6PacketStats) map[int]counted {
	return map[int]counted{
		at + netbsd.ICMP6_DST_UNREACH: {st.DstUnreachable}, at + netbsd.ICMP6_PACKET_TOO_BIG: {st.PacketTooBig},
		at + netbsd.ICMP6_TIME_EXCEEDED: {st.TimeExceeded}, at + netbsd.ICMP6_PARAM_PROB: {st.ParamProblem},
		at + netbsd.ICMP6_ECHO_REQUEST: {st.EchoRequest}, at + netbsd.ICMP6_ECHO_REPLY: {st.EchoReply},
		at + netbsd.MLD_LISTENER_QUERY: {st.MulticastListenerQuery}, at + netbsd.MLD_LISTENER_REPORT: {st.MulticastListenerReport},
		at + netbsd.MLD_LISTENER_DONE: {st.MulticastListenerDone}, at + netbsd.ND_ROUTER_SOLICIT: {st.RouterSolicit},
		at + netbsd.ND_ROUTER_ADVERT: {st.RouterAdvert}, at + netbsd.ND_NEIGHBOR_SOLICIT: {st.NeighborSolicit},
		at + netbsd.ND_NEIGHBOR_ADVERT: {st.NeighborAdvert}, at + netbsd.ND_REDIRECT: {st.RedirectMsg},
		at + mld2Report: {st.MulticastListenerReportV2},
	}
}

// mld2Report is the type of reports of the second version of MLD (RFC 3810).
const mld2Report = 143

func fillICMP6(to []uint64, st *tcpip.ICMPv6Stats) {
	out := &st.PacketsSent
	enter(to, byType6(netbsd.ICMP6_STAT_OUTHIST, &out.ICMPv6PacketStats))
	enter(to, byType6(netbsd.ICMP6_STAT_INHIST, &st.PacketsReceived.ICMPv6PacketStats))
	enter(to, map[int]counted{
		netbsd.ICMP6_STAT_ERROR:    {out.DstUnreachable, out.PacketTooBig, out.TimeExceeded, out.ParamProblem},
		netbsd.ICMP6_STAT_TOOFREQ:  {out.RateLimited},
		netbsd.ICMP6_STAT_TOOSHORT: {st.PacketsReceived.Invalid},
		netbsd.ICMP6_STAT_REFLECT:  {out.EchoReply},
	})
}

// Where netinet/igmp_var.h has the counters of IGMP (IGMP_STAT_*).
const (
	igmpReceived = 1
	igmpTooShort = 2
	igmpBadSum   = 3
	igmpQueries  = 4
	igmpReports  = 6
	igmpSent     = 9
)

func fillIGMP(to []uint64, st *tcpip.IGMPStats) {
	in, out := &st.PacketsReceived, &st.PacketsSent
	enter(to, map[int]counted{
		igmpReceived: {
			in.MembershipQuery, in.V1MembershipReport, in.V2MembershipReport, in.V3MembershipReport,
			in.LeaveGroup, in.Invalid, in.ChecksumErrors, in.Unrecognized,
		},
		igmpTooShort: {in.Invalid},
		igmpBadSum:   {in.ChecksumErrors},
		igmpQueries:  {in.MembershipQuery},
		igmpReports:  {in.V1MembershipReport, in.V2MembershipReport, in.V3MembershipReport},
		igmpSent:     {out.V1MembershipReport, out.V2MembershipReport, out.V3MembershipReport},
	})
}

func fillARP(to []uint64, st *tcpip.ARPStats) {
	enter(to, map[int]counted{
		netbsd.ARP_STAT_SNDTOTAL: {st.OutgoingRequestsSent, st.OutgoingRepliesSent}, netbsd.ARP_STAT_SENDREQUEST: {st.OutgoingRequestsSent},
		netbsd.ARP_STAT_SNDREPLY: {st.OutgoingRepliesSent}, netbsd.ARP_STAT_RCVTOTAL: {st.PacketsReceived}, netbsd.ARP_STAT_RCVREQUEST: {st.RequestsReceived},
		netbsd.ARP_STAT_RCVREPLY: {st.RepliesReceived}, netbsd.ARP_STAT_RCVBADLEN: {st.MalformedPacketsReceived},
		netbsd.ARP_STAT_RCVNOINT: {st.RequestsReceivedUnknownTargetAddress},
	})
}
