package tonetbsd_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// A pair is a structure in both systems' forms with the converters between
// them, over bytes so that pairs of all types fit in one table.
type pair struct {
	name            string
	fnN, fnL        string // the functions' names
	linux, netbsd   int    // sizes
	toNetBSD, toLnx func(dst, src []byte) error
	seed            func(r *rand.Rand, lx []byte) // makes random bytes more like a real structure
}

func makePair[N, L any](name string, toN func(*N, *L) error, toL func(*L, *N) error, seed func(*rand.Rand, *L)) pair {
	var n N
	var l L
	return pair{
		name: name, fnN: funcName(toN), fnL: funcName(toL),
		linux: len(abi.AsBytes(&l)), netbsd: len(abi.AsBytes(&n)),
		toNetBSD: func(dst, src []byte) error { return call(dst, src, toN) },
		toLnx:    func(dst, src []byte) error { return call(dst, src, toL) },
		seed: func(r *rand.Rand, b []byte) {
			if seed == nil {
				return
			}
			var l L
			copy(abi.AsBytes(&l), b)
			seed(r, &l)
			copy(b, abi.AsBytes(&l))
		},
	}
}

func funcName(f any) string { return lastName(runtime.FuncForPC(reflect.ValueOf(f).Pointer()).Name()) }

// call runs a converter on copies that have the alignment their types need.
func call[D, S any](dst, src []byte, convert func(*D, *S) error) error {
	var d D
	var s S
	copy(abi.AsBytes(&d), dst)
	copy(abi.AsBytes(&s), src)
	err := convert(&d, &s)
	copy(dst, abi.AsBytes(&d))
	return err
}

func pick[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

func family(r *rand.Rand) uint16 {
	return pick[uint16](r, linux.AF_INET, linux.AF_INET6, linux.AF_UNIX, linux.AF_UNSPEC, linux.AF_PACKET)
}

func name(r *rand.Rand, b []byte) {
	clear(b)
	for i := range r.IntN(len(b)) {
		b[i] = byte('a' + r.IntN(26))
	}
}

// small leaves a random integer alone now and then, and makes it fit in most
// types otherwise.
func small[T abi.Integer](r *rand.Rand, v *T) {
	if r.IntN(8) != 0 {
		*v = T(r.IntN(1 << 7))
	}
}

func ifreq(request uint64, back uint64) pair {
	p := makePair("ifreq",
		func(dst *netbsd.Ifreq, src *linux.Ifreq) error { return tonetbsd.Ifreq(dst, src, request) },
		func(dst *linux.Ifreq, src *netbsd.Ifreq) error { return tolinux.Ifreq(dst, src, back) },
		func(r *rand.Rand, l *linux.Ifreq) {
			name(r, l.Ifrn.IfrnName()[:])
			switch request {
			case linux.SIOCGIFADDR:
				setLen(&l.Ifru.Addr().Family, int(family(r)))
			case linux.SIOCGIFFLAGS:
				*l.Ifru.Flags() = pick[int16](r, linux.IFF_UP, linux.IFF_MULTICAST|linux.IFF_RUNNING)
			default:
				small(r, l.Ifru.MTU())
			}
		})
	p.fnN, p.fnL = "Ifreq", "Ifreq"
	return p
}

func pairs() []pair { return append(socketPairs(), systemPairs()...) }

func socketPairs() []pair {
	return []pair{
		makePair("timeval", tonetbsd.Timeval, tolinux.Timeval, func(r *rand.Rand, l *linux.Timeval) { small(r, &l.Usec) }),
		makePair("timespec", tonetbsd.Timespec, tolinux.Timespec, nil),
		makePair("iovec", tonetbsd.Iovec, tolinux.Iovec, nil),
		makePair("linger", tonetbsd.Linger, tolinux.Linger, func(r *rand.Rand, l *linux.Linger) { small(r, &l.Linger) }),
		makePair("in_addr", tonetbsd.InAddr, tolinux.InAddr, nil),
		makePair("in6_addr", tonetbsd.In6Addr, tolinux.In6Addr, nil),
		makePair("ip_mreq", tonetbsd.IPMreq, tolinux.IPMreq, nil),
		makePair("ipv6_mreq", tonetbsd.IPv6Mreq, tolinux.IPv6Mreq, nil),
		makePair("in6_pktinfo", tonetbsd.In6Pktinfo, tolinux.In6Pktinfo, nil),
		makePair("in_pktinfo", tonetbsd.InPktinfo, tolinux.InPktinfo, func(r *rand.Rand, l *linux.InPktinfo) { small(r, &l.Ifindex) }),
		makePair("sockaddr_in", tonetbsd.SockaddrIn, tolinux.SockaddrIn, func(r *rand.Rand, l *linux.SockaddrIn) { l.Family = family(r) }),
		makePair("sockaddr_in6", tonetbsd.SockaddrIn6, tolinux.SockaddrIn6, func(r *rand.Rand, l *linux.SockaddrIn6) { l.Family = family(r) }),
		makePair("sockaddr_un", tonetbsd.SockaddrUn, tolinux.SockaddrUn, func(r *rand.Rand, l *linux.SockaddrUn) {
			l.Family = family(r)
			name(r, l.Path[:])
		}),
		makePair("sockaddr_dl", tonetbsd.SockaddrDl, tolinux.SockaddrLl, func(r *rand.Rand, l *linux.SockaddrLl) {
			l.Family, l.Hatype = linux.AF_PACKET, pick[uint16](r, linux.ARPHRD_ETHER, linux.ARPHRD_LOOPBACK, linux.ARPHRD_NONE)
			l.Ifindex, l.Halen = int32(r.IntN(70000)), uint8(r.IntN(10))
		}),
		makePair("sockaddr_storage", tonetbsd.SockaddrStorage, tolinux.SockaddrStorage, func(r *rand.Rand, l *linux.SockaddrStorage) {
			setLen(&l.Family, int(family(r)))
		}),
		makePair("msghdr", tonetbsd.Msghdr, tolinux.Msghdr, func(r *rand.Rand, l *linux.Msghdr) {
			small(r, &l.Iovlen)
			small(r, &l.Controllen)
			l.Flags = pick[int32](r, linux.MSG_DONTWAIT, linux.MSG_OOB|linux.MSG_EOR, linux.MSG_MORE, linux.MSG_CONFIRM)
		}),
		makePair("pollfd", tonetbsd.Pollfd, tolinux.Pollfd, func(r *rand.Rand, l *linux.Pollfd) {
			l.Events = int16(r.IntN(0x480))
			l.Revents = int16(r.IntN(0x400))
		}),
		makePair("stat", tonetbsd.Stat, tolinux.Stat, func(r *rand.Rand, l *linux.Stat) {
			small(r, &l.Nlink)
			small(r, &l.Blksize)
			small(r, &l.Size)
		}),
		ifreq(linux.SIOCGIFADDR, netbsd.SIOCGIFADDR),
		ifreq(linux.SIOCGIFFLAGS, netbsd.SIOCGIFFLAGS),
		ifreq(linux.SIOCGIFMTU, netbsd.SIOCGIFMTU),
		ifreq(linux.SIOCGIFMETRIC, netbsd.SIOCGIFMETRIC),
	}
}

func fill(r *rand.Rand, b []byte) {
	for i := range b {
		b[i] = byte(r.Uint32())
	}
}

// checkError holds an error to what every error of a converter must be, and
// the destination to what it was.
func checkError(t *testing.T, what string, err error, before, after []byte) {
	t.Helper()
	var f *abi.FieldError
	if !errors.As(err, &f) || f.Type == "" || f.Err == nil {
		t.Fatalf("%s: %v does not name type and reason", what, err)
	}
	if !strings.Contains(f.Error(), f.Type) || !strings.Contains(f.Error(), " = ") {
		t.Fatalf("%s: %q does not name type and value", what, f)
	}
	if !bytes.Equal(before, after) {
		t.Fatalf("%s: failed with %v, and changed its destination", what, err)
	}
}

// TestPairs converts random structures to NetBSD and back. What converted once
// converts back, and then again to the same; what fails says what and where,
// and has touched nothing. Whatever is in the source, nothing panics.
func TestPairs(t *testing.T) {
	const rounds = 2000
	for _, p := range pairs() {
		t.Run(p.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			good := 0
			for i := range rounds {
				lx := make([]byte, p.linux)
				fill(r, lx)
				if i%4 != 0 {
					p.seed(r, lx)
				}
				if p.roundTrip(t, r, lx) {
					good++
				}
				nb := make([]byte, p.netbsd)
				fill(r, nb)
				dst, before := make([]byte, p.linux), make([]byte, p.linux)
				if err := p.toLnx(dst, nb); err != nil {
					checkError(t, "to Linux", err, before, dst)
				}
			}
			if good == 0 {
				t.Fatalf("none of %d random structures converted", rounds)
			}
			t.Logf("%d of %d converted", good, rounds)
		})
	}
}

func (p *pair) roundTrip(t *testing.T, r *rand.Rand, lx []byte) bool {
	t.Helper()
	first, before := make([]byte, p.netbsd), make([]byte, p.netbsd)
	fill(r, before)
	copy(first, before)
	if err := p.toNetBSD(first, lx); err != nil {
		checkError(t, "to NetBSD", err, before, first)
		return false
	}
	back, second := make([]byte, p.linux), make([]byte, p.netbsd)
	fill(r, second)
	fill(r, back)
	if err := p.toLnx(back, first); err != nil {
		t.Fatalf("% x became % x, which does not convert back: %v", lx, first, err)
	}
	if err := p.toNetBSD(second, back); err != nil {
		t.Fatalf("% x became % x and % x, which does not convert again: %v", lx, first, back, err)
	}
	if !bytes.Equal(first, second) {
		t.Fatalf("% x became % x, then % x by way of % x", lx, first, second, back)
	}
	return true
}

// FuzzPairs is TestPairs for bytes that the fuzzer chooses.
func FuzzPairs(f *testing.F) {
	r := rand.New(rand.NewPCG(3, 4))
	for i, p := range pairs() {
		lx := make([]byte, p.linux)
		p.seed(r, lx)
		f.Add(uint8(i), lx)
	}
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		all := pairs()
		p := all[int(which)%len(all)]
		lx := make([]byte, p.linux)
		copy(lx, data)
		p.roundTrip(t, rand.New(rand.NewPCG(5, 6)), lx)
		nb := make([]byte, p.netbsd)
		copy(nb, data)
		dst, before := make([]byte, p.linux), make([]byte, p.linux)
		if err := p.toLnx(dst, nb); err != nil {
			checkError(t, "to Linux", err, before, dst)
		}
	})
}
