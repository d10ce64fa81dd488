package rump

import (
	"os"
	"runtime"
	"testing"

	irump "github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// TestThreadsEnd has threads of the host end that have been in the kernel: those of
// goroutines that end locked to them.
func TestThreadsEnd(t *testing.T) {
	if why := irump.Missing(); why != "" {
		t.Skip(why)
	}
	child(t, "^TestHereThreadsEnd$")
}

func TestHereThreadsEnd(t *testing.T) {
	if os.Getenv(hereVar) == "" {
		t.Skip("is run by TestThreadsEnd, in a process of its own")
	}
	k, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		failed := make(chan error)
		go func() {
			runtime.LockOSThread()
			failed <- useOnce(t, k)
		}()
		if err := <-failed; err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
}

// useOnce makes calls of all kinds: quick ones, others, and those of processes.
func useOnce(t *testing.T, k kernel.Kernel) error {
	p, err := k.NewProcess(kernel.ProcessOptions{})
	if err != nil {
		return err
	}
	defer p.Exit()
	th, err := p.NewThread(nil)
	if err != nil {
		return err
	}
	if _, err := syscalls.Getpid(t.Context(), th); err != nil {
		return err
	}
	_, err = syscalls.Socket(t.Context(), th, netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
	return err
}
