package tolinux

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// sockaddrDlFixed is the size of a sockaddr_dl in front of its name.
const sockaddrDlFixed = 8

// SockaddrLl writes src to dst in Linux form. On error dst is unchanged. The
// interface keeps its index and loses its name. Mapped: sdl_type. Added:
// sll_protocol (0), sll_pkttype (0). Dropped: sdl_len, the name, the selector.
// It is written by hand, for a sockaddr_dl packs name and address into one
// array.
//
//	NetBSD struct sockaddr_dl, from net/if_dl.h
//	Linux struct sockaddr_ll, from netpacket/packet.h
func SockaddrLl(dst *linux.SockaddrLl, src *netbsd.SockaddrDl) error {
	var result linux.SockaddrLl
	if _, err := linkAddressBytes(abi.AsBytes(&result), abi.AsBytes(src)); err != nil {
		return err
	}
	*dst = result
	return nil
}

// linkAddressBytes is SockaddrLl over bytes. The tail of a sockaddr_dl may be
// shorter or longer than that of the structure: sdl_nlen and sdl_alen tell.
func linkAddressBytes(dst, src []byte) (int, error) {
	if len(src) < sockaddrDlFixed {
		return 0, abi.Truncated("sockaddr_dl", "", len(src))
	}
	var from netbsd.SockaddrDl
	copy(abi.AsBytes(&from), src)
	if from.Family != netbsd.AF_LINK {
		return 0, abi.NoCounterpart("sockaddr_dl", "sdl_family", from.Family)
	}
	linkType, ok := LinkType(from.Addr.Type)
	if !ok {
		return 0, abi.NoCounterpart("sockaddr_dl", "sdl_type", from.Addr.Type)
	}
	tail := src[sockaddrDlFixed:]
	if int(from.Addr.Nlen) > len(tail) {
		return 0, abi.BadLength("sockaddr_dl", "sdl_nlen", from.Addr.Nlen)
	}
	if tail = tail[from.Addr.Nlen:]; int(from.Addr.Alen) > len(tail) {
		return 0, abi.BadLength("sockaddr_dl", "sdl_alen", from.Addr.Alen)
	}
	to := linux.SockaddrLl{
		Family:  linux.AF_PACKET,
		Ifindex: int32(from.Index),
		Hatype:  linkType,
		Halen:   from.Addr.Alen,
	}
	if int(to.Halen) > len(to.Addr) {
		return 0, abi.OutOfRange("sockaddr_dl", "sdl_alen", from.Addr.Alen)
	}
	copy(to.Addr[:], tail[:to.Halen])
	if len(dst) < linux.SizeofSockaddrLl {
		return 0, abi.NoSpace("sockaddr_ll", "", linux.SizeofSockaddrLl)
	}
	return copy(dst, abi.AsBytes(&to)), nil
}
