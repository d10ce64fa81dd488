package netstat

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
)

// An iface is a line of -i: an interface with one of its addresses.
type iface struct {
	Name    string `json:"name"`
	Up      bool   `json:"up"`
	MTU     uint64 `json:"mtu"`
	Network string `json:"network"` // "<Link>" for the hardware
	Address string `json:"address"`

	Ipackets   uint64 `json:"inputPackets"`
	Ierrors    uint64 `json:"inputErrors"`
	Ibytes     uint64 `json:"inputBytes"`
	Opackets   uint64 `json:"outputPackets"`
	Oerrors    uint64 `json:"outputErrors"`
	Obytes     uint64 `json:"outputBytes"`
	Collisions uint64 `json:"collisions"`
	Drops      uint64 `json:"drops"`
}

// interfaces does -i.
func (e *env) interfaces(ctx context.Context) error {
	messages, err := e.Messages(ctx, rtsock.Links(e.Version(), netbsd.AF_UNSPEC, 0))
	if err != nil {
		return fmt.Errorf("list interfaces: %w", err)
	}
	list := []iface{}
	var now *netbsd.IfMsghdr
	var name string
	for _, m := range messages {
		switch h := m.Header.(type) {
		case *netbsd.IfMsghdr:
			sdl, _ := sockaddr.ParseLink(m.Addrs[netbsd.RTAX_IFP])
			now, name = h, sdl.Name
			if e.ifname == "" || e.ifname == name {
				list = append(list, newIface(now, name, "<Link>", sockaddr.Hardware(sdl.Addr)))
			}
		case *netbsd.IfaMsghdr:
			sa := m.Addrs[netbsd.RTAX_IFA]
			if a := sockaddr.Addr(sa); now != nil && a.IsValid() && (e.ifname == "" || e.ifname == name) {
				list = append(list, newIface(now, name, e.links.Net(sa, m.Addrs[netbsd.RTAX_NETMASK]), sockaddr.Format(a, e.links.Name)))
			}
		}
	}
	if e.ifname != "" && len(list) == 0 {
		return unknownInterface(e.ifname)
	}
	if e.json {
		return command.WriteJSON(e.out, list)
	}
	b := new(bytes.Buffer)
	e.heading(b)
	for i := range list {
		if e.set['v'] == 0 {
			list[i].Network, list[i].Address = withoutZone(list[i].Network), withoutZone(list[i].Address)
		}
		e.line(b, &list[i])
	}
	_, err = e.out.Write(b.Bytes())
	return err
}

func newIface(h *netbsd.IfMsghdr, name, network, addr string) iface {
	d := &h.Data
	return iface{
		Name: name, Up: h.Flags&netbsd.IFF_UP != 0, MTU: d.MTU, Network: network, Address: addr,
		Ipackets: d.Ipackets, Ierrors: d.Ierrors, Ibytes: d.Ibytes,
		Opackets: d.Opackets, Oerrors: d.Oerrors, Obytes: d.Obytes,
		Collisions: d.Collisions, Drops: d.Iqdrops,
	}
}

// withoutZone takes the zone out of an address or a network.
func withoutZone(s string) string {
	addr, rest, ok := strings.Cut(s, "%")
	if !ok {
		return s
	}
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return addr + rest[i:]
	}
	return addr
}

func (e *env) heading(b *bytes.Buffer) {
	fmt.Fprintf(b, "%-5s %-5s %-13s %-17s ", "Name", "Mtu", "Network", "Address")
	if e.set['b'] > 0 {
		fmt.Fprintf(b, "%10s %10s", "Ibytes", "Obytes")
	} else {
		fmt.Fprintf(b, "%8s %5s %8s %5s %5s", "Ipkts", "Ierrs", "Opkts", "Oerrs", "Colls")
	}
	if e.set['d'] > 0 {
		fmt.Fprintf(b, " %5s", "Drops")
	}
	b.WriteByte('\n')
}

func (e *env) line(b *bytes.Buffer, i *iface) {
	name := i.Name
	if !i.Up {
		name += "*"
	}
	fmt.Fprintf(b, "%-5s %-5d %s %s ", name, i.MTU, e.cut(i.Network, 13), e.cut(i.Address, 17))
	if e.set['b'] > 0 {
		fmt.Fprintf(b, "%10s %10s", e.bytes(i.Ibytes), e.bytes(i.Obytes))
	} else {
		fmt.Fprintf(b, "%8d %5d %8d %5d %5d", i.Ipackets, i.Ierrors, i.Opackets, i.Oerrors, i.Collisions)
	}
	if e.set['d'] > 0 {
		fmt.Fprintf(b, " %5d", i.Drops)
	}
	b.WriteByte('\n')
}

func (e *env) bytes(n uint64) string {
	if e.set['h'] > 0 {
		return command.Humanize(n)
	}
	return fmt.Sprint(n)
}
