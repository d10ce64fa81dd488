package inet

import (
	"encoding/binary"
	"net/netip"

	"github.com/abigen/abigen/netbsd"
)

// A Sockaddr is a sockaddr_in or sockaddr_in6, depending on its address.
type Sockaddr struct {
	Addr     netip.Addr // the scope is embedded
	Port     uint16
	Flowinfo uint32 // as it lies in memory
	Scope    uint32 // sin6_scope_id that the caller gave
}

// Family returns the family of a name that a caller gave. One whose family is 0
// has it in its length byte, where programs older than 4.4BSD put it.
func Family(name []byte) uint8 {
	switch {
	case len(name) < 2:
		return netbsd.AF_UNSPEC
	case name[1] == netbsd.AF_UNSPEC && name[0] < netbsd.AF_MAX:
		return name[0]
	}
	return name[1]
}

// decode4 takes a sockaddr_in apart: EINVAL when it has another size,
// EAFNOSUPPORT when it is of another family.
func decode4(name []byte) (Sockaddr, error) {
	if len(name) != netbsd.SizeofSockaddrIn {
		return Sockaddr{}, netbsd.EINVAL
	}
	if Family(name) != netbsd.AF_INET {
		return Sockaddr{}, netbsd.EAFNOSUPPORT
	}
	return Sockaddr{Addr: netip.AddrFrom4([4]byte(name[4:])), Port: binary.BigEndian.Uint16(name[2:])}, nil
}

// decode6 does the same with a sockaddr_in6. The scope is not looked at yet.
func decode6(name []byte) (Sockaddr, error) {
	if len(name) != netbsd.SizeofSockaddrIn6 {
		return Sockaddr{}, netbsd.EINVAL
	}
	if Family(name) != netbsd.AF_INET6 {
		return Sockaddr{}, netbsd.EAFNOSUPPORT
	}
	return Sockaddr{
		Addr:     netip.AddrFrom16([16]byte(name[8:])),
		Port:     binary.BigEndian.Uint16(name[2:]),
		Flowinfo: binary.NativeEndian.Uint32(name[4:]),
		Scope:    binary.NativeEndian.Uint32(name[24:]),
	}, nil
}

// Bytes returns the name in NetBSD's form, the scope in sin6_scope_id.
func (sa Sockaddr) Bytes() []byte {
	if sa.Addr.Is4() {
		b := make([]byte, netbsd.SizeofSockaddrIn)
		b[0], b[1] = netbsd.SizeofSockaddrIn, netbsd.AF_INET
		binary.BigEndian.PutUint16(b[2:], sa.Port)
		a := sa.Addr.As4()
		copy(b[4:], a[:])
		return b
	}
	b := make([]byte, netbsd.SizeofSockaddrIn6)
	b[0], b[1] = netbsd.SizeofSockaddrIn6, netbsd.AF_INET6
	binary.BigEndian.PutUint16(b[2:], sa.Port)
	binary.NativeEndian.PutUint32(b[4:], sa.Flowinfo)
	addr, scope := Split(sa.Addr)
	a := addr.As16()
	copy(b[8:], a[:])
	binary.NativeEndian.PutUint32(b[24:], scope)
	return b
}

// Scoped tells whether an address means something on one link, or within one
// interface, alone.
func Scoped(a netip.Addr) bool {
	if !a.Is6() || a.Is4In6() {
		return false
	}
	b := a.As16()
	return a.IsLinkLocalUnicast() || b[0] == 0xff && (b[1]&15 == 1 || b[1]&15 == 2)
}

// Embed puts the index of an interface into an address that is scoped.
func Embed(a netip.Addr, scope uint32) netip.Addr {
	if !Scoped(a) {
		return a
	}
	b := a.As16()
	binary.BigEndian.PutUint16(b[2:], uint16(scope))
	return netip.AddrFrom16(b)
}

// Split undoes Embed: it returns the address as it is in packets, and the index
// of the interface, 0 when there is none.
func Split(a netip.Addr) (netip.Addr, uint32) {
	if !Scoped(a) {
		return a, 0
	}
	b := a.As16()
	scope := binary.BigEndian.Uint16(b[2:])
	b[2], b[3] = 0, 0
	return netip.AddrFrom16(b), uint32(scope)
}

var (
	any4   = netip.IPv4Unspecified()
	any6   = netip.IPv6Unspecified()
	mapped = netip.AddrFrom16([16]byte{10: 0xff, 11: 0xff}) // IPv4-mapped 0.0.0.0
)

// null tells whether a is no address: 0.0.0.0, ::, or 0.0.0.0 mapped.
func null(a netip.Addr) bool { return a == any4 || a == any6 || a == mapped }
