package nbsock

import (
	"net"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// A sockaddr is a socket address in NetBSD's form.
type sockaddr struct {
	len int
	buf [maxName]byte
}

func (a *sockaddr) bytes() []byte { return a.buf[:a.len] }

func (a *sockaddr) set(b []byte) { a.len = copy(a.buf[:], b) }

// inetName returns the address for a socket of a family. An IPv4 address on an
// IPv6 socket is mapped, and no address is the wildcard.
func (n *Net) inetName(family int32, ap netip.AddrPort) (name sockaddr, err error) {
	addr := ap.Addr()
	switch {
	case family == netbsd.AF_INET && (!addr.IsValid() || addr.Unmap().Is4()):
		sin := netbsd.SockaddrIn{Len: netbsd.SizeofSockaddrIn, Family: netbsd.AF_INET, Port: abi.MakeBE16(ap.Port())}
		if addr.IsValid() {
			b := addr.Unmap().As4()
			copy(abi.AsBytes(&sin.Addr), b[:])
		}
		name.set(abi.AsBytes(&sin))
		return name, nil
	case family == netbsd.AF_INET6:
		sin6 := netbsd.SockaddrIn6{Len: netbsd.SizeofSockaddrIn6, Family: netbsd.AF_INET6, Port: abi.MakeBE16(ap.Port())}
		if addr.IsValid() {
			b := addr.As16()
			copy(abi.AsBytes(&sin6.Addr), b[:])
			if sin6.ScopeID, err = n.scope(addr.Zone()); err != nil {
				return name, err
			}
		}
		name.set(abi.AsBytes(&sin6))
		return name, nil
	}
	return name, &net.AddrError{Err: "address of the wrong family", Addr: addr.String()}
}

// localName returns the address of a name in the file system.
func localName(path string) (name sockaddr, err error) {
	const header = 2 // sun_len, sun_family
	if header+len(path) >= maxName {
		return name, netbsd.ENAMETOOLONG
	}
	name.len = header + copy(name.buf[header:], path)
	name.buf[0], name.buf[1] = byte(name.len), netbsd.AF_LOCAL
	return name, nil
}

// inetAddr returns what an address of AF_INET or AF_INET6 says; not valid when
// it is another one.
func (n *Net) inetAddr(name []byte) netip.AddrPort {
	switch {
	case len(name) == netbsd.SizeofSockaddrIn && name[1] == netbsd.AF_INET:
		var sin netbsd.SockaddrIn
		copy(abi.AsBytes(&sin), name)
		return netip.AddrPortFrom(netip.AddrFrom4([4]byte(abi.AsBytes(&sin.Addr))), sin.Port.Uint16())
	case len(name) == netbsd.SizeofSockaddrIn6 && name[1] == netbsd.AF_INET6:
		var sin6 netbsd.SockaddrIn6
		copy(abi.AsBytes(&sin6), name)
		addr := netip.AddrFrom16([16]byte(abi.AsBytes(&sin6.Addr))).Unmap()
		if sin6.ScopeID != 0 {
			addr = addr.WithZone(n.zone(sin6.ScopeID))
		}
		return netip.AddrPortFrom(addr, sin6.Port.Uint16())
	}
	return netip.AddrPort{}
}

// addr returns an address as the net.Addr of the socket's network; nil when
// there is none.
func (s *Socket) addr(name []byte) net.Addr {
	if s.family == netbsd.AF_LOCAL {
		return s.localAddr(name)
	}
	ap := s.net.inetAddr(name)
	if !ap.IsValid() {
		return nil
	}
	switch s.typ {
	case netbsd.SOCK_STREAM:
		return net.TCPAddrFromAddrPort(ap)
	case netbsd.SOCK_DGRAM:
		return net.UDPAddrFromAddrPort(ap)
	}
	return &net.IPAddr{IP: ap.Addr().AsSlice(), Zone: ap.Addr().Zone()}
}

func (s *Socket) localAddr(name []byte) net.Addr {
	if len(name) < 2 || name[1] != netbsd.AF_LOCAL {
		return nil
	}
	path := name[2:]
	return &net.UnixAddr{Name: string(path[:abi.StringLen(path)]), Net: s.network}
}

// name returns an address of package net as the socket takes it.
func (s *Socket) name(addr net.Addr) (sockaddr, error) {
	switch a := addr.(type) {
	case *net.TCPAddr:
		if a != nil {
			return s.net.inetName(s.family, a.AddrPort())
		}
	case *net.UDPAddr:
		if a != nil {
			return s.net.inetName(s.family, a.AddrPort())
		}
	case *net.IPAddr:
		if a != nil {
			ip, _ := netip.AddrFromSlice(a.IP)
			return s.net.inetName(s.family, netip.AddrPortFrom(ip.WithZone(a.Zone), 0))
		}
	case *net.UnixAddr:
		if a != nil && s.family == netbsd.AF_LOCAL {
			return localName(a.Name)
		}
	}
	return sockaddr{}, &net.AddrError{Err: "not an address of this network", Addr: addrString(addr)}
}

func addrString(a net.Addr) string {
	if a == nil {
		return ""
	}
	return a.String()
}
