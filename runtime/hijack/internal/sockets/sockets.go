// Package sockets lists the sockets of a kernel as Linux would tell of them.
package sockets

import (
	"context"
	"encoding/binary"
	"errors"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netcfg"
)

// A Socket is one of the kernel's.
type Socket struct {
	Family   uint16 // AF_INET or AF_INET6, of Linux
	Protocol uint8  // IPPROTO_TCP, IPPROTO_UDP, or IPPROTO_RAW for all raw ones
	Raw      uint8  // the protocol of a raw one

	// Local and Peer are unspecified where there is none. Their zones are indices.
	Local, Peer netip.AddrPort

	State        uint8 // TCP_* of Linux; TCP_ESTABLISHED and TCP_CLOSE are all that others have
	RecvQ, SendQ uint32
	V6Only       bool
	Kernel       uint64 // its address in the kernel, 0 when that is not told
}

// tables are the kernel's lists: as Linux and as NetBSD calls them.
var tables = []struct {
	family   uint16
	protocol uint8
	name     string
}{
	{linux.AF_INET, linux.IPPROTO_TCP, "net.inet.tcp.pcblist"},
	{linux.AF_INET6, linux.IPPROTO_TCP, "net.inet6.tcp6.pcblist"},
	{linux.AF_INET, linux.IPPROTO_UDP, "net.inet.udp.pcblist"},
	{linux.AF_INET6, linux.IPPROTO_UDP, "net.inet6.udp6.pcblist"},
	{linux.AF_INET, linux.IPPROTO_RAW, "net.inet.raw.pcblist"},
	{linux.AF_INET6, linux.IPPROTO_RAW, "net.inet6.raw6.pcblist"},
}

// List returns the sockets of a family and a protocol. The error is
// [linux.ENOENT] when there is no list of them.
func List(ctx context.Context, c *netcfg.Client, family uint16, protocol uint8) ([]Socket, error) {
	for _, t := range tables {
		if t.family != family || t.protocol != protocol {
			continue
		}
		pcbs, err := pcblist(ctx, c, t.name)
		if errors.Is(err, netbsd.ENOENT) {
			err = linux.ENOENT
		}
		list := make([]Socket, 0, len(pcbs))
		for i := range pcbs {
			// Linux does not list sockets that have no name yet.
			if so := socket(family, protocol, &pcbs[i]); so.Local.Port() != 0 || protocol == linux.IPPROTO_RAW {
				list = append(list, so)
			}
		}
		return list, err
	}
	return nil, linux.ENOENT
}

func pcblist(ctx context.Context, c *netcfg.Client, name string) ([]netbsd.KinfoPcb, error) {
	mib, err := c.Number(ctx, name)
	if err != nil {
		return nil, err
	}
	const most = 1 << 20
	b, err := c.Value(ctx, append(mib, 0, 0, netbsd.SizeofKinfoPcb, most)...)
	if err != nil {
		return nil, err
	}
	list := make([]netbsd.KinfoPcb, len(b)/netbsd.SizeofKinfoPcb)
	for i := range list {
		copy(abi.AsBytes(&list[i]), b[i*netbsd.SizeofKinfoPcb:])
	}
	return list, nil
}

// v6only is IN6P_IPV6_V6ONLY of ki_pflags, a bit of the kernel's netinet6/in6_pcb.h.
const v6only = 0x8000

func socket(family uint16, protocol uint8, k *netbsd.KinfoPcb) Socket {
	s := Socket{
		Family: family, Protocol: protocol, Raw: uint8(k.Protocol),
		Local: addrPort(family, abi.AsBytes(&k.S)), Peer: addrPort(family, abi.AsBytes(&k.D)),
		RecvQ: narrow(k.Rcvq), SendQ: narrow(k.Sndq),
		V6Only: family == linux.AF_INET6 && k.Pflags&v6only != 0, Kernel: k.Sockaddr,
	}
	s.State = linux.TCP_CLOSE
	if protocol == linux.IPPROTO_TCP {
		if lx, ok := tolinux.TCPState(uint8(k.Tstate)); ok {
			s.State = lx
		}
	} else if s.Peer.Addr() != unspecified(family) || s.Peer.Port() != 0 {
		s.State = linux.TCP_ESTABLISHED
	}
	return s
}

func narrow(v uint64) uint32 { return uint32(min(v, 1<<32-1)) }

func unspecified(family uint16) netip.Addr {
	if family == linux.AF_INET {
		return netip.IPv4Unspecified()
	}
	return netip.IPv6Unspecified()
}

// addrPort returns what is in a struct sockaddr_in or sockaddr_in6 of NetBSD.
func addrPort(family uint16, sa []byte) netip.AddrPort {
	port := binary.BigEndian.Uint16(sa[2:])
	switch sa[1] {
	case netbsd.AF_INET:
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(sa[4:8])), port)
	case netbsd.AF_INET6:
		a := netip.AddrFrom16([16]byte(sa[8:24]))
		return netip.AddrPortFrom(routing.InZone(a, binary.NativeEndian.Uint32(sa[24:])), port)
	}
	return netip.AddrPortFrom(unspecified(family), 0)
}
