package tonetbsd_test

import (
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// The numbers here are written out, as the two systems' manuals and kernels have
// them, so that a generated table is compared with something other than itself.

func TestErrno(t *testing.T) {
	pairs := map[int]int{
		11: 35, 35: 11, 36: 115, 37: 114, 62: 40, 63: 36, 64: 112, 65: 113, 66: 39, 68: 87, 69: 122, 70: 116, 71: 66, 77: 37, 78: 38,
		82: 43, 83: 42, 84: 75, 85: 84, 87: 125, 88: 74, 89: 61, 90: 63, 91: 60, 92: 62, 94: 72, 95: 67, 96: 71, 97: 130, 98: 131,
	}
	for n := 1; n <= 34; n++ {
		if n != 11 {
			pairs[n] = n
		}
	}
	for n := 38; n <= 61; n++ { // ENOTSOCK to ECONNREFUSED
		pairs[n] = n + 50
	}
	for nb, lx := range pairs {
		if got, ok := tolinux.Errno(netbsd.Errno(nb)); int(got) != lx || !ok {
			t.Errorf("tolinux.Errno(%d) = %d, %t; want %d", nb, int(got), ok, lx)
		}
		if got, ok := tonetbsd.Errno(linux.Errno(lx)); int(got) != nb || !ok {
			t.Errorf("tonetbsd.Errno(%d) = %d, %t; want %d", lx, int(got), ok, nb)
		}
	}
	// ENOTSUP is a number of its own on NetBSD alone.
	if got, ok := tolinux.Errno(86); got != 95 || !ok {
		t.Errorf("tolinux.Errno(ENOTSUP) = %d, %t; want 95", int(got), ok)
	}
	for _, none := range []int{67, 72, 79, 80, 81, 99, 1 << 20} {
		if got, ok := tolinux.Errno(netbsd.Errno(none)); ok {
			t.Errorf("tolinux.Errno(%d) = %d; want none", none, int(got))
		}
	}
}

func TestFamilies(t *testing.T) {
	for _, test := range []struct{ nb, lx int }{
		{0, 0}, {1, 1}, {2, 2}, {24, 10}, {16, 5}, {23, 4}, {11, 22}, {26, 34}, {33, 28}, {31, 31}, {18, 17},
	} {
		if got, ok := tonetbsd.AddressFamily(uint16(test.lx)); int(got) != test.nb || !ok {
			t.Errorf("tonetbsd.AddressFamily(%d) = %d, %t; want %d", test.lx, got, ok, test.nb)
		}
		if got, ok := tolinux.AddressFamily(uint8(test.nb)); int(got) != test.lx || !ok {
			t.Errorf("tolinux.AddressFamily(%d) = %d, %t; want %d", test.nb, got, ok, test.lx)
		}
	}
	// NetBSD's routing socket is not netlink, though Linux has AF_ROUTE for it.
	if got, ok := tolinux.AddressFamily(34); ok {
		t.Errorf("tolinux.AddressFamily(AF_ROUTE) = %d; want none", got)
	}
	if got, ok := tonetbsd.AddressFamily(16); ok {
		t.Errorf("tonetbsd.AddressFamily(AF_NETLINK) = %d; want none", got)
	}
	if got, ok := tonetbsd.ProtocolFamily(15); got != 29 || !ok {
		t.Errorf("tonetbsd.ProtocolFamily(PF_KEY) = %d, %t; want 29", got, ok)
	}
	if _, ok := tonetbsd.ProtocolFamily(-1); ok {
		t.Error("tonetbsd.ProtocolFamily(-1) has a counterpart")
	}
}

func TestSignals(t *testing.T) {
	for _, test := range []struct{ nb, lx int }{
		{1, 1}, {9, 9}, {10, 7}, {12, 31}, {16, 23}, {17, 19}, {18, 20}, {19, 18}, {20, 17}, {23, 29}, {30, 10}, {31, 12}, {32, 30},
	} {
		if got, ok := tonetbsd.Signal(linux.Signal(test.lx)); int(got) != test.nb || !ok {
			t.Errorf("tonetbsd.Signal(%d) = %d, %t; want %d", test.lx, int(got), ok, test.nb)
		}
		if got, ok := tolinux.Signal(netbsd.Signal(test.nb)); int(got) != test.lx || !ok {
			t.Errorf("tolinux.Signal(%d) = %d, %t; want %d", test.nb, int(got), ok, test.lx)
		}
	}
	for _, none := range []int{7, 29} {
		if got, ok := tolinux.Signal(netbsd.Signal(none)); ok {
			t.Errorf("tolinux.Signal(%d) = %d; want none", none, int(got))
		}
	}
}

func TestSocketOption(t *testing.T) {
	for _, test := range []struct{ nbLevel, nb, lxLevel, lx int32 }{
		{0xffff, 4, 1, 2}, {0xffff, 0x80, 1, 13}, {0xffff, 0x1001, 1, 7}, {0xffff, 0x2000, 1, 29}, {0xffff, 0x100c, 1, 20}, {0xffff, 0x200, 1, 15},
		{0, 3, 0, 1}, {0, 4, 0, 2}, {0, 12, 0, 35}, {0, 9, 0, 32}, {0, 23, 0, 12}, {0, 25, 0, 8}, {0, 6, 0, 7},
		{41, 27, 41, 26}, {41, 4, 41, 16}, {41, 46, 41, 50}, {41, 36, 41, 49}, {41, 61, 41, 67},
		{6, 1, 6, 1}, {6, 3, 6, 4}, {6, 32, 6, 13}, {6, 9, 6, 11},
		{17, 100, 17, 100}, {58, 18, 58, 1},
	} {
		if level, option, ok := tonetbsd.SocketOption(test.lxLevel, test.lx); level != test.nbLevel || option != test.nb || !ok {
			t.Errorf("tonetbsd.SocketOption(%d, %d) = %d, %d, %t; want %d, %d", test.lxLevel, test.lx, level, option, ok, test.nbLevel, test.nb)
		}
		if level, option, ok := tolinux.SocketOption(test.nbLevel, test.nb); level != test.lxLevel || option != test.lx || !ok {
			t.Errorf("tolinux.SocketOption(%d, %d) = %d, %d, %t; want %d, %d", test.nbLevel, test.nb, level, option, ok, test.lxLevel, test.lx)
		}
	}
	for _, none := range []struct{ level, option int32 }{{0, 10}, {0, 11}, {0, 13}, {6, 3}, {6, 9}, {1, 25}, {1, -1}, {-1, 1}, {2, 1}, {41, 1 << 30}} {
		if level, option, ok := tonetbsd.SocketOption(none.level, none.option); ok {
			t.Errorf("tonetbsd.SocketOption(%d, %d) = %d, %d; want none", none.level, none.option, level, option)
		}
	}
}

// flagTest is one flag word on both sides.
type flagTest struct{ nb, lx int64 }

func checkFlags[N, L abi.Integer](t *testing.T, what string, toN func(L) (N, bool), toL func(N) (L, bool), tests []flagTest) {
	t.Helper()
	for _, test := range tests {
		if got, ok := toN(L(test.lx)); got != N(test.nb) || !ok {
			t.Errorf("%s: %#x to NetBSD = %#x, %t; want %#x", what, test.lx, got, ok, test.nb)
		}
		if got, ok := toL(N(test.nb)); got != L(test.lx) || !ok {
			t.Errorf("%s: %#x to Linux = %#x, %t; want %#x", what, test.nb, got, ok, test.lx)
		}
	}
}

func TestFlags(t *testing.T) {
	checkFlags(t, "socket type", tonetbsd.SocketType, tolinux.SocketType, []flagTest{
		{1, 1}, {5, 5}, {0x10000002, 0x80002}, {0x20000001, 0x801}, {0x30000003, 0x80803},
	})
	checkFlags(t, "message", tonetbsd.MessageFlags, tolinux.MessageFlags, []flagTest{
		{0, 0}, {7, 7}, {8, 0x80}, {0x10, 0x20}, {0x20, 8}, {0x40, 0x100}, {0x80, 0x40}, {0x400, 0x4000}, {0x800, 0x40000000}, {0x2000, 0x10000},
		{0x90, 0x60},
	})
	checkFlags(t, "open", tonetbsd.OpenFlags, tolinux.OpenFlags, []flagTest{
		{0, 0}, {1, 1}, {2, 2}, {8 | 1, 0x400 | 1}, {0x200, 0x40}, {0x400, 0x200}, {0x800, 0x80}, {4, 0x800}, {0x400000, 0x80000},
		{0x80, 0x101000}, {0x10000, 0x1000}, {0x8000, 0x100}, {0x602 | 0x400000, 0x242 | 0x80000},
	})
	checkFlags(t, "poll", tonetbsd.PollEvents, tolinux.PollEvents, []flagTest{
		{1, 1}, {0x3f, 0x3f}, {0x40, 0x40}, {0x80, 0x80}, {0x100, 0x200},
	})
	checkFlags(t, "interface", tonetbsd.InterfaceFlags, tolinux.InterfaceFlags, []flagTest{
		{0x41, 0x41}, {0x8000, 0x1000}, {0x83cf, 0x13cf},
	})
	if got, ok := tolinux.OpenFlags(0x20000); got != 0x101000 || !ok {
		t.Errorf("O_RSYNC to Linux = %#x, %t; want O_SYNC", got, ok)
	}
	if got, ok := tonetbsd.PollEvents(0x100); got != 4 || !ok {
		t.Errorf("POLLWRNORM to NetBSD = %#x, %t; want POLLOUT", got, ok)
	}
	if got, ok := tonetbsd.MessageFlags(0x800 | 1); got != 1 || !ok {
		t.Errorf("MSG_CONFIRM to NetBSD = %#x, %t; want it dropped", got, ok)
	}
	if _, ok := tonetbsd.OpenFlags(3); ok {
		t.Error("access mode 3 has a counterpart")
	}
	if _, ok := tonetbsd.SocketType(0); ok {
		t.Error("socket type 0 has a counterpart")
	}
	if got, ok := tonetbsd.MessageFlags(0x8000 | 0x40); got != 0x80 || ok {
		t.Errorf("MSG_MORE|MSG_DONTWAIT to NetBSD = %#x, %t; want MSG_DONTWAIT and false", got, ok)
	}
}

// TestRoundTrips tries every number up to 2^16: what has a counterpart comes
// back as a number that has the same one, and so on no further.
func TestRoundTrips(t *testing.T) {
	checkAll(t, "errno", tonetbsd.Errno, tolinux.Errno)
	checkAll(t, "signal", tonetbsd.Signal, tolinux.Signal)
	checkAll(t, "family", tonetbsd.AddressFamily, tolinux.AddressFamily)
	checkAll(t, "protocol family", tonetbsd.ProtocolFamily, tolinux.ProtocolFamily)
	checkAll(t, "protocol", tonetbsd.Protocol, tolinux.Protocol)
	checkAll(t, "shutdown", tonetbsd.ShutdownHow, tolinux.ShutdownHow)
	checkAll(t, "link type", tonetbsd.LinkType, tolinux.LinkType)
	checkAll(t, "SOL_SOCKET", tonetbsd.SocketLevelOption, tolinux.SocketLevelOption)
	checkAll(t, "IP", tonetbsd.IPOption, tolinux.IPOption)
	checkAll(t, "IPv6", tonetbsd.IPv6Option, tolinux.IPv6Option)
	checkAll(t, "TCP", tonetbsd.TCPOption, tolinux.TCPOption)
	checkAll(t, "UDP", tonetbsd.UDPOption, tolinux.UDPOption)
	checkAll(t, "ICMPv6", tonetbsd.ICMPv6Option, tolinux.ICMPv6Option)
	checkAll(t, "socket type", tonetbsd.SocketType, tolinux.SocketType)
	checkAll(t, "message flags", tonetbsd.MessageFlags, tolinux.MessageFlags)
	checkAll(t, "open flags", tonetbsd.OpenFlags, tolinux.OpenFlags)
	checkAll(t, "poll events", tonetbsd.PollEvents, tolinux.PollEvents)
	checkAll(t, "interface flags", tonetbsd.InterfaceFlags, tolinux.InterfaceFlags)
}

func checkAll[N, L abi.Integer](t *testing.T, what string, toN func(L) (N, bool), toL func(N) (L, bool)) {
	t.Helper()
	some := false
	for i := range 1 << 16 {
		v := L(i)
		n, ok := toN(v)
		if !ok || uint64(v) != uint64(i) {
			continue
		}
		some = true
		back, ok := toL(n)
		if !ok {
			t.Errorf("%s: %d became %d, which has no counterpart", what, i, n)
			continue
		}
		if again, ok := toN(back); again != n || !ok {
			t.Errorf("%s: %d became %d, %d, and then %d (%t)", what, i, n, back, again, ok)
		}
	}
	if !some {
		t.Errorf("%s: nothing has a counterpart", what)
	}
}
