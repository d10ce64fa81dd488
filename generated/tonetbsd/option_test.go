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

// memory returns the bytes of a value.
func memory[T any](v T) []byte { return bytes.Clone(abi.AsBytes(&v)) }

// An optionTest is one option with its value on both sides. The numbers are
// written out, as in domains_test.go.
type optionTest struct {
	name        string
	lxLevel, lx int32
	lxValue     []byte
	nbLevel, nb int32
	nbValue     []byte
}

func optionTests() []optionTest {
	timeval := linux.Timeval{Sec: 2}
	setLen(&timeval.Usec, 500)
	filter := linux.ICMP6Filter{}
	filter.ICMP6Filt[4] = 0xff
	pass := netbsd.ICMP6Filter{}
	for i := range pass.ICMP6Filt {
		pass.ICMP6Filt[i] = 0xffffffff
	}
	pass.ICMP6Filt[4] = 0xffffff00
	mreqn := linux.IPMreqn{Ifindex: 3}
	mreqn.Multiaddr.Addr = abi.MakeBE32(0xe0000001)
	mreq := netbsd.IPMreq{}
	mreq.Multiaddr.Addr, mreq.Interface.Addr = abi.MakeBE32(0xe0000001), abi.MakeBE32(3)
	info := linux.TCPInfo{State: linux.TCP_ESTABLISHED, Options: linux.TCPI_OPT_SACK, RTT: 1234}
	return []optionTest{
		{"SO_KEEPALIVE", 1, 9, memory(int32(1)), 0xffff, 8, memory(int32(1))},
		{"SO_SNDBUF", 1, 7, memory(int32(65536)), 0xffff, 0x1001, memory(int32(65536))},
		{"SO_LINGER", 1, 13, memory(linux.Linger{Onoff: 1, Linger: 5}), 0xffff, 0x80, memory(netbsd.Linger{Onoff: 1, Linger: 5})},
		{"SO_RCVTIMEO", 1, 20, memory(timeval), 0xffff, 0x100c, memory(netbsd.Timeval{Sec: 2, Usec: 500})},
		{"SO_ERROR", 1, 4, memory(int32(111)), 0xffff, 0x1007, memory(int32(61))},
		{"SO_ERROR of none", 1, 4, memory(int32(0)), 0xffff, 0x1007, memory(int32(0))},
		{"SO_TYPE", 1, 3, memory(int32(1)), 0xffff, 0x1008, memory(int32(1))},
		{"IP_TTL", 0, 2, memory(int32(64)), 0, 4, memory(int32(64))},
		{"IP_MULTICAST_LOOP", 0, 34, memory(int32(1)), 0, 11, memory(int32(1))},
		{"IP_ADD_MEMBERSHIP", 0, 35, memory(mreqn), 0, 12, memory(mreq)},
		{"IP_MULTICAST_IF", 0, 32, memory(linux.IPMreqn{Ifindex: 7}), 0, 9, memory(abi.MakeBE32(7))},
		{"IP_OPTIONS", 0, 4, []byte{1, 1, 1, 0}, 0, 1, []byte{1, 1, 1, 0}},
		{"IPV6_V6ONLY", 41, 26, memory(int32(1)), 41, 27, memory(int32(1))},
		{"IPV6_JOIN_GROUP", 41, 20, memory(linux.IPv6Mreq{Interface: 3}), 41, 12, memory(netbsd.IPv6Mreq{Interface: 3})},
		{"TCP_NODELAY", 6, 1, memory(int32(1)), 6, 1, memory(int32(1))},
		{"TCP_KEEPIDLE", 6, 4, memory(int32(60)), 6, 3, memory(int32(60))},
		{"TCP_CONGESTION", 6, 13, []byte("cubic\x00"), 6, 32, []byte("cubic\x00")},
		{"TCP_INFO", 6, 11, memory(info), 6, 9, memory(netbsd.TCPInfo{State: 4, Options: 2, RTT: 1234})},
		{"ICMP6_FILTER", 58, 1, memory(filter), 58, 18, memory(pass)},
	}
}

func TestSocketOptionValue(t *testing.T) {
	for _, test := range optionTests() {
		t.Run(test.name, func(t *testing.T) {
			dst := make([]byte, 301)[1:] // neither buffer is aligned
			src := append([]byte{0xff}, test.lxValue...)[1:]
			level, option, n, err := tonetbsd.SocketOptionValue(test.lxLevel, test.lx, dst, src)
			if err != nil || level != test.nbLevel || option != test.nb || !bytes.Equal(dst[:n], test.nbValue) {
				t.Errorf("to NetBSD: %d, %d, % x, %v; want %d, %d, % x", level, option, dst[:n], err, test.nbLevel, test.nb, test.nbValue)
			}
			level, option, n, err = tolinux.SocketOptionValue(test.nbLevel, test.nb, dst, test.nbValue)
			if err != nil || level != test.lxLevel || option != test.lx || !bytes.Equal(dst[:n], test.lxValue) {
				t.Errorf("to Linux: %d, %d, % x, %v; want %d, %d, % x", level, option, dst[:n], err, test.lxLevel, test.lx, test.lxValue)
			}
			if _, _, _, err := tonetbsd.SocketOptionValue(test.lxLevel, test.lx, make([]byte, len(test.nbValue)-1), src); !errors.Is(err, abi.ErrSpace) {
				t.Errorf("one byte short of room: %v", err)
			}
		})
	}
}

// TestSocketOptionForms has what Linux takes in more than one form.
func TestSocketOptionForms(t *testing.T) {
	group := linux.GroupReq{Interface: 3}
	in := linux.SockaddrIn{Family: linux.AF_INET}
	in.Addr.Addr = abi.MakeBE32(0xe0000001)
	copy(abi.AsBytes(&group.Group), abi.AsBytes(&in))
	mreq := netbsd.IPMreq{}
	mreq.Multiaddr.Addr, mreq.Interface.Addr = abi.MakeBE32(0xe0000001), abi.MakeBE32(3)
	group6 := linux.GroupReq{Interface: 3}
	copy(abi.AsBytes(&group6.Group), abi.AsBytes(&linux.SockaddrIn6{Family: linux.AF_INET6}))
	for _, test := range []optionTest{
		{"one byte", 0, 33, []byte{4}, 0, 10, memory(int32(4))},
		{"a loop that is true", 0, 34, memory(int32(77)), 0, 11, memory(int32(1))},
		{"a name without NUL", 6, 13, []byte("cubic"), 6, 32, []byte("cubic\x00")},
		{"an address alone", 0, 32, memory(abi.MakeBE32(0x7f000001)), 0, 9, memory(abi.MakeBE32(0x7f000001))},
		{"MCAST_JOIN_GROUP", 0, 42, memory(group), 0, 12, memory(mreq)},
		{"MCAST_LEAVE_GROUP", 41, 45, memory(group6), 41, 13, memory(netbsd.IPv6Mreq{Interface: 3})},
		{"SO_PEERCRED", 1, 17, memory(linux.Ucred{PID: 1, UID: 2, GID: 3}), 0, 3, memory(netbsd.Unpcbid{PID: 1, EUID: 2, EGID: 3})},
		{"SO_PASSCRED", 1, 16, memory(int32(1)), 0, 4, memory(int32(1))},
	} {
		t.Run(test.name, func(t *testing.T) {
			dst := make([]byte, 300)
			level, option, n, err := tonetbsd.SocketOptionValue(test.lxLevel, test.lx, dst, test.lxValue)
			if err != nil || level != test.nbLevel || option != test.nb || !bytes.Equal(dst[:n], test.nbValue) {
				t.Errorf("%d, %d, % x, %v; want %d, %d, % x", level, option, dst[:n], err, test.nbLevel, test.nb, test.nbValue)
			}
		})
	}
	// NetBSD's LOCAL_PEEREID has the number of its IP_TOS.
	for _, test := range []struct {
		name              string
		level, option     int32
		convert           func(level, option int32) (int32, int32, bool)
		lxLevel, lxOption int32
	}{
		{name: "IP_TOS", option: 3, convert: tolinux.SocketOption, lxOption: 1},
		{name: "LOCAL_PEEREID", option: 3, convert: tolinux.LocalSocketOption, lxLevel: 1, lxOption: 17},
		{name: "LOCAL_CREDS", option: 4, convert: tolinux.LocalSocketOption, lxLevel: 1, lxOption: 16},
	} {
		if level, option, ok := test.convert(test.level, test.option); level != test.lxLevel || option != test.lxOption || !ok {
			t.Errorf("%s: %d, %d, %t; want %d, %d", test.name, level, option, ok, test.lxLevel, test.lxOption)
		}
	}
	dst := make([]byte, 12)
	if level, option, n, err := tolinux.LocalSocketOptionValue(0, 3, dst, memory(netbsd.Unpcbid{PID: 1, EUID: 2, EGID: 3})); level != 1 || option != 17 || n != 12 || err != nil {
		t.Errorf("LOCAL_PEEREID: %d, %d, %d, %v", level, option, n, err)
	}
	if level, option, n, err := tonetbsd.LocalSocketOptionValue(1, 17, dst, memory(linux.Ucred{PID: 1})); level != 0 || option != 3 || n != 12 || err != nil {
		t.Errorf("SO_PEERCRED: %d, %d, %d, %v", level, option, n, err)
	}
}

func TestSocketOptionValueErrors(t *testing.T) {
	for _, test := range []struct {
		name          string
		level, option int32
		value         []byte
		want          string
	}{
		{"no such option", 1, 25, []byte("eth0"), "socket option = 25: no counterpart"},
		{"half an int", 1, 9, []byte{1, 0}, "socket option.SO_DEBUG = 2: bad length"},
		{"nothing", 1, 7, nil, "socket option.SO_SNDBUF = 0: bad length"},
		{"long linger", 1, 13, memory(linux.Linger{Onoff: 1, Linger: 65536}), "linger.l_linger = 0x10000: value does not fit"},
		{"linger before now", 1, 13, memory(linux.Linger{Onoff: 1, Linger: -1}), "linger.l_linger = -1: value does not fit"},
		{"half a linger", 1, 13, make([]byte, 7), "linger = 7: bad length"},
		{"error of Linux alone", 1, 4, memory(int32(133)), "socket option.SO_ERROR = 133: no counterpart"},
		{"error below zero", 1, 4, memory(int32(-11)), "socket option.SO_ERROR = -11: no counterpart"},
		{"type of Linux alone", 1, 3, memory(int32(10)), "socket option.SO_TYPE = 10: no counterpart"},
		{"long name", 6, 13, []byte("a-name-of-16-chr"), "socket option.TCP_CONGESTION = 16: not a proper string"},
		{"membership cut", 0, 35, make([]byte, 11), "ip_mreqn = 11: bad length"},
		{"interface number", 0, 35, memory(linux.IPMreqn{Ifindex: 1 << 24}), "ip_mreqn.imr_ifindex = 0x1000000: value does not fit"},
		{"group of another family", 0, 42, make([]byte, linux.SizeofGroupReq), "group_req.gr_group.ss_family = 0: no counterpart"},
		{"TCP state", 6, 11, memory(linux.TCPInfo{State: 12}), "tcp_info.tcpi_state = 12: no counterpart"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dst, before := make([]byte, 300), make([]byte, 300)
			if _, _, _, err := tonetbsd.SocketOptionValue(test.level, test.option, dst, test.value); err == nil || err.Error() != test.want {
				t.Errorf("got %v, want %s", err, test.want)
			}
			if !bytes.Equal(dst, before) {
				t.Error("failed, and wrote")
			}
		})
	}
}

// FuzzSocketOptionValue gives every option whatever bytes the fuzzer writes.
func FuzzSocketOptionValue(f *testing.F) {
	for _, test := range optionTests() {
		f.Add(test.lxLevel, test.lx, test.lxValue)
		f.Add(test.nbLevel, test.nb, test.nbValue)
	}
	f.Fuzz(func(t *testing.T, level, option int32, src []byte) {
		dst, again := make([]byte, 2*len(src)+300), make([]byte, 4*len(src)+600)
		if l, o, n, err := tonetbsd.SocketOptionValue(level, option, dst, src); err == nil && l != netbsd.SOL_LOCAL {
			if _, _, _, err := tolinux.SocketOptionValue(l, o, again, dst[:n]); err != nil {
				t.Fatalf("%d %d % x became %d %d % x: %v", level, option, src, l, o, dst[:n], err)
			}
		}
		if _, _, _, err := tolinux.SocketOptionValue(level, option, dst, src); err != nil && err.Error() == "" {
			t.Fatal("an error without a text")
		}
	})
}

// TestValuesAllocations translates each option's value and some arguments of
// ioctls, without an allocation.
func TestValuesAllocations(t *testing.T) {
	dst := make([]byte, 512)
	for _, test := range optionTests() {
		if n := testing.AllocsPerRun(50, func() {
			_, _, _, _ = tonetbsd.SocketOptionValue(test.lxLevel, test.lx, dst, test.lxValue)
			_, _, _, _ = tolinux.SocketOptionValue(test.nbLevel, test.nb, dst, test.nbValue)
		}); n != 0 {
			t.Errorf("%s: %v allocations", test.name, n)
		}
	}
	ifreq, termios := make([]byte, linux.SizeofIfreq), make([]byte, linux.SizeofTermios2)
	var set, back netbsd.SigsetT
	var lx linux.SigsetT
	var info linux.SiginfoT
	var nb netbsd.Siginfo
	info.SiSigno = 9
	if n := testing.AllocsPerRun(50, func() {
		_, _ = tonetbsd.IoctlArgument(linux.SIOCSIFMTU, dst, ifreq)
		_, _ = tonetbsd.IoctlArgument(linux.TCSETS2, dst, termios)
		_ = tolinux.SigsetT(&lx, &set)
		_ = tonetbsd.SigsetT(&back, &lx)
		_ = tonetbsd.Siginfo(&nb, &info)
		_ = tolinux.SiginfoT(&info, &nb)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
