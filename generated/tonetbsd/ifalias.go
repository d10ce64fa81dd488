package tonetbsd

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// Ifaliasreq makes the request by which NetBSD gives an interface an IPv4
// address (SIOCAIFADDR) of the three that Linux takes for it: the arguments of
// SIOCSIFADDR, SIOCSIFBRDADDR and SIOCSIFNETMASK. The broadcast address and the
// mask may be nil; NetBSD then takes those of the address's class. It is
// written by hand, for one argument stands for three. On error dst is
// unchanged.
//
//	Linux struct ifreq, from net/if.h
//	NetBSD struct ifaliasreq, from net/if.h
func Ifaliasreq(dst *netbsd.Ifaliasreq, addr, broadcast, mask *linux.Ifreq) error {
	var to netbsd.Ifaliasreq
	for _, part := range []struct {
		src     *linux.Ifreq
		request uint64
		dst     *netbsd.Sockaddr
	}{
		{addr, linux.SIOCSIFADDR, &to.Addr},
		{broadcast, linux.SIOCSIFBRDADDR, &to.Dstaddr},
		{mask, linux.SIOCSIFNETMASK, &to.Mask},
	} {
		if part.src == nil {
			continue
		}
		var one netbsd.Ifreq
		if err := Ifreq(&one, part.src, part.request); err != nil {
			return err
		}
		a := one.Ifru.Addr()
		if a.Family != netbsd.AF_INET {
			return abi.NoCounterpart("ifreq", "ifr_addr.sa_family", a.Family)
		}
		if part.src != addr && one.Name != to.Name {
			return abi.BadString("ifreq", "ifr_name", one.Name[0])
		}
		to.Name, *part.dst = one.Name, *a
	}
	*dst = to
	return nil
}

// In6Aliasreq makes the request by which NetBSD gives an interface an IPv6
// address (SIOCAIFADDR_IN6) of the argument of Linux's SIOCSIFADDR on an IPv6
// socket. Linux has the interface by its index, NetBSD by its name, which the
// caller finds. The address lives for ever, as it does on Linux. It is written
// by hand, for the prefix is a length on one side and a mask on the other. On
// error dst is unchanged. Added: ifra_flags (0), ifra_dstaddr (none),
// ifra_lifetime.
//
//	Linux struct in6_ifreq, from linux/ipv6.h
//	NetBSD struct in6_aliasreq, from netinet6/in6_var.h
func In6Aliasreq(dst *netbsd.In6Aliasreq, src *linux.In6Ifreq, name string) error {
	if src.Prefixlen > 128 {
		return abi.OutOfRange("in6_ifreq", "ifr6_prefixlen", src.Prefixlen)
	}
	if name == "" || len(name) >= len(dst.Name) {
		return abi.BadLength("in6_aliasreq", "ifra_name", len(name))
	}
	*dst = netbsd.In6Aliasreq{}
	copy(dst.Name[:], name)
	dst.Addr.Len, dst.Addr.Family = netbsd.SizeofSockaddrIn6, netbsd.AF_INET6
	dst.Addr.Addr = netbsd.In6Addr(src.Addr)
	dst.Prefixmask.Len, dst.Prefixmask.Family = netbsd.SizeofSockaddrIn6, netbsd.AF_INET6
	for i := range src.Prefixlen {
		dst.Prefixmask.Addr[i/8] |= 0x80 >> (i % 8)
	}
	dst.Lifetime.Vltime, dst.Lifetime.Pltime = netbsd.ND6_INFINITE_LIFETIME, netbsd.ND6_INFINITE_LIFETIME
	return nil
}
