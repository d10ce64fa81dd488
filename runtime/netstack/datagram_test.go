package netstack_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack"
)

// A host is a kernel and a program that makes calls one after the other.
type host struct {
	testing.TB
	kernel.Thread
	mem abi.Bytes
}

func newHost(t testing.TB, release *kernel.Release) *host {
	t.Helper()
	k, err := netstack.New(netstack.Config{Release: release})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	return newProgram(t, k)
}

// newProgram starts a program on a kernel.
func newProgram(t testing.TB, k kernel.Kernel) *host {
	t.Helper()
	p, err := k.NewProcess(kernel.ProcessOptions{})
	if err != nil {
		t.Fatal(err)
	}
	h := &host{TB: t, mem: abi.Bytes{Base: 1 << 20, Data: make([]byte, 0, 1<<20)}}
	if h.Thread, err = p.NewThread(&h.mem); err != nil {
		t.Fatal(err)
	}
	return h
}

// put returns the address of a copy of b, NULL for nil.
func (h *host) put(b []byte) abi.Addr {
	if b == nil {
		return 0
	}
	for len(h.mem.Data)%16 != 0 {
		h.mem.Data = append(h.mem.Data, 0)
	}
	a := h.mem.Base + abi.Addr(len(h.mem.Data))
	h.mem.Data = append(h.mem.Data, b...)
	return a
}

func (h *host) at(a abi.Addr, n int) []byte { return h.mem.Data[a-h.mem.Base:][:n] }

func (h *host) socket(domain, typ, protocol int32) int32 {
	h.Helper()
	fd, err := syscalls.Socket(h.Context(), h, domain, typ, protocol)
	if err != nil {
		h.Fatalf("socket: %v", err)
	}
	return fd
}

func (h *host) bind(fd int32, name string) {
	h.Helper()
	sa := sockaddr(name)
	if err := syscalls.Bind(h.Context(), h, fd, h.put(sa), uint32(len(sa))); err != nil {
		h.Fatalf("bind %s: %v", name, err)
	}
}

func (h *host) set(fd, level, name int32, value []byte) {
	h.Helper()
	if err := syscalls.Setsockopt(h.Context(), h, fd, level, name, h.put(value), uint32(len(value))); err != nil {
		h.Fatalf("setsockopt %d %d: %v", level, name, err)
	}
}

func (h *host) message(name, control []byte, data []byte) abi.Addr {
	iov := netbsd.Iovec{Base: h.put(data)}
	setLong(&iov.Len, len(data))
	msg := netbsd.Msghdr{
		Name:       h.put(name),
		Namelen:    uint32(len(name)),
		Iov:        h.put(abi.AsBytes(&iov)),
		Iovlen:     1,
		Control:    h.put(control),
		Controllen: uint32(len(control)),
	}
	return h.put(abi.AsBytes(&msg))
}

func (h *host) send(fd int32, name string, control []byte, data string) error {
	_, err := syscalls.Sendmsg(h.Context(), h, fd, h.message(sockaddr(name), control, []byte(data)), 0)
	return err
}

func setLong[T uint32 | uint64](p *T, v int) { *p = T(v) }

// receive returns a datagram, its sender and its control messages.
func (h *host) receive(fd int32) (data, name, control []byte) {
	h.Helper()
	a := h.message(make([]byte, 128), make([]byte, 512), make([]byte, 4096))
	n, err := syscalls.Recvmsg(h.Context(), h, fd, a, netbsd.MSG_DONTWAIT)
	if err != nil {
		h.Fatalf("recvmsg: %v", err)
	}
	var msg netbsd.Msghdr
	copy(abi.AsBytes(&msg), h.at(a, netbsd.SizeofMsghdr))
	var iov netbsd.Iovec
	copy(abi.AsBytes(&iov), h.at(msg.Iov, netbsd.SizeofIovec))
	return h.at(iov.Base, n), h.at(msg.Name, int(msg.Namelen)), h.at(msg.Control, int(msg.Controllen))
}

func sockaddr(s string) []byte {
	if s == "" {
		return nil
	}
	a := netip.MustParseAddrPort(s)
	b := make([]byte, netbsd.SizeofSockaddrIn6)
	if a.Addr().Is4() {
		b = b[:netbsd.SizeofSockaddrIn]
		b[1] = netbsd.AF_INET
		copy(b[4:], a.Addr().AsSlice())
	} else {
		b[1] = netbsd.AF_INET6
		copy(b[8:], a.Addr().AsSlice())
	}
	b[0] = byte(len(b))
	binary.BigEndian.PutUint16(b[2:], a.Port())
	return b
}

func control(level, typ int32, data []byte) []byte {
	align := func(n int) int { return (n + netbsd.ALIGNBYTES) &^ netbsd.ALIGNBYTES }
	header := align(netbsd.SizeofCmsghdr)
	b := make([]byte, header)
	binary.NativeEndian.PutUint32(b, uint32(header+len(data)))
	binary.NativeEndian.PutUint32(b[4:], uint32(level))
	binary.NativeEndian.PutUint32(b[8:], uint32(typ))
	b = append(b, data...)
	return append(b, make([]byte, align(len(b))-len(b))...)
}

func integer(v int32) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(v)) }

// TestExtensionHeaders sends IPv6 packets with extension headers of all kinds,
// and looks at what control messages and raw sockets show of them.
func TestExtensionHeaders(t *testing.T) {
	const ipv6 = netbsd.IPPROTO_IPV6
	h := newHost(t, nil)
	a, b := h.socket(netbsd.AF_INET6, netbsd.SOCK_DGRAM, 0), h.socket(netbsd.AF_INET6, netbsd.SOCK_DGRAM, 0)
	h.bind(b, "[::1]:5000")
	on := integer(1)
	for _, name := range []int32{netbsd.IPV6_RECVHOPOPTS, netbsd.IPV6_RECVDSTOPTS, netbsd.IPV6_RECVRTHDR} {
		h.set(b, ipv6, name, on)
	}
	hop := []byte{0, 0, 1, 4, 0, 0, 0, 0}
	dst := []byte{0, 1, 1, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	h.set(a, ipv6, netbsd.IPV6_HOPOPTS, hop)
	if err := h.send(a, "[::1]:5000", control(ipv6, netbsd.IPV6_DSTOPTS, dst), "x"); err != nil {
		t.Fatal(err)
	}
	data, _, got := h.receive(b)
	sent := func(b []byte, next byte) []byte { return append([]byte{next}, b[1:]...) }
	want := slices.Concat(
		control(ipv6, netbsd.IPV6_HOPOPTS, sent(hop, netbsd.IPPROTO_DSTOPTS)),
		control(ipv6, netbsd.IPV6_DSTOPTS, sent(dst, netbsd.IPPROTO_UDP)),
	)
	if string(data) != "x" || !bytes.Equal(got, want) {
		t.Errorf("received %q with control\n%x, want\n%x", data, got, want)
	}
}

// TestPathMTU sends a packet that is too large and must not be cut, of which all
// sockets hear that want to.
func TestPathMTU(t *testing.T) {
	const ipv6 = netbsd.IPPROTO_IPV6
	h := newHost(t, nil)
	a, b := h.socket(netbsd.AF_INET6, netbsd.SOCK_DGRAM, 0), h.socket(netbsd.AF_INET6, netbsd.SOCK_DGRAM, 0)
	h.set(a, netbsd.SOL_SOCKET, netbsd.SO_SNDBUF, integer(1<<16))
	h.set(a, ipv6, netbsd.IPV6_DONTFRAG, integer(1))
	h.set(b, ipv6, netbsd.IPV6_RECVPATHMTU, integer(1))
	if err := h.send(a, "[::1]:9", nil, strings.Repeat("x", 40000)); !errors.Is(err, netbsd.EMSGSIZE) {
		t.Fatalf("send: %v, want EMSGSIZE", err)
	}
	data, name, got := h.receive(b)
	const mtu = 33624
	want := control(ipv6, netbsd.IPV6_PATHMTU, append(sockaddr("[::1]:0"), integer(mtu)...))
	if len(data) != 0 || !bytes.Equal(name, sockaddr("[::1]:0")) || !bytes.Equal(got, want) {
		t.Errorf("received %q from %x with control\n%x, want\n%x", data, name, got, want)
	}
}

// TestSenderChooses sends from an address and over an interface that control
// messages name, which the older release refuses over IPv4.
func TestSenderChooses(t *testing.T) {
	pktinfo := func(a string, ifindex int32) []byte {
		return append(netip.MustParseAddr(a).AsSlice(), integer(ifindex)...)
	}
	h := newHost(t, kernel.NetBSD10)
	a, b := h.socket(netbsd.AF_INET, netbsd.SOCK_DGRAM, 0), h.socket(netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
	h.bind(b, "127.0.0.1:5000")
	for _, row := range []struct {
		name    string
		control []byte
		err     error
	}{
		{"address", control(netbsd.IPPROTO_IP, netbsd.IP_PKTINFO, pktinfo("127.0.0.1", 0)), nil},
		{"interface", control(netbsd.IPPROTO_IP, netbsd.IP_PKTINFO, pktinfo("0.0.0.0", 1)), nil},
		{"IP_SENDSRCADDR", control(netbsd.IPPROTO_IP, netbsd.IP_RECVDSTADDR, pktinfo("127.0.0.1", 0)[:4]), nil},
		{"not an own address", control(netbsd.IPPROTO_IP, netbsd.IP_PKTINFO, pktinfo("192.0.2.1", 0)), netbsd.EADDRNOTAVAIL},
		{"no such interface", control(netbsd.IPPROTO_IP, netbsd.IP_PKTINFO, pktinfo("0.0.0.0", 9)), netbsd.ENXIO},
		{"too short", control(netbsd.IPPROTO_IP, netbsd.IP_PKTINFO, pktinfo("127.0.0.1", 0)[:4]), netbsd.EINVAL},
		{"IP_TTL", control(netbsd.IPPROTO_IP, netbsd.IP_TTL, integer(1)), netbsd.ENOPROTOOPT},
		{"another level", control(netbsd.IPPROTO_IPV6, netbsd.IPV6_TCLASS, integer(1)), nil},
		{"cut", make([]byte, 8), netbsd.EINVAL},
	} {
		if err := h.send(a, "127.0.0.1:5000", row.control, row.name); !errors.Is(err, row.err) {
			t.Errorf("%s: %v, want %v", row.name, err, row.err)
		} else if err != nil {
			continue
		}
		if data, _, _ := h.receive(b); string(data) != row.name {
			t.Errorf("%s: received %q", row.name, data)
		}
	}
}

// TestIPOptions sends packets with options, which raw sockets of the other end
// see in the header.
func TestIPOptions(t *testing.T) {
	h := newHost(t, nil)
	a, r := h.socket(netbsd.AF_INET, netbsd.SOCK_RAW, 200), h.socket(netbsd.AF_INET, netbsd.SOCK_RAW, 200)
	options := []byte{netbsd.IPOPT_NOP, 0x94, 4, 0, 0, 0, 0, 0} // router alert
	h.set(a, netbsd.IPPROTO_IP, netbsd.IP_OPTIONS, options)
	if err := h.send(a, "127.0.0.1:0", nil, "payload"); err != nil {
		t.Fatal(err)
	}
	data, _, _ := h.receive(r)
	const version4, header = 0x40, 20
	if data[0] != version4|(header+8)/4 || !bytes.Equal(data[header:header+8], options) || string(data[header+8:]) != "payload" {
		t.Errorf("received %x, want a header with options %x", data, options)
	}
}

// TestDatagramsAtOnce has programs that do everything with datagram and raw
// sockets at the same time, for the race detector.
func TestDatagramsAtOnce(t *testing.T) {
	k, err := netstack.New(netstack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	for i := range 4 {
		t.Run(strconv.Itoa(i), func(t *testing.T) {
			t.Parallel()
			h := newProgram(t, k)
			for range 50 {
				h.everything()
				h.mem.Data = h.mem.Data[:0]
			}
		})
	}
}

func (h *host) everything() {
	on := integer(1)
	a := h.socket(netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
	b := h.socket(netbsd.AF_INET6, netbsd.SOCK_DGRAM, 0)
	r := h.socket(netbsd.AF_INET, netbsd.SOCK_RAW, netbsd.IPPROTO_ICMP)
	h.set(a, netbsd.SOL_SOCKET, netbsd.SO_REUSEPORT, on)
	h.set(a, netbsd.IPPROTO_IP, netbsd.IP_RECVDSTADDR, on)
	h.set(b, netbsd.IPPROTO_IPV6, netbsd.IPV6_RECVPKTINFO, on)
	h.bind(a, "127.0.0.1:5000")
	h.set(a, netbsd.IPPROTO_IP, netbsd.IP_MULTICAST_IF, []byte{127, 0, 0, 1})
	h.set(a, netbsd.IPPROTO_IP, netbsd.IP_ADD_MEMBERSHIP, []byte{239, 0, 0, 1, 127, 0, 0, 1})
	for _, to := range []string{"127.0.0.1:5000", "127.0.0.1:9", "239.0.0.1:5000"} {
		if err := h.send(a, to, nil, "x"); err != nil {
			h.Errorf("send to %s: %v", to, err)
		}
	}
	if err := h.send(b, "[::1]:9", nil, "x"); err != nil {
		h.Errorf("send to ::1: %v", err)
	}
	if err := h.send(r, "127.0.0.1:0", nil, "\x08\x00\xf7\xff\x00\x00\x00\x00"); err != nil {
		h.Errorf("echo request: %v", err)
	}
	h.receive(r) // what it is depends on the other programs
	h.close(a)
	h.close(b)
	h.close(r)
}

// TestGroupsOfInterface joins groups on an interface that goes away.
func TestGroupsOfInterface(t *testing.T) {
	h := newHost(t, nil)
	s4, s6 := h.socket(netbsd.AF_INET, netbsd.SOCK_DGRAM, 0), h.socket(netbsd.AF_INET6, netbsd.SOCK_DGRAM, 0)
	ifreq := make([]byte, netbsd.SizeofIfreq)
	copy(ifreq, "lo1")
	ioctl := func(cmd uint) {
		t.Helper()
		if _, err := syscalls.Ioctl(t.Context(), h, s4, cmd, h.put(ifreq)); err != nil {
			t.Fatal(err)
		}
	}
	ioctl(netbsd.SIOCIFCREATE)
	index := []byte{0, 0, 0, 2} // the second interface
	mreq4 := append([]byte{239, 0, 0, 1}, index...)
	mreq6 := append(netip.MustParseAddr("ff05::1").AsSlice(), integer(2)...)
	h.set(s4, netbsd.IPPROTO_IP, netbsd.IP_MULTICAST_IF, index)
	h.set(s4, netbsd.IPPROTO_IP, netbsd.IP_ADD_MEMBERSHIP, mreq4)
	h.set(s6, netbsd.IPPROTO_IPV6, netbsd.IPV6_MULTICAST_IF, integer(2))
	h.set(s6, netbsd.IPPROTO_IPV6, netbsd.IPV6_JOIN_GROUP, mreq6)
	ioctl(netbsd.SIOCIFDESTROY)
	get := func(fd, level, name int32) []byte {
		t.Helper()
		v, n := h.put(make([]byte, 4)), h.put(integer(4))
		if err := syscalls.Getsockopt(t.Context(), h, fd, level, name, v, n); err != nil {
			t.Fatal(err)
		}
		return h.at(v, 4)
	}
	if got := get(s4, netbsd.IPPROTO_IP, netbsd.IP_MULTICAST_IF); !bytes.Equal(got, make([]byte, 4)) {
		t.Errorf("IP_MULTICAST_IF is %x", got)
	}
	if got := get(s6, netbsd.IPPROTO_IPV6, netbsd.IPV6_MULTICAST_IF); !bytes.Equal(got, make([]byte, 4)) {
		t.Errorf("IPV6_MULTICAST_IF is %x", got)
	}
	drop := append([]byte{239, 0, 0, 1}, 0, 0, 0, 0)
	err := syscalls.Setsockopt(t.Context(), h, s4, netbsd.IPPROTO_IP, netbsd.IP_DROP_MEMBERSHIP, h.put(drop), uint32(len(drop)))
	if !errors.Is(err, netbsd.EADDRNOTAVAIL) {
		t.Errorf("IP_DROP_MEMBERSHIP: %v, want EADDRNOTAVAIL", err)
	}
}
