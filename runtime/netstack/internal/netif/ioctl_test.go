package netif

import (
	"errors"
	"math/rand/v2"
	"net/netip"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/kern/kerntest"
	"github.com/abigen/abigen/runtime/netstack/internal/socket"
)

// A caller makes ioctls on sockets.
type caller struct {
	tab *Table
	lwp *kern.Lwp
	mem *abi.Bytes
}

func newCaller(t *testing.T) caller {
	tab, _ := boot(t)
	mem := &abi.Bytes{Base: 0x1000, Data: make([]byte, 8192)}
	return caller{tab, kern.NewLwp(kerntest.Process(t, new(kern.Procs)), mem), mem}
}

// ioctl makes a request on a socket of a family.
func ioctl[T any](c caller, family int32, cmd uint64, req *T) error {
	return c.tab.Ioctl(c.lwp, &socket.Socket{Domain: family}, cmd, abi.AsBytes(req))
}

// fill copies a sockaddr, or the NUL-terminated name of an interface.
func fill[T any](dst *T, src []byte) { copy(abi.AsBytes(dst), src) }

// laddr makes a request about an address of lo0.
func laddr(addr string, bits, flags uint32) *netbsd.IfLaddrreq {
	req := &netbsd.IfLaddrreq{Prefixlen: bits, Flags: flags}
	fill(&req.IflrName, []byte("lo0"))
	fill(&req.Addr, sockaddr(netip.MustParseAddr(addr), 0))
	return req
}

func TestAddressesByPrefix(t *testing.T) {
	c := newCaller(t)
	const prefix = netbsd.IFLR_PREFIX
	for _, step := range []struct {
		family int32
		cmd    uint64
		addr   string
		bits   uint32
		flags  uint32
		want   error
		answer string // of SIOCGLIFADDR
	}{
		{netbsd.AF_INET, netbsd.SIOCALIFADDR, "10.0.0.1", 24, 0, nil, ""},
		{netbsd.AF_INET, netbsd.SIOCALIFADDR, "10.0.0.0", 24, prefix, netbsd.EINVAL, ""},
		{netbsd.AF_INET, netbsd.SIOCALIFADDR, "10.0.0.2", 33, 0, netbsd.EINVAL, ""},
		{netbsd.AF_INET, netbsd.SIOCALIFADDR, "::2", 24, 0, netbsd.EINVAL, ""},
		{netbsd.AF_INET, netbsd.SIOCGLIFADDR, "::2", 0, 0, nil, "127.0.0.1/8"},
		{netbsd.AF_INET, netbsd.SIOCGLIFADDR, "10.0.0.0", 8, prefix, nil, "10.0.0.1/24"},
		{netbsd.AF_INET, netbsd.SIOCGLIFADDR, "10.0.0.1", 8, prefix, netbsd.EINVAL, ""},
		{netbsd.AF_INET, netbsd.SIOCGLIFADDR, "11.0.0.0", 8, prefix, netbsd.EADDRNOTAVAIL, ""},
		{netbsd.AF_INET, netbsd.SIOCDLIFADDR, "10.0.0.9", 0, 0, netbsd.EADDRNOTAVAIL, ""},
		{netbsd.AF_INET, netbsd.SIOCDLIFADDR, "10.0.0.1", 0, 0, nil, ""},
		{netbsd.AF_INET, netbsd.SIOCGLIFADDR, "10.0.0.0", 8, prefix, netbsd.EADDRNOTAVAIL, ""},

		{netbsd.AF_INET6, netbsd.SIOCALIFADDR, "2001:db8::", 64, prefix, nil, ""}, // with the host's part of fe80::1
		{netbsd.AF_INET6, netbsd.SIOCALIFADDR, "2001:db8::", 65, prefix, netbsd.EINVAL, ""},
		{netbsd.AF_INET6, netbsd.SIOCALIFADDR, "2001:db8::5", 64, prefix, netbsd.EINVAL, ""},
		{netbsd.AF_INET6, netbsd.SIOCALIFADDR, "10.0.0.1", 64, 0, netbsd.EINVAL, ""},
		{netbsd.AF_INET6, netbsd.SIOCGLIFADDR, "2001:db8::", 32, prefix, nil, "2001:db8::1/64"},
		{netbsd.AF_INET6, netbsd.SIOCGLIFADDR, "fe80::", 64, prefix, nil, "fe80::1/64"},
		{netbsd.AF_INET6, netbsd.SIOCDLIFADDR, "2001:db8::", 32, prefix, nil, ""},
		{netbsd.AF_INET6, netbsd.SIOCGLIFADDR, "2001:db8::", 32, prefix, netbsd.EADDRNOTAVAIL, ""},
		{netbsd.AF_LOCAL, netbsd.SIOCGLIFADDR, "2001:db8::", 32, prefix, netbsd.EOPNOTSUPP, ""},
	} {
		req := laddr(step.addr, step.bits, step.flags)
		if err := ioctl(c, step.family, step.cmd, req); !errors.Is(err, step.want) {
			t.Errorf("%#x %s/%d: %v, want %v", step.cmd, step.addr, step.bits, err, step.want)
		}
		if step.answer == "" {
			continue
		}
		if got := answered(req); got.String() != step.answer {
			t.Errorf("%#x %s/%d: answer %v, want %s", step.cmd, step.addr, step.bits, got, step.answer)
		}
	}
}

// answered returns the address in a request.
func answered(req *netbsd.IfLaddrreq) netip.Prefix {
	if req.Addr.Family == netbsd.AF_INET {
		var sin netbsd.SockaddrIn
		fill(&sin, abi.AsBytes(&req.Addr))
		return netip.PrefixFrom(addrIn(&sin), int(req.Prefixlen))
	}
	var sin6 netbsd.SockaddrIn6
	fill(&sin6, abi.AsBytes(&req.Addr))
	return netip.PrefixFrom(netip.AddrFrom16(sin6.Addr), int(req.Prefixlen))
}

// TestLifetime lets an address be deprecated and go.
func TestLifetime(t *testing.T) {
	c := newCaller(t)
	addr := netip.MustParseAddr("2001:db8::1")
	req := &netbsd.In6Aliasreq{Addr: sockaddrIn6(addr), Prefixmask: (&Ifaddr{Prefix: netip.PrefixFrom(addr, 64)}).mask6()}
	fill(&req.Name, []byte("lo0"))
	req.Lifetime.Vltime, req.Lifetime.Pltime = forever, 0
	if err := ioctl(c, netbsd.AF_INET6, netbsd.SIOCAIFADDR_IN6, req); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the address is not deprecated", func() bool {
		return c.tab.ByAddr(addr).Flags()&netbsd.IN6_IFF_DEPRECATED != 0
	})
	req.Lifetime.Vltime = 0
	if err := ioctl(c, netbsd.AF_INET6, netbsd.SIOCAIFADDR_IN6, req); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the address does not expire", func() bool { return c.tab.ByAddr(addr) == nil })
}

// TestNumberAsName uses an interface by its index, which NetBSD allows.
func TestNumberAsName(t *testing.T) {
	c := newCaller(t)
	for name, want := range map[string]error{"1": nil, "2": netbsd.ENXIO, "99999999999999": netbsd.ENXIO, "0": netbsd.ENXIO} {
		var req netbsd.Ifreq
		fill(&req.Name, []byte(name))
		if err := ioctl(c, netbsd.AF_INET, netbsd.SIOCGIFFLAGS, &req); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", name, err, want)
		}
	}
}

// TestGarbage makes each request with arguments that make no sense: there must
// be an errno.
func TestGarbage(t *testing.T) {
	c := newCaller(t)
	for _, name := range []string{"shmif0", "lo1"} {
		var req netbsd.Ifreq
		fill(&req.Name, []byte(name))
		if err := ioctl(c, netbsd.AF_INET, netbsd.SIOCIFCREATE, &req); err != nil {
			t.Fatal(err)
		}
	}
	families := []int32{netbsd.AF_INET, netbsd.AF_INET6, netbsd.AF_LINK, netbsd.AF_LOCAL}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		// A number of group 'i', mostly with the length that one has.
		cmd := uint64(r.Uint32N(4))<<30 | uint64('i')<<8 | uint64(r.Uint32N(256))
		size := []int{0, 4, 16, 24, 32, 40, 64, 72, 128, 144, 152, 280, 288, r.IntN(300)}[r.IntN(14)]
		cmd |= uint64(size) << netbsd.IOCPARM_SHIFT
		data := make([]byte, size)
		for i := range data {
			if r.IntN(3) == 0 {
				data[i] = byte(r.Uint32())
			}
		}
		copy(data, []string{"lo0\x00", "lo1\x00", "shmif0\x00", "nope\x00"}[r.IntN(4)])
		so := &socket.Socket{Domain: families[r.IntN(len(families))]}
		err := c.tab.Ioctl(c.lwp, so, cmd, data)
		if errno := netbsd.Errno(0); err != nil && !errors.As(err, &errno) {
			t.Fatalf("%#x: %v", cmd, err)
		}
	}
}
