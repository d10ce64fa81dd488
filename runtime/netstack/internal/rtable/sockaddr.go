package rtable

import (
	"net/netip"

	"github.com/abigen/abigen/netbsd"
)

// Sockaddr returns a as a struct sockaddr_in or sockaddr_in6 in the kernel's
// form. index is the interface that an address of one link is valid on.
func Sockaddr(a netip.Addr, index int) []byte {
	if a.Is4() {
		sa := make([]byte, netbsd.SizeofSockaddrIn)
		sa[0], sa[1] = netbsd.SizeofSockaddrIn, netbsd.AF_INET
		b := a.As4()
		copy(sa[4:], b[:])
		return sa
	}
	sa := make([]byte, netbsd.SizeofSockaddrIn6)
	sa[0], sa[1] = netbsd.SizeofSockaddrIn6, netbsd.AF_INET6
	b := embed(a, index)
	copy(sa[8:], b[:])
	return sa
}

// Address returns the address in a sockaddr_in or sockaddr_in6, and the
// interface that it is valid on when that is in it. The address is not valid
// when sa is of another family.
func Address(sa []byte) (a netip.Addr, index int) {
	f := familyOf(sa)
	if f == nil {
		return a, 0
	}
	b := f.address(sa)
	if f.size == 4 {
		return netip.AddrFrom4([4]byte(b[:4])), 0
	}
	if a = netip.AddrFrom16(b); oneLink(a) {
		index = int(b[2])<<8 | int(b[3])
		b[2], b[3] = 0, 0
		a = netip.AddrFrom16(b)
	}
	return a, index
}

// oneLink tells whether an address of IPv6 means something on one link only.
func oneLink(a netip.Addr) bool {
	return a.IsLinkLocalUnicast() || a.IsLinkLocalMulticast() || a.IsInterfaceLocalMulticast()
}

func embed(a netip.Addr, index int) [16]byte {
	b := a.As16()
	if oneLink(a) && b[2] == 0 && b[3] == 0 {
		b[2], b[3] = byte(index>>8), byte(index)
	}
	return b
}

// A family says where in its sockaddrs the addresses are. Nothing else of them
// takes part in looking something up.
type family struct {
	number int32
	offset int
	size   int
}

var inet, inet6 = &family{netbsd.AF_INET, 4, 4}, &family{netbsd.AF_INET6, 8, 16}

func familyOf(sa []byte) *family {
	if len(sa) < 2 {
		return nil
	}
	switch sa[1] {
	case netbsd.AF_INET:
		return inet
	case netbsd.AF_INET6:
		return inet6
	}
	return nil
}

// address returns the address in sa, zero where sa is too short.
func (f *family) address(sa []byte) (a [16]byte) {
	if len(sa) > f.offset {
		copy(a[:f.size], sa[f.offset:])
	}
	return a
}

// host is the mask of a single address.
func (f *family) host() (mask [16]byte) {
	for i := range f.size {
		mask[i] = 0xff
	}
	return mask
}

// masked returns a copy of sa with what mask, as it stands in a message, leaves
// of it.
func masked(sa, mask []byte) []byte {
	const data = 2
	c := make([]byte, len(sa))
	copy(c, sa[:min(data, len(sa))])
	for i := data; i < len(sa) && i < len(mask); i++ {
		c[i] = sa[i] & mask[i]
	}
	return c
}

// trimmed returns the form in which the table keeps a mask: what is in front of
// the address is all ones, zero bytes at the end are cut off, and the first
// byte is the length. That of the default route has no bytes at all.
func (f *family) trimmed(mask [16]byte) []byte {
	n := f.size
	for n > 0 && mask[n-1] == 0 {
		n--
	}
	if n == 0 {
		return []byte{}
	}
	m := make([]byte, f.offset+n)
	m[0] = byte(len(m))
	for i := 1; i < f.offset; i++ {
		m[i] = 0xff
	}
	copy(m[f.offset:], mask[:n])
	return m
}
