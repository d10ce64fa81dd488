package tonetbsd

import (
	"math"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// SockaddrDl writes src to dst in NetBSD form. On error dst is unchanged. The
// interface has its index alone, without a name. Added: sdl_len. Mapped:
// sll_hatype. Dropped: sll_protocol, sll_pkttype. It is written by hand, for a
// sockaddr_dl packs name and address into one array.
//
//	Linux struct sockaddr_ll, from netpacket/packet.h
//	NetBSD struct sockaddr_dl, from net/if_dl.h
func SockaddrDl(dst *netbsd.SockaddrDl, src *linux.SockaddrLl) error {
	if src.Family != linux.AF_PACKET {
		return abi.NoCounterpart("sockaddr_ll", "sll_family", src.Family)
	}
	if src.Ifindex < 0 || src.Ifindex > math.MaxUint16 {
		return abi.OutOfRange("sockaddr_ll", "sll_ifindex", src.Ifindex)
	}
	linkType, ok := LinkType(src.Hatype)
	if !ok {
		return abi.NoCounterpart("sockaddr_ll", "sll_hatype", src.Hatype)
	}
	if int(src.Halen) > len(src.Addr) {
		return abi.BadLength("sockaddr_ll", "sll_halen", src.Halen)
	}
	*dst = netbsd.SockaddrDl{}
	dst.Len = netbsd.SizeofSockaddrDl
	dst.Family = netbsd.AF_LINK
	dst.Index = uint16(src.Ifindex)
	dst.Addr.Type = linkType
	dst.Addr.Alen = src.Halen
	copy(abi.AsBytes(&dst.Addr.Data), src.Addr[:src.Halen])
	return nil
}

// linkAddressBytes is SockaddrDl over bytes. Linux lets the tail of a
// sockaddr_ll be cut off behind its address.
func linkAddressBytes(dst, src []byte) (int, error) {
	const fixed = linux.SizeofSockaddrLl - 8 // in front of sll_addr
	if len(src) < fixed {
		return 0, abi.Truncated("sockaddr_ll", "", len(src))
	}
	var from linux.SockaddrLl
	var to netbsd.SockaddrDl
	copy(abi.AsBytes(&from), src)
	if fixed+int(from.Halen) > len(src) {
		return 0, abi.BadLength("sockaddr_ll", "sll_halen", from.Halen)
	}
	if err := SockaddrDl(&to, &from); err != nil {
		return 0, err
	}
	if len(dst) < netbsd.SizeofSockaddrDl {
		return 0, abi.NoSpace("sockaddr_dl", "", netbsd.SizeofSockaddrDl)
	}
	return copy(dst, abi.AsBytes(&to)), nil
}
