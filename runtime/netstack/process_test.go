package netstack_test

import (
	"context"
	"errors"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack"
)

func newProcess(t *testing.T) (*netstack.Kernel, kernel.Process, kernel.Thread) {
	t.Helper()
	k, err := netstack.New(netstack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	p, err := k.NewProcess(kernel.ProcessOptions{})
	if err != nil {
		t.Fatal(err)
	}
	th, err := p.NewThread(new(abi.Bytes))
	if err != nil {
		t.Fatal(err)
	}
	return k, p, th
}

// TestExited uses a thread, a process and a kernel after they have ended.
func TestExited(t *testing.T) {
	t.Parallel()
	k, p, th := newProcess(t)
	check := func(what string, want netbsd.Errno, err error) {
		t.Helper()
		if !errors.Is(err, want) {
			t.Errorf("%s: %v, not %v", what, err, want)
		}
	}
	all := func(want netbsd.Errno) {
		t.Helper()
		_, err := p.NewThread(new(abi.Bytes))
		check("thread", want, err)
		_, err = p.Fork(kernel.ForkCopy, kernel.ProcessOptions{})
		check("fork", want, err)
		check("exec", want, p.Exec("other"))
		_, _, err = th.Syscall(context.Background(), netbsd.SYS_getpid, syscalls.Args{})
		check("call", want, err)
	}
	_, err := p.Fork(99, kernel.ProcessOptions{})
	check("unknown fork", netbsd.EINVAL, err)
	th.Exit()
	_, _, err = th.Syscall(context.Background(), netbsd.SYS_getpid, syscalls.Args{})
	check("call of a thread", netbsd.ESRCH, err)
	p.Exit()
	all(netbsd.ESRCH)
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	all(netbsd.ENXIO)
	_, err = k.NewProcess(kernel.ProcessOptions{})
	check("process", netbsd.ENXIO, err)
}

// TestProcessIDs halts a kernel that has as many processes as there can be.
func TestProcessIDs(t *testing.T) {
	t.Parallel()
	k, p, _ := newProcess(t)
	for n := 1; ; n++ {
		_, err := p.Fork(kernel.ForkShare, kernel.ProcessOptions{})
		if errors.Is(err, netbsd.EAGAIN) && n == 29999 {
			break
		}
		if err != nil {
			t.Fatalf("fork of process %d: %v", n, err)
		}
	}
	if _, err := k.NewProcess(kernel.ProcessOptions{}); !errors.Is(err, netbsd.EAGAIN) {
		t.Errorf("one more process: %v", err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
}
