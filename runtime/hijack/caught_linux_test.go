//go:build linux && (amd64 || arm64)

package hijack

import (
	"encoding/binary"
	"go/ast"
	"go/parser"
	"go/token"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/runtime/hijack/internal/seccomp"
)

// rules are all that the filter of this machine is made of.
func rules() []seccomp.Rule { return slices.Concat(caught, caughtHere) }

// A data is struct seccomp_data, what a filter looks at.
type data struct {
	number int32
	arch   uint32
	ip     uint64
	args   [6]uint64
}

// The machines' own AUDIT_ARCH_*, and those of their 32-bit programs.
const (
	archAMD64 = 0xc000003e
	arch386   = 0x40000003
	archARM64 = 0xc00000b7
	archARM   = 0x40000028
)

// The filter of each machine does with each of its calls what it should. On amd64, that
// of arm64 is looked at as well, which lacks one of the calls.
func TestFilters(t *testing.T) {
	for _, m := range []struct {
		name    string
		machine seccomp.Machine
		arch    uint32
		lacks   []string // of the calls that are caught
	}{
		{"amd64", seccomp.AMD64, archAMD64, nil},
		{"arm64", seccomp.ARM64, archARM64, []string{"open"}},
	} {
		t.Run(m.name, func(t *testing.T) {
			if m.name == "amd64" && runtime.GOARCH != m.name {
				t.Skip("amd64 has a rule of its own")
			}
			numbers := numbersOf(t, m.name)
			filter := m.machine.Program(translated(t, numbers, m.lacks))
			for name, number := range numbers {
				for _, c := range expectations(name) {
					d := data{number: int32(number), arch: m.arch, args: c.args}
					if got := interpret(t, filter, &d); got != c.want {
						t.Errorf("%s%x: %#x, want %#x", name, c.args, got, c.want)
					}
				}
			}
		})
	}
}

// 32-bit programs have no sockets, nor have those of x32.
func TestFiltersOfOthers(t *testing.T) {
	const enosys = seccomp.Action(unix.SECCOMP_RET_ERRNO | uint32(unix.ENOSYS))
	uring := []int32{425, 426, 427}
	for _, m := range []struct {
		name    string
		machine seccomp.Machine
		arch    uint32
		fails   []int32
	}{
		{"386", seccomp.AMD64, arch386, append(uring, 102, 359, 360)},
		{"arm", seccomp.ARM64, archARM, append(uring, 281, 288)},
	} {
		filter := m.machine.Program(rules())
		for number := range int32(500) {
			want := seccomp.Allow
			if slices.Contains(m.fails, number) {
				want = enosys
			}
			if got := interpret(t, filter, &data{number: number, arch: m.arch}); got != want {
				t.Errorf("%s: call %d: %#x, want %#x", m.name, number, got, want)
			}
		}
	}
	const x32 = 0x40000000
	filter := seccomp.AMD64.Program(rules())
	for _, number := range []int32{0, 41, 512, 547} {
		if got := interpret(t, filter, &data{number: number | x32, arch: archAMD64}); got != enosys {
			t.Errorf("x32: call %d: %#x, want ENOSYS", number, got)
		}
	}
}

// What the kernel tells of a call is as long as the kernel has it.
func TestCallLayout(t *testing.T) {
	var c seccomp.Call
	if size, args := unsafe.Sizeof(c), unsafe.Offsetof(c.Args); size != 80 || args != 32 {
		t.Errorf("struct seccomp_notif has %d bytes, its arguments are at %d", size, args)
	}
}

// translated returns the rules with the numbers of a machine.
func translated(t *testing.T, numbers map[string]uintptr, lacks []string) (there []seccomp.Rule) {
	t.Helper()
	names := map[uintptr]string{}
	for name, number := range numbersOf(t, runtime.GOARCH) {
		names[number] = name
	}
	for _, r := range rules() {
		name := names[r.Number]
		n, ok := numbers[name]
		if ok == slices.Contains(lacks, name) {
			t.Errorf("%s: there is such a call: %v", name, ok)
		}
		if ok {
			r.Number = n
			there = append(there, r)
		}
	}
	return there
}

// An expectation is what becomes of a call.
type expectation struct {
	args [6]uint64
	want seccomp.Action
}

func expectations(name string) []expectation {
	e := func(want seccomp.Action, args ...uint64) expectation {
		var x expectation
		copy(x.args[:], args)
		x.want = want
		return x
	}
	const high = 1 << 32
	switch name {
	case "socket":
		return []expectation{
			e(seccomp.Allow, unix.AF_UNIX), e(seccomp.Notify, unix.AF_INET), e(seccomp.Notify, unix.AF_INET6), e(seccomp.Notify, unix.AF_NETLINK),
			e(seccomp.Notify, unix.AF_PACKET), e(seccomp.Notify, unix.AF_VSOCK), e(seccomp.Notify, unix.AF_BLUETOOTH), e(seccomp.Notify, 0),
			e(seccomp.Allow, unix.AF_UNIX|high), // an int
		}
	case "socketpair":
		return []expectation{e(seccomp.Allow, unix.AF_UNIX), e(seccomp.Fail(unix.EOPNOTSUPP), unix.AF_INET)}
	case "bind", "connect", "listen", "accept", "accept4", "shutdown", "getsockname", "getpeername", "setsockopt", "getsockopt",
		"sendmsg", "recvmsg", "sendmmsg", "recvmmsg":
		return []expectation{e(seccomp.Notify), e(seccomp.Notify, 3, 1<<40, 16, 1, 1, 1)}
	case "sendto":
		return []expectation{
			e(seccomp.Allow, 3, 8, 8, unix.MSG_NOSIGNAL|unix.MSG_DONTWAIT), e(seccomp.Notify, 3, 8, 8, unix.MSG_OOB),
			e(seccomp.Notify, 3, 8, 8, unix.MSG_FASTOPEN), e(seccomp.Notify, 3, 8, 8, 0, 8, 16), e(seccomp.Notify, 3, 8, 8, 0, high, 16),
		}
	case "recvfrom":
		return []expectation{
			e(seccomp.Allow, 3, 8, 8, unix.MSG_PEEK|unix.MSG_WAITALL), e(seccomp.Notify, 3, 8, 8, unix.MSG_ERRQUEUE),
			e(seccomp.Notify, 3, 8, 8, 0, 8, 8), e(seccomp.Notify, 3, 8, 8, 0, high, 8),
		}
	case "ioctl":
		return []expectation{
			e(seccomp.Notify, 3, unix.SIOCGIFADDR), e(seccomp.Notify, 3, unix.SIOCGIFADDR|high), e(seccomp.Allow, 3, unix.TCGETS),
			e(seccomp.Allow, 3, unix.TIOCINQ),
		}
	case "open":
		return []expectation{e(seccomp.Notify, 8, unix.O_RDONLY|unix.O_CLOEXEC), e(seccomp.Allow, 8, unix.O_RDWR), e(seccomp.Allow, 8, unix.O_WRONLY)}
	case "openat":
		return []expectation{e(seccomp.Notify, 3, 8, unix.O_RDONLY|unix.O_CLOEXEC), e(seccomp.Allow, 3, 8, unix.O_RDWR)}
	case "io_uring_setup", "io_uring_enter", "io_uring_register":
		return []expectation{e(seccomp.Fail(unix.ENOSYS)), e(seccomp.Fail(unix.ENOSYS), 1, 1, 1, 1, 1, 1)}
	}
	return []expectation{e(seccomp.Allow), e(seccomp.Allow, 2, 2, 2, 0x8912, 2, 2)}
}

// numbersOf returns the numbers of a machine's calls, from package linux, whose
// files are generated from the C library's headers.
func numbersOf(t *testing.T, arch string) map[string]uintptr {
	t.Helper()
	numbers := map[string]uintptr{}
	for _, name := range []string{"zbits_syscall.go", "zbits_syscall_" + arch + ".go"} {
		f, err := parser.ParseFile(token.NewFileSet(), "../../linux/"+name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			call, ok := strings.CutPrefix(spec.Names[0].Name, "SYS_")
			value, isNumber := spec.Values[0].(*ast.BasicLit)
			if ok && isNumber {
				n, err := strconv.ParseUint(value.Value, 0, 32)
				if err != nil {
					t.Fatal(err)
				}
				numbers[call] = uintptr(n)
			}
			return false
		})
	}
	if len(numbers) < 250 {
		t.Fatalf("only %d calls", len(numbers))
	}
	return numbers
}

// interpret returns what a filter makes of a call. It knows the instructions of
// BPF that the filters have.
func interpret(t *testing.T, filter []unix.SockFilter, d *data) seccomp.Action {
	t.Helper()
	words := unsafe.Slice((*byte)(unsafe.Pointer(d)), unsafe.Sizeof(*d))
	var a, x uint32
	for pc := 0; pc < len(filter); pc++ {
		i := filter[pc]
		jump := func(yes bool) {
			if yes {
				pc += int(i.Jt)
			} else {
				pc += int(i.Jf)
			}
		}
		switch i.Code {
		case unix.BPF_LD | unix.BPF_W | unix.BPF_ABS:
			a = binary.NativeEndian.Uint32(words[i.K:])
		case unix.BPF_MISC | unix.BPF_TAX:
			x = a
		case unix.BPF_ALU | unix.BPF_AND | unix.BPF_K:
			a &= i.K
		case unix.BPF_ALU | unix.BPF_OR | unix.BPF_X:
			a |= x
		case unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K:
			jump(a == i.K)
		case unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K:
			jump(a >= i.K)
		case unix.BPF_JMP | unix.BPF_JA:
			pc += int(i.K)
		case unix.BPF_RET | unix.BPF_K:
			return seccomp.Action(i.K)
		default:
			t.Fatalf("instruction %d: %#x", pc, i.Code)
		}
	}
	t.Fatal("it goes on behind its end")
	return 0
}
