package ktrace

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A fake kernel answers each call with a function.
type fake struct {
	kernel.Kernel
	kernel.Process
	mem *abi.Bytes
	do  func(mem *abi.Bytes) (uintptr, error)
}

func (f *fake) NewProcess(kernel.ProcessOptions) (kernel.Process, error) { return f, nil }
func (f *fake) NewThread(mem abi.Memory) (kernel.Thread, error) {
	f.mem = mem.(*abi.Bytes)
	return f, nil
}
func (f *fake) Exit()                    {}
func (f *fake) Release() *kernel.Release { return kernel.NetBSD79934 }
func (f *fake) Close() error             { return nil }
func (f *fake) Syscall(context.Context, syscalls.Number, syscalls.Args) (uintptr, uintptr, error) {
	r, err := f.do(f.mem)
	return r, 0, err
}

func TestLines(t *testing.T) {
	const base = 0x1000
	in4 := []byte{16, netbsd.AF_INET, 0, 80, 10, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0}
	ok := func(r uintptr) func(*abi.Bytes) (uintptr, error) {
		return func(*abi.Bytes) (uintptr, error) { return r, nil }
	}
	for _, test := range []struct {
		name string
		num  syscalls.Number
		args syscalls.Args
		mem  []byte
		do   func(*abi.Bytes) (uintptr, error)
		want string
	}{
		{"socket", netbsd.SYS___socket30, syscalls.Args{netbsd.AF_INET6, netbsd.SOCK_STREAM | netbsd.SOCK_CLOEXEC, 0}, nil, ok(3),
			"> socket(AF_INET6, SOCK_STREAM|SOCK_CLOEXEC, 0) = 3\n"},
		{"refused", netbsd.SYS_connect, syscalls.Args{3, base, 16}, in4,
			func(*abi.Bytes) (uintptr, error) { return 0, netbsd.ECONNREFUSED },
			"> connect(3, 10.0.0.1:80, 16) = -1 ECONNREFUSED (Connection refused)\n"},
		{"what was sent, not what is there later", netbsd.SYS_write, syscalls.Args{4, base, 4}, []byte("ping"),
			func(m *abi.Bytes) (uintptr, error) { copy(m.Data, "pong"); return 4, nil },
			"> write(4, \"ping\", 4) = 4\n"},
		{"what was received", netbsd.SYS_read, syscalls.Args{4, base, 64}, make([]byte, 64),
			func(m *abi.Bytes) (uintptr, error) { copy(m.Data, "pong\n"); return 5, nil },
			"> read(4, \"pong\\n\", 64) = 5\n"},
		{"long", netbsd.SYS_write, syscalls.Args{4, base, 64}, bytes.Repeat([]byte("x"), 64), ok(64),
			"> write(4, \"xxxxxxxx\"..., 64) = 64\n"},
		{"no such memory", netbsd.SYS_connect, syscalls.Args{3, 0x10, 16}, nil,
			func(*abi.Bytes) (uintptr, error) { return 0, netbsd.EFAULT },
			"> connect(3, 0x10, 16) = -1 EFAULT (Bad address)\n"},
		{"a routing message of its release", netbsd.SYS_read, syscalls.Args{4, base, 64}, make([]byte, 64),
			func(m *abi.Bytes) (uintptr, error) {
				binary.NativeEndian.PutUint16(m.Data, 24) // ifam_msglen
				m.Data[2], m.Data[3] = netbsd.RTM_VERSION, kernel.NetBSD79934.Routing.NewAddr
				return 24, nil
			},
			"> read(4, {RTM_NEWADDR}, 64) = 24\n"},
		{"null", netbsd.SYS_accept, syscalls.Args{3, 0, 0}, nil, ok(4), "> accept(3, NULL, NULL) = 4\n"},
		{"unknown", 0x7fff, syscalls.Args{}, nil, func(*abi.Bytes) (uintptr, error) { return 0, netbsd.ENOSYS },
			"> syscall 32767 = -1 ENOSYS (Function not implemented)\n"},
		{"lost", netbsd.SYS_close, syscalls.Args{3}, nil, func(*abi.Bytes) (uintptr, error) { return 0, errors.New("line cut") },
			"> close(3) = ? line cut\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			k := New(&fake{do: test.do}, &out, Options{Prefix: "> ", Bytes: 8})
			p, err := k.NewProcess(kernel.ProcessOptions{})
			if err != nil {
				t.Fatal(err)
			}
			th, err := p.NewThread(&abi.Bytes{Base: base, Data: test.mem})
			if err != nil {
				t.Fatal(err)
			}
			_, _, _ = th.Syscall(t.Context(), test.num, test.args)
			if out.String() != test.want {
				t.Errorf("got  %swant %s", out.String(), test.want)
			}
		})
	}
}

func TestSkip(t *testing.T) {
	var out bytes.Buffer
	k := New(&fake{do: func(*abi.Bytes) (uintptr, error) { return 0, nil }}, &out, Options{
		Skip: func(n syscalls.Number) bool { return n == netbsd.SYS_poll },
	})
	p, _ := k.NewProcess(kernel.ProcessOptions{})
	th, _ := p.NewThread(&abi.Bytes{})
	_, _, _ = th.Syscall(t.Context(), netbsd.SYS_poll, syscalls.Args{})
	if out.Len() > 0 {
		t.Errorf("wrote %q", out.String())
	}
}
