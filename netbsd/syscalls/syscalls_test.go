package syscalls_test

import (
	"context"
	"errors"
	"math"
	"math/bits"
	"testing"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A kernel that remembers what it was asked, and answers what it is told to.
type kernel struct {
	num    syscalls.Number
	args   syscalls.Args
	r0, r1 uintptr
	err    error
}

func (k *kernel) Syscall(_ context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	k.num, k.args = num, args
	return k.r0, k.r1, k.err
}

// wide returns the slots of a 64-bit argument, or the registers of a 64-bit
// result: two on a 32-bit machine.
func wide(v int64) []uintptr {
	if bits.UintSize == 64 {
		return []uintptr{uintptr(v)}
	}
	return []uintptr{uintptr(v & math.MaxUint32), uintptr(v >> 32 & math.MaxUint32)}
}

func slots(parts ...[]uintptr) (args syscalls.Args) {
	n := 0
	for _, p := range parts {
		n += copy(args[n:], p)
	}
	return args
}

// TestSlots calls functions of every shape, and compares what reaches the
// kernel with what NetBSD's own client of a rump kernel sends: integers are
// not extended into the rest of their slot.
func TestSlots(t *testing.T) {
	const minus1 = math.MaxUint32
	ctx := t.Context()
	offset := -int64(1)<<40 | 0x12345678
	for _, tc := range []struct {
		name string
		call func(syscalls.Caller) error
		num  syscalls.Number
		args syscalls.Args
	}{
		{"negative int", func(c syscalls.Caller) error { return syscalls.Close(ctx, c, -1) }, 6, syscalls.Args{minus1}},
		{"three ints", func(c syscalls.Caller) error {
			_, err := syscalls.Socket(ctx, c, netbsd.AF_INET, netbsd.SOCK_STREAM, -2)
			return err
		}, 394, syscalls.Args{2, 1, minus1 - 1}},
		{"pointer", func(c syscalls.Caller) error { return syscalls.Bind(ctx, c, 3, math.MaxUint32-15, 16) }, 104, syscalls.Args{3, math.MaxUint32 - 15, 16}},
		{"size_t", func(c syscalls.Caller) error {
			_, err := syscalls.Read(ctx, c, 0, 0x1000, math.MaxUint)
			return err
		}, 3, syscalls.Args{0, 0x1000, math.MaxUint}},
		{"variadic", func(c syscalls.Caller) error {
			_, err := syscalls.Open(ctx, c, 8, netbsd.O_RDWR|netbsd.O_CREAT, 0o600)
			return err
		}, 5, syscalls.Args{8, 0x202, 0o600}},
		{"unsigned long", func(c syscalls.Caller) error {
			_, err := syscalls.Ioctl(ctx, c, 3, netbsd.FIONREAD, 0x2000)
			return err
		}, 54, syscalls.Args{3, 0x4004667f, 0x2000}},
		{"padding before 64 bits", func(c syscalls.Caller) error {
			_, err := syscalls.Pread(ctx, c, 3, 0x3000, 5, offset)
			return err
		}, 173, slots([]uintptr{3, 0x3000, 5, 0}, wide(offset))},
		{"padding and a last int", func(c syscalls.Caller) error {
			_, err := syscalls.Lseek(ctx, c, 3, offset, -1)
			return err
		}, 199, slots([]uintptr{3, 0}, wide(offset), []uintptr{minus1})},
		{"twice 64 bits", func(c syscalls.Caller) error { return syscalls.FsyncRange(ctx, c, -1, 1, offset, math.MaxInt64) },
			354, slots([]uintptr{minus1, 1}, wide(offset), wide(math.MaxInt64))},
		{"unsigned 64 bits", func(c syscalls.Caller) error { return syscalls.Mknod(ctx, c, 1, 2, 0x1_0000_0003) },
			450, slots([]uintptr{1, 2}, wide(0x1_0000_0003))},
		{"six slots", func(c syscalls.Caller) error {
			_, err := syscalls.Kevent(ctx, c, 3, 4, 5, 6, 7, 0)
			return err
		}, 435, syscalls.Args{3, 4, 5, 6, 7, 0}},
		{"enum", func(c syscalls.Caller) error { return syscalls.ClockGetcpuclockid2(ctx, c, netbsd.P_MYID, 7, 8) },
			482, syscalls.Args{minus1, 7, 8}},
		{"nothing", func(c syscalls.Caller) error { return syscalls.Sync(ctx, c) }, 36, syscalls.Args{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var k kernel
			if err := tc.call(&k); err != nil {
				t.Fatal(err)
			}
			if k.num != tc.num || k.args != tc.args {
				t.Errorf("the kernel got call %d (%s) with %#x, want %d with %#x", k.num, k.num, k.args, tc.num, tc.args)
			}
			// The table finds the arguments where the function put them.
			c, _ := syscalls.Lookup(tc.num)
			for i, a := range c.Args {
				if a.Kind == syscalls.Int32 && k.args[c.Slot(i)] == minus1 && int64(c.Value(&k.args, i)) != -1 {
					t.Errorf("the table reads %s as %#x, want -1", a.Name, c.Value(&k.args, i))
				}
				if a.Kind == syscalls.Int64 && a.Name != "length" && int64(c.Value(&k.args, i)) != offset {
					t.Errorf("the table reads %s as %#x, want %#x", a.Name, c.Value(&k.args, i), offset)
				}
			}
		})
	}
}

// TestResults holds how the kernel's registers become results.
func TestResults(t *testing.T) {
	ctx := t.Context()
	k := &kernel{r0: 5, r1: 6}
	if r, err := syscalls.Accept(ctx, k, 3, 0, 0); r != 5 || err != nil {
		t.Errorf("accept: %d, %v", r, err)
	}
	if r, w, err := syscalls.Pipe(ctx, k); r != 5 || w != 6 || err != nil {
		t.Errorf("pipe: %d, %d, %v", r, w, err)
	}
	k.r0, k.r1 = math.MaxUint, 0 // a pathconf without a limit is a long of -1
	if r, err := syscalls.Fpathconf(ctx, k, 3, 4); r != -1 || err != nil {
		t.Errorf("fpathconf: %d, %v", r, err)
	}
	k.r0 = math.MaxUint32 // an int of -1, from a kernel that does not extend it
	if r, err := syscalls.Getuid(ctx, k); r != math.MaxUint32 || err != nil {
		t.Errorf("getuid: %d, %v", r, err)
	}
	if r, err := syscalls.Fcntl(ctx, k, 3, 5, 0); r != -1 || err != nil {
		t.Errorf("fcntl: %d, %v", r, err)
	}
	const end = int64(1)<<33 + 0xfffffff0
	registers := wide(end)
	k.r0 = registers[0]
	if len(registers) == 2 {
		k.r1 = registers[1]
	}
	if r, err := syscalls.Lseek(ctx, k, 3, 0, 2); r != end || err != nil {
		t.Errorf("lseek: %#x, %v, want %#x", r, err, end)
	}
}

// TestErrors holds that what comes with an error is not the registers.
func TestErrors(t *testing.T) {
	ctx := t.Context()
	lost := errors.New("connection lost")
	for _, err := range []error{netbsd.EAGAIN, lost} {
		k := &kernel{r0: 4, r1: 4, err: err}
		if r, got := syscalls.Paccept(ctx, k, 3, 0, 0, 0, 0); r != -1 || !errors.Is(got, err) {
			t.Errorf("paccept: %d, %v", r, got)
		}
		if r, got := syscalls.Getgid(ctx, k); r != 0 || !errors.Is(got, err) {
			t.Errorf("getgid: %d, %v", r, got)
		}
		if r, w, got := syscalls.Pipe(ctx, k); r != -1 || w != -1 || !errors.Is(got, err) {
			t.Errorf("pipe: %d, %d, %v", r, w, got)
		}
		if got := syscalls.Listen(ctx, k, 3, 1); !errors.Is(got, err) {
			t.Errorf("listen: %v", got)
		}
	}
}

// TestNumbers has facts about NetBSD 10 from outside its headers: the table of
// calls that a description of the protocol of remote rump kernels gives.
func TestNumbers(t *testing.T) {
	for _, want := range []struct {
		num    syscalls.Number
		symbol string
		args   int // padding included
	}{
		{394, "__socket30", 3}, {135, "socketpair", 4}, {104, "bind", 3}, {98, "connect", 3}, {106, "listen", 2},
		{30, "accept", 3}, {456, "paccept", 5}, {133, "sendto", 6}, {29, "recvfrom", 6}, {28, "sendmsg", 3},
		{27, "recvmsg", 3}, {476, "sendmmsg", 4}, {475, "recvmmsg", 5}, {118, "getsockopt", 5}, {105, "setsockopt", 5},
		{32, "getsockname", 3}, {31, "getpeername", 3}, {134, "shutdown", 2}, {3, "read", 3}, {4, "write", 3},
		{120, "readv", 3}, {121, "writev", 3}, {6, "close", 1}, {41, "dup", 1}, {90, "dup2", 2}, {454, "dup3", 3},
		{92, "fcntl", 3}, {54, "ioctl", 3}, {209, "poll", 3}, {437, "__pollts50", 4}, {417, "__select50", 5},
		{436, "__pselect50", 6}, {344, "kqueue", 0}, {455, "kqueue1", 1}, {435, "__kevent50", 6}, {202, "__sysctl", 6},
		{453, "pipe2", 2}, {42, "pipe", 0}, {20, "getpid", 0}, {39, "getppid", 0}, {24, "getuid", 0}, {25, "geteuid", 0},
		{47, "getgid", 0}, {43, "getegid", 0}, {440, "__fstat50", 2}, {427, "__clock_gettime50", 2},
		{429, "__clock_getres50", 2}, {418, "__gettimeofday50", 2}, {430, "__nanosleep50", 2}, {425, "__setitimer50", 3},
		{147, "setsid", 0}, {49, "__getlogin", 2}, {50, "__setlogin", 1}, {194, "getrlimit", 2}, {208, "reboot", 2},
		{439, "__stat50", 2}, {441, "__lstat50", 2}, {5, "open", 3}, {10, "unlink", 1}, {173, "pread", 5},
		{174, "pwrite", 5}, {199, "lseek", 4}, {296, "__getcwd", 2}, {450, "__mknod50", 3}, {445, "__getrusage50", 2},
	} {
		c, ok := syscalls.Lookup(want.num)
		if !ok || c.Number != want.num || c.Symbol != want.symbol || len(c.Args) != want.args {
			t.Errorf("call %d is %q with %d arguments, want %q with %d", want.num, c.Symbol, len(c.Args), want.symbol, want.args)
		}
		if bits.UintSize == 64 && c.Slots() != want.args {
			t.Errorf("%s takes %d slots, want %d", c.Symbol, c.Slots(), want.args)
		}
		for _, name := range []string{c.Name, c.Symbol} {
			if by, ok := syscalls.ByName(name); !ok || by.Number != want.num {
				t.Errorf("%q is call %d, want %d", name, by.Number, want.num)
			}
		}
	}
	for name, want := range map[string]syscalls.Number{
		"compat_30_socket": 97, "compat_50_select": 93, "compat_50_kevent": 345, "getrusage": 445, "exit": 1,
		"__sigaction_sigtramp": 340, "wait4": 449,
	} {
		if c, ok := syscalls.ByName(name); !ok || c.Number != want || c.Func != "" || c.Note == "" {
			t.Errorf("%q is call %d, function %q, note %q", name, c.Number, c.Func, c.Note)
		}
	}
}

// TestTable goes through all calls.
func TestTable(t *testing.T) {
	calls, functions := 0, 0
	last := syscalls.Number(-1)
	for c := range syscalls.All() {
		calls++
		if c.Func != "" {
			functions++
		}
		if c.Number <= last || c.Name == "" || c.Slots() > syscalls.MaxArgs || c.Func == "" && c.Note == "" {
			t.Errorf("%d: %+v", c.Number, c)
		}
		last = c.Number
		if by, ok := syscalls.ByName(c.Symbol); !ok || by.Number != c.Number {
			t.Errorf("%s is found as %d", c.Symbol, by.Number)
		}
		if c.Number.String() != c.Name {
			t.Errorf("%d is called %s, want %s", c.Number, c.Number, c.Name)
		}
	}
	if calls < 440 || functions < 200 {
		t.Errorf("%d calls, %d functions", calls, functions)
	}
}

// TestAllocations holds that the way to the kernel costs no memory.
func TestAllocations(t *testing.T) {
	ctx := t.Context()
	var c syscalls.Caller = &kernel{err: netbsd.EWOULDBLOCK}
	if n := testing.AllocsPerRun(100, func() {
		_, _ = syscalls.Read(ctx, c, 3, 0x1000, 10)
		_, _ = syscalls.Lseek(ctx, c, 3, 1<<40, 0)
		_, _ = syscalls.Lookup(394)
		_, _ = syscalls.ByName("socket")
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkRead(b *testing.B) {
	var c syscalls.Caller = &kernel{r0: 10}
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		_, _ = syscalls.Read(ctx, c, 3, 0x1000, 10)
	}
}

func BenchmarkByName(b *testing.B) {
	for b.Loop() {
		_, _ = syscalls.ByName("recvmmsg")
	}
}
