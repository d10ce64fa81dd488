package kerneltest

import (
	"context"
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/nbsock"
)

// listening returns the address of a TCP listener of n.
func listening(t *testing.T, n *nbsock.Net) string {
	t.Helper()
	l, err := n.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l.Addr().String()
}

func testNegativeTimeout(t *testing.T, s *Subject) {
	n := s.net(t)
	d := nbsock.Dialer{Net: n, Timeout: -1}
	_, err := d.Dial("tcp", listening(t, n))
	var ne net.Error
	if !errors.As(err, &ne) || !ne.Timeout() || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want a timeout", err)
	}
}

func testLocalAddr(t *testing.T, s *Subject) {
	n := s.net(t)
	address := listening(t, n)
	for _, a := range []net.Addr{(*net.TCPAddr)(nil), (*net.UDPAddr)(nil), (*net.IPAddr)(nil), (*net.UnixAddr)(nil), &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}} {
		d := nbsock.Dialer{Net: n, LocalAddr: a}
		c, err := d.Dial("tcp", address)
		if err != nil {
			t.Errorf("from %T(%v): %v", a, a, err)
			continue
		}
		_ = c.Close()
	}
	for _, tc := range []struct {
		network, address string
		local            net.Addr
	}{
		{"tcp", address, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}},
		{"udp", address, &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)}},
		{"ip4:icmp", "127.0.0.1", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)}},
		{"tcp", address, &net.UnixAddr{Name: "/a", Net: "unix"}},
		{"unix", "/b", &net.UnixAddr{Name: "/a", Net: "unixgram"}},
	} {
		d := nbsock.Dialer{Net: n, LocalAddr: tc.local}
		_, err := d.Dial(tc.network, tc.address)
		if err == nil || !strings.Contains(err.Error(), "mismatched local address type") {
			t.Errorf("%s from %T: %v", tc.network, tc.local, err)
		}
	}
}

// The servers of the host are not asked, and not named.
func testNoServer(t *testing.T, s *Subject) {
	_, err := s.net(t).Dial("tcp", "www.example.com:80")
	var dns *net.DNSError
	if !errors.As(err, &dns) || dns.Server != "" || strings.Contains(err.Error(), ":53") {
		t.Errorf("got %v", err)
	}
}

// A timeout is one error, whether it was there before the call or not.
func testTimeoutsAreAlike(t *testing.T, s *Subject) {
	c, _ := connected(t, s.net(t), "tcp4", "127.0.0.1:0")
	read := func(d time.Duration) error {
		_ = c.SetReadDeadline(time.Now().Add(d))
		_, err := c.Read(make([]byte, 1))
		return err
	}
	before, within := read(-time.Second), read(10*time.Millisecond)
	if before == nil || within == nil || before.Error() != within.Error() {
		t.Errorf("got %q and %q", before, within)
	}
}

func testErrnoOfKernel(t *testing.T, s *Subject) {
	_, err := s.net(t).Dial("tcp", "127.0.0.1:9")
	if !errors.Is(err, netbsd.ECONNREFUSED) || errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v", err)
	}
}
