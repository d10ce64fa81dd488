package ping

import (
	"context"
	"encoding/binary"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/cmd/nbnet/internal/sockaddr"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// Where in the memory of the calls what is.
const (
	base      = 0x10000
	nameAt    = base
	lenAt     = base + 0x80
	valueAt   = base + 0x90
	iovAt     = base + 0xc0
	msgAt     = base + 0x100
	controlAt = base + 0x200
	controlN  = 0x200
	packetAt  = base + 0x400
	packetN   = 0x11000 // more than any packet
)

// A socket is a raw one for ICMP, in a process of its own. One goroutine at a
// time may use it.
type socket struct {
	process kernel.Process
	thread  kernel.Thread
	mem     *abi.Bytes
	family  int32
	fd      int32
}

func open(ctx context.Context, k kernel.Kernel, family int32) (*socket, error) {
	p, err := k.NewProcess(kernel.ProcessOptions{Name: "ping"})
	if err != nil {
		return nil, err
	}
	s := &socket{process: p, mem: &abi.Bytes{Base: base, Data: make([]byte, packetAt-base+packetN)}, family: family}
	if s.thread, err = p.NewThread(s.mem); err == nil {
		protocol := int32(netbsd.IPPROTO_ICMP)
		if family == netbsd.AF_INET6 {
			protocol = netbsd.IPPROTO_ICMPV6
		}
		s.fd, err = syscalls.Socket(ctx, s.thread, family, netbsd.SOCK_RAW, protocol)
	}
	if err != nil {
		p.Exit()
		return nil, err
	}
	return s, nil
}

func (s *socket) close() { s.process.Exit() }

func (s *socket) at(a abi.Addr, n int) []byte { return s.mem.Data[a-base:][:n] }

// option sets an option that is an int.
func (s *socket) option(ctx context.Context, level, name, value int32) error {
	binary.NativeEndian.PutUint32(s.at(valueAt, 4), uint32(value))
	return syscalls.Setsockopt(ctx, s.thread, s.fd, level, name, valueAt, 4)
}

// bind gives the socket a source address.
func (s *socket) bind(ctx context.Context, a netip.Addr) error {
	sa := sockaddr.MakeUser(a)
	copy(s.at(nameAt, len(sa)), sa)
	return syscalls.Bind(ctx, s.thread, s.fd, nameAt, uint32(len(sa)))
}

func (s *socket) send(ctx context.Context, to netip.Addr, b []byte) error {
	sa := sockaddr.MakeUser(to)
	copy(s.at(nameAt, len(sa)), sa)
	copy(s.at(packetAt, len(b)), b)
	_, err := syscalls.Sendto(ctx, s.thread, s.fd, packetAt, uint(len(b)), 0, nameAt, uint32(len(sa)))
	return err
}

// receive waits for a packet: an IPv4 one with its header, or an ICMPv6 message
// with the hop limit it came with. It fails with EINTR when ctx is done.
func (s *socket) receive(ctx context.Context) (b []byte, from netip.Addr, hops int, err error) {
	var iov netbsd.Iovec
	iov.Base = packetAt
	setLong(&iov.Len, packetN)
	copy(s.at(iovAt, netbsd.SizeofIovec), abi.AsBytes(&iov))
	m := netbsd.Msghdr{Name: nameAt, Namelen: 0x80, Iov: iovAt, Iovlen: 1, Control: controlAt, Controllen: controlN}
	copy(s.at(msgAt, netbsd.SizeofMsghdr), abi.AsBytes(&m))
	n, err := syscalls.Recvmsg(ctx, s.thread, s.fd, msgAt, 0)
	if err != nil {
		return nil, from, 0, err
	}
	copy(abi.AsBytes(&m), s.at(msgAt, netbsd.SizeofMsghdr))
	sa := s.at(nameAt, int(min(m.Namelen, 0x80)))
	return append([]byte(nil), s.at(packetAt, n)...), sockaddr.Addr(sa), s.hopLimit(s.at(controlAt, int(min(m.Controllen, controlN)))), nil
}

// setLong assigns to a member that is a size_t of C.
func setLong[T uint32 | uint64](p *T, v int) { *p = T(v) }

// hopLimit finds the hop limit among control messages: -1 when it is not told.
func (s *socket) hopLimit(control []byte) int {
	for len(control) >= netbsd.SizeofCmsghdr {
		var h netbsd.Cmsghdr
		copy(abi.AsBytes(&h), control)
		const align = 8
		head := (netbsd.SizeofCmsghdr + align - 1) &^ (align - 1)
		if int(h.Len) < head || int(h.Len) > len(control) {
			break
		}
		if h.Level == netbsd.IPPROTO_IPV6 && h.Type == netbsd.IPV6_HOPLIMIT && int(h.Len) >= head+4 {
			return int(int32(binary.NativeEndian.Uint32(control[head:])))
		}
		control = control[min((int(h.Len)+align-1)&^(align-1), len(control)):]
	}
	return -1
}

// source returns the address that packets to a host come from.
func (s *socket) source(ctx context.Context, to netip.Addr) (netip.Addr, error) {
	fd, err := syscalls.Socket(ctx, s.thread, s.family, netbsd.SOCK_DGRAM, 0)
	if err != nil {
		return to, err
	}
	defer func() { _ = syscalls.Close(context.WithoutCancel(ctx), s.thread, fd) }()
	sa := sockaddr.MakeUser(to)
	const port = 9 // any will do
	sa[3] = port
	copy(s.at(nameAt, len(sa)), sa)
	if err := syscalls.Connect(ctx, s.thread, fd, nameAt, uint32(len(sa))); err != nil {
		return to, err
	}
	binary.NativeEndian.PutUint32(s.at(lenAt, 4), 0x80)
	if err := syscalls.Getsockname(ctx, s.thread, fd, nameAt, lenAt); err != nil {
		return to, err
	}
	return sockaddr.Addr(s.at(nameAt, len(sa))), nil
}
