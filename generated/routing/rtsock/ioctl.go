package rtsock

import (
	"bytes"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
)

// An Ioctl is an ioctl on a socket. What NetBSD does to links and their
// addresses, it does by ioctls; see netintro(4).
type Ioctl struct {
	Family  uint8  // of a datagram socket that is good for it
	Request uint64 // SIOC*
	Arg     []byte // the struct that belongs to Request
}

func ioctl[T any](family uint8, request uint64, arg *T) Ioctl {
	return Ioctl{Family: family, Request: request, Arg: bytes.Clone(abi.AsBytes(arg))}
}

// NewIoctls returns the ioctls that add, change, replace or delete an address of
// the link name, that make or destroy that link, or that change its MTU or its
// hardware address. Flags are changed in two steps; see [NewSetFlags].
func NewIoctls(m *routing.Message, name string) ([]Ioctl, error) {
	if name == "" || len(name) >= netbsd.IFNAMSIZ {
		return nil, abi.BadString("ifreq", "ifr_name", len(name))
	}
	switch e := m.Entry.(type) {
	case *routing.Address:
		i, err := addressIoctl(m.Op, e, name)
		if err != nil {
			return nil, err
		}
		return []Ioctl{i}, nil
	case *routing.Link:
		return linkIoctls(m.Op, e, name)
	}
	return nil, abi.NoCounterpart("ioctl", "request", uint8(m.Op))
}

func addressIoctl(op routing.Op, a *routing.Address, name string) (Ioctl, error) {
	switch {
	case !a.Addr.IsValid():
		return Ioctl{}, abi.Truncated("ifaliasreq", "ifra_addr", 0)
	case op == routing.Delete && a.Addr.Is4():
		var r netbsd.Ifreq
		copy(r.Name[:], name)
		copySockaddr(r.Ifru.Addr(), a.Addr)
		return ioctl(netbsd.AF_INET, netbsd.SIOCDIFADDR, &r), nil
	case op == routing.Delete:
		var r netbsd.In6Ifreq
		copy(r.Name[:], name)
		copySockaddr(r.Ifru.Addr(), a.Addr)
		return ioctl(netbsd.AF_INET6, netbsd.SIOCDIFADDR_IN6, &r), nil
	case op != routing.Add && op != routing.Change && op != routing.Replace:
		return Ioctl{}, abi.NoCounterpart("ioctl", "request", uint8(op))
	}
	mask, err := makeMask(a.Bits, a.Addr)
	if err != nil {
		return Ioctl{}, err
	}
	if a.Addr.Is4() {
		return alias4(a, name, mask)
	}
	return alias6(a, name, mask)
}

func alias4(a *routing.Address, name string, mask []byte) (Ioctl, error) {
	switch {
	case a.Flags != 0:
		return Ioctl{}, abi.NoCounterpart("ifaliasreq", "flags", uint16(a.Flags))
	case a.Valid != 0 && a.Valid != routing.Forever:
		return Ioctl{}, abi.NoCounterpart("ifaliasreq", "valid lifetime", a.Valid)
	}
	var r netbsd.Ifaliasreq
	copy(r.Name[:], name)
	copySockaddr(&r.Addr, a.Addr)
	copy(abi.AsBytes(&r.Mask), mask)
	if a.Peer.Is4() {
		copySockaddr(&r.Dstaddr, a.Peer)
	} else if a.Broadcast.Is4() {
		copySockaddr(&r.Dstaddr, a.Broadcast)
	}
	return ioctl(netbsd.AF_INET, netbsd.SIOCAIFADDR, &r), nil
}

func alias6(a *routing.Address, name string, mask []byte) (Ioctl, error) {
	const settable = routing.AddressAnycast | routing.AddressNoDAD
	if other := a.Flags &^ settable; other != 0 {
		return Ioctl{}, abi.NoCounterpart("in6_aliasreq", "ifra_flags", uint16(other))
	}
	r := netbsd.In6Aliasreq{Flags: wireAddressFlags(a)}
	copy(r.Name[:], name)
	copySockaddr(&r.Addr, a.Addr)
	copy(abi.AsBytes(&r.Prefixmask), mask)
	if a.Peer.Is6() {
		copySockaddr(&r.Dstaddr, a.Peer)
	}
	r.Lifetime.Vltime, r.Lifetime.Pltime = netbsd.ND6_INFINITE_LIFETIME, netbsd.ND6_INFINITE_LIFETIME
	if a.Valid != 0 {
		r.Lifetime.Vltime, r.Lifetime.Pltime = a.Valid, a.Preferred
	}
	return ioctl(netbsd.AF_INET6, netbsd.SIOCAIFADDR_IN6, &r), nil
}

// copySockaddr writes a, without its zone, to dst, which has room for it.
func copySockaddr[T any](dst *T, a netip.Addr) {
	sa := makeAddr6(a)
	if a.Is4() {
		sa, _ = makeAddr(a, 0)
	}
	copy(abi.AsBytes(dst), sa)
}

func linkIoctls(op routing.Op, l *routing.Link, name string) ([]Ioctl, error) {
	var r netbsd.Ifreq
	copy(r.Name[:], name)
	switch op {
	case routing.Delete:
		return []Ioctl{ioctl(netbsd.AF_INET, netbsd.SIOCIFDESTROY, &r)}, nil
	case routing.Add, routing.Change, routing.Replace:
	default:
		return nil, abi.NoCounterpart("ioctl", "request", uint8(op))
	}
	var list []Ioctl
	if op == routing.Add {
		list = append(list, ioctl(netbsd.AF_INET, netbsd.SIOCIFCREATE, &r))
	}
	if l.MTU != 0 {
		if l.MTU > 1<<31-1 {
			return nil, abi.OutOfRange("ifreq", "ifr_mtu", l.MTU)
		}
		*r.Ifru.MTU() = int32(l.MTU)
		list = append(list, ioctl(netbsd.AF_INET, netbsd.SIOCSIFMTU, &r))
	}
	if len(l.Addr) > 0 {
		sa, err := link{kind: netbsd.IFT_ETHER, addr: l.Addr}.sockaddr()
		if err != nil {
			return nil, err
		}
		var la netbsd.IfLaddrreq
		copy(la.IflrName[:], name)
		la.Flags = netbsd.IFLR_ACTIVE
		if copy(abi.AsBytes(&la.Addr), sa) < len(sa) {
			return nil, abi.OutOfRange("if_laddrreq", "addr", len(sa))
		}
		list = append(list, ioctl(netbsd.AF_LINK, netbsd.SIOCALIFADDR, &la))
	}
	return list, nil
}

// SetFlags changes some flags of a link. NetBSD has an ioctl for all flags at
// once only, so those it has are to be asked for first, by SIOCGIFFLAGS.
type SetFlags struct {
	Name string
	Set  uint16 // IFF_* to be set
	Mask uint16 // IFF_* to be set or cleared
}

// NewSetFlags returns what sets the flags of l, which is called name, that are
// in its Mask. Flags that no one may change are an error.
func NewSetFlags(l *routing.Link, name string) (SetFlags, error) {
	if name == "" || len(name) >= netbsd.IFNAMSIZ {
		return SetFlags{}, abi.BadString("ifreq", "ifr_name", len(name))
	}
	mask := wireLinkFlags(l.Mask)
	if fixed := mask & netbsd.IFF_CANTCHANGE; fixed != 0 {
		return SetFlags{}, abi.NoCounterpart("ifreq", "ifr_flags", fixed)
	}
	return SetFlags{Name: name, Set: wireLinkFlags(l.Flags) & mask, Mask: mask}, nil
}

// Ioctl returns the ioctl that makes the change to a link that has the flags
// now.
func (s SetFlags) Ioctl(now int16) Ioctl {
	var r netbsd.Ifreq
	copy(r.Name[:], s.Name)
	*r.Ifru.Flags() = int16(uint16(now)&^s.Mask | s.Set&s.Mask)
	return ioctl(netbsd.AF_INET, netbsd.SIOCSIFFLAGS, &r)
}
