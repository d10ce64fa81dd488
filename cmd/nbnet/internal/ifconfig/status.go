package ifconfig

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/netbsd"
)

// The names of flags: of interfaces (IFF_*), of IPv4 addresses (IN_IFF_*) and of
// IPv6 ones (IN6_IFF_*); and of what a link can do by itself (IFCAP_*).
var (
	flagBits = []command.Bit{
		{Mask: netbsd.IFF_UP, Name: "UP"}, {Mask: netbsd.IFF_BROADCAST, Name: "BROADCAST"}, {Mask: netbsd.IFF_DEBUG, Name: "DEBUG"},
		{Mask: netbsd.IFF_LOOPBACK, Name: "LOOPBACK"}, {Mask: netbsd.IFF_POINTOPOINT, Name: "POINTOPOINT"}, {Mask: netbsd.IFF_UNNUMBERED, Name: "UNNUMBERED"},
		{Mask: netbsd.IFF_RUNNING, Name: "RUNNING"}, {Mask: netbsd.IFF_NOARP, Name: "NOARP"}, {Mask: netbsd.IFF_PROMISC, Name: "PROMISC"},
		{Mask: netbsd.IFF_ALLMULTI, Name: "ALLMULTI"}, {Mask: netbsd.IFF_OACTIVE, Name: "OACTIVE"}, {Mask: netbsd.IFF_SIMPLEX, Name: "SIMPLEX"},
		{Mask: netbsd.IFF_LINK0, Name: "LINK0"}, {Mask: netbsd.IFF_LINK1, Name: "LINK1"}, {Mask: netbsd.IFF_LINK2, Name: "LINK2"},
		{Mask: netbsd.IFF_MULTICAST, Name: "MULTICAST"},
	}
	flagBits4 = []command.Bit{
		{Mask: netbsd.IN_IFF_TENTATIVE, Name: "TENTATIVE"}, {Mask: netbsd.IN_IFF_DUPLICATED, Name: "DUPLICATED"},
		{Mask: netbsd.IN_IFF_DETACHED, Name: "DETACHED"}, {Mask: netbsd.IN_IFF_TRYTENTATIVE, Name: "TRYTENTATIVE"},
	}
	flagBits6 = []command.Bit{
		{Mask: netbsd.IN6_IFF_ANYCAST, Name: "ANYCAST"}, {Mask: netbsd.IN6_IFF_TENTATIVE, Name: "TENTATIVE"},
		{Mask: netbsd.IN6_IFF_DUPLICATED, Name: "DUPLICATED"}, {Mask: netbsd.IN6_IFF_DETACHED, Name: "DETACHED"},
		{Mask: netbsd.IN6_IFF_DEPRECATED, Name: "DEPRECATED"}, {Mask: netbsd.IN6_IFF_NODAD, Name: "NODAD"},
		{Mask: netbsd.IN6_IFF_AUTOCONF, Name: "AUTOCONF"}, {Mask: netbsd.IN6_IFF_TEMPORARY, Name: "TEMPORARY"},
	}
	capBits = []command.Bit{
		{Mask: netbsd.IFCAP_TSOv4, Name: "TSO4"},
		{Mask: netbsd.IFCAP_CSUM_IPv4_Rx, Name: "IP4CSUM_Rx"}, {Mask: netbsd.IFCAP_CSUM_IPv4_Tx, Name: "IP4CSUM_Tx"},
		{Mask: netbsd.IFCAP_CSUM_TCPv4_Rx, Name: "TCP4CSUM_Rx"}, {Mask: netbsd.IFCAP_CSUM_TCPv4_Tx, Name: "TCP4CSUM_Tx"},
		{Mask: netbsd.IFCAP_CSUM_UDPv4_Rx, Name: "UDP4CSUM_Rx"}, {Mask: netbsd.IFCAP_CSUM_UDPv4_Tx, Name: "UDP4CSUM_Tx"},
		{Mask: netbsd.IFCAP_CSUM_TCPv6_Rx, Name: "TCP6CSUM_Rx"}, {Mask: netbsd.IFCAP_CSUM_TCPv6_Tx, Name: "TCP6CSUM_Tx"},
		{Mask: netbsd.IFCAP_CSUM_UDPv6_Rx, Name: "UDP6CSUM_Rx"}, {Mask: netbsd.IFCAP_CSUM_UDPv6_Tx, Name: "UDP6CSUM_Tx"},
		{Mask: netbsd.IFCAP_TSOv6, Name: "TSO6"}, {Mask: netbsd.IFCAP_LRO, Name: "LRO"},
	}
)

// show writes the interface with the name, or all when it is empty.
func (e *env) show(ctx context.Context, name string) error {
	list, err := e.links(ctx, name)
	if err != nil {
		return err
	}
	if e.set['l'] {
		names := []string{}
		for _, l := range list {
			names = append(names, l.Name)
		}
		if e.json {
			return command.WriteJSON(e.out, names)
		}
		_, err := fmt.Fprintln(e.out, strings.Join(names, " "))
		return err
	}
	if e.json {
		for _, l := range list {
			l.Addresses = e.ofFamily(l)
		}
		return command.WriteJSON(e.out, append([]*link{}, list...))
	}
	b := new(bytes.Buffer)
	for _, l := range list {
		e.status(b, l)
	}
	_, err = e.out.Write(b.Bytes())
	return err
}

// ofFamily returns the addresses of the families that are to be shown, those of
// IPv6 first.
func (e *env) ofFamily(l *link) []address {
	list := []address{}
	for _, family := range []string{"inet6", "inet"} {
		for _, a := range l.Addresses {
			if a.Family == family && (e.family == netbsd.AF_UNSPEC || e.family == families[family]) {
				list = append(list, a)
			}
		}
	}
	return list
}

// status writes a paragraph about an interface.
func (e *env) status(b *bytes.Buffer, l *link) {
	fmt.Fprintf(b, "%s: flags=%s", l.Name, command.Bits(uint64(l.flags), flagBits))
	if l.Metric != 0 {
		fmt.Fprintf(b, " metric %d", l.Metric)
	}
	if l.MTU != 0 {
		fmt.Fprintf(b, " mtu %d", l.MTU)
	}
	b.WriteByte('\n')
	if l.caps.Capabilities != 0 {
		fmt.Fprintf(b, "\tcapabilities=%s\n", command.Bits(l.caps.Capabilities, capBits))
		fmt.Fprintf(b, "\tenabled=%s\n", command.Bits(l.caps.Capenable, capBits))
	}
	if l.Hardware != "" {
		fmt.Fprintf(b, "\taddress: %s\n", l.Hardware)
	}
	if l.LinkString != "" {
		fmt.Fprintf(b, "\tlinkstr: %s\n", l.LinkString)
	}
	switch l.data.LinkState {
	case netbsd.LINK_STATE_UP:
		b.WriteString("\tstatus: active\n")
	case netbsd.LINK_STATE_DOWN:
		b.WriteString("\tstatus: no carrier\n")
	}
	if l.Statistics != nil {
		e.statistics(b, l.Statistics)
	}
	if e.family == netbsd.AF_UNSPEC || e.family == netbsd.AF_LINK {
		for _, hw := range l.more {
			fmt.Fprintf(b, "\tlink %s\n", hw)
		}
	}
	e.addresses(b, l)
}

func (e *env) addresses(b *bytes.Buffer, l *link) {
	list := e.ofFamily(l)
	preferences := map[string]bool{}
	for _, a := range list {
		preferences[a.Family] = preferences[a.Family] || a.Preference != 0
	}
	for _, a := range list {
		fmt.Fprintf(b, "\t%s %s/%d", a.Family, a.Addr, a.Bits)
		if a.Destination != "" {
			fmt.Fprintf(b, " -> %s", a.Destination)
		}
		if a.Broadcast != "" {
			fmt.Fprintf(b, " broadcast %s", a.Broadcast)
		}
		bits := flagBits6
		if a.Family == "inet" {
			bits = flagBits4
		}
		fmt.Fprintf(b, " flags %s", command.Bits(uint64(a.flags), bits))
		if a.Scope != 0 {
			fmt.Fprintf(b, " scopeid %#x", a.Scope)
		}
		if preferences[a.Family] {
			fmt.Fprintf(b, " preference %d", a.Preference)
		}
		if e.set['L'] && (a.Preferred != nil || a.Valid != nil) {
			fmt.Fprintf(b, " pltime %s vltime %s", seconds(a.Preferred), seconds(a.Valid))
		}
		b.WriteByte('\n')
	}
}

func seconds(n *int64) string {
	if n == nil {
		return "infty"
	}
	return fmt.Sprint(*n)
}

// statistics writes what -v shows.
func (e *env) statistics(b *bytes.Buffer, c *counts) {
	b.WriteString("\tinput: " + plural(c.InPackets, "packet") + ", " + e.bytes(c.InBytes))
	optional(b, c.InMulticasts, "multicast")
	optional(b, c.InErrors, "error")
	optional(b, c.QueueDrops, "queue drop")
	if c.NoProtocol != 0 {
		fmt.Fprintf(b, ", %d unknown protocol", c.NoProtocol)
	}
	b.WriteString("\n\toutput: " + plural(c.OutPackets, "packet") + ", " + e.bytes(c.OutBytes))
	optional(b, c.OutMulticasts, "multicast")
	optional(b, c.OutErrors, "error")
	optional(b, c.Collisions, "collision")
	b.WriteByte('\n')
}

func optional(b *bytes.Buffer, n uint64, what string) {
	if n != 0 {
		b.WriteString(", " + plural(n, what))
	}
}

func plural(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// bytes returns a number of bytes, in larger units with -h.
func (e *env) bytes(n uint64) string {
	if !e.set['h'] {
		return plural(n, "byte")
	}
	return command.Humanize(n) + " bytes"
}
