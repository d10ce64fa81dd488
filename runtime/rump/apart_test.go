package rump

import (
	"errors"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/internal/kerneltest"
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

// TestPanic makes a kernel panic while calls of several threads are blocked, here and
// in a process of its own.
func TestPanic(t *testing.T) {
	if why := irump.Missing(); why != "" {
		t.Skip(why)
	}
	t.Run("here", func(t *testing.T) { child(t, "^TestHerePanic$") })
	t.Run("apart", func(t *testing.T) {
		k, err := New(Config{Apart: true})
		if err != nil {
			t.Fatal(err)
		}
		testPanic(t, k)
	})
}

func TestHerePanic(t *testing.T) {
	if os.Getenv(hereVar) == "" {
		t.Skip("is run by TestPanic, in a process of its own")
	}
	k, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	testPanic(t, k)
}

func testPanic(t *testing.T, k *Kernel) {
	failed := make(chan error)
	const blocked = 8
	for range blocked {
		th, _ := newThread(t, k)
		go func() {
			fd, err := syscalls.Socket(t.Context(), th, netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
			if err == nil {
				_, err = syscalls.Read(t.Context(), th, fd, 0x1000, 1)
			}
			failed <- err
		}()
	}
	th, _ := newThread(t, k)
	time.Sleep(50 * time.Millisecond) // whether they are blocked by then or not, they fail
	_, _, err := th.Syscall(t.Context(), netbsd.SYS_reboot, syscalls.Args{netbsd.RUMP_RB_DUMP})
	if _, ok := errors.AsType[*PanicError](err); !ok && !k.Apart() { // there the answer comes first
		t.Errorf("the call that makes the kernel panic returns %v", err)
	}
	for range blocked {
		err := <-failed
		if _, ok := errors.AsType[*PanicError](err); !ok {
			t.Errorf("a blocked call fails with %v", err)
		}
	}
	<-k.Halted()
	if _, err := k.NewProcess(kernel.ProcessOptions{}); err == nil || !strings.Contains(err.Error(), "halting") {
		t.Errorf("a process of a kernel that has panicked: %v, without its last words", err)
	}
	if err := k.Close(); err != nil {
		t.Error(err)
	}
}

// apartKernels are kernels in processes of their own.
var apartKernels = kerneltest.Subject{
	Name: "NetBSD's, in a process of its own",
	Start: func(t testing.TB) kernel.Kernel {
		t.Helper()
		if why := irump.Missing(); why != "" {
			t.Skip(why)
		}
		k, err := New(Config{Apart: true, dir: t.TempDir()}) // where buses are
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = k.Close() })
		return k
	},
	Deviations: []string{"DEVIATIONS-netbsd.md", "DEVIATIONS-rump_server.md"},
	Perhaps:    true,
	Pauses:     12,
	Share:      4,
}

func TestApartSockets(t *testing.T) { kerneltest.Sockets(t, &apartKernels) }

func TestApartTranscripts(t *testing.T) { kerneltest.Transcripts(t, &apartKernels) }
