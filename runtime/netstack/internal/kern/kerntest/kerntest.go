// Package kerntest makes system calls for the tests of the packages that do
// them, without the rest of a kernel.
package kerntest

import (
	"context"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

const (
	base       = 0x10000 // of a thread's memory
	memorySize = 1 << 18
)

// A Thread is one of a process that makes system calls.
type Thread struct {
	*kern.Lwp

	t      *testing.T
	calls  map[syscalls.Number]kern.Handler
	memory *abi.Bytes
	used   int
}

// New starts a process with one thread, which can make the calls of the lists.
// It exits at the end of the test.
func New(t *testing.T, lists ...[]kern.Sysent) *Thread {
	t.Helper()
	calls := map[syscalls.Number]kern.Handler{}
	for _, list := range lists {
		for _, s := range list {
			calls[s.Number] = s.Handler
		}
	}
	return start(t, Process(t, new(kern.Procs)), calls)
}

// Process starts a process.
func Process(t testing.TB, procs *kern.Procs) *kern.Proc {
	t.Helper()
	p, err := procs.New("test", nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func start(t *testing.T, p *kern.Proc, calls map[syscalls.Number]kern.Handler) *Thread {
	t.Cleanup(p.Exit)
	memory := &abi.Bytes{Base: base, Data: make([]byte, memorySize)}
	return &Thread{Lwp: kern.NewLwp(p, memory), t: t, calls: calls, memory: memory}
}

// Thread returns another thread of the process, with memory of its own.
func (th *Thread) Thread() *Thread { return start(th.t, th.Proc, th.calls) }

// Fork returns the thread of a child with the descriptors in fds, as
// kern.Procs.Fork takes them. signal may be nil.
func (th *Thread) Fork(fds *kern.Table, signal func(netbsd.Signal)) *Thread {
	th.t.Helper()
	child, err := th.Proc.Procs().Fork(th.Proc, fds, "child", signal)
	if err != nil {
		th.t.Fatal(err)
	}
	return start(th.t, child, th.calls)
}

// Call makes a system call.
func (th *Thread) Call(num syscalls.Number, args ...uintptr) (r0, r1 uintptr, err error) {
	return th.CallContext(context.Background(), num, args...)
}

// CallContext is Call with a context that can interrupt it.
func (th *Thread) CallContext(ctx context.Context, num syscalls.Number, args ...uintptr) (r0, r1 uintptr, err error) {
	if !th.Proc.Enter() {
		return 0, 0, netbsd.ESRCH
	}
	defer th.Proc.Leave()
	var a syscalls.Args
	copy(a[:], args)
	th.Ctx = ctx
	return th.calls[num](th.Lwp, a)
}

// Must makes a system call that has to succeed, and returns its result.
func (th *Thread) Must(num syscalls.Number, args ...uintptr) uintptr {
	th.t.Helper()
	r, _, err := th.Call(num, args...)
	if err != nil {
		th.t.Fatalf("%s: %v", num, err)
	}
	return r
}

// Fails makes a system call that has to fail with errno.
func (th *Thread) Fails(errno netbsd.Errno, num syscalls.Number, args ...uintptr) {
	th.t.Helper()
	if _, _, err := th.Call(num, args...); kern.Errno(err) != errno {
		th.t.Errorf("%s: %v, not %v", num, err, errno)
	}
}

// Put copies b to memory that was not used before, and returns its address.
func (th *Thread) Put(b []byte) uintptr {
	th.t.Helper()
	if th.used+len(b) > len(th.memory.Data) {
		th.t.Fatal("kerntest: no memory left")
	}
	at := th.used
	copy(th.memory.Data[at:], b)
	th.used += (len(b) + 7) &^ 7
	return uintptr(base + at)
}

// Get returns n bytes of memory.
func (th *Thread) Get(at uintptr, n int) []byte {
	return th.memory.Data[at-base:][:n:n]
}

// Pipe makes a pipe, and returns the descriptors to read from and to write to.
func (th *Thread) Pipe(flags uint32) (r, w uintptr) {
	th.t.Helper()
	var fds [2]int32
	at := th.Put(abi.AsBytes(&fds))
	th.Must(netbsd.SYS_pipe2, at, uintptr(flags))
	copy(abi.AsBytes(&fds), th.Get(at, len(abi.AsBytes(&fds))))
	return uintptr(fds[0]), uintptr(fds[1])
}
