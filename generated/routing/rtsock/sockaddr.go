package rtsock

import (
	"encoding/binary"
	"math"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
)

// Where the address begins in a sockaddr_in and a sockaddr_in6, and where the
// zone of the latter.
const (
	inAddr   = 4
	in6Addr  = 8
	in6Scope = 24
)

// dlHeader is the size of a sockaddr_dl in front of its name, and dlLeast that of
// the whole structure in older versions, below which programs do not go.
const (
	dlHeader = 8
	dlLeast  = 20
)

// parseAddr returns the address in sa. It is invalid when sa is absent or
// empty.
//
// The kernel keeps the zone of an IPv6 address inside the address itself, in the
// third and fourth byte, and shows it so in routing messages.
func parseAddr(sa []byte) (netip.Addr, error) {
	if len(sa) < 2 {
		return netip.Addr{}, nil
	}
	switch family := sa[1]; family {
	case netbsd.AF_UNSPEC:
		return netip.Addr{}, nil
	case netbsd.AF_INET:
		if len(sa) < inAddr+4 {
			return netip.Addr{}, abi.BadLength("sockaddr_in", "sin_len", len(sa))
		}
		return netip.AddrFrom4([4]byte(sa[inAddr:])), nil
	case netbsd.AF_INET6:
		if len(sa) < in6Addr+16 {
			return netip.Addr{}, abi.BadLength("sockaddr_in6", "sin6_len", len(sa))
		}
		raw := [16]byte(sa[in6Addr:])
		a := netip.AddrFrom16(raw)
		if !routing.NeedsZone(a) {
			return a, nil
		}
		zone := uint32(binary.BigEndian.Uint16(raw[2:]))
		raw[2], raw[3] = 0, 0
		if zone == 0 && len(sa) >= netbsd.SizeofSockaddrIn6 {
			zone = binary.NativeEndian.Uint32(sa[in6Scope:])
		}
		return routing.InZone(netip.AddrFrom16(raw), zone), nil
	default:
		return netip.Addr{}, abi.NoCounterpart("sockaddr", "sa_family", family)
	}
}

// withoutZone returns a without its zone if that is the link with index index,
// which an entry then names anyway.
func withoutZone(a netip.Addr, index uint32) netip.Addr {
	if routing.ZoneIndex(a) == index {
		return a.WithZone("")
	}
	return a
}

// makeAddr returns a as a socket address. Its zone, or else that of the given
// index, goes inside the address.
func makeAddr(a netip.Addr, index uint32) ([]byte, error) {
	if a.Is4() {
		sa := make([]byte, netbsd.SizeofSockaddrIn)
		sa[0], sa[1] = netbsd.SizeofSockaddrIn, netbsd.AF_INET
		copy(sa[inAddr:], a.AsSlice())
		return sa, nil
	}
	if !a.Is6() {
		return nil, abi.NoCounterpart("sockaddr", "sa_family", uint8(netbsd.AF_UNSPEC))
	}
	sa := makeAddr6(a)
	if routing.NeedsZone(a) {
		zone := routing.ZoneIndex(a)
		if zone == 0 {
			zone = index
		}
		if zone > math.MaxUint16 {
			return nil, abi.OutOfRange("sockaddr_in6", "sin6_scope_id", zone)
		}
		binary.BigEndian.PutUint16(sa[in6Addr+2:], uint16(zone))
	}
	return sa, nil
}

// makeAddr6 returns a as a sockaddr_in6 without zone.
func makeAddr6(a netip.Addr) []byte {
	sa := make([]byte, netbsd.SizeofSockaddrIn6)
	sa[0], sa[1] = netbsd.SizeofSockaddrIn6, netbsd.AF_INET6
	copy(sa[in6Addr:], a.AsSlice())
	return sa
}

// parseMask returns the number of bits of the mask sa of addresses like a. Masks
// are often cut off behind their last byte that is not zero, and what is in front
// of the address, the family too, means nothing. An empty mask has no bits.
func parseMask(sa []byte, a netip.Addr) (int, error) {
	begin := inAddr
	if a.Is6() {
		begin = in6Addr
	}
	end := begin + a.BitLen()/8
	bits, done := 0, false
	for i := begin; i < end && i < len(sa); i++ {
		for bit := byte(0x80); bit != 0; bit >>= 1 {
			switch set := sa[i]&bit != 0; {
			case set && done:
				return 0, abi.NoCounterpart("rt_msghdr", "RTA_NETMASK", sa[i])
			case set:
				bits++
			default:
				done = true
			}
		}
	}
	return bits, nil
}

// makeMask returns the mask of bits bits for addresses like a.
func makeMask(bits int, a netip.Addr) ([]byte, error) {
	ones, err := netip.PrefixFrom(allOnes(a), bits).Addr().Prefix(bits)
	if err != nil {
		return nil, abi.OutOfRange("rt_msghdr", "RTA_NETMASK", bits)
	}
	if a.Is4() {
		return makeAddr(ones.Addr(), 0)
	}
	return makeAddr6(ones.Addr()), nil
}

func allOnes(a netip.Addr) netip.Addr {
	b := a.AsSlice()
	for i := range b {
		b[i] = 0xff
	}
	ones, _ := netip.AddrFromSlice(b)
	return ones
}

// A link is a sockaddr_dl.
type link struct {
	index uint16
	kind  uint8 // IFT_*
	name  string
	addr  []byte
}

// isLink tells whether sa is a sockaddr_dl.
func isLink(sa []byte) bool { return len(sa) >= 2 && sa[1] == netbsd.AF_LINK }

// parseLink returns the sockaddr_dl sa, which packs name and hardware address
// into its tail. The kernel also sends some that end before their tail does,
// when it is empty.
func parseLink(sa []byte) (link, error) {
	if !isLink(sa) || len(sa) < dlHeader {
		return link{}, abi.BadLength("sockaddr_dl", "sdl_len", len(sa))
	}
	l := link{index: binary.NativeEndian.Uint16(sa[2:]), kind: sa[4]}
	nameLen, addrLen := int(sa[5]), int(sa[6])
	tail := sa[dlHeader:]
	if nameLen > len(tail) {
		return link{}, abi.BadLength("sockaddr_dl", "sdl_nlen", nameLen)
	}
	l.name, tail = string(tail[:nameLen]), tail[nameLen:]
	if addrLen > len(tail) {
		return link{}, abi.BadLength("sockaddr_dl", "sdl_alen", addrLen)
	}
	if addrLen > 0 {
		l.addr = tail[:addrLen:addrLen]
	}
	return l, nil
}

// sockaddr returns l as a sockaddr_dl.
func (l link) sockaddr() ([]byte, error) {
	n := max(dlLeast, dlHeader+len(l.name)+len(l.addr))
	if n > math.MaxUint8 {
		return nil, abi.OutOfRange("sockaddr_dl", "sdl_len", n)
	}
	sa := make([]byte, dlHeader, n)
	sa[0], sa[1] = uint8(n), netbsd.AF_LINK
	binary.NativeEndian.PutUint16(sa[2:], l.index)
	sa[4], sa[5], sa[6] = l.kind, uint8(len(l.name)), uint8(len(l.addr))
	return append(append(sa, l.name...), l.addr...)[:n], nil
}

// makeLink returns a sockaddr_dl for the link with index index, which may be 0.
func makeLink(index uint32, name string, addr []byte) ([]byte, error) {
	if index > math.MaxUint16 {
		return nil, abi.OutOfRange("sockaddr_dl", "sdl_index", index)
	}
	return link{index: uint16(index), name: name, addr: addr}.sockaddr()
}
