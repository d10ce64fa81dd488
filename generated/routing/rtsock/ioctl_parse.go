package rtsock

import (
	"encoding/binary"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
)

// ParseIoctl returns what the ioctl says, and the name of its link; the entry has
// no index. It knows the ioctls of [NewIoctls] and SIOCSIFFLAGS; others are an
// error over [abi.ErrNoCounterpart].
func ParseIoctl(request uint64, arg []byte) (m *routing.Message, name string, err error) {
	// The request says how long its argument is.
	if n := int(request >> 16 & 0x1fff); len(arg) < n || n < netbsd.IFNAMSIZ {
		return nil, "", abi.Truncated("ioctl", "argument", len(arg))
	}
	n := abi.StringLen(arg[:netbsd.IFNAMSIZ])
	if n == 0 || n == netbsd.IFNAMSIZ {
		return nil, "", abi.BadString("ifreq", "ifr_name", n)
	}
	name = string(arg[:n])
	body := arg[netbsd.IFNAMSIZ:]
	switch request {
	case netbsd.SIOCAIFADDR:
		m, err = parseAlias4(body)
	case netbsd.SIOCAIFADDR_IN6:
		m, err = parseAlias6(arg)
	case netbsd.SIOCDIFADDR, netbsd.SIOCDIFADDR_IN6:
		a := &routing.Address{}
		if a.Addr, err = sockaddrAt(body); err == nil {
			a.Bits = a.Addr.BitLen()
			m = &routing.Message{Op: routing.Delete, Entry: a}
		}
	case netbsd.SIOCIFCREATE:
		m = &routing.Message{Op: routing.Add, Entry: &routing.Link{Name: name}}
	case netbsd.SIOCIFDESTROY:
		m = &routing.Message{Op: routing.Delete, Entry: &routing.Link{Name: name}}
	case netbsd.SIOCSIFMTU:
		mtu := binary.NativeEndian.Uint32(body)
		if mtu == 0 || mtu > 1<<31-1 {
			return nil, "", abi.OutOfRange("ifreq", "ifr_mtu", int32(mtu))
		}
		m = &routing.Message{Op: routing.Change, Entry: &routing.Link{Name: name, MTU: mtu}}
	case netbsd.SIOCSIFFLAGS:
		flags, _, _ := linkFlags.Map(binary.NativeEndian.Uint16(body))
		var settable uint16 = 0xffff
		mask, _, _ := linkFlags.Map(settable &^ netbsd.IFF_CANTCHANGE)
		m = &routing.Message{Op: routing.Change, Entry: &routing.Link{Name: name, Flags: flags & mask, Mask: mask}}
	default:
		return nil, "", abi.NoCounterpart("ioctl", "request", request)
	}
	return m, name, err
}

// sockaddrAt returns the address that b begins with, which must be there.
func sockaddrAt(b []byte) (netip.Addr, error) {
	n := int(b[0])
	if n > len(b) {
		return netip.Addr{}, abi.BadLength("sockaddr", "sa_len", n)
	}
	a, err := parseAddr(b[:n])
	if err == nil && !a.IsValid() {
		err = abi.BadLength("sockaddr", "sa_len", n)
	}
	return a, err
}

func parseAlias4(b []byte) (*routing.Message, error) {
	const size = netbsd.SizeofSockaddr
	a := &routing.Address{Valid: routing.Forever, Preferred: routing.Forever}
	var err error
	if a.Addr, err = sockaddrAt(b[:size]); err != nil {
		return nil, err
	}
	dst, mask := b[size:2*size], b[2*size:]
	if a.Bits, err = parseMask(mask[:min(int(mask[0]), size)], a.Addr); err != nil {
		return nil, err
	}
	if mask[0] == 0 {
		a.Bits = a.Addr.BitLen()
	}
	m := &Message{}
	m.Addrs[netbsd.RTAX_BRD] = dst[:min(int(dst[0]), size)]
	if err := m.addressBroadcast(a); err != nil {
		return nil, err
	}
	return &routing.Message{Op: routing.Replace, Entry: a}, nil
}

func parseAlias6(b []byte) (*routing.Message, error) {
	r, err := header[netbsd.In6Aliasreq]("in6_aliasreq", b)
	if err != nil {
		return nil, err
	}
	a := &routing.Address{Valid: r.Lifetime.Vltime, Preferred: r.Lifetime.Pltime}
	if a.Addr, err = sockaddrAt(abi.AsBytes(&r.Addr)); err != nil {
		return nil, err
	}
	a.Addr = a.Addr.WithZone("")
	if a.Bits, err = parseMask(abi.AsBytes(&r.Prefixmask), a.Addr); err != nil {
		return nil, err
	}
	if r.Dstaddr.Family != netbsd.AF_UNSPEC {
		if a.Peer, err = sockaddrAt(abi.AsBytes(&r.Dstaddr)); err != nil {
			return nil, err
		}
		a.Peer = a.Peer.WithZone("")
	}
	m := &routing.Message{Op: routing.Replace, Entry: a}
	a.Flags = addressFlags(r.Flags, true, m)
	return m, nil
}
