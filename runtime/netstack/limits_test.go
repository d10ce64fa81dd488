package netstack_test

import (
	"bytes"
	"errors"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netcfg"
)

// TestLimits: kern.maxfiles and kern.maxproc are limits, and what a program can ask
// for is below them.
func TestLimits(t *testing.T) {
	k := newLone(t)
	c, err := netcfg.Open(k)
	must(t, err)
	defer func() { _ = c.Close() }()
	h := newProgram(t, k)
	first := h.socket(netbsd.AF_LOCAL, netbsd.SOCK_STREAM, 0)
	must(t, c.SetInt(t.Context(), "kern.maxfiles", 3)) // and the variable itself is set through none
	var opened []int32
	for range 3 {
		fd, err := syscalls.Socket(t.Context(), h, netbsd.AF_LOCAL, netbsd.SOCK_STREAM, 0)
		if err != nil {
			if !errors.Is(err, netbsd.ENFILE) {
				t.Errorf("a socket too many: %v, want ENFILE", err)
			}
			break
		}
		opened = append(opened, fd)
	}
	if len(opened) != 2 {
		t.Errorf("%d sockets could be made, want 2", len(opened))
	}
	h.close(first)
	if _, err := syscalls.Socket(t.Context(), h, netbsd.AF_LOCAL, netbsd.SOCK_STREAM, 0); err != nil {
		t.Errorf("after one was closed: %v", err)
	}
	must(t, c.SetInt(t.Context(), "kern.maxfiles", 100))
	want := netbsd.Rlimit{Cur: 100, Max: 100}
	at := h.put(abi.AsBytes(&netbsd.Rlimit{Cur: 1000, Max: 1000}))
	must(t, syscalls.Setrlimit(t.Context(), h, netbsd.RLIMIT_NOFILE, at))
	must(t, syscalls.Getrlimit(t.Context(), h, netbsd.RLIMIT_NOFILE, at))
	if got := h.at(at, netbsd.SizeofRlimit); !bytes.Equal(got, abi.AsBytes(&want)) {
		t.Errorf("the limit is %x", got)
	}

	must(t, c.SetInt(t.Context(), "kern.maxproc", 2))
	if _, err := k.NewProcess(kernel.ProcessOptions{}); !errors.Is(err, netbsd.EAGAIN) {
		t.Errorf("a process too many: %v, want EAGAIN", err)
	}
	for _, name := range []string{"kern.maxproc", "kern.maxfiles"} {
		if err := c.SetInt(t.Context(), name, 0); !errors.Is(err, netbsd.EINVAL) {
			t.Errorf("%s set to 0: %v", name, err)
		}
	}
}
