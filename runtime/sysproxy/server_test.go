package sysproxy

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack"
)

// boot boots an embedded kernel like the one the recordings are of.
func boot(t testing.TB, console hypercall.Console) *netstack.Kernel {
	t.Helper()
	if console == nil {
		console = new(bytes.Buffer)
	}
	return bootOn(t, &hypercall.Host{Console: console, Network: wires()})
}

// bootOn is boot on a host.
func bootOn(t testing.TB, host *hypercall.Host) *netstack.Kernel {
	t.Helper()
	k, err := netstack.New(netstack.Config{Release: kernel.NetBSD79934, Host: host})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { k.Close() })
	return k
}

// wires are Ethernet segments by the link strings that name them.
func wires() hypercall.Network {
	var mu sync.Mutex
	all := map[string]*wire.Wire{}
	return hypercall.NetworkFunc(func(_, linkstr string) (hypercall.NetworkDevice, error) {
		mu.Lock()
		defer mu.Unlock()
		if all[linkstr] == nil {
			all[linkstr] = wire.New()
		}
		return all[linkstr].Attach(), nil
	})
}

// serve serves a kernel until the test ends, and returns the URL.
func serve(t testing.TB, s *Server) string {
	t.Helper()
	url := "unix://" + filepath.Join(t.TempDir(), "s")
	l, err := ListenConfig{}.Listen(url)
	if err != nil {
		t.Fatal(err)
	}
	return serveOn(t, s, l, url)
}

func serveOn(t testing.TB, s *Server, l net.Listener, url string) string {
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	t.Cleanup(func() {
		s.Close()
		if err := <-served; !errors.Is(err, ErrServerClosed) {
			t.Error(err)
		}
	})
	return url
}

// newProcess starts a process with a thread that sees the bytes at 0x1000.
func newProcess(t testing.TB, k kernel.Kernel, data []byte) (kernel.Process, kernel.Thread) {
	t.Helper()
	p, err := k.NewProcess(kernel.ProcessOptions{Name: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Exit)
	return p, newThread(t, p, dataAt, data)
}

const dataAt abi.Addr = 0x1000

func newThread(t testing.TB, p kernel.Process, a abi.Addr, data []byte) kernel.Thread {
	t.Helper()
	th, err := p.NewThread(&abi.Bytes{Base: a, Data: data})
	if err != nil {
		t.Fatal(err)
	}
	return th
}

// The errors of memory that is not there, whatever the kernel did.
func TestFaults(t *testing.T) {
	c := dial(t, serve(t, &Server{Kernel: boot(t, nil)}))
	p, th := newProcess(t, c, make([]byte, 64))
	ctx := t.Context()
	for name, err := range map[string]error{
		"in":     syscalls.Bind(ctx, th, must(syscalls.Socket(ctx, th, netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)), 0x5000, 16),
		"string": syscalls.Unlink(ctx, th, 0x5000),
		"out":    syscalls.Socketpair(ctx, th, netbsd.AF_LOCAL, netbsd.SOCK_STREAM, 0, 0x5000),
	} {
		if !errors.Is(err, netbsd.EFAULT) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p.PID() < 2 {
		t.Error("pid", p.PID())
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func pipe(t testing.TB, th kernel.Thread) (r, w int32) {
	t.Helper()
	r0, r1, err := th.Syscall(t.Context(), netbsd.SYS_pipe, syscalls.Args{})
	if err != nil {
		t.Fatal(err)
	}
	return int32(r0), int32(r1)
}

// A process that exits, a client that is closed and a server that is closed all
// end a call that sleeps.
func TestEnd(t *testing.T) {
	for name, end := range map[string]struct {
		how  func(*Server, *Client, kernel.Process)
		want func(error) bool
	}{
		"process": {func(_ *Server, _ *Client, p kernel.Process) { p.Exit() }, func(err error) bool { return errors.Is(err, netbsd.EINTR) }},
		"client":  {func(_ *Server, c *Client, _ kernel.Process) { c.Close() }, func(err error) bool { return errors.Is(err, netbsd.EINTR) }},
		"server":  {func(s *Server, _ *Client, _ kernel.Process) { s.Close() }, func(err error) bool { _, ok := errors.AsType[*ConnError](err); return ok }},
	} {
		t.Run(name, func(t *testing.T) {
			s := &Server{Kernel: boot(t, nil)}
			c := dial(t, serve(t, s))
			p, th := newProcess(t, c, make([]byte, 64))
			r, _ := pipe(t, th)
			done := make(chan error)
			go func() {
				_, err := syscalls.Read(context.Background(), th, r, dataAt, 64)
				done <- err
			}()
			sleeping(t, s)
			end.how(s, c, p)
			if err := <-done; !end.want(err) {
				t.Error(err)
			}
			if _, err := syscalls.Getpid(t.Context(), th); err == nil {
				t.Error("calls still work")
			}
		})
	}
}

// Who waits for the end of the kernel hears of it, of the client's, and of that of
// the context.
func TestWait(t *testing.T) {
	for name, want := range map[string]func(error) bool{
		"server":  func(err error) bool { _, ok := errors.AsType[*ConnError](err); return ok },
		"client":  func(err error) bool { return errors.Is(err, netbsd.ENXIO) },
		"context": func(err error) bool { return errors.Is(err, context.Canceled) },
	} {
		t.Run(name, func(t *testing.T) {
			s := &Server{Kernel: boot(t, nil)}
			c := dial(t, serve(t, s))
			ctx, cancel := context.WithCancel(t.Context())
			done := make(chan error, 1)
			go func() { done <- c.Wait(ctx) }()
			eventually(t, "somebody waits", func() bool {
				c.mu.Lock()
				defer c.mu.Unlock()
				return len(c.procs) > 0
			})
			switch name {
			case "server":
				s.Close()
			case "client":
				c.Close()
			case "context":
				cancel()
			}
			if err := <-done; !want(err) {
				t.Error(err)
			}
			cancel()
		})
	}
}

// sleeping waits until a client of s has a read(2) under way.
func sleeping(t *testing.T, s *Server) {
	t.Helper()
	eventually(t, "a call is under way", func() bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		found := false
		for c := range s.sessions {
			c.mu.Lock()
			for k := range c.calls {
				found = found || k.num == netbsd.SYS_read
			}
			c.mu.Unlock()
		}
		return found
	})
}

// The descriptors that clients of NetBSD's begin with lead to the console.
func TestConsole(t *testing.T) {
	console := new(syncBuffer)
	c := dial(t, serve(t, &Server{Kernel: boot(t, console)}))
	p, err := c.NewProcess(kernel.ProcessOptions{Console: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Exit()
	th := newThread(t, p, dataAt, []byte("hello\n"))
	for fd := range int32(3) {
		if n, err := syscalls.Write(t.Context(), th, fd, dataAt, 6); n != 6 || err != nil {
			t.Fatal(n, err)
		}
		if _, err := syscalls.Read(t.Context(), th, fd, dataAt, 6); !errors.Is(err, netbsd.EBADF) {
			t.Error(err)
		}
	}
	if got := console.String(); got != "hello\nhello\nhello\n" {
		t.Errorf("the console says %q", got)
	}
	if r, w := pipe(t, th); r != 3 || w != 4 {
		t.Errorf("the next descriptors are %d and %d", r, w)
	}
}

type syncBuffer struct {
	mu sync.Mutex
	bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.Buffer.Write(p)
}

func TestFork(t *testing.T) {
	s := &Server{Kernel: boot(t, nil)}
	c := dial(t, serve(t, s))
	p, th := newProcess(t, c, make([]byte, 64))
	r, w := pipe(t, th)
	child, err := p.Fork(kernel.ForkCopy, kernel.ProcessOptions{Name: "child"})
	if err != nil {
		t.Fatal(err)
	}
	if p.PID() == child.PID() {
		t.Error("both have the pid", p.PID())
	}
	cth := newThread(t, child, dataAt, []byte("hello"))
	if n, err := syscalls.Write(t.Context(), cth, w, dataAt, 5); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	if n, err := syscalls.Read(t.Context(), th, r, dataAt, 64); n != 5 || err != nil {
		t.Fatal(n, err)
	}
	if err := syscalls.Close(t.Context(), th, w); err != nil {
		t.Fatal(err)
	}
	child.Exit() // which closes the last descriptor of the pipe's other end
	if n, err := syscalls.Read(t.Context(), th, r, dataAt, 64); n != 0 || err != nil {
		t.Fatal(n, err)
	}
	clean, err := p.Fork(kernel.ForkClean, kernel.ProcessOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer clean.Exit()
	if r, w := pipe(t, newThread(t, clean, dataAt, nil)); r != 0 || w != 1 {
		t.Error("the first descriptors of a clean child are", r, w)
	}
}

func TestExec(t *testing.T) {
	s := &Server{Kernel: boot(t, nil)}
	c := dial(t, serve(t, s))
	p, th := newProcess(t, c, make([]byte, 64))
	r, w := pipe(t, th)
	if _, err := syscalls.Fcntl(t.Context(), th, w, netbsd.F_SETFD, netbsd.FD_CLOEXEC); err != nil {
		t.Fatal(err)
	}
	held, err := syscalls.Dup(t.Context(), th, w) // so that the reader sleeps
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error)
	go func() {
		_, err := syscalls.Read(context.Background(), newThread(t, p, 0x2000, make([]byte, 64)), r, 0x2000, 64)
		done <- err
	}()
	sleeping(t, s)
	if err := p.Exec("another"); err != nil {
		t.Fatal(err)
	}
	if err := <-done; !errors.Is(err, netbsd.EINTR) {
		t.Error(err)
	}
	if err := syscalls.Close(t.Context(), th, w); !errors.Is(err, netbsd.EBADF) {
		t.Error("what was to be closed:", err)
	}
	if err := syscalls.Close(t.Context(), th, held); err != nil {
		t.Error("what was not:", err)
	}
}

func TestListenUnix(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := ListenConfig{}.Listen("unix://" + path)
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Lstat(path)
	if err != nil || info.Mode() != os.ModeSocket|0o600 {
		t.Errorf("the socket is %v, %v", info.Mode(), err)
	}
	if _, err := (ListenConfig{}).Listen("unix://" + path); err == nil {
		t.Error("two listen on one socket")
	}
	l.Close()
	if _, err := os.Lstat(path); !errors.Is(err, os.ErrNotExist) {
		t.Error("after Close:", err)
	}
	stale, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	stale.SetUnlinkOnClose(false)
	stale.Close()
	if l, err = (ListenConfig{}).Listen("unix://" + path); err != nil {
		t.Fatal("a socket that nobody listens on:", err)
	}
	l.Close()
	if err := os.WriteFile(path, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := (ListenConfig{}).Listen("unix://" + path); err == nil {
		t.Error("a file has become a socket")
	}
	if b, err := os.ReadFile(path); string(b) != "precious" {
		t.Errorf("the file has become %q, %v", b, err)
	}
}

func TestListenTCP(t *testing.T) {
	for _, url := range []string{"tcp://0:0", "tcp://*:0", "tcp://192.0.2.1:0"} {
		if _, err := (ListenConfig{}).Listen(url); !errors.Is(err, ErrPublic) {
			t.Errorf("%s: %v", url, err)
		}
	}
	l, err := ListenConfig{}.Listen("tcp://127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := dial(t, serveOn(t, &Server{Kernel: boot(t, nil)}, l, "tcp://"+l.Addr().String()))
	if p, _ := newProcess(t, c, nil); p.PID() < 2 {
		t.Error("pid", p.PID())
	}
	l, err = ListenConfig{Public: true}.Listen("tcp://*:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
}
