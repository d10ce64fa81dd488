package route

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/rtprint"
	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
)

// typeNames are the types of routing messages, and what they mean.
var typeNames = map[uint8][2]string{
	netbsd.RTM_ADD:        {"RTM_ADD", "Add Route"},
	netbsd.RTM_DELETE:     {"RTM_DELETE", "Delete Route"},
	netbsd.RTM_CHANGE:     {"RTM_CHANGE", "Change Metrics, Flags or Gateway"},
	netbsd.RTM_GET:        {"RTM_GET", "Report Metrics"},
	netbsd.RTM_LOSING:     {"RTM_LOSING", "Kernel Suspects Partitioning"},
	netbsd.RTM_REDIRECT:   {"RTM_REDIRECT", "Told to use different route"},
	netbsd.RTM_MISS:       {"RTM_MISS", "Lookup failed on this address"},
	netbsd.RTM_LOCK:       {"RTM_LOCK", "fix specified metrics"},
	netbsd.RTM_NEWADDR:    {"RTM_NEWADDR", "address being added to iface"},
	netbsd.RTM_DELADDR:    {"RTM_DELADDR", "address being removed from iface"},
	netbsd.RTM_CHGADDR:    {"RTM_CHGADDR", "address being changed on iface"},
	netbsd.RTM_IFANNOUNCE: {"RTM_IFANNOUNCE", "iface arrival/departure"},
	netbsd.RTM_IFINFO:     {"RTM_IFINFO", "iface status change"},
}

// addrNames are the socket addresses of a message in their order.
var addrNames = [netbsd.RTAX_MAX]string{"DST", "GATEWAY", "NETMASK", "GENMASK", "IFP", "IFA", "AUTHOR", "BRD", "TAG"}

var interfaceFlags = []command.Bit{
	{Mask: netbsd.IFF_UP, Name: "UP"}, {Mask: netbsd.IFF_BROADCAST, Name: "BROADCAST"}, {Mask: netbsd.IFF_DEBUG, Name: "DEBUG"},
	{Mask: netbsd.IFF_LOOPBACK, Name: "LOOPBACK"}, {Mask: netbsd.IFF_POINTOPOINT, Name: "PTP"}, {Mask: netbsd.IFF_RUNNING, Name: "RUNNING"},
	{Mask: netbsd.IFF_NOARP, Name: "NOARP"}, {Mask: netbsd.IFF_PROMISC, Name: "PPROMISC"}, {Mask: netbsd.IFF_ALLMULTI, Name: "ALLMULTI"},
	{Mask: netbsd.IFF_OACTIVE, Name: "OACTIVE"}, {Mask: netbsd.IFF_SIMPLEX, Name: "SIMPLEX"}, {Mask: netbsd.IFF_LINK0, Name: "LINK0"},
	{Mask: netbsd.IFF_LINK1, Name: "LINK1"}, {Mask: netbsd.IFF_LINK2, Name: "LINK2"}, {Mask: netbsd.IFF_MULTICAST, Name: "MULTICAST"},
}

var metricNames = []command.Bit{
	{Mask: netbsd.RTV_RTTVAR, Name: "rttvar"}, {Mask: netbsd.RTV_RTT, Name: "rtt"}, {Mask: netbsd.RTV_SSTHRESH, Name: "ssthresh"},
	{Mask: netbsd.RTV_SPIPE, Name: "sendpipe"}, {Mask: netbsd.RTV_RPIPE, Name: "recvpipe"}, {Mask: netbsd.RTV_EXPIRE, Name: "expire"},
	{Mask: netbsd.RTV_HOPCOUNT, Name: "hopcount"}, {Mask: netbsd.RTV_MTU, Name: "mtu"},
}

// monitor shows what the kernel tells about the tables, until the context is
// done or enough has been said.
func (e *env) monitor(ctx context.Context, words []string) error {
	if len(words) > 1 {
		return command.Usage("leave it out", "%s: monitor shows all messages", words[1])
	}
	w, err := e.Watch(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	for n := 0; e.count == 0 || n < e.count; n++ {
		m, size, err := w.NextMessage(ctx)
		if ctx.Err() != nil {
			return nil //nolint:nilerr // this is how it ends
		}
		if err != nil {
			return err
		}
		if a, ok := m.Header.(*netbsd.IfAnnouncemsghdr); ok {
			e.links[uint32(a.Index)] = string(bytes.TrimRight(a.Name[:], "\x00"))
		}
		if err := e.message(m, size); err != nil {
			return err
		}
	}
	return nil
}

// An event is what --json says of a message, one on a line.
type event struct {
	Time      string            `json:"time"`
	Type      string            `json:"type"`
	Interface string            `json:"interface,omitempty"`
	Flags     []string          `json:"flags,omitempty"`
	PID       int32             `json:"pid,omitempty"`
	Seq       int32             `json:"seq,omitempty"`
	Errno     int32             `json:"errno,omitempty"`
	What      string            `json:"what,omitempty"`
	Addresses map[string]string `json:"addresses,omitempty"`
}

func (e *env) message(m *rtsock.Message, size int) error {
	now := time.Now()
	if e.json {
		return json.NewEncoder(e.out).Encode(e.event(m, now))
	}
	b := new(bytes.Buffer)
	fmt.Fprintf(b, "got message of size %d on %s\n", size, now.Format(time.ANSIC))
	name, known := typeNames[m.Type]
	if known {
		fmt.Fprintf(b, "%s: %s: len %d, ", name[0], name[1], size)
	} else {
		fmt.Fprintf(b, "#%d: len %d, ", m.Type, size)
	}
	switch h := m.Header.(type) {
	case *netbsd.IfMsghdr:
		fmt.Fprintf(b, "if# %d, carrier: %s, flags: %s", h.Index, carrier(h.Data.LinkState), rtprint.Bracketed(command.Names(uint64(uint32(h.Flags)), interfaceFlags)))
		e.addrs(b, m)
	case *netbsd.IfaMsghdr:
		fmt.Fprintf(b, "metric %d, flags: %s", h.Metric, rtprint.Bracketed(rtprint.FlagNames(h.Flags)))
		e.addrs(b, m)
	case *netbsd.IfAnnouncemsghdr:
		fmt.Fprintf(b, "if# %d, what: %s\n", h.Index, announced(h.What))
	case *netbsd.RtMsghdr:
		fmt.Fprintf(b, "pid %d, seq %d, errno %d, flags: %s", h.PID, h.Seq, h.Errno, rtprint.Bracketed(rtprint.FlagNames(h.Flags)))
		e.details(b, m)
	}
	_, err := e.out.Write(b.Bytes())
	return err
}

func carrier(state int32) string {
	switch state {
	case netbsd.LINK_STATE_UNKNOWN:
		return "unknown"
	case netbsd.LINK_STATE_DOWN:
		return "no carrier"
	case netbsd.LINK_STATE_UP:
		return "active"
	}
	return fmt.Sprintf("%#x", state)
}

func announced(what uint16) string {
	switch what {
	case netbsd.IFAN_ARRIVAL:
		return "arrival"
	case netbsd.IFAN_DEPARTURE:
		return "departure"
	}
	return fmt.Sprintf("#%d", what)
}

// details writes what a message says besides its flags.
func (e *env) details(b *bytes.Buffer, m *rtsock.Message) {
	h, _ := m.Header.(*netbsd.RtMsghdr)
	fmt.Fprintf(b, "\nlocks: %s inits: %s", rtprint.Bracketed(command.Names(h.Rmx.Locks, metricNames)),
		rtprint.Bracketed(command.Names(uint64(uint32(h.Inits)), metricNames)))
	e.addrs(b, m)
}

// addrs writes the names of the addresses of a message, and then the addresses.
func (e *env) addrs(b *bytes.Buffer, m *rtsock.Message) {
	names, values := e.named(m)
	if len(names) > 0 {
		fmt.Fprintf(b, "\nsockaddrs: %s\n %s", rtprint.Bracketed(names), strings.Join(values, " "))
	}
	b.WriteByte('\n')
}

func (e *env) named(m *rtsock.Message) (names, values []string) {
	family := uint8(netbsd.AF_UNSPEC)
	for i, sa := range m.Addrs {
		if sa == nil {
			continue
		}
		if i == netbsd.RTAX_DST || i == netbsd.RTAX_IFA && family == netbsd.AF_UNSPEC {
			family = sockaddr.Family(sa)
		}
	}
	for i, sa := range m.Addrs {
		if sa == nil {
			continue
		}
		names = append(names, addrNames[i])
		if i == netbsd.RTAX_NETMASK && len(sa) > 0 {
			values = append(values, e.mask(sa, family))
		} else {
			values = append(values, e.links.Host(sa))
		}
	}
	return names, values
}

func (e *env) event(m *rtsock.Message, now time.Time) event {
	v := event{Time: now.Format(time.RFC3339Nano), Type: typeNames[m.Type][0]}
	switch h := m.Header.(type) {
	case *netbsd.IfMsghdr:
		v.Interface, v.Flags = e.links.Name(uint32(h.Index)), command.Names(uint64(uint32(h.Flags)), interfaceFlags)
		v.What = carrier(h.Data.LinkState)
	case *netbsd.IfaMsghdr:
		v.Interface = e.links.Name(uint32(h.Index))
	case *netbsd.IfAnnouncemsghdr:
		v.Interface, v.What = e.links.Name(uint32(h.Index)), announced(h.What)
	case *netbsd.RtMsghdr:
		v.PID, v.Seq, v.Errno, v.Flags = h.PID, h.Seq, h.Errno, rtprint.FlagNames(h.Flags)
	}
	names, values := e.named(m)
	for i, n := range names {
		if v.Addresses == nil {
			v.Addresses = map[string]string{}
		}
		v.Addresses[strings.ToLower(n)] = values[i]
	}
	return v
}
