package tonetbsd_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// inet6 is a Linux sockaddr_in6 in bytes.
func inet6() []byte {
	s := linux.SockaddrIn6{Family: linux.AF_INET6, Port: abi.MakeBE16(443), ScopeID: 7}
	abi.AsBytes(&s.Addr)[15] = 1
	return bytes.Clone(abi.AsBytes(&s))
}

// unix is a Linux sockaddr_un that ends behind its path.
func unix(path string) []byte {
	s := linux.SockaddrUn{Family: linux.AF_UNIX}
	copy(s.Path[:], path)
	return bytes.Clone(abi.AsBytes(&s)[:2+len(path)])
}

func TestSockaddr(t *testing.T) {
	link := linux.SockaddrLl{Family: linux.AF_PACKET, Ifindex: 3, Hatype: linux.ARPHRD_ETHER, Halen: 6, Addr: [8]uint8{2, 0, 0, 0, 0, 9}}
	for _, test := range []struct {
		name string
		lx   []byte
		nb   string // the first bytes of the result
		n    int
	}{
		{"in6", inet6(), "\x1c\x18\x01\xbb", 28},
		{"un", unix("/tmp/x"), "\x08\x01/tmp/x", 8},
		{"un with NUL", unix("/tmp/x\x00"), "\x09\x01/tmp/x\x00", 9},
		{"un of 108 bytes", unix(string(bytes.Repeat([]byte("p"), 108))), "\x6e\x01ppp", 110},
		{"unnamed", unix(""), "\x02\x01", 2},
		{"unspecified", []byte{0, 0}, "\x02\x00", 2},
		{"link", abi.AsBytes(&link), "\x20\x12\x03\x00\x06\x00\x06\x00\x02\x00\x00\x00\x00\x09", 32},
	} {
		t.Run(test.name, func(t *testing.T) {
			// Neither side's buffer is aligned.
			src := append([]byte{0xff}, test.lx...)[1:]
			dst := make([]byte, 129)[1:]
			n, err := tonetbsd.Sockaddr(dst, src)
			if err != nil || n != test.n || !bytes.HasPrefix(dst, []byte(test.nb)) {
				t.Fatalf("got % x, %d, %v; want % x, %d", dst[:n], n, err, test.nb, test.n)
			}
			back := make([]byte, 128)
			m, err := tolinux.Sockaddr(back, dst[:n])
			if err != nil || !bytes.Equal(back[:m], test.lx) {
				t.Fatalf("came back as % x, %v; want % x", back[:m], err, test.lx)
			}
			// In place, and one byte short of room.
			place := make([]byte, 128)
			copy(place, test.lx)
			if m, err := tonetbsd.Sockaddr(place, place[:len(test.lx)]); err != nil || !bytes.Equal(place[:m], dst[:n]) {
				t.Errorf("in place: % x, %v", place[:m], err)
			}
			if _, err := tonetbsd.Sockaddr(make([]byte, n-1), src); !errors.Is(err, abi.ErrSpace) {
				t.Errorf("one byte short of room: %v", err)
			}
		})
	}
}

func TestSockaddrErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		lx   []byte
		want string
	}{
		{"empty", nil, "sockaddr = 0: truncated"},
		{"half a family", []byte{2}, "sockaddr = 1: truncated"},
		{"in6 cut", inet6()[:27], "sockaddr_in6 = 27: truncated"},
		{"netlink", []byte{16, 0, 0, 0}, "sockaddr.sa_family = 16: no counterpart"},
		{"abstract", unix("\x00name"), "sockaddr_un.sun_path = 0: no counterpart"},
		{"one NUL", unix("\x00"), "sockaddr_un.sun_path = 0: no counterpart"},
		{"link cut", []byte{17, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 6, 1}, "sockaddr_ll.sll_halen = 6: bad length"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dst, before := make([]byte, 128), make([]byte, 128)
			if _, err := tonetbsd.Sockaddr(dst, test.lx); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if !bytes.Equal(dst, before) {
				t.Errorf("failed, and wrote % x", dst)
			}
		})
	}
	for _, test := range []struct {
		name string
		nb   []byte
		want string
	}{
		{"length of nothing", []byte{1, 2}, "sockaddr.sa_len = 1: bad length"},
		{"length past the end", []byte{17, 2, 0, 0}, "sockaddr.sa_len = 17: bad length"},
		{"short in", []byte{4, 2, 0, 0}, "sockaddr_in = 4: truncated"},
		{"route", []byte{2, 34}, "sockaddr.sa_family = 34: no counterpart"},
		{"long path", append([]byte{111, 1}, bytes.Repeat([]byte("p"), 109)...), "sockaddr_un.sun_path = 109: value does not fit"},
		{"link name past the end", []byte{8, 18, 0, 0, 6, 1, 0, 0}, "sockaddr_dl.sdl_nlen = 1: bad length"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := tolinux.Sockaddr(make([]byte, 128), test.nb); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
}

func TestControlMessages(t *testing.T) {
	ttl := int32(64)
	info := linux.In6Pktinfo{Ifindex: 3}
	cred := linux.Ucred{PID: 1, UID: 2, GID: 3}
	chain := bytes.Join([][]byte{
		rights(3, 4, 5),
		message(linux.IPPROTO_IP, linux.IP_TTL, abi.AsBytes(&ttl)),
		message(linux.IPPROTO_IPV6, linux.IPV6_PKTINFO, abi.AsBytes(&info)),
		message(linux.SOL_SOCKET, linux.SCM_CREDENTIALS, abi.AsBytes(&cred)),
	}, nil)
	nb := make([]byte, 513)[1:]
	n, err := tonetbsd.ControlMessages(nb, chain)
	if err != nil {
		t.Fatal(err)
	}
	var h netbsd.Cmsghdr
	copy(abi.AsBytes(&h), nb)
	if h.Level != netbsd.SOL_SOCKET || h.Type != netbsd.SCM_RIGHTS {
		t.Errorf("the first message is %d, %d", h.Level, h.Type)
	}
	back := make([]byte, 512)
	m, err := tolinux.ControlMessages(back, nb[:n])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(back[:m], chain) {
		t.Errorf("came back as\n% x, want\n% x", back[:m], chain)
	}
	for size := range n - 8 {
		if _, err := tonetbsd.ControlMessages(make([]byte, size), chain); !errors.Is(err, abi.ErrSpace) {
			t.Errorf("in %d bytes: %v", size, err)
		}
	}
	if _, err := tonetbsd.ControlMessages(chain, chain); !errors.Is(err, abi.ErrOverlap) {
		t.Errorf("in place: %v", err)
	}
}

// nbMessage makes one NetBSD control message with its padding.
func nbMessage(level, typ int32, payload []byte) []byte {
	const align = netbsd.ALIGNBYTES + 1
	data := (netbsd.SizeofCmsghdr + align - 1) &^ (align - 1)
	h := netbsd.Cmsghdr{Len: uint32(data + len(payload)), Level: level, Type: typ}
	b := make([]byte, (data+len(payload)+align-1)&^(align-1))
	copy(b, abi.AsBytes(&h))
	copy(b[data:], payload)
	return b
}

// TestMergedMessages has the two messages in which NetBSD tells what Linux tells in
// one, with another between them, in both orders.
func TestMergedMessages(t *testing.T) {
	addr := []byte{127, 0, 0, 1}
	link := netbsd.SockaddrDl{Len: 20, Family: netbsd.AF_LINK, Index: 3}
	to := nbMessage(netbsd.IPPROTO_IP, netbsd.IP_RECVDSTADDR, addr)
	in := nbMessage(netbsd.IPPROTO_IP, netbsd.IP_RECVIF, abi.AsBytes(&link))
	ttl := nbMessage(netbsd.IPPROTO_IP, netbsd.IP_RECVTTL, []byte{64})
	info := linux.InPktinfo{Ifindex: 3}
	copy(abi.AsBytes(&info.Addr), addr)
	ttl32 := int32(64)
	want := [][]byte{message(linux.IPPROTO_IP, linux.IP_PKTINFO, abi.AsBytes(&info)), message(linux.IPPROTO_IP, linux.IP_TTL, abi.AsBytes(&ttl32))}
	for _, test := range [][][]byte{{to, ttl, in}, {in, ttl, to}} {
		dst := make([]byte, 256)
		n, err := tolinux.ControlMessages(dst, bytes.Join(test, nil))
		if err != nil || !bytes.Equal(dst[:n], bytes.Join(want, nil)) {
			t.Errorf("got\n% x, %v, want\n% x", dst[:n], err, bytes.Join(want, nil))
		}
	}
	for _, bad := range [][]byte{
		nbMessage(netbsd.IPPROTO_IP, netbsd.IP_RECVDSTADDR, addr[:3]),
		nbMessage(netbsd.IPPROTO_IP, netbsd.IP_RECVIF, abi.AsBytes(&link)[:10]),
		nbMessage(netbsd.IPPROTO_IP, netbsd.IP_RECVIF, nil),
	} {
		if _, err := tolinux.ControlMessages(make([]byte, 256), bad); !errors.Is(err, abi.ErrLength) {
			t.Errorf("% x: %v", bad, err)
		}
	}
	// Nanoseconds become microseconds.
	stamp := linux.Timespec{Sec: 5}
	setLen(&stamp.Nsec, 1999)
	dst := make([]byte, 64)
	n, err := tonetbsd.ControlMessages(dst, message(linux.SOL_SOCKET, linux.SCM_TIMESTAMPNS, abi.AsBytes(&stamp)))
	if want := nbMessage(netbsd.SOL_SOCKET, netbsd.SCM_TIMESTAMP, memory(netbsd.Timeval{Sec: 5, Usec: 1})); err != nil || !bytes.Equal(dst[:n], want) {
		t.Errorf("got % x, %v, want % x", dst[:n], err, want)
	}
}

func TestControlMessageErrors(t *testing.T) {
	lie := func(n int) []byte {
		b := rights(3, 4)
		var h linux.Cmsghdr
		copy(abi.AsBytes(&h), b)
		setLen(&h.Len, n)
		copy(b, abi.AsBytes(&h))
		return b
	}
	ttl := int32(256)
	for _, test := range []struct {
		name string
		src  []byte
		want error
	}{
		{"zero length", lie(0), abi.ErrLength},
		{"length inside the header", lie(linux.SizeofCmsghdr - 1), abi.ErrLength},
		{"length past the end", lie(1000), abi.ErrLength},
		{"huge length", lie(-1), abi.ErrLength},
		{"half a descriptor", message(linux.SOL_SOCKET, linux.SCM_RIGHTS, make([]byte, 6)), abi.ErrLength},
		{"half a header", rights(1)[:linux.SizeofCmsghdr-1], abi.ErrTruncated},
		{"garbage behind", append(rights(1), 1), abi.ErrTruncated},
		{"unknown type", message(linux.SOL_SOCKET, 99, nil), abi.ErrNoCounterpart},
		{"unknown level", message(99, 1, nil), abi.ErrNoCounterpart},
		{"hop limit of 256", message(linux.IPPROTO_IP, linux.IP_TTL, abi.AsBytes(&ttl)), abi.ErrRange},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := tonetbsd.ControlMessages(make([]byte, 256), test.src); !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
		})
	}
}

func FuzzSockaddr(f *testing.F) {
	f.Add(inet6())
	f.Add(unix("/tmp/x\x00"))
	f.Add([]byte{28, 24, 1, 2})
	f.Fuzz(func(t *testing.T, src []byte) {
		dst, again := make([]byte, 300), make([]byte, 300)
		if n, err := tonetbsd.Sockaddr(dst, src); err == nil {
			m, err := tolinux.Sockaddr(again, dst[:n])
			if err != nil {
				t.Fatalf("% x became % x: %v", src, dst[:n], err)
			}
			third := make([]byte, 300)
			if n2, err := tonetbsd.Sockaddr(third, again[:m]); err != nil || !bytes.Equal(third[:n2], dst[:n]) {
				t.Fatalf("% x became % x, then % x: %v", src, dst[:n], third[:n2], err)
			}
		}
		if n, err := tolinux.Sockaddr(dst, src); err == nil {
			if _, err := tonetbsd.Sockaddr(again, dst[:n]); err != nil {
				t.Fatalf("% x became % x: %v", src, dst[:n], err)
			}
		}
	})
}

func FuzzControlMessages(f *testing.F) {
	f.Add(rights(3, 4))
	f.Add(append(rights(1), message(linux.IPPROTO_IPV6, linux.IPV6_HOPLIMIT, make([]byte, 4))...))
	f.Fuzz(func(t *testing.T, src []byte) {
		dst := make([]byte, 2*len(src)+64)
		if n, err := tonetbsd.ControlMessages(dst, src); err == nil {
			again := make([]byte, 2*n+64)
			if _, err := tolinux.ControlMessages(again, dst[:n]); err != nil {
				t.Fatalf("% x became % x: %v", src, dst[:n], err)
			}
		}
		if _, err := tolinux.ControlMessages(dst, src); err != nil && err.Error() == "" {
			t.Fatal("an error without a text")
		}
	})
}

func TestAllocations(t *testing.T) {
	in6, chain, dst := inet6(), rights(1, 2), make([]byte, 128)
	if n := testing.AllocsPerRun(100, func() {
		if _, err := tonetbsd.Sockaddr(dst, in6); err != nil {
			t.Fatal(err)
		}
		if _, err := tonetbsd.ControlMessages(dst, chain); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
