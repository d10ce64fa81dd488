// Package rtprint writes routing tables as route(8) and netstat(1) do, which
// have this in common.
package rtprint

import (
	"bytes"
	"fmt"
	"math/bits"
	"net/netip"
	"strconv"
	"strings"

	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
)

// Links are the names of interfaces by their indices.
type Links map[uint32]string

// Name returns the name of an interface.
func (l Links) Name(index uint32) string {
	if n, ok := l[index]; ok {
		return n
	}
	return strconv.FormatUint(uint64(index), 10)
}

// NewLinks returns the names of a list.
func NewLinks(list []routing.Link) Links {
	l := Links{}
	for _, i := range list {
		l[i.Index] = i.Name
	}
	return l
}

// letters are those for flags of routes, in the order they are written. Flags
// that are about messages have none.
var letters = []struct {
	flag   int32
	letter byte
}{
	{netbsd.RTF_UP, 'U'}, {netbsd.RTF_GATEWAY, 'G'}, {netbsd.RTF_HOST, 'H'}, {netbsd.RTF_REJECT, 'R'},
	{netbsd.RTF_BLACKHOLE, 'B'}, {netbsd.RTF_DYNAMIC, 'D'}, {netbsd.RTF_MODIFIED, 'M'}, {netbsd.RTF_CONNECTED, 'C'},
	{netbsd.RTF_LLDATA, 'L'}, {netbsd.RTF_STATIC, 'S'}, {netbsd.RTF_PROTO1, '1'}, {netbsd.RTF_PROTO2, '2'},
	{netbsd.RTF_ANNOUNCE, 'p'}, {netbsd.RTF_LOCAL, 'l'}, {netbsd.RTF_BROADCAST, 'b'},
}

// Letters returns the flags of a route, a letter each.
func Letters(flags int32) string {
	var b []byte
	for _, l := range letters {
		if flags&l.flag != 0 {
			b = append(b, l.letter)
		}
	}
	return string(b)
}

// names are those of the flags of routes in the order of their bits.
var names = []struct {
	flag int32
	name string
}{
	{netbsd.RTF_UP, "UP"}, {netbsd.RTF_GATEWAY, "GATEWAY"}, {netbsd.RTF_HOST, "HOST"}, {netbsd.RTF_REJECT, "REJECT"},
	{netbsd.RTF_DYNAMIC, "DYNAMIC"}, {netbsd.RTF_MODIFIED, "MODIFIED"}, {netbsd.RTF_DONE, "DONE"}, {netbsd.RTF_MASK, "MASK_PRESENT"},
	{netbsd.RTF_CONNECTED, "CONNECTED"}, {netbsd.RTF_LLDATA, "LLDATA"}, {netbsd.RTF_STATIC, "STATIC"},
	{netbsd.RTF_BLACKHOLE, "BLACKHOLE"}, {netbsd.RTF_PROTO2, "PROTO2"}, {netbsd.RTF_PROTO1, "PROTO1"}, {netbsd.RTF_SRC, "SRC"},
	{netbsd.RTF_ANNOUNCE, "ANNOUNCE"}, {netbsd.RTF_LOCAL, "LOCAL"}, {netbsd.RTF_BROADCAST, "BROADCAST"},
}

// FlagNames returns the names of the flags of a route.
func FlagNames(flags int32) []string {
	list := []string{}
	for _, n := range names {
		if flags&n.flag != 0 {
			list = append(list, n.name)
		}
	}
	return list
}

// Bracketed returns names as the programs write flags: "<UP,GATEWAY>", or "none".
func Bracketed(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return "<" + strings.Join(names, ",") + ">"
}

// Host returns a socket address as that of a host or of an interface.
func (l Links) Host(sa []byte) string {
	if len(sa) == 0 || sa[0] == 0 {
		return "default"
	}
	if dl, ok := sockaddr.ParseLink(sa); ok {
		switch {
		case dl.Name == "" && len(dl.Addr) == 0:
			return "link#" + strconv.Itoa(int(dl.Index))
		case len(dl.Addr) == 0:
			return dl.Name
		case dl.Type == netbsd.IFT_ETHER || dl.Name == "":
			return sockaddr.Hardware(dl.Addr)
		}
		return dl.Name + ":" + strings.ReplaceAll(sockaddr.Hardware(dl.Addr), ":", ".")
	}
	a := sockaddr.Addr(sa)
	switch {
	case !a.IsValid():
		return fmt.Sprintf("(%d) %x", sockaddr.Family(sa), sa[min(2, len(sa)):])
	case a.Is4() && a.IsUnspecified():
		return "default"
	}
	return sockaddr.Format(a, l.Name)
}

// Net returns a socket address with its mask as that of a network: "10.1/16".
func (l Links) Net(sa, mask []byte) string {
	a := sockaddr.Addr(sa)
	if !a.IsValid() {
		return l.Host(sa)
	}
	if !a.Is4() {
		n, _ := sockaddr.MaskLen(mask, netbsd.AF_INET6)
		if mask == nil {
			n = 128
		}
		if n == 0 && a.IsUnspecified() {
			return "default"
		}
		net := netip.PrefixFrom(a.WithZone(""), n).Masked().Addr().WithZone(a.Zone())
		return sockaddr.Format(net, l.Name) + "/" + strconv.Itoa(n)
	}
	n := lastBit(mask)
	if n == 0 && a.IsUnspecified() {
		return "default"
	}
	return Net4(a, n)
}

// Net4 returns an IPv4 network without the bytes that are behind its prefix.
func Net4(a netip.Addr, n int) string {
	parts := strings.Split(a.String(), ".")
	return strings.Join(parts[:max(1, (n+7)/8)], ".") + "/" + strconv.Itoa(n)
}

// lastBit returns the place of the last bit that is set in the mask of an IPv4
// network, from 1; 0 when none is.
func lastBit(mask []byte) int {
	const begin, end = 4, 8
	for i := min(end, len(mask)) - 1; i >= begin; i-- {
		if mask[i] != 0 {
			return (i-begin+1)*8 - bits.TrailingZeros8(mask[i])
		}
	}
	return 0
}

// Destination returns where the routes of a message lead.
func (l Links) Destination(m *rtsock.Message, flags int32) string {
	dst, mask := m.Addrs[netbsd.RTAX_DST], m.Addrs[netbsd.RTAX_NETMASK]
	if flags&netbsd.RTF_HOST != 0 || mask == nil && sockaddr.Family(dst) != netbsd.AF_INET6 {
		return l.Host(dst)
	}
	return l.Net(dst, mask)
}

// prefix is Destination in full: "10.1.0.0/16", and "0.0.0.0/0" for the default.
func (l Links) prefix(m *rtsock.Message, flags int32) string {
	dst := m.Addrs[netbsd.RTAX_DST]
	a := sockaddr.Addr(dst)
	if !a.IsValid() {
		return l.Host(dst)
	}
	n := a.BitLen()
	if flags&netbsd.RTF_HOST == 0 {
		n, _ = sockaddr.MaskLen(m.Addrs[netbsd.RTAX_NETMASK], sockaddr.Family(dst))
	}
	return sockaddr.Format(a, l.Name) + "/" + strconv.Itoa(n)
}

// A Route is a line of a table, as it is shown. Its JSON form is that of the
// commands.
type Route struct {
	Family      string   `json:"family"`
	Destination string   `json:"-"`
	Prefix      string   `json:"destination"` // the same in full
	Gateway     string   `json:"gateway"`
	Flags       []string `json:"flags"`
	MTU         uint64   `json:"mtu,omitempty"`
	Interface   string   `json:"interface"`

	header *netbsd.RtMsghdr
}

// Options say what of a table is written, and how.
type Options struct {
	Family  uint8 // AF_UNSPEC: all
	Flags   int32 // all of these a route must have
	Numeric bool  // wide columns for IPv6
	Verbose bool  // metrics, too
	NoLinks bool  // no entries for neighbors
}

// Routes returns the lines of a dump.
func (l Links) Routes(messages []*rtsock.Message, o Options) []Route {
	list := []Route{}
	for _, m := range messages {
		h, ok := m.Header.(*netbsd.RtMsghdr)
		dst := m.Addrs[netbsd.RTAX_DST]
		family := sockaddr.Family(dst)
		switch {
		case !ok || dst == nil, o.Family != netbsd.AF_UNSPEC && family != o.Family,
			h.Flags&o.Flags != o.Flags, o.NoLinks && h.Flags&netbsd.RTF_LLDATA != 0:
			continue
		}
		const ofMessages = netbsd.RTF_DONE | netbsd.RTF_MASK
		list = append(list, Route{
			Family:      familyName(family),
			Destination: l.Destination(m, h.Flags),
			Prefix:      l.prefix(m, h.Flags),
			Gateway:     l.Host(m.Addrs[netbsd.RTAX_GATEWAY]),
			Flags:       FlagNames(h.Flags &^ ofMessages),
			MTU:         h.Rmx.MTU,
			Interface:   l.Name(uint32(h.Index)),
			header:      h,
		})
	}
	return list
}

func familyName(family uint8) string {
	switch family {
	case netbsd.AF_INET:
		return "inet"
	case netbsd.AF_INET6:
		return "inet6"
	}
	return strconv.Itoa(int(family))
}

// WriteTable writes routes, those of each family under a heading.
func WriteTable(b *bytes.Buffer, list []Route, o Options) {
	b.WriteString("Routing tables\n")
	family := ""
	for _, r := range list {
		dst, gw := 18, 18
		if r.Family == "inet6" && o.Numeric {
			dst, gw = 39, 30
		}
		if r.Family != family {
			family = r.Family
			fmt.Fprintf(b, "\n%s:\n", heading(family))
			fmt.Fprintf(b, "%-*s %-*s %-6s %6s %8s %6s %s\n", dst, "Destination", gw, "Gateway", "Flags", "Refs", "Use", "Mtu", "Interface")
		}
		to, by := r.Destination, r.Gateway
		if !o.Numeric {
			to, by = to[:min(len(to), dst)], by[:min(len(by), gw)]
		}
		mtu, lock := "-", " "
		if r.MTU != 0 {
			mtu = strconv.FormatUint(r.MTU, 10)
		}
		if r.header.Rmx.Locks&netbsd.RTV_MTU != 0 {
			lock = "L"
		}
		fmt.Fprintf(b, "%-*s %-*s %-6.6s %6s %8s %6s%s %s\n", dst, to, gw, by, Letters(r.header.Flags), "-", "-", mtu, lock, r.Interface)
		if o.Verbose {
			writeMetrics(b, &r.header.Rmx)
		}
	}
}

func heading(family string) string {
	switch family {
	case "inet":
		return "Internet"
	case "inet6":
		return "Internet6"
	}
	return "Protocol Family " + family
}

func writeMetrics(b *bytes.Buffer, x *netbsd.RtMetrics) {
	lock := func(bit uint64) string {
		if x.Locks&bit != 0 {
			return "L"
		}
		return " "
	}
	fmt.Fprintf(b, "\texpire   %10d%s  recvpipe %10d%s  sendpipe %10d%s\n", x.Expire, lock(netbsd.RTV_EXPIRE),
		x.Recvpipe, lock(netbsd.RTV_RPIPE), x.Sendpipe, lock(netbsd.RTV_SPIPE))
	fmt.Fprintf(b, "\tssthresh %10d%s  rtt      %10d%s  rttvar   %10d%s\n", x.Ssthresh, lock(netbsd.RTV_SSTHRESH),
		x.RTT, lock(netbsd.RTV_RTT), x.Rttvar, lock(netbsd.RTV_RTTVAR))
	fmt.Fprintf(b, "\thopcount %10d%s\n", x.Hopcount, lock(netbsd.RTV_HOPCOUNT))
}
