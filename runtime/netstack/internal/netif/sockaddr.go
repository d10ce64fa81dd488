package netif

import (
	"encoding/binary"
	"math/bits"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// sockaddr makes the sockaddr of an address, with the scope of a link-local one
// within it, as the kernel keeps it.
func sockaddr(a netip.Addr, index int) []byte {
	if a.Is4() {
		sin := sockaddrIn(a)
		return abi.AsBytes(&sin)
	}
	sin6 := sockaddrIn6(a)
	if scoped(a) {
		binary.BigEndian.PutUint16(sin6.Addr[2:], uint16(index))
	}
	return abi.AsBytes(&sin6)
}

func sockaddrIn(a netip.Addr) netbsd.SockaddrIn {
	b := a.As4()
	return netbsd.SockaddrIn{
		Len:    netbsd.SizeofSockaddrIn,
		Family: netbsd.AF_INET,
		Addr:   netbsd.InAddr{Addr: abi.MakeBE32(binary.BigEndian.Uint32(b[:]))},
	}
}

func sockaddrIn6(a netip.Addr) netbsd.SockaddrIn6 {
	return netbsd.SockaddrIn6{Len: netbsd.SizeofSockaddrIn6, Family: netbsd.AF_INET6, Addr: a.As16()}
}

// asSockaddrIn reads a sockaddr as one of AF_INET, whatever its family says.
func asSockaddrIn(s *netbsd.Sockaddr) (sin netbsd.SockaddrIn) {
	copy(abi.AsBytes(&sin), abi.AsBytes(s))
	return sin
}

// addrIn returns the address of a sockaddr_in.
func addrIn(s *netbsd.SockaddrIn) netip.Addr {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], s.Addr.Addr.Uint32())
	return netip.AddrFrom4(b)
}

// addrIn6 returns the address of a sockaddr_in6, without the scope that may be
// within it.
func addrIn6(s *netbsd.SockaddrIn6) netip.Addr {
	a := netip.AddrFrom16(s.Addr)
	if scoped(a) {
		b := s.Addr
		b[2], b[3] = 0, 0
		return netip.AddrFrom16(b)
	}
	return a
}

// scoped tells whether an address means something on one link only.
func scoped(a netip.Addr) bool {
	return a.Is6() && (a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || a.IsInterfaceLocalMulticast())
}

// maskBits counts the bits of a netmask up to the first that is 0.
func maskBits(mask []byte) int {
	n := 0
	for _, b := range mask {
		ones := bits.LeadingZeros8(^b)
		n += ones
		if ones < 8 {
			break
		}
	}
	return n
}

// contiguous tells whether there are no ones in a netmask behind the first
// zero.
func contiguous(mask []byte) bool {
	ones := 0
	for _, b := range mask {
		ones += bits.OnesCount8(b)
	}
	return ones == maskBits(mask)
}

// classMask is the netmask of an address's class (RFC 791).
func classMask(a netip.Addr) uint32 {
	switch b := a.As4(); {
	case b[0] < 128:
		return 0xff000000
	case b[0] < 192:
		return 0xffff0000
	default:
		return 0xffffff00
	}
}
