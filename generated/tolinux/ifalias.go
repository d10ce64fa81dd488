package tolinux

import (
	"math"
	"math/bits"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// Ifaliasreq makes, of the request by which NetBSD gives an interface an IPv4
// address (SIOCAIFADDR), the arguments of the three that Linux takes for it:
// SIOCSIFADDR, SIOCSIFBRDADDR and SIOCSIFNETMASK. What src leaves out, by an
// address of length zero, is a zero argument, and its request is not to be
// made. It is written by hand, for one argument stands for three. On error the
// results are unchanged.
//
//	NetBSD struct ifaliasreq, from net/if.h
//	Linux struct ifreq, from net/if.h
func Ifaliasreq(addr, broadcast, mask *linux.Ifreq, src *netbsd.Ifaliasreq) error {
	var to [3]linux.Ifreq
	for i, part := range []struct {
		src     *netbsd.Sockaddr
		request uint64
	}{
		{&src.Addr, netbsd.SIOCSIFADDR},
		{&src.Dstaddr, netbsd.SIOCSIFBRDADDR},
		{&src.Mask, netbsd.SIOCSIFNETMASK},
	} {
		if part.src.Len == 0 {
			continue
		}
		one := netbsd.Ifreq{Name: src.Name}
		a := one.Ifru.Addr()
		*a = *part.src
		if i == 2 && a.Family == netbsd.AF_UNSPEC {
			a.Family = netbsd.AF_INET // a mask needs none on NetBSD
		}
		if a.Family != netbsd.AF_INET {
			return abi.NoCounterpart("ifaliasreq", "ifra_addr.sa_family", a.Family)
		}
		a.Len = netbsd.SizeofSockaddr // a mask may be cut off behind its last bit
		if err := Ifreq(&to[i], &one, part.request); err != nil {
			return err
		}
	}
	*addr, *broadcast, *mask = to[0], to[1], to[2]
	return nil
}

// In6Ifreq makes the argument of Linux's SIOCSIFADDR on an IPv6 socket of the
// request by which NetBSD gives an interface an IPv6 address
// (SIOCAIFADDR_IN6). NetBSD has the interface by its name, Linux by its index,
// which the caller finds. It is written by hand, for the prefix is a mask on
// one side and a length on the other. A mask with holes, a destination, flags
// and a limited life are errors: Linux's request has no word for them. On
// error dst is unchanged.
//
//	NetBSD struct in6_aliasreq, from netinet6/in6_var.h
//	Linux struct in6_ifreq, from linux/ipv6.h
func In6Ifreq(dst *linux.In6Ifreq, src *netbsd.In6Aliasreq, index uint32) error {
	const record = "in6_aliasreq"
	if index > math.MaxInt32 {
		return abi.OutOfRange("in6_ifreq", "ifr6_ifindex", index)
	}
	if src.Addr.Family != netbsd.AF_INET6 {
		return abi.NoCounterpart(record, "ifra_addr.sin6_family", src.Addr.Family)
	}
	if src.Dstaddr.Family != netbsd.AF_UNSPEC {
		return abi.NoCounterpart(record, "ifra_dstaddr.sin6_family", src.Dstaddr.Family)
	}
	if src.Flags != 0 {
		return abi.NoCounterpart(record, "ifra_flags", src.Flags)
	}
	for _, life := range []uint32{src.Lifetime.Vltime, src.Lifetime.Pltime} {
		if life != 0 && life != netbsd.ND6_INFINITE_LIFETIME {
			return abi.NoCounterpart(record, "ifra_lifetime", life)
		}
	}
	length, ended := 0, false
	for _, b := range src.Prefixmask.Addr {
		ones := bits.LeadingZeros8(^b)
		if b<<ones != 0 || ended && b != 0 {
			return abi.NoCounterpart(record, "ifra_prefixmask", b)
		}
		length, ended = length+ones, ended || ones < 8
	}
	*dst = linux.In6Ifreq{}
	dst.Addr = linux.In6Addr(src.Addr.Addr)
	dst.Prefixlen = uint32(length)
	dst.Ifindex = int32(index)
	return nil
}
