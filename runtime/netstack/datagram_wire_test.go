package netstack_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// newPair boots two kernels on one wire, 10.0.0.1 and 10.0.0.2, fd00::1 and
// fd00::2.
func newPair(t *testing.T) (a, b *host) {
	t.Helper()
	w := wire.New()
	network := hypercall.NetworkFunc(func(string, string) (hypercall.NetworkDevice, error) { return w.Attach(), nil })
	var hosts [2]*host
	for i := range hosts {
		k, err := netstack.New(netstack.Config{Host: &hypercall.Host{Network: network}})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = k.Close() })
		configure(t, k, i+1)
		hosts[i] = newProgram(t, k)
	}
	return hosts[0], hosts[1]
}

func configure(t *testing.T, k kernel.Kernel, n int) {
	t.Helper()
	c, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	ctx := t.Context()
	if err := errors.Join(
		c.SetInt(ctx, "net.inet.ip.dad_count", 0),
		c.SetInt(ctx, "net.inet6.ip6.dad_count", 0),
		c.CreateInterface(ctx, "shmif0"),
		c.SetLinkString(ctx, "shmif0", "bus"),
		c.AddAddress(ctx, "shmif0", netip.MustParsePrefix(fmt.Sprintf("10.0.0.%d/24", n))),
		c.AddAddress(ctx, "shmif0", netip.MustParsePrefix(fmt.Sprintf("fd00::%d/64", n))),
	); err != nil {
		t.Fatal(err)
	}
}

// wait waits for a datagram, and returns it.
func (h *host) wait(fd int32) ([]byte, error) {
	ctx, cancel := context.WithTimeout(h.Context(), time.Minute)
	defer cancel()
	const size = 65536
	a := h.put(make([]byte, size))
	n, err := syscalls.Recvfrom(ctx, h, fd, a, size, 0, 0, 0)
	if err != nil {
		return nil, err
	}
	return h.at(a, n), nil
}

func (h *host) close(fd int32) {
	h.Helper()
	if err := syscalls.Close(h.Context(), h, fd); err != nil {
		h.Error(err)
	}
}

// TestDatagramsAcrossWire sends datagrams of all kinds from one kernel to
// another.
func TestDatagramsAcrossWire(t *testing.T) {
	const (
		ip, ipv6     = netbsd.IPPROTO_IP, netbsd.IPPROTO_IPV6
		inet, inet6  = netbsd.AF_INET, netbsd.AF_INET6
		small, large = 100, 9000 // fits into a frame, and does not
	)
	a, b := newPair(t)
	for _, row := range []struct {
		name   string
		domain int32
		bind   string
		to     string
		size   int
		opt    func(s, r int32)
	}{
		{"IPv4", inet, "10.0.0.2:5000", "10.0.0.2:5000", small, nil},
		{"IPv4 fragments", inet, "10.0.0.2:5000", "10.0.0.2:5000", large, nil},
		{"IPv4 broadcast", inet, "0.0.0.0:5000", "10.0.0.255:5000", small, func(s, _ int32) {
			a.set(s, netbsd.SOL_SOCKET, netbsd.SO_BROADCAST, integer(1))
		}},
		{"IPv4 group", inet, "0.0.0.0:5000", "239.1.2.3:5000", small, func(s, r int32) {
			a.bind(s, "10.0.0.1:4000")
			a.set(s, ip, netbsd.IP_MULTICAST_IF, []byte{10, 0, 0, 1})
			b.set(r, ip, netbsd.IP_ADD_MEMBERSHIP, []byte{239, 1, 2, 3, 10, 0, 0, 2})
		}},
		{"IPv6", inet6, "[fd00::2]:5000", "[fd00::2]:5000", small, nil},
		{"IPv6 fragments", inet6, "[fd00::2]:5000", "[fd00::2]:5000", large, nil},
		{"IPv6 group", inet6, "[::]:5000", "[ff05::1:2]:5000", small, func(s, r int32) {
			a.set(s, ipv6, netbsd.IPV6_MULTICAST_IF, integer(2))
			b.set(r, ipv6, netbsd.IPV6_JOIN_GROUP, append(netip.MustParseAddr("ff05::1:2").AsSlice(), integer(2)...))
		}},
	} {
		s, r := a.socket(row.domain, netbsd.SOCK_DGRAM, 0), b.socket(row.domain, netbsd.SOCK_DGRAM, 0)
		b.bind(r, row.bind)
		if row.opt != nil {
			row.opt(s, r)
		}
		data := strings.Repeat("x", row.size)
		if err := a.send(s, row.to, nil, data); err != nil {
			t.Errorf("%s: send: %v", row.name, err)
		} else if got, err := b.wait(r); err != nil || string(got) != data {
			t.Errorf("%s: received %d bytes, %v", row.name, len(got), err)
		}
		a.close(s)
		b.close(r)
	}
}

// TestUnreachableAcrossWire sends to ports that nobody listens on.
func TestUnreachableAcrossWire(t *testing.T) {
	a, _ := newPair(t)
	for _, to := range []string{"10.0.0.2:9", "[fd00::2]:9"} {
		sa := sockaddr(to)
		s := a.socket(int32(sa[1]), netbsd.SOCK_DGRAM, 0)
		if err := syscalls.Connect(t.Context(), a, s, a.put(sa), uint32(len(sa))); err != nil {
			t.Fatal(err)
		}
		if _, err := syscalls.Sendto(t.Context(), a, s, a.put([]byte("x")), 1, 0, 0, 0); err != nil {
			t.Fatal(err)
		}
		if _, err := a.wait(s); !errors.Is(err, netbsd.ECONNREFUSED) {
			t.Errorf("%s: %v, want ECONNREFUSED", to, err)
		}
	}
}
