package sockin

import (
	"bytes"
	"encoding/binary"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

func open(t *testing.T, h *Host, family, typ int32) hypercall.Socket {
	t.Helper()
	s, err := h.Open(family, typ)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func integer(v int32) []byte { return abi.AsBytes(&v) }

var loopback = []byte{16, netbsd.AF_INET, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}

// TestFreshSocket watches a socket that Linux reports to be hung up: that it is so
// is said once, and not again and again.
func TestFreshSocket(t *testing.T) {
	s := open(t, new(Host), netbsd.AF_INET, netbsd.SOCK_STREAM)
	var events atomic.Int32
	if err := s.Watch(func(hypercall.SocketEvents) { events.Add(1) }); err != nil {
		t.Fatal(err)
	}
	time.Sleep(50 * time.Millisecond)
	if n := events.Load(); n > 1 {
		t.Errorf("%d events", n)
	}
}

// TestPoller is there while somebody watches.
func TestPoller(t *testing.T) {
	h := new(Host)
	for range 3 {
		a, b := open(t, h, netbsd.AF_INET, netbsd.SOCK_DGRAM), open(t, h, netbsd.AF_INET6, netbsd.SOCK_STREAM)
		for _, s := range []hypercall.Socket{a, b, b} {
			if err := s.Watch(func(hypercall.SocketEvents) {}); err != nil {
				t.Fatal(err)
			}
		}
		if h.poller == nil {
			t.Fatal("no poller")
		}
		if err := errors.Join(a.Close(), b.Close()); err != nil {
			t.Fatal(err)
		}
		if h.poller != nil {
			t.Error("the poller is still there")
		}
		if err := a.Close(); !errors.Is(err, netbsd.EBADF) {
			t.Errorf("close: %v, want EBADF", err)
		}
		if err := a.Watch(func(hypercall.SocketEvents) {}); !errors.Is(err, netbsd.EBADF) {
			t.Errorf("watch: %v, want EBADF", err)
		}
	}
}

// TestCloseInEvent closes the only socket that is watched when it is told of an
// event, which ends the poller that tells it.
func TestCloseInEvent(t *testing.T) {
	h := new(Host)
	for range 10 {
		s := open(t, h, netbsd.AF_INET, netbsd.SOCK_STREAM)
		closed := make(chan error, 2)
		if err := s.Watch(func(hypercall.SocketEvents) { closed <- s.Close() }); err != nil {
			t.Fatal(err)
		}
		if err := <-closed; err != nil {
			t.Fatal(err)
		}
	}
}

// TestOptions sets options and reads them back.
func TestOptions(t *testing.T) {
	h := new(Host)
	tcp, udp, udp6 := open(t, h, netbsd.AF_INET, netbsd.SOCK_STREAM), open(t, h, netbsd.AF_INET, netbsd.SOCK_DGRAM), open(t, h, netbsd.AF_INET6, netbsd.SOCK_DGRAM)
	const ip, ip6, sol = netbsd.IPPROTO_IP, netbsd.IPPROTO_IPV6, netbsd.SOL_SOCKET
	for _, row := range []struct {
		s           hypercall.Socket
		level, name int32
		value, want []byte
		err         error
	}{
		{tcp, sol, netbsd.SO_REUSEADDR, integer(4), integer(1), nil},
		{tcp, sol, netbsd.SO_KEEPALIVE, integer(1), integer(1), nil},
		{tcp, netbsd.IPPROTO_TCP, netbsd.TCP_NODELAY, integer(1), integer(1), nil},
		{tcp, netbsd.IPPROTO_TCP, netbsd.TCP_NODELAY, []byte{1}, nil, netbsd.EINVAL},
		{tcp, netbsd.IPPROTO_TCP, netbsd.TCP_KEEPIDLE, integer(77), integer(77), nil},
		{tcp, netbsd.IPPROTO_TCP, 1234, integer(1), nil, netbsd.ENOPROTOOPT},
		{tcp, 1234, 1, integer(1), nil, netbsd.ENOPROTOOPT},
		{udp, ip, netbsd.IP_TOS, integer(16), integer(16), nil},
		{udp, ip, netbsd.IP_TTL, integer(3), integer(3), nil},
		{udp, ip, netbsd.IP_MULTICAST_TTL, []byte{5}, []byte{5}, nil},
		{udp, ip, netbsd.IP_MULTICAST_TTL, integer(6), []byte{6}, nil},
		{udp, ip, netbsd.IP_MULTICAST_LOOP, []byte{0}, []byte{0}, nil},
		{udp, ip, netbsd.IP_MULTICAST_IF, []byte{127, 0, 0, 1}, []byte{127, 0, 0, 1}, nil},
		{udp, ip, netbsd.IP_RECVDSTADDR, integer(1), integer(1), nil},
		{udp, ip, netbsd.IP_RECVIF, integer(0), integer(0), nil},
		{udp, ip, netbsd.IP_PORTRANGE, integer(0), nil, netbsd.ENOPROTOOPT},
		{udp, ip, netbsd.IP_HDRINCL, integer(1), nil, netbsd.ENOPROTOOPT},
		{udp6, ip6, netbsd.IPV6_V6ONLY, integer(0), integer(0), nil},
		{udp6, ip6, netbsd.IPV6_UNICAST_HOPS, integer(9), integer(9), nil},
		{udp6, ip6, netbsd.IPV6_RECVPKTINFO, integer(1), integer(1), nil},
	} {
		err := row.s.SetOption(row.level, row.name, row.value)
		if !errors.Is(err, row.err) {
			t.Errorf("set %d %d to %x: %v, want %v", row.level, row.name, row.value, err, row.err)
		}
		if row.err != nil {
			continue
		}
		if got, err := row.s.Option(row.level, row.name); !bytes.Equal(got, row.want) || err != nil {
			t.Errorf("%d %d is %x, %v, want %x", row.level, row.name, got, err, row.want)
		}
	}
	if got, err := open(t, h, netbsd.AF_INET6, netbsd.SOCK_STREAM).Option(ip6, netbsd.IPV6_V6ONLY); !bytes.Equal(got, integer(1)) || err != nil {
		t.Errorf("IPV6_V6ONLY of a new socket is %x, %v", got, err)
	}
}

// TestPktinfo asks for control messages that the host has one for.
func TestPktinfo(t *testing.T) {
	const ip = netbsd.IPPROTO_IP
	s := open(t, new(Host), netbsd.AF_INET, netbsd.SOCK_DGRAM)
	if err := s.Bind(loopback); err != nil {
		t.Fatal(err)
	}
	name, err := s.Name()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Connect(name); err != nil { // to itself
		t.Fatal(err)
	}
	pktinfo := append([]byte{127, 0, 0, 1}, integer(1)...) // lo is the first interface
	sdl := []byte{0: 8, 1: netbsd.AF_LINK, 7: 0}
	binary.NativeEndian.PutUint16(sdl[2:], 1)
	all := []controlMessage{
		{typ: netbsd.IP_RECVDSTADDR, data: pktinfo[:4]},
		{typ: netbsd.IP_RECVPKTINFO, data: pktinfo},
		{typ: netbsd.IP_PKTINFO, data: pktinfo},
		{typ: netbsd.IP_RECVIF, data: sdl},
		{typ: netbsd.IP_RECVTTL, data: []byte{64}},
	}
	for on := range 1 << len(all) {
		var want []byte
		for i, m := range all {
			v := int32(on >> i & 1)
			if err := s.SetOption(ip, m.typ, integer(v)); err != nil {
				t.Fatal(err)
			}
			if v != 0 {
				want = appendMessage(want, ip, m.typ, m.data)
			}
		}
		if _, err := s.Send([]byte("x"), nil, nil, 0); err != nil {
			t.Fatal(err)
		}
		m := hypercall.SocketMessage{Name: make([]byte, 0, 128), Control: make([]byte, 0, 4096)}
		n, err := s.ReceiveFrom(make([]byte, 10), &m)
		if n != 1 || err != nil || !bytes.Equal(m.Name, name) || !bytes.Equal(m.Control, want) {
			t.Errorf("%05b: received %d bytes, %v, from %x with\n%x, want\n%x", on, n, err, m.Name, m.Control, want)
		}
	}
	if _, err := s.Send([]byte("x"), nil, appendMessage(nil, netbsd.SOL_SOCKET, netbsd.SCM_RIGHTS, integer(0)), 0); !errors.Is(err, netbsd.EINVAL) {
		t.Errorf("a descriptor in a datagram: %v, want EINVAL", err)
	}
	if _, err := s.ReceiveFrom(make([]byte, 10), new(hypercall.SocketMessage)); !errors.Is(err, netbsd.EWOULDBLOCK) {
		t.Errorf("receive: %v, want EWOULDBLOCK", err)
	}
}
