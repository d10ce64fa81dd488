package tolinux

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// NetBSD tells where a packet was sent to and where it came in with two messages,
// Linux with one. Each of these fills in its part.

// destinationAddress translates the in_addr of an IP_RECVDSTADDR.
func destinationAddress(dst *linux.InPktinfo, src []byte) error {
	if len(src) != netbsd.SizeofInAddr {
		return abi.BadLength("in_addr", "", len(src))
	}
	copy(abi.AsBytes(&dst.Addr), src)
	return nil
}

// receivingInterface translates the sockaddr_dl of an IP_RECVIF.
func receivingInterface(dst *linux.InPktinfo, src []byte) error {
	var from netbsd.SockaddrDl
	n := copy(abi.AsBytes(&from), src)
	if n < 4 || int(from.Len) < 4 || int(from.Len) > len(src) {
		return abi.BadLength("sockaddr_dl", "sdl_len", from.Len)
	}
	if from.Family != netbsd.AF_LINK {
		return abi.NoCounterpart("sockaddr_dl", "sdl_family", from.Family)
	}
	dst.Ifindex = int32(from.Index)
	return nil
}
