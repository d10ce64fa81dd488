package ifconfig

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/cmd/nbnet/internal/command"
	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
)

// A link is an interface and what is to be shown of it. Its JSON form is that
// of the command.
type link struct {
	Name       string    `json:"name"`
	Index      uint16    `json:"index"`
	Flags      []string  `json:"flags"`
	Metric     int32     `json:"metric"`
	MTU        int32     `json:"mtu"`
	Hardware   string    `json:"linkAddress,omitempty"`
	LinkString string    `json:"linkString,omitempty"`
	State      string    `json:"linkState"`
	Addresses  []address `json:"addresses"`
	Statistics *counts   `json:"statistics,omitempty"`

	flags int32
	data  netbsd.IfData
	caps  netbsd.Ifcapreq
	more  []string // hardware addresses that are not in use
}

// An address is one of a link.
type address struct {
	Family      string   `json:"family"`
	Addr        string   `json:"address"`
	Bits        int      `json:"prefixLength"`
	Destination string   `json:"destination,omitempty"`
	Broadcast   string   `json:"broadcast,omitempty"`
	Flags       []string `json:"flags"`
	Scope       uint32   `json:"scopeID,omitempty"`
	Preference  int16    `json:"preference,omitempty"`
	Preferred   *int64   `json:"preferredLifetime,omitempty"` // seconds that are left; nil is forever
	Valid       *int64   `json:"validLifetime,omitempty"`

	flags int32
}

type counts struct {
	InPackets     uint64 `json:"inputPackets"`
	InBytes       uint64 `json:"inputBytes"`
	InMulticasts  uint64 `json:"inputMulticasts"`
	InErrors      uint64 `json:"inputErrors"`
	QueueDrops    uint64 `json:"inputQueueDrops"`
	NoProtocol    uint64 `json:"unknownProtocol"`
	OutPackets    uint64 `json:"outputPackets"`
	OutBytes      uint64 `json:"outputBytes"`
	OutMulticasts uint64 `json:"outputMulticasts"`
	OutErrors     uint64 `json:"outputErrors"`
	Collisions    uint64 `json:"collisions"`
}

// request returns a struct ifreq for an interface.
func request(name string) (netbsd.Ifreq, error) {
	var r netbsd.Ifreq
	if len(name) >= len(r.Name) {
		return r, netbsd.ENXIO
	}
	copy(r.Name[:], name)
	return r, nil
}

// ifreq makes an ioctl with a struct ifreq, which set fills in and get reads.
func (e *env) ifreq(ctx context.Context, call string, num uint64, name string, do func(*netbsd.IfreqIfru)) error {
	r, err := request(name)
	if err == nil {
		do(&r.Ifru)
		err = e.Ioctl(ctx, netbsd.AF_INET, num, abi.AsBytes(&r))
		do(&r.Ifru)
	}
	if err != nil {
		return fmt.Errorf("%s %s: %w", call, name, err)
	}
	return nil
}

// flags returns IFF_* of an interface.
func (e *env) flags(ctx context.Context, name string) (flags int32, err error) {
	err = e.ifreq(ctx, "SIOCGIFFLAGS", netbsd.SIOCGIFFLAGS, name, func(u *netbsd.IfreqIfru) {
		flags = int32(uint16(*u.Flags()))
	})
	return flags, noInterface(err)
}

// noInterface says how to get an interface that is not there.
func noInterface(err error) error {
	if errors.Is(err, netbsd.ENXIO) {
		return command.Hint(err, "-l lists the interfaces there are, create makes one")
	}
	return err
}

func (e *env) data(ctx context.Context, name string) (netbsd.IfData, error) {
	num, call := uint64(netbsd.SIOCGIFDATA), "SIOCGIFDATA"
	if e.set['z'] {
		num, call = netbsd.SIOCZIFDATA, "SIOCZIFDATA"
	}
	var r netbsd.Ifdatareq
	copy(r.Name[:len(r.Name)-1], name)
	if err := e.Ioctl(ctx, netbsd.AF_INET, num, abi.AsBytes(&r)); err != nil {
		return r.Data, noInterface(fmt.Errorf("%s %s: %w", call, name, err))
	}
	return r.Data, nil
}

// links returns the interfaces with the name, all when it is empty, that the
// options choose.
func (e *env) links(ctx context.Context, name string) ([]*link, error) {
	messages, err := e.Messages(ctx, rtsock.Links(e.Version(), netbsd.AF_UNSPEC, 0))
	if err != nil {
		return nil, fmt.Errorf("list interfaces: %w", err)
	}
	var list []*link
	var now *link
	for _, m := range messages {
		switch h := m.Header.(type) {
		case *netbsd.IfMsghdr:
			sdl, _ := sockaddr.ParseLink(m.Addrs[netbsd.RTAX_IFP])
			now = &link{Name: sdl.Name, Index: h.Index, flags: h.Flags & 0xffff, data: h.Data, Addresses: []address{}}
			if !e.chosen(now, name) {
				now = nil
				continue
			}
			if err := e.fill(ctx, now, sdl); err != nil {
				return nil, err
			}
			list = append(list, now)
		case *netbsd.IfaMsghdr:
			if now != nil {
				e.add(ctx, now, m)
			}
		}
	}
	return list, nil
}

// chosen tells whether an interface is to be shown.
func (e *env) chosen(l *link, name string) bool {
	up := l.flags&netbsd.IFF_UP != 0
	switch {
	case name != "":
		return l.Name == name
	case e.set['b'] && l.flags&netbsd.IFF_BROADCAST == 0, e.set['d'] && up, e.set['u'] && !up:
		return false
	}
	return !e.set['s'] || l.data.LinkState != netbsd.LINK_STATE_DOWN
}

// fill asks for what the dump does not tell.
func (e *env) fill(ctx context.Context, l *link, sdl sockaddr.Link) (err error) {
	l.Flags = command.Names(uint64(l.flags), flagBits)
	l.Metric, l.MTU = int32(l.data.Metric), int32(l.data.MTU)
	l.Hardware = sockaddr.Hardware(sdl.Addr)
	l.State = [...]string{"unknown", "down", "up"}[uint32(l.data.LinkState)%3]
	if s, err := e.LinkString(ctx, l.Name); err == nil {
		l.LinkString = s
	}
	copy(l.caps.Name[:], l.Name)
	if err := e.Ioctl(ctx, netbsd.AF_INET, netbsd.SIOCGIFCAP, abi.AsBytes(&l.caps)); err != nil {
		l.caps = netbsd.Ifcapreq{}
	}
	if !e.set['v'] && !e.set['z'] {
		return nil
	}
	if l.data, err = e.data(ctx, l.Name); err != nil {
		return err
	}
	d := &l.data
	l.Statistics = &counts{
		InPackets: d.Ipackets, InBytes: d.Ibytes, InMulticasts: d.Imcasts, InErrors: d.Ierrors, QueueDrops: d.Iqdrops, NoProtocol: d.Noproto,
		OutPackets: d.Opackets, OutBytes: d.Obytes, OutMulticasts: d.Omcasts, OutErrors: d.Oerrors, Collisions: d.Collisions,
	}
	return nil
}

// add adds the address that a message of the dump tells of.
func (e *env) add(ctx context.Context, l *link, m *rtsock.Message) {
	sa := m.Addrs[netbsd.RTAX_IFA]
	if dl, ok := sockaddr.ParseLink(sa); ok {
		if hw := sockaddr.Hardware(dl.Addr); hw != l.Hardware {
			l.more = append(l.more, hw)
		}
		return
	}
	addr, family := sockaddr.Addr(sa), sockaddr.Family(sa)
	if !addr.IsValid() {
		return
	}
	a := address{Family: "inet", Addr: sockaddr.Format(addr, func(uint32) string { return l.Name })}
	a.Bits, _ = sockaddr.MaskLen(m.Addrs[netbsd.RTAX_NETMASK], family)
	if other := sockaddr.Addr(m.Addrs[netbsd.RTAX_BRD]); other.IsValid() {
		switch {
		case l.flags&netbsd.IFF_POINTOPOINT != 0:
			a.Destination = sockaddr.Format(other, func(uint32) string { return l.Name })
		case l.flags&netbsd.IFF_BROADCAST != 0 && addr.Is4():
			a.Broadcast = other.String()
		}
	}
	a.flags, _ = e.AddressFlags(ctx, l.Name, addr)
	bits := flagBits4
	if addr.Is6() {
		a.Family, bits = "inet6", flagBits6
		if addr.Zone() != "" {
			a.Scope = uint32(l.Index)
		}
		e.lifetimes(ctx, l, &a, addr)
	}
	a.Flags = command.Names(uint64(a.flags), bits)
	a.Preference = e.preference(ctx, l, addr)
	l.Addresses = append(l.Addresses, a)
}

// lifetimes asks how long an IPv6 address will be good.
func (e *env) lifetimes(ctx context.Context, l *link, a *address, addr netip.Addr) {
	var r netbsd.In6Ifreq
	copy(r.Name[:], l.Name)
	copy(abi.AsBytes(r.Ifru.Addr()), sockaddr.MakeUser(addr.WithZone("")))
	if e.Ioctl(ctx, netbsd.AF_INET6, netbsd.SIOCGIFALIFETIME_IN6, abi.AsBytes(&r)) != nil {
		return
	}
	left := func(until int64) *int64 {
		if until == 0 {
			return nil
		}
		n := max(0, until-time.Now().Unix())
		return &n
	}
	a.Preferred, a.Valid = left(int64(r.Ifru.Lifetime().Preferred)), left(int64(r.Ifru.Lifetime().Expire))
}

// preference returns how much an address is preferred: 0 when nothing was said.
func (e *env) preference(ctx context.Context, l *link, addr netip.Addr) int16 {
	var r netbsd.IfAddrprefreq
	copy(r.Name[:], l.Name)
	copy(abi.AsBytes(&r.Addr), sockaddr.MakeUser(addr.WithZone("")))
	if e.Ioctl(ctx, familyOf(addr), netbsd.SIOCGIFADDRPREF, abi.AsBytes(&r)) != nil {
		return 0
	}
	return r.Preference
}

func familyOf(a netip.Addr) int32 {
	if a.Is4() {
		return netbsd.AF_INET
	}
	return netbsd.AF_INET6
}
