package netstack

import (
	"errors"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	gtcp "gvisor.dev/gvisor/pkg/tcpip/transport/tcp"

	"github.com/abigen/abigen/runtime/netstack/internal/inet"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
	"github.com/abigen/abigen/runtime/netstack/internal/sysctl"
	"github.com/abigen/abigen/runtime/netstack/internal/tcp"
	"github.com/abigen/abigen/runtime/netstack/internal/udp"
)

// bind puts the variables that the protocols look at behind their names.
func bind(vars *sysctl.Tree, ifs *netif.Table, p *inet.Params, t *tcp.Params, u *udp.Params, s *socket.Layer) error {
	for name, v := range map[string]*atomic.Int32{
		"kern.sbmax":                    &s.SbMax,
		"net.inet.ip.dad_count":         &ifs.DADCount4,
		"net.inet6.ip6.dad_count":       &ifs.DADCount6,
		"net.inet.ip.ttl":               &p.TTL,
		"net.inet.ip.anonportmin":       &p.Ports4.AnonMin,
		"net.inet.ip.anonportmax":       &p.Ports4.AnonMax,
		"net.inet.ip.lowportmin":        &p.Ports4.LowMin,
		"net.inet.ip.lowportmax":        &p.Ports4.LowMax,
		"net.inet6.ip6.hlim":            &p.HopLimit,
		"net.inet.ip.hostzerobroadcast": &ifs.HostZero,
		"net.inet.icmp.returndatabytes": &p.Quote,
		"net.inet.icmp.maskrepl":        &p.MaskReply,
		"net.inet.icmp.bmcastecho":      &p.EchoGroups,
		"net.inet6.ip6.defmcasthlim":    &p.GroupHops,
		"net.inet6.ip6.use_deprecated":  &p.UseDeprecated,
		"net.inet6.ip6.prefer_tempaddr": &p.UseTemporary,
		"net.inet6.ip6.v6only":          &p.V6Only,
		"net.inet6.ip6.anonportmin":     &p.Ports6.AnonMin,
		"net.inet6.ip6.anonportmax":     &p.Ports6.AnonMax,
		"net.inet6.ip6.lowportmin":      &p.Ports6.LowMin,
		"net.inet6.ip6.lowportmax":      &p.Ports6.LowMax,
		"net.inet.tcp.sendspace":        &t.SendSpace,
		"net.inet.tcp.recvspace":        &t.RecvSpace,
		"net.inet.tcp.sendbuf_auto":     &t.SendBufAuto,
		"net.inet.tcp.sendbuf_max":      &t.SendBufMax,
		"net.inet.tcp.recvbuf_auto":     &t.RecvBufAuto,
		"net.inet.tcp.recvbuf_max":      &t.RecvBufMax,
		"net.inet.tcp.mssdflt":          &t.MSSDefault,
		"net.inet.tcp.keepcnt":          &t.KeepCnt,
		"net.inet.udp.sendspace":        &u.SendSpace,
		"net.inet.udp.recvspace":        &u.RecvSpace,
		"net.inet.udp.checksum":         &u.Checksum,
		"net.inet6.udp6.sendspace":      &u.SendSpace6,
		"net.inet6.udp6.recvspace":      &u.RecvSpace6,
	} {
		if err := vars.Bind(name, v); err != nil {
			return err
		}
	}
	return nil
}

// limit puts the limits of all processes behind their names, which older kernels in
// a process do not have.
func limit(vars *sysctl.Tree, procs *kern.Procs) error {
	l := &procs.Limits
	l.MaxFiles.Store(kern.DefaultMaxFiles)
	l.MaxProc.Store(kern.DefaultMaxProc)
	return errors.Join(vars.Bind("kern.maxfiles", &l.MaxFiles.Int32), vars.Bind("kern.maxproc", &l.MaxProc.Int32))
}

// obey makes gVisor's stack do what the variables say, now and when they
// change, and keeps those of t that are in other units.
func obey(vars *sysctl.Tree, ifs *netif.Table, t *tcp.Params) error {
	s := ifs.Stack
	for _, v := range []struct {
		name    string
		changed func(v int32)
	}{
		{"net.inet.ip.forwarding", forwarding(ifs, ipv4.ProtocolNumber)},
		{"net.inet6.ip6.forwarding", forwarding(ifs, ipv6.ProtocolNumber)},
		{"net.inet6.ip6.hlim", hopLimit(s)},
		{"net.inet.tcp.sack.enable", selectiveAck(s)},
		{"net.inet.tcp.mslt.loopback", timeWait(s)},
		{"net.inet.tcp.keepidle", halfSeconds(&t.KeepIdle)},
		{"net.inet.tcp.keepintvl", halfSeconds(&t.KeepIntvl)},
		{"net.inet.tcp.keepinit", halfSeconds(&t.KeepInit)},
	} {
		i, err := vars.Int(v.name)
		if err != nil {
			return err
		}
		i.Changed = v.changed
		v.changed(i.Load())
	}
	cc, err := vars.String("net.inet.tcp.congctl.selected")
	if err != nil {
		return err
	}
	cc.Changed = congestionControl(s)
	cc.Changed(cc.Load())
	return nil
}

func forwarding(ifs *netif.Table, protocol tcpip.NetworkProtocolNumber) func(int32) {
	return func(v int32) { ifs.Forward(protocol, v != 0) }
}

// hopLimit sets the hop limit of packets that are not of a socket. Values that
// are none leave it alone: of those NetBSD uses the low byte.
func hopLimit(s *stack.Stack) func(int32) {
	return func(v int32) {
		limit := tcpip.DefaultTTLOption(uint8(v))
		_ = s.SetNetworkProtocolOption(ipv6.ProtocolNumber, &limit) // fails for unknown protocols only
	}
}

// halfSeconds puts a time in ticks of TCP's slow clock (PR_SLOWHZ) into seconds.
func halfSeconds(p *atomic.Int32) func(int32) {
	return func(v int32) { p.Store(int32(uint32(v) / 2)) }
}

// timeWait sets how long a connection that is over keeps its ports: twice the
// MSL, which is in half seconds. NetBSD has others for connections to other hosts;
// gVisor knows one for all.
func timeWait(s *stack.Stack) func(int32) {
	return func(v int32) {
		d := tcpip.TCPTimeWaitTimeoutOption(time.Duration(v) * time.Second)
		_ = s.SetTransportProtocolOption(gtcp.ProtocolNumber, &d)
	}
}

func selectiveAck(s *stack.Stack) func(int32) {
	return func(v int32) {
		on := tcpip.TCPSACKEnabled(v != 0)
		_ = s.SetTransportProtocolOption(gtcp.ProtocolNumber, &on)
	}
}

// congestionControl chooses the algorithm of new connections. What gVisor calls
// reno is NetBSD's newreno, and the nearest to its reno.
func congestionControl(s *stack.Stack) func(string) {
	return func(name string) {
		algorithm := tcpip.CongestionControlOption("reno")
		if name == "cubic" {
			algorithm = "cubic"
		}
		_ = s.SetTransportProtocolOption(gtcp.ProtocolNumber, &algorithm)
	}
}
