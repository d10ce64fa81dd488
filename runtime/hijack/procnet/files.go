package procnet

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"net"
	"net/netip"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/linux"
)

// dev lists interfaces and their counters.
func (n *Net) dev(ctx context.Context) ([]byte, error) {
	_, list, err := n.names(ctx)
	var b bytes.Buffer
	b.WriteString("Inter-|   Receive                                                |  Transmit\n" +
		" face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n")
	for _, l := range list {
		s := l.Stats
		if s == nil {
			s = new(routing.LinkStats)
		}
		fmt.Fprintf(&b, "%6s: %7d %7d %4d %4d %4d %5d %10d %9d %8d %7d %4d %4d %4d %5d %7d %10d\n",
			l.Name, s.RxBytes, s.RxPackets, s.RxErrors, s.RxDropped, 0, 0, 0, s.Multicast,
			s.TxBytes, s.TxPackets, s.TxErrors, 0, 0, s.Collisions, 0, 0)
	}
	return b.Bytes(), err
}

// line appends a line that is as long as all of a file.
func line(b *bytes.Buffer, length int, format string, args ...any) {
	fmt.Fprintf(b, "%-*s\n", length, fmt.Sprintf(format, args...))
}

// routeLine is how long lines of route are, without the end.
const routeLine = 127

// route lists the routes of IPv4, as numbers in the machine's byte order.
func (n *Net) route(ctx context.Context) ([]byte, error) {
	names, _, err := n.names(ctx)
	if err != nil {
		return nil, err
	}
	routes, err := n.cfg.Routes(ctx)
	var b bytes.Buffer
	line(&b, routeLine, "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT")
	for _, r := range routes {
		if !r.Dst.Addr().Is4() || !inMain(&r) {
			continue
		}
		name, gateway := names[r.Index], uint32(0)
		switch {
		case r.Type.IsReject():
			name = "*"
		case r.Gateway.Is4():
			gateway = word(r.Gateway.AsSlice())
		}
		mask := net.CIDRMask(r.Dst.Bits(), r.Dst.Addr().BitLen())
		line(&b, routeLine, "%s\t%08X\t%08X\t%04X\t%d\t%d\t%d\t%08X\t%d\t%d\t%d",
			name, word(r.Dst.Addr().AsSlice()), gateway, routeFlags(&r), 0, 0, 0, word(mask), r.Metrics.MTU, 0, 0)
	}
	return b.Bytes(), err
}

// inMain tells whether a route is in the table that Linux calls main.
func inMain(r *routing.Route) bool { return r.Type != routing.Local && r.Type != routing.Broadcast }

func word(b []byte) uint32 { return binary.NativeEndian.Uint32(b) }

func routeFlags(r *routing.Route) uint32 {
	flags := uint32(linux.RTF_UP)
	switch {
	case r.Type.IsReject():
		flags |= linux.RTF_REJECT
	case r.Gateway.IsValid():
		flags |= linux.RTF_GATEWAY
	}
	if r.Dst.IsSingleIP() {
		flags |= linux.RTF_HOST
	}
	return flags
}

// Scopes of addresses in if_inet6: IPV6_ADDR_* of Linux's net/ipv6.h.
const (
	scopeGlobal   = 0x00
	scopeLoopback = 0x10
	scopeLink     = 0x20
)

// ifInet6 lists the addresses of IPv6.
func (n *Net) ifInet6(ctx context.Context) ([]byte, error) {
	names, _, err := n.names(ctx)
	if err != nil {
		return nil, err
	}
	list, err := n.cfg.Addresses(ctx, "")
	var b bytes.Buffer
	for _, a := range list {
		if !a.Addr.Is6() {
			continue
		}
		scope := scopeGlobal
		switch {
		case a.Addr.IsLoopback():
			scope = scopeLoopback
		case a.Addr.IsLinkLocalUnicast():
			scope = scopeLink
		}
		fmt.Fprintf(&b, "%s %02x %02x %02x %02x %8s\n", digits(a.Addr), a.Index, a.Bits, scope, addressFlags(&a), names[a.Index])
	}
	return b.Bytes(), err
}

// addressFlags returns IFA_F_* of an address that does not expire.
func addressFlags(a *routing.Address) uint32 {
	flags := uint32(linux.IFA_F_PERMANENT)
	for _, f := range []struct {
		has  routing.AddressFlags
		flag uint32
	}{
		{routing.AddressTentative, linux.IFA_F_TENTATIVE},
		{routing.AddressDuplicated, linux.IFA_F_DADFAILED},
		{routing.AddressDeprecated, linux.IFA_F_DEPRECATED},
		{routing.AddressNoDAD, linux.IFA_F_NODAD},
		{routing.AddressTemporary, linux.IFA_F_TEMPORARY},
	} {
		if a.Flags&f.has != 0 {
			flags |= f.flag
		}
	}
	return flags
}

// digits returns the 32 digits of an address of IPv6.
func digits(a netip.Addr) string { return hex.EncodeToString(a.AsSlice()) }

// ipv6Route lists the routes of IPv6.
func (n *Net) ipv6Route(ctx context.Context) ([]byte, error) {
	names, _, err := n.names(ctx)
	if err != nil {
		return nil, err
	}
	routes, err := n.cfg.Routes(ctx)
	const metric = 1024 // what Linux gives to routes whose maker asked for none
	zero := digits(netip.IPv6Unspecified())
	var b bytes.Buffer
	for _, r := range routes {
		if !r.Dst.Addr().Is6() {
			continue
		}
		gateway := zero
		if r.Gateway.Is6() {
			gateway = digits(r.Gateway)
		}
		fmt.Fprintf(&b, "%s %02x %s %02x %s %08x %08x %08x %08x %8s\n",
			digits(r.Dst.Addr()), r.Dst.Bits(), zero, 0, gateway, metric, 0, 0, routeFlags(&r), names[r.Index])
	}
	return b.Bytes(), err
}

// Flags of an entry in arp: ATF_* of Linux.
const (
	complete  = 0x2
	permanent = 0x4
)

// arp lists the neighbors of IPv4, but for the kernel's own addresses.
func (n *Net) arp(ctx context.Context) ([]byte, error) {
	names, links, err := n.names(ctx)
	if err != nil {
		return nil, err
	}
	own := map[netip.Addr]bool{}
	addrs, err := n.cfg.Addresses(ctx, "")
	if err != nil {
		return nil, err
	}
	for _, a := range addrs {
		own[a.Addr] = true
	}
	list, err := n.cfg.Neighbors(ctx)
	var b bytes.Buffer
	b.WriteString("IP address       HW type     Flags       HW address            Mask     Device\n")
	for _, e := range list {
		if !e.Addr.Is4() || own[e.Addr] {
			continue
		}
		flags, addr := 0, "00:00:00:00:00:00"
		if len(e.LinkAddr) > 0 {
			flags, addr = complete, net.HardwareAddr(e.LinkAddr).String()
		}
		if e.Permanent {
			flags |= permanent
		}
		fmt.Fprintf(&b, "%-16s 0x%-10x0x%-10x%-17s     *        %s\n", e.Addr, hardware(links, e.Index), flags, addr, names[e.Index])
	}
	return b.Bytes(), err
}

// hardware returns ARPHRD_* of an interface.
func hardware(links []routing.Link, index uint32) uint16 {
	for _, l := range links {
		if l.Index == index {
			if h, ok := tolinux.LinkType(l.Type); ok {
				return h
			}
		}
	}
	return linux.ARPHRD_VOID
}
