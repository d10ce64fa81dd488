package tonetbsd

import (
	"math"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// NetBSD takes an interface's number where an interface's address is asked for,
// as an address of network 0. Linux has a structure with a number of its own.

// numbered returns the address that stands for an interface's number on NetBSD.
func numbered(typ, member string, index int32) (netbsd.InAddr, error) {
	if index < 0 || index >= 1<<24 {
		return netbsd.InAddr{}, abi.OutOfRange(typ, member, index)
	}
	return netbsd.InAddr{Addr: abi.MakeBE32(uint32(index))}, nil
}

// interfaceOf returns what NetBSD takes for the interface in an ip_mreqn.
func interfaceOf(src *linux.IPMreqn) (netbsd.InAddr, error) {
	if src.Ifindex != 0 {
		return numbered("ip_mreqn", "imr_ifindex", src.Ifindex)
	}
	return netbsd.InAddr{Addr: src.Address.Addr}, nil
}

// mreqn reads an ip_mreqn, or the ip_mreq that is its beginning.
func mreqn(dst *linux.IPMreqn, src []byte) bool {
	*dst = linux.IPMreqn{}
	copy(abi.AsBytes(dst), src)
	return len(src) == linux.SizeofIPMreqn || len(src) == linux.SizeofIPMreq
}

// membership translates the ip_mreq or ip_mreqn of a multicast group.
func membership(dst, src []byte) (int, error) {
	var from linux.IPMreqn
	if !mreqn(&from, src) {
		return 0, abi.BadLength("ip_mreqn", "", len(src))
	}
	iface, err := interfaceOf(&from)
	if err != nil {
		return 0, err
	}
	return putMembership(dst, netbsd.IPMreq{Multiaddr: netbsd.InAddr{Addr: from.Multiaddr.Addr}, Interface: iface})
}

func putMembership(dst []byte, to netbsd.IPMreq) (int, error) {
	if len(dst) < netbsd.SizeofIPMreq {
		return 0, abi.NoSpace("ip_mreq", "", netbsd.SizeofIPMreq)
	}
	return copy(dst, abi.AsBytes(&to)), nil
}

// multicastInterface translates the in_addr, ip_mreq or ip_mreqn of the interface
// that multicast packets leave by.
func multicastInterface(dst, src []byte) (int, error) {
	var from linux.IPMreqn
	if len(src) == linux.SizeofInAddr {
		copy(abi.AsBytes(&from.Address), src)
	} else if !mreqn(&from, src) {
		return 0, abi.BadLength("ip_mreqn", "", len(src))
	}
	iface, err := interfaceOf(&from)
	if err != nil {
		return 0, err
	}
	if len(dst) < netbsd.SizeofInAddr {
		return 0, abi.NoSpace("in_addr", "", netbsd.SizeofInAddr)
	}
	return copy(dst, abi.AsBytes(&iface)), nil
}

// groupRequest reads a group_req and the address of the group.
func groupRequest[T any](src []byte, family uint16, group *T) (index uint32, err error) {
	var from linux.GroupReq
	if len(src) != linux.SizeofGroupReq {
		return 0, abi.BadLength("group_req", "", len(src))
	}
	copy(abi.AsBytes(&from), src)
	if from.Interface > math.MaxInt32 {
		return 0, abi.OutOfRange("group_req", "gr_interface", from.Interface)
	}
	if from.Group.Family != family {
		return 0, abi.NoCounterpart("group_req", "gr_group.ss_family", from.Group.Family)
	}
	copy(abi.AsBytes(group), abi.AsBytes(&from.Group))
	return from.Interface, nil
}

// groupMembership translates a group_req to an ip_mreq.
func groupMembership(dst, src []byte) (int, error) {
	var group linux.SockaddrIn
	index, err := groupRequest(src, linux.AF_INET, &group)
	if err != nil {
		return 0, err
	}
	iface, err := numbered("group_req", "gr_interface", int32(index))
	if err != nil {
		return 0, err
	}
	return putMembership(dst, netbsd.IPMreq{Multiaddr: netbsd.InAddr{Addr: group.Addr.Addr}, Interface: iface})
}

// groupMembership6 translates a group_req to an ipv6_mreq.
func groupMembership6(dst, src []byte) (int, error) {
	var group linux.SockaddrIn6
	index, err := groupRequest(src, linux.AF_INET6, &group)
	if err != nil {
		return 0, err
	}
	if len(dst) < netbsd.SizeofIPv6Mreq {
		return 0, abi.NoSpace("ipv6_mreq", "", netbsd.SizeofIPv6Mreq)
	}
	var to netbsd.IPv6Mreq
	copy(abi.AsBytes(&to.Multiaddr), abi.AsBytes(&group.Addr))
	to.Interface = index
	return copy(dst, abi.AsBytes(&to)), nil
}
