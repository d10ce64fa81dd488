package netif

import (
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"

	"github.com/abigen/abigen/netbsd"
)

// stat6 tells what IPv6, or ICMPv6, has counted on an interface.
func (t *Table) stat6(p *Ifnet, cmd uint64, u *netbsd.In6IfreqIfru) error {
	ep, err := t.Stack.GetNetworkEndpoint(p.nic(), ipv6.ProtocolNumber)
	if err != nil {
		return errno(err)
	}
	st, ok := ep.Stats().(*ipv6.Stats)
	switch {
	case !ok:
		return netbsd.EINVAL
	case cmd == netbsd.SIOCGIFSTAT_ICMP6:
		*u.Icmp6stat() = icmp6Stat(&st.ICMP)
	default:
		*u.Stat() = ip6Stat(&st.IP, &p.data)
	}
	return nil
}

// ip6Stat counts as gVisor does, and so knows nothing of fragments.
func ip6Stat(st *tcpip.IPStats, c *counters) netbsd.In6Ifstat {
	return netbsd.In6Ifstat{
		InReceive:  st.PacketsReceived.Value(),
		InHdrerr:   st.MalformedPacketsReceived.Value(),
		InAddrerr:  st.InvalidDestinationAddressesReceived.Value() + st.InvalidSourceAddressesReceived.Value(),
		InDiscard:  st.DisabledPacketsReceived.Value(),
		InDeliver:  st.PacketsDelivered.Value(),
		InNoroute:  st.Forwarding.Unrouteable.Value(),
		InToobig:   st.Forwarding.PacketTooBig.Value(),
		OutRequest: st.PacketsSent.Value(),
		OutDiscard: st.OutgoingPacketErrors.Value(),
		ReassFail:  st.MalformedFragmentsReceived.Value(),
		InMcast:    c.imcasts.Load(),
		OutMcast:   c.omcasts.Load(),
	}
}

func icmp6Stat(st *tcpip.ICMPv6Stats) netbsd.ICMP6Ifstat {
	in, out := &st.PacketsReceived.ICMPv6PacketStats, &st.PacketsSent.ICMPv6PacketStats
	s := netbsd.ICMP6Ifstat{
		InError:            st.PacketsReceived.Invalid.Value(),
		InDstunreach:       in.DstUnreachable.Value(),
		InTimeexceed:       in.TimeExceeded.Value(),
		InParamprob:        in.ParamProblem.Value(),
		InPkttoobig:        in.PacketTooBig.Value(),
		InEcho:             in.EchoRequest.Value(),
		InEchoreply:        in.EchoReply.Value(),
		InRoutersolicit:    in.RouterSolicit.Value(),
		InRouteradvert:     in.RouterAdvert.Value(),
		InNeighborsolicit:  in.NeighborSolicit.Value(),
		InNeighboradvert:   in.NeighborAdvert.Value(),
		InRedirect:         in.RedirectMsg.Value(),
		InMldquery:         in.MulticastListenerQuery.Value(),
		InMldreport:        in.MulticastListenerReport.Value(),
		InMlddone:          in.MulticastListenerDone.Value(),
		OutError:           st.PacketsSent.Dropped.Value(),
		OutDstunreach:      out.DstUnreachable.Value(),
		OutTimeexceed:      out.TimeExceeded.Value(),
		OutParamprob:       out.ParamProblem.Value(),
		OutPkttoobig:       out.PacketTooBig.Value(),
		OutEcho:            out.EchoRequest.Value(),
		OutEchoreply:       out.EchoReply.Value(),
		OutRoutersolicit:   out.RouterSolicit.Value(),
		OutRouteradvert:    out.RouterAdvert.Value(),
		OutNeighborsolicit: out.NeighborSolicit.Value(),
		OutNeighboradvert:  out.NeighborAdvert.Value(),
		OutRedirect:        out.RedirectMsg.Value(),
		OutMldquery:        out.MulticastListenerQuery.Value(),
		OutMldreport:       out.MulticastListenerReport.Value(),
		OutMlddone:         out.MulticastListenerDone.Value(),
	}
	s.InMsg = s.InError + s.InDstunreach + s.InTimeexceed + s.InParamprob + s.InPkttoobig + s.InEcho + s.InEchoreply +
		s.InRoutersolicit + s.InRouteradvert + s.InNeighborsolicit + s.InNeighboradvert + s.InRedirect +
		s.InMldquery + s.InMldreport + s.InMlddone
	s.OutMsg = s.OutError + s.OutDstunreach + s.OutTimeexceed + s.OutParamprob + s.OutPkttoobig + s.OutEcho + s.OutEchoreply +
		s.OutRoutersolicit + s.OutRouteradvert + s.OutNeighborsolicit + s.OutNeighboradvert + s.OutRedirect +
		s.OutMldquery + s.OutMldreport + s.OutMlddone
	return s
}
