package netlink

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
)

// links are the interfaces of the kernel, asked for when somebody wants to know.
type links struct {
	s       *Server
	list    []routing.Link
	read    bool
	addrs   []routing.Address
	hasAddr bool

	// names are those that interfaces had when the kernel told something of them:
	// who hears of it may be late.
	names map[uint32]string
}

// remember has names used, after it has been brought up to date by what m says.
func (l *links) remember(names map[uint32]string, m *rtsock.Message) {
	l.names = names
	if h, ok := m.Header.(*netbsd.IfAnnouncemsghdr); ok {
		name := abi.AsBytes(&h.Name)
		names[uint32(h.Index)] = string(name[:abi.StringLen(name)])
		return
	}
	said, err := m.Decode()
	if err != nil {
		return
	}
	index := uint32(0)
	switch e := said.Entry.(type) {
	case *routing.Link:
		index = e.Index
	case *routing.Address:
		index = e.Index
	}
	if names[index] == "" && index != 0 {
		for _, i := range l.all() {
			names[i.Index] = i.Name
		}
	}
}

func (l *links) all() []routing.Link {
	if !l.read {
		l.list, _ = l.s.cfg.Interfaces(l.s.ctx) // none, when the kernel is gone
		l.read = true
	}
	return l.list
}

// addresses returns those of all interfaces.
func (l *links) addresses() []routing.Address {
	if !l.hasAddr {
		l.addrs, _ = l.s.cfg.Addresses(l.s.ctx, "")
		l.hasAddr = true
	}
	return l.addrs
}

// isOwn tells whether an address is one of the kernel's own.
func (l *links) isOwn(index uint32, a netip.Addr) bool {
	return slices.ContainsFunc(l.addresses(), func(own routing.Address) bool {
		return own.Index == index && own.Addr.WithZone("") == a.WithZone("")
	})
}

// first returns the address of IPv4 that an interface got first.
func (l *links) first(index uint32) netip.Addr {
	for _, a := range l.addresses() {
		if a.Index == index && a.Addr.Is4() {
			return a.Addr
		}
	}
	return netip.Addr{}
}

// LinkName returns the name of an interface.
func (l *links) LinkName(index uint32) (string, bool) {
	if name, ok := l.names[index]; ok {
		return name, true
	}
	for _, i := range l.all() {
		if i.Index == index {
			return i.Name, true
		}
	}
	return "", false
}

// LinkIndex returns the index of an interface.
func (l *links) LinkIndex(name string) (uint32, bool) {
	for _, i := range l.all() {
		if i.Name == name {
			return i.Index, true
		}
	}
	return 0, false
}

// driver returns what drives an interface: its name without the number.
func driver(name string) string { return strings.TrimRight(name, "0123456789") }
