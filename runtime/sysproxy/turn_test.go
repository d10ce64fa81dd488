package sysproxy

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// Threads of one process that make calls at once each get their own answers and
// memory, whoever reads them, and one that sleeps does not keep the others waiting.
func TestTurns(t *testing.T) {
	s := &Server{Kernel: boot(t, nil)}
	p, th := newProcess(t, dial(t, serve(t, s)), make([]byte, 64))
	asleep, _ := pipe(t, th)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		_, err := syscalls.Read(ctx, th, asleep, dataAt, 64)
		done <- err
	}()
	sleeping(t, s)
	var wg sync.WaitGroup
	for i := range 6 {
		a := abi.Addr(0x10000 * (i + 1))
		mem := &abi.Bytes{Base: a, Data: make([]byte, 8)}
		worker, err := p.NewThread(mem)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() { echo(t, worker, mem, byte(i)) })
	}
	wg.Wait()
	cancel()
	if err := <-done; !errors.Is(err, netbsd.EINTR) {
		t.Error("the call that sleeps:", err)
	}
}

// echo sends bytes through a pipe, and makes calls of no memory between.
func echo(t *testing.T, th kernel.Thread, mem *abi.Bytes, first byte) {
	r, w := pipe(t, th)
	for n := range 50 {
		mem.Data[0], mem.Data[1] = first, byte(n)
		if _, err := syscalls.Write(t.Context(), th, w, mem.Base, 2); err != nil {
			t.Error(err)
			return
		}
		if _, err := syscalls.Getpid(t.Context(), th); err != nil {
			t.Error(err)
			return
		}
		if _, err := syscalls.Read(t.Context(), th, r, mem.Base+2, 2); err != nil || mem.Data[2] != first || mem.Data[3] != byte(n) {
			t.Error(mem.Data, err)
			return
		}
	}
}

// A stuckKernel has calls of getppid(2) wait without asking for the end of their
// context, until it is let go.
type stuckKernel struct {
	kernel.Kernel
	begun, free chan struct{}
}

func (k stuckKernel) NewProcess(opt kernel.ProcessOptions) (kernel.Process, error) {
	p, err := k.Kernel.NewProcess(opt)
	return stuckProcess{p, k}, err
}

type stuckProcess struct {
	kernel.Process
	k stuckKernel
}

func (p stuckProcess) NewThread(mem abi.Memory) (kernel.Thread, error) {
	th, err := p.Process.NewThread(mem)
	return stuckThread{th, p.k}, err
}

type stuckThread struct {
	kernel.Thread
	k stuckKernel
}

func (th stuckThread) Syscall(ctx context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	if num == netbsd.SYS_getppid {
		th.k.begun <- struct{}{}
		<-th.k.free
	}
	return th.Thread.Syscall(ctx, num, args)
}

// A call that takes long and has not said so does not keep others of the process
// waiting.
func TestLongCall(t *testing.T) {
	k := stuckKernel{boot(t, nil), make(chan struct{}), make(chan struct{})}
	p, th := newProcess(t, dial(t, serve(t, &Server{Kernel: k})), nil)
	done := make(chan error, 1)
	go func() {
		_, err := syscalls.Getppid(context.Background(), th)
		done <- err
	}()
	<-k.begun
	if _, err := syscalls.Getpid(t.Context(), newThread(t, p, 0x2000, nil)); err != nil {
		t.Error(err)
	}
	close(k.free)
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// Null calls, one after the other, of a server in the same process. They allocate
// nothing.
func BenchmarkNullCall(b *testing.B) {
	_, th := newProcess(b, dial(b, serve(b, &Server{Kernel: boot(b, nil)})), nil)
	ctx := context.Background()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := syscalls.Getppid(ctx, th); err != nil {
			b.Fatal(err)
		}
	}
}
