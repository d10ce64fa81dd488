package main

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"strconv"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/portable"
)

// addressNames are what the bits RTA_* of a mask stand for, in the order in which
// the addresses follow.
var addressNames = [netbsd.RTAX_MAX]string{
	netbsd.RTAX_DST: "destination", netbsd.RTAX_GATEWAY: "gateway", netbsd.RTAX_NETMASK: "netmask",
	netbsd.RTAX_GENMASK: "cloning mask", netbsd.RTAX_IFP: "interface", netbsd.RTAX_IFA: "address",
	netbsd.RTAX_AUTHOR: "author", netbsd.RTAX_BRD: "broadcast", netbsd.RTAX_TAG: "tag",
}

// addresses prints the socket addresses behind a header. Each takes a multiple
// of 8 bytes, also an empty one.
func addresses(w io.Writer, t portable.Target, mask uint32, b []byte) error {
	if mask>>netbsd.RTAX_MAX != 0 {
		return fmt.Errorf("addresses %#x: unknown bits", mask)
	}
	var list [netbsd.RTAX_MAX][]byte
	for i, name := range addressNames {
		if mask&(1<<i) == 0 {
			continue
		}
		if len(b) == 0 {
			return fmt.Errorf("%s: truncated", name)
		}
		size := int(b[0])
		if size > len(b) {
			return fmt.Errorf("%s: %d bytes in %d", name, size, len(b))
		}
		list[i] = b[:size]
		b = b[min(len(b), max(8, (size+7)&^7)):]
	}
	family := uint8(netbsd.AF_UNSPEC) // of the masks, which need not have one of their own
	for _, i := range []int{netbsd.RTAX_DST, netbsd.RTAX_IFA} {
		if family == netbsd.AF_UNSPEC && len(list[i]) > 1 {
			family = list[i][1]
		}
	}
	for i, name := range addressNames {
		if mask&(1<<i) == 0 {
			continue
		}
		var s string
		var err error
		if i == netbsd.RTAX_NETMASK || i == netbsd.RTAX_GENMASK {
			s = netmask(family, list[i])
		} else if s, err = address(t, list[i]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(w, "    %-12s %s\n", name, s)
	}
	return nil
}

// address spells a socket address.
func address(t portable.Target, b []byte) (string, error) {
	if len(b) < 2 {
		return "none", nil
	}
	switch b[1] {
	case netbsd.AF_INET:
		var sa portable.SockaddrIn
		if err := sa.Decode(t, b); err != nil {
			return "", err
		}
		a := sa.Addr.Addr
		return netip.AddrFrom4([4]byte{byte(a >> 24), byte(a >> 16), byte(a >> 8), byte(a)}).String(), nil
	case netbsd.AF_INET6:
		var sa portable.SockaddrIn6
		if err := sa.Decode(t, b); err != nil {
			return "", err
		}
		return inet6(sa.Addr, sa.ScopeID).String(), nil
	case netbsd.AF_LINK:
		return link(t, b)
	}
	return fmt.Sprintf("family %d, % x", b[1], b[2:]), nil
}

// inet6 makes an address of in6_addr. The kernel keeps the interface of an
// address of limited scope in its second word.
func inet6(a [16]byte, scope uint32) netip.Addr {
	addr := netip.AddrFrom16(a)
	if addr.IsLinkLocalUnicast() || addr.IsLinkLocalMulticast() || addr.IsInterfaceLocalMulticast() {
		if index := uint32(a[2])<<8 | uint32(a[3]); index != 0 {
			a[2], a[3], scope = 0, 0, index
			addr = netip.AddrFrom16(a)
		}
	}
	if scope != 0 {
		addr = addr.WithZone(strconv.FormatUint(uint64(scope), 10))
	}
	return addr
}

// link spells the address of an interface: its name, or its number, and the
// hardware address.
func link(t portable.Target, b []byte) (string, error) {
	full := make([]byte, max(len(b), portable.SizeofSockaddrDl(t))) // the kernel sends what is used of it
	copy(full, b)
	var sa portable.SockaddrDl
	if err := sa.Decode(t, full); err != nil {
		return "", err
	}
	data := b[min(8, len(b)):]
	name, hardware := int(sa.Addr.Nlen), int(sa.Addr.Alen)
	if name+hardware > len(data) {
		return "", errors.New("a name and an address longer than their place")
	}
	s := string(data[:name])
	if name == 0 {
		s = "interface " + strconv.Itoa(int(sa.Index))
	}
	if hardware > 0 {
		s += " " + net.HardwareAddr(data[name:name+hardware]).String()
	}
	return s, nil
}

// netmask spells a mask of the family by its length. Trailing zeros are not sent,
// and the mask of a default route is nothing at all.
func netmask(family uint8, b []byte) string {
	offset, size := 4, 4
	switch family {
	case netbsd.AF_INET:
	case netbsd.AF_INET6:
		offset, size = 8, 16
	default:
		return fmt.Sprintf("% x", b)
	}
	mask := make([]byte, size)
	if len(b) > offset {
		copy(mask, b[offset:])
	}
	ones, size := net.IPMask(mask).Size()
	if size == 0 { // not ones and then zeros
		return fmt.Sprintf("%x", mask)
	}
	return "/" + strconv.Itoa(ones)
}
