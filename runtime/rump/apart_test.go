package rump

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/abigen/abigen/abi"
	irump "github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// lines is a console that keeps what it gets.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func newThread(t testing.TB, k kernel.Kernel) (kernel.Thread, *abi.Bytes) {
	t.Helper()
	p, err := k.NewProcess(kernel.ProcessOptions{})
	if err != nil {
		t.Fatal(err)
	}
	mem := &abi.Bytes{Base: 0x1000, Data: make([]byte, 0x1000)}
	th, err := p.NewThread(mem)
	if err != nil {
		t.Fatal(err)
	}
	return th, mem
}

// TestApart has two kernels in processes of their own, one of which panics.
func TestApart(t *testing.T) {
	if why := irump.Missing(); why != "" {
		t.Skip(why)
	}
	var console lines
	a, err := New(Config{Apart: true, Console: &console, Verbose: true})
	if err != nil {
		t.Fatal(err)
	}
	b, err := New(Config{Apart: true})
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(console.String(), "NetBSD "+a.Release().Version) {
		t.Errorf("the console has no banner of NetBSD %s: %q", a.Release().Version, console.String())
	}
	ta, _ := newThread(t, a)
	tb, _ := newThread(t, b)
	blocked := make(chan error)
	go func() {
		fd, err := syscalls.Socket(t.Context(), ta, netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
		if err == nil {
			_, err = syscalls.Read(t.Context(), ta, fd, 0x1000, 1)
		}
		blocked <- err
	}()
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if _, err := syscalls.Getpid(t.Context(), tb); !errors.Is(err, netbsd.ENXIO) {
		t.Errorf("after Close getpid returns %v, not ENXIO", err)
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if err := <-blocked; err == nil {
		t.Error("a call of a kernel that is closed has succeeded")
	}
	<-a.Halted()
}
