package rump

import (
	"errors"
	"os"
	"strings"
	"testing"

	irump "github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// TestFault has the kernel follow a pointer to nowhere.
func TestFault(t *testing.T) {
	if why := irump.Missing(); why != "" {
		t.Skip(why)
	}
	child(t, "^TestHereFault$")
}

func TestHereFault(t *testing.T) {
	if os.Getenv(hereVar) == "" {
		t.Skip("is run by TestFault, in a process of its own")
	}
	k, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	th, _ := newThread(t, k)
	fd, err := syscalls.Socket(t.Context(), th, netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	blocked := make(chan error)
	go func() {
		_, err := syscalls.Read(t.Context(), th, fd, 0x1000, 1)
		blocked <- err
	}()
	l := k.Kernel.(*local)
	_, alive := steps(0, step{fn: l.entry.schedule}, step{fn: l.entry.mutexEnter, args: [4]uintptr{8}})
	if alive {
		t.Error("the kernel lives")
	}
	if _, ok := errors.AsType[*PanicError](<-blocked); !ok {
		t.Error(err)
	}
	_, err = k.NewProcess(kernel.ProcessOptions{})
	if err == nil || !strings.Contains(err.Error(), "segmentation fault") || !strings.Contains(err.Error(), "mutex_enter") {
		t.Errorf("the error does not tell where: %v", err)
	}
	// The signal of a nil pointer in Go stays Go's.
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	var p *int
	*p = 1
}
