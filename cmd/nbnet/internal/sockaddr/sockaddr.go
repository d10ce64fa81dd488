// Package sockaddr makes NetBSD's socket addresses and takes them apart, as far
// as they are seen in routing messages and ioctls.
package sockaddr

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"net/netip"
	"strings"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
)

// Where the parts of a sockaddr_in, a sockaddr_in6 and a sockaddr_dl are.
const (
	inAddr   = 4
	in6Addr  = 8
	in6Scope = 24
	dlIndex  = 2
	dlType   = 4
	dlNlen   = 5
	dlAlen   = 6
	dlData   = 8
)

// Family returns the family of sa: AF_UNSPEC when it has none.
func Family(sa []byte) uint8 {
	if len(sa) < 2 {
		return netbsd.AF_UNSPEC
	}
	return sa[1]
}

// Addr returns the address in a sockaddr_in or sockaddr_in6: the zero Addr when
// there is none. The kernel keeps the zone of an IPv6 address in its third and
// fourth byte; here it is taken out of them.
func Addr(sa []byte) netip.Addr {
	switch Family(sa) {
	case netbsd.AF_INET:
		var raw [4]byte
		copy(raw[:], sa[min(inAddr, len(sa)):])
		return netip.AddrFrom4(raw)
	case netbsd.AF_INET6:
		if len(sa) < in6Addr {
			return netip.Addr{}
		}
		var raw [16]byte
		copy(raw[:], sa[in6Addr:])
		a := netip.AddrFrom16(raw)
		if !routing.NeedsZone(a) {
			return a
		}
		zone := uint32(binary.BigEndian.Uint16(raw[2:]))
		raw[2], raw[3] = 0, 0
		if zone == 0 && len(sa) >= netbsd.SizeofSockaddrIn6 {
			zone = binary.NativeEndian.Uint32(sa[in6Scope:])
		}
		return routing.InZone(netip.AddrFrom16(raw), zone)
	}
	return netip.Addr{}
}

// Port returns the port of a sockaddr_in or sockaddr_in6.
func Port(sa []byte) uint16 {
	if f := Family(sa); len(sa) < 4 || f != netbsd.AF_INET && f != netbsd.AF_INET6 {
		return 0
	}
	return binary.BigEndian.Uint16(sa[2:])
}

// Make returns a as a sockaddr_in or sockaddr_in6. Its zone, an index, is where
// the kernel has it in its own tables.
func Make(a netip.Addr) []byte {
	if a.Is4() {
		sa := make([]byte, netbsd.SizeofSockaddrIn)
		sa[0], sa[1] = netbsd.SizeofSockaddrIn, netbsd.AF_INET
		copy(sa[inAddr:], a.AsSlice())
		return sa
	}
	sa := MakeUser(a)
	binary.NativeEndian.PutUint32(sa[in6Scope:], 0)
	if zone := routing.ZoneIndex(a); zone != 0 {
		binary.BigEndian.PutUint16(sa[in6Addr+2:], uint16(zone))
	}
	return sa
}

// MakeUser is Make with the zone where programs have it, in sin6_scope_id.
func MakeUser(a netip.Addr) []byte {
	if a.Is4() {
		return Make(a)
	}
	sa := make([]byte, netbsd.SizeofSockaddrIn6)
	sa[0], sa[1] = netbsd.SizeofSockaddrIn6, netbsd.AF_INET6
	copy(sa[in6Addr:], a.AsSlice())
	binary.NativeEndian.PutUint32(sa[in6Scope:], routing.ZoneIndex(a))
	return sa
}

// Mask returns the mask with so many bits, for addresses like a.
func Mask(a netip.Addr, n int) []byte {
	all := make([]byte, a.BitLen()/8)
	for i := range n {
		all[i/8] |= 0x80 >> (i % 8)
	}
	m, _ := netip.AddrFromSlice(all)
	return Make(m)
}

// MaskLen returns the number of bits in front of the first zero of a mask for
// addresses of a family, and whether there are no bits behind it.
func MaskLen(mask []byte, family uint8) (n int, contiguous bool) {
	begin, end := inAddr, inAddr+4
	if family == netbsd.AF_INET6 {
		begin, end = in6Addr, in6Addr+16
	}
	total := 0
	for i := begin; i < min(end, len(mask)); i++ {
		total += bits.OnesCount8(mask[i])
		if n == (i-begin)*8 {
			n += bits.LeadingZeros8(^mask[i])
		}
	}
	return n, n == total
}

// A Link is what a sockaddr_dl says.
type Link struct {
	Index uint16
	Type  uint8 // IFT_*
	Name  string
	Addr  []byte
}

// ParseLink takes a sockaddr_dl apart.
func ParseLink(sa []byte) (l Link, ok bool) {
	if Family(sa) != netbsd.AF_LINK || len(sa) < dlData {
		return l, false
	}
	l.Index, l.Type = binary.NativeEndian.Uint16(sa[dlIndex:]), sa[dlType]
	n, a := int(sa[dlNlen]), int(sa[dlAlen])
	data := sa[dlData:]
	if n > len(data) || a > len(data)-n {
		return l, n == 0 && a == 0
	}
	l.Name, l.Addr = string(data[:n]), data[n:n+a]
	return l, true
}

// MakeLink returns l as a sockaddr_dl.
func MakeLink(l Link) []byte {
	n := max(dlData+len(l.Name)+len(l.Addr), 20)
	sa := make([]byte, n)
	sa[0], sa[1] = byte(n), netbsd.AF_LINK
	binary.NativeEndian.PutUint16(sa[dlIndex:], l.Index)
	sa[dlType], sa[dlNlen], sa[dlAlen] = l.Type, byte(len(l.Name)), byte(len(l.Addr))
	copy(sa[dlData:], l.Name)
	copy(sa[dlData+len(l.Name):], l.Addr)
	return sa
}

// Hardware returns a hardware address as link_ntoa(3) writes the usual ones:
// two digits for each byte, colons between them.
func Hardware(b []byte) string {
	parts := make([]string, len(b))
	for i, c := range b {
		parts[i] = fmt.Sprintf("%02x", c)
	}
	return strings.Join(parts, ":")
}

// Format returns a with the name of its zone.
func Format(a netip.Addr, zone func(index uint32) string) string {
	if i := routing.ZoneIndex(a); i != 0 {
		return a.WithZone("").String() + "%" + zone(i)
	}
	return a.String()
}
