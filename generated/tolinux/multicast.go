package tolinux

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// NetBSD takes an interface's number where an interface's address is asked for,
// as an address of network 0. Linux has a structure with a number of its own.

// interfaceOf sets what an ip_mreqn says of an interface.
func interfaceOf(dst *linux.IPMreqn, src netbsd.InAddr) {
	if n := src.Addr.Uint32(); n>>24 == 0 {
		dst.Ifindex = int32(n)
	} else {
		dst.Address.Addr = src.Addr
	}
}

// membership translates the ip_mreq of a multicast group to an ip_mreqn.
func membership(dst, src []byte) (int, error) {
	if len(src) != netbsd.SizeofIPMreq {
		return 0, abi.BadLength("ip_mreq", "", len(src))
	}
	if len(dst) < linux.SizeofIPMreqn {
		return 0, abi.NoSpace("ip_mreqn", "", linux.SizeofIPMreqn)
	}
	var from netbsd.IPMreq
	copy(abi.AsBytes(&from), src)
	to := linux.IPMreqn{Multiaddr: linux.InAddr{Addr: from.Multiaddr.Addr}}
	interfaceOf(&to, from.Interface)
	return copy(dst, abi.AsBytes(&to)), nil
}

// multicastInterface translates the in_addr of the interface that multicast
// packets leave by to an ip_mreqn.
func multicastInterface(dst, src []byte) (int, error) {
	if len(src) != netbsd.SizeofInAddr {
		return 0, abi.BadLength("in_addr", "", len(src))
	}
	if len(dst) < linux.SizeofIPMreqn {
		return 0, abi.NoSpace("ip_mreqn", "", linux.SizeofIPMreqn)
	}
	var from netbsd.InAddr
	copy(abi.AsBytes(&from), src)
	var to linux.IPMreqn
	interfaceOf(&to, from)
	return copy(dst, abi.AsBytes(&to)), nil
}
