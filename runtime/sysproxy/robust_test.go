package sysproxy

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// limit is how long a test waits for what must happen.
const limit = time.Minute

// eventually waits until something is so.
func eventually(t *testing.T, what string, so func() bool) {
	t.Helper()
	for start := time.Now(); !so(); time.Sleep(5 * time.Millisecond) {
		if time.Since(start) > limit {
			t.Fatal("it never is so: ", what)
		}
	}
}

// sessionsOf returns how many connections a server has.
func sessionsOf(s *Server) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.sessions)
}

// A raw client speaks frames itself.
type raw struct {
	t *testing.T
	net.Conn
	in *frameReader
}

// newRaw connects, and makes the first handshake.
func newRaw(t *testing.T, url string) *raw {
	t.Helper()
	u, err := ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial(u.Network, u.Address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(limit))
	c := &raw{t, conn, newFrameReader(conn)}
	if _, err := readBanner(c.in.r); err != nil {
		t.Fatal(err)
	}
	c.send(header{id: 1, class: classRequest, typ: typeHandshake, word: handshakeGuest}, command("raw"))
	if h, _ := c.next(); h.class != classResponse || h.id != 1 {
		t.Fatalf("the handshake is answered with %+v", h)
	}
	return c
}

func (c *raw) send(h header, body []byte) {
	c.t.Helper()
	h.length = headerSize + uint64(len(body))
	if _, err := c.Write(append(h.append(nil), body...)); err != nil {
		c.t.Fatal(err)
	}
}

func (c *raw) call(id uint64, num syscalls.Number, args ...uintptr) {
	var body []byte
	for _, a := range args {
		body = appendWord(body, a)
	}
	c.send(header{id: id, class: classRequest, typ: typeSyscall, word: uint32(num)}, body)
}

func (c *raw) next() (header, []byte) {
	c.t.Helper()
	h, err := c.in.header()
	if err != nil {
		c.t.Fatal(err)
	}
	body, err := c.in.body(int(h.length - headerSize))
	if err != nil {
		c.t.Fatal(err)
	}
	return h, bytes.Clone(body)
}

// copyin makes a call that has the server ask for memory, and returns what it asks.
func (c *raw) copyin() header {
	c.call(2, netbsd.SYS___socket30, netbsd.AF_INET, netbsd.SOCK_DGRAM, 0)
	_, body := c.next()
	c.call(3, netbsd.SYS_bind, word(body[wordSize:]), uintptr(dataAt), netbsd.SizeofSockaddrIn)
	h, _ := c.next()
	if h.class != classRequest || h.typ != typeCopyin {
		c.t.Fatalf("not a copyin: %+v", h)
	}
	return h
}

// A client that goes away while the kernel waits for its memory, before the
// answer or in the middle of it, leaves nothing.
func TestVanishInCopyin(t *testing.T) {
	s := &Server{Kernel: boot(t, nil)}
	url := serve(t, s)
	before := runtime.NumGoroutine()
	for n := range 20 {
		c := newRaw(t, url)
		h := c.copyin()
		answer := header{length: headerSize + netbsd.SizeofSockaddrIn, id: h.id, class: classResponse, typ: typeCopyin}
		if _, err := c.Write(append(answer.append(nil), make([]byte, 16)...)[:2*n]); err != nil {
			t.Fatal(err)
		}
		c.Close()
	}
	eventually(t, "all sessions end", func() bool { return sessionsOf(s) == 0 })
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

// A client that never reads keeps nobody else from anything, and is dropped.
func TestDeafClient(t *testing.T) {
	s := &Server{Kernel: boot(t, nil)}
	url := serve(t, s)
	deaf := newRaw(t, url)
	go func() {
		h := header{id: 2, class: classRequest, typ: typeSyscall, word: uint32(netbsd.SYS_getpid), length: headerSize}
		many := bytes.Repeat(h.append(nil), 1000)
		for {
			if _, err := deaf.Write(many); err != nil {
				return
			}
		}
	}()
	_, th := newProcess(t, dial(t, url), nil)
	for range 1000 {
		if _, err := syscalls.Getpid(t.Context(), th); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the deaf client is dropped", func() bool {
		_ = deaf.SetWriteDeadline(time.Now().Add(limit))
		_, err := deaf.Write(nil)
		return err != nil || sessionsOf(s) == 1
	})
}

// A fake is a server that does what a test says, on the second connection: the
// first is that of Dial.
func fake(t *testing.T, do func(c *raw)) *Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for n := 0; ; n++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c := &raw{t, conn, newFrameReader(conn)}
			_, _ = conn.Write([]byte(banner(kernel.NetBSD79934)))
			h, err := c.in.header()
			if err == nil && n == 0 {
				answer := header{length: headerSize, id: h.id, class: classError, word: uint32(Auth)}
				_, _ = conn.Write(answer.append(nil))
				conn.Close()
				continue
			}
			_ = c.in.skip(h.length - headerSize)
			answer := header{length: headerSize + statusSize, id: h.id, class: classResponse, typ: typeHandshake}
			_, _ = conn.Write(append(answer.append(nil), 0, 0, 0, 0))
			do(c)
			_, _ = io.Copy(io.Discard, c)
			conn.Close()
		}
	}()
	return dial(t, "unix://"+path)
}

// NetBSD's server reads nothing while it sends an answer that nobody takes. So a
// client has to read even when what it has to send is not taken: here, the memory that a
// server asks for many times before it reads the first of it.
func TestServerReadsLater(t *testing.T) {
	const calls = 64
	ended := make(chan struct{})
	c := fake(t, func(c *raw) {
		defer close(ended)
		var ids []uint64
		for range calls {
			h, _ := c.next()
			ids = append(ids, h.id)
		}
		where := appendWord(appendWord(nil, 64<<10), uintptr(dataAt))
		for i := range calls {
			c.send(header{id: uint64(i), class: classRequest, typ: typeCopyin}, where)
		}
		// Not read yet: an answer to each, larger than what a socket holds.
		for range calls {
			c.send(header{id: 99, class: classRequest, typ: typeCopyout}, append(appendWord(appendWord(nil, 64<<10), uintptr(dataAt)), make([]byte, 64<<10)...))
		}
		for i := range calls {
			h, body := c.next()
			if h.id != uint64(i) || h.typ != typeCopyin || len(body) != 64<<10 {
				t.Errorf("answer %d is %+v", i, h)
			}
		}
		for _, id := range ids {
			c.send(header{id: id, class: classResponse, typ: typeSyscall}, make([]byte, resultSize))
		}
	})
	p, err := c.NewProcess(kernel.ProcessOptions{Console: true})
	if err != nil {
		t.Fatal(err)
	}
	data := make([]byte, 64<<10)
	var wg sync.WaitGroup
	for range calls {
		th := newThread(t, p, dataAt, data)
		wg.Go(func() {
			if _, _, err := th.Syscall(context.Background(), netbsd.SYS_write, syscalls.Args{3, uintptr(dataAt), 64 << 10}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	<-ended
}

// A server that dies has all calls under way fail, whatever they wait for.
func TestServerDies(t *testing.T) {
	c := fake(t, func(c *raw) {
		for i := 0; i < 20; {
			h, _ := c.next()
			if h.class != classRequest { // the answer to what was asked for
				continue
			}
			if i++; i%2 == 0 {
				c.send(header{id: h.id, class: classRequest, typ: typeCopyin}, appendWord(appendWord(nil, 64), uintptr(dataAt)))
			}
		}
		// The half of a frame.
		h := header{length: 1 << 20, class: classRequest, typ: typeCopyout}
		_, _ = c.Write(append(h.append(nil), make([]byte, 1000)...))
		c.Close()
	})
	p, err := c.NewProcess(kernel.ProcessOptions{Console: true})
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	var wg sync.WaitGroup
	for range 20 {
		th := newThread(t, p, dataAt, make([]byte, 64))
		wg.Go(func() {
			_, err := syscalls.Getpid(context.Background(), th)
			if _, ok := errors.AsType[*ConnError](err); !ok {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if _, err := p.Fork(kernel.ForkCopy, kernel.ProcessOptions{}); err == nil {
		t.Error("a fork without a server")
	}
	p.Exit()
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

// Frames whose length does not fit end the connection, and calls with it.
func TestLyingLengths(t *testing.T) {
	for name, lie := range map[string]func(c *raw, id uint64){
		"short header": func(c *raw, _ uint64) { h := header{length: 23, class: classResponse}; _, _ = c.Write(h.append(nil)) },
		"no length":    func(c *raw, _ uint64) { var h header; _, _ = c.Write(h.append(nil)) },
		"huge": func(c *raw, id uint64) {
			h := header{length: ^uint64(0), id: id, class: classResponse, typ: typeSyscall}
			_, _ = c.Write(h.append(nil))
		},
		"short response": func(c *raw, id uint64) {
			c.send(header{id: id, class: classResponse, typ: typeSyscall}, make([]byte, resultSize-1))
		},
		"short copyin": func(c *raw, _ uint64) { c.send(header{class: classRequest, typ: typeCopyin}, make([]byte, copySize-1)) },
		"long copyin":  func(c *raw, _ uint64) { c.send(header{class: classRequest, typ: typeCopyin}, make([]byte, copySize+1)) },
		"copyin of much": func(c *raw, _ uint64) {
			c.send(header{class: classRequest, typ: typeCopyin}, appendWord(appendWord(nil, 1<<30), uintptr(dataAt)))
		},
		"copyout of more": func(c *raw, _ uint64) {
			c.send(header{class: classRequest, typ: typeCopyout}, append(appendWord(appendWord(nil, 9), uintptr(dataAt)), make([]byte, 8)...))
		},
		"long anonmmap": func(c *raw, _ uint64) {
			c.send(header{class: classRequest, typ: typeAnonmmap}, make([]byte, wordSize+1))
		},
		"long raise": func(c *raw, _ uint64) { c.send(header{class: classRequest, typ: typeRaise, word: 13}, make([]byte, 1)) },
	} {
		t.Run(name, func(t *testing.T) {
			c := fake(t, func(c *raw) {
				h, _ := c.next()
				lie(c, h.id)
				_, err := io.Copy(io.Discard, c)
				if err != nil && !closed(err) {
					t.Error(err)
				}
			})
			p, err := c.NewProcess(kernel.ProcessOptions{Console: true})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Exit()
			_, err = syscalls.Getpid(context.Background(), newThread(t, p, dataAt, make([]byte, 64)))
			if _, ok := errors.AsType[*FrameError](err); !ok {
				t.Error(err)
			}
		})
	}
}

// Many fork at once, more than are let: what is refused fails with EAGAIN, and
// nothing is left of what was not.
func TestForkStorm(t *testing.T) {
	s := &Server{Kernel: boot(t, nil), Limits: Limits{Clients: 100, Preforks: 4}}
	c := dial(t, serve(t, s))
	before := runtime.NumGoroutine()
	var wg sync.WaitGroup
	for range 8 {
		p, err := c.NewProcess(kernel.ProcessOptions{})
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			defer p.Exit()
			var children sync.WaitGroup
			for range 32 {
				children.Go(func() {
					child, err := p.Fork(kernel.ForkCopy, kernel.ProcessOptions{})
					switch _, lost := errors.AsType[*ConnError](err); {
					case err == nil:
						if child.PID() < 2 {
							t.Error("a child without an id")
						}
						child.Exit()
					case !errors.Is(err, netbsd.EAGAIN) && !lost:
						t.Error(err)
					}
				})
			}
			children.Wait()
		})
	}
	wg.Wait()
	eventually(t, "all sessions end", func() bool { return sessionsOf(s) == 0 })
	s.preforks.drop() // those whose connection was refused
	eventually(t, "no goroutine is left", func() bool { return runtime.NumGoroutine() <= before })
}

// A child may share the descriptors of its parent, on a server of this package.
func TestForkShare(t *testing.T) {
	c := dial(t, serve(t, &Server{Kernel: boot(t, nil)}))
	p, th := newProcess(t, c, nil)
	child, err := p.Fork(kernel.ForkShare, kernel.ProcessOptions{})
	if err != nil {
		t.Fatal(err)
	}
	cth := newThread(t, child, dataAt, nil)
	if ppid, err := syscalls.Getppid(t.Context(), cth); err != nil || int(ppid) != p.PID() {
		t.Errorf("the parent of the child is %d, %v", ppid, err)
	}
	r, w := pipe(t, cth)
	child.Exit()
	if err := errors.Join(syscalls.Close(t.Context(), th, r), syscalls.Close(t.Context(), th, w)); err != nil {
		t.Error("descriptors that the child has made:", err)
	}
	if _, err := p.Fork(kernel.ForkShare+1, kernel.ProcessOptions{}); !errors.Is(err, netbsd.EINVAL) {
		t.Error(err)
	}
}

// serveAt serves a kernel at a URL until the function returned is called.
func serveAt(t *testing.T, url string) (s *Server, stop func()) {
	t.Helper()
	l, err := ListenConfig{}.Listen(url)
	if err != nil {
		t.Fatal(err)
	}
	s = &Server{Kernel: boot(t, nil)}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	return s, func() {
		s.Close()
		<-served
	}
}

// A process whose server is started again gets a new one there, without its
// descriptors.
func TestReconnect(t *testing.T) {
	url := "unix://" + filepath.Join(t.TempDir(), "s")
	s, stop := serveAt(t, url)
	c, err := (&Dialer{Retry: RetryForever}).Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p, th := newProcess(t, c, make([]byte, 64))
	r, _ := pipe(t, th)
	asleep := make(chan error)
	go func() {
		_, err := syscalls.Read(context.Background(), newThread(t, p, 0x2000, make([]byte, 64)), r, 0x2000, 64)
		asleep <- err
	}()
	sleeping(t, s)
	stop()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := syscalls.Getpid(ctx, th); !errors.Is(err, netbsd.EINTR) {
		t.Error("a call that does not want to wait for a server:", err)
	}
	_, stop = serveAt(t, url)
	defer stop()
	if pid, err := syscalls.Getpid(t.Context(), th); err != nil || int(pid) != p.PID() {
		t.Error("the new process has the id", pid, p.PID(), err)
	}
	if err := <-asleep; !errors.Is(err, netbsd.EBADF) {
		t.Error("the call that was under way, on a descriptor that is gone:", err)
	}
	if r, w := pipe(t, th); r != 0 || w != 1 {
		t.Error("the first descriptors of the new process are", r, w)
	}
}

// A client that tries once, or for a time, says in the end why it stopped.
func TestReconnectGivesUp(t *testing.T) {
	for _, retry := range []time.Duration{RetryOnce, time.Millisecond} {
		url := "unix://" + filepath.Join(t.TempDir(), "s")
		_, stop := serveAt(t, url)
		c, err := (&Dialer{Retry: retry}).Dial(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		_, th := newProcess(t, c, nil)
		stop()
		_, err = syscalls.Getpid(t.Context(), th)
		if _, ok := errors.AsType[*ConnError](err); !ok {
			t.Error(err)
		}
		c.Close()
		if _, err := syscalls.Getpid(t.Context(), th); err == nil {
			t.Error("a call of a client that is closed")
		}
	}
}

// A process that exits does not go on trying.
func TestExitEndsReconnect(t *testing.T) {
	url := "unix://" + filepath.Join(t.TempDir(), "s")
	_, stop := serveAt(t, url)
	c, err := (&Dialer{Retry: RetryForever}).Dial(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	p, th := newProcess(t, c, nil)
	stop()
	failed := make(chan error)
	go func() {
		_, err := syscalls.Getpid(context.Background(), th)
		failed <- err
	}()
	time.Sleep(20 * time.Millisecond) // most likely it tries then; if not, the outcome is the same
	p.Exit()
	if err := <-failed; !errors.Is(err, netbsd.ESRCH) {
		t.Error(err)
	}
}

// FuzzFrames reads anything as frames, in pieces of any size.
func FuzzFrames(f *testing.F) {
	for _, rec := range append(recordings(f, "srv"), recordings(f, "rec")...) {
		var all []byte
		for _, r := range rec.Records {
			all = append(all, r.data...)
		}
		f.Add(all, uint8(7))
	}
	f.Fuzz(func(t *testing.T, data []byte, piece uint8) {
		in := newFrameReader(&pieces{data, int(piece)%100 + 1})
		var got []byte
		for {
			h, err := in.header()
			if err != nil {
				break
			}
			if h.length != binary.NativeEndian.Uint64(data[len(got):]) {
				t.Fatalf("a length of %d at %d", h.length, len(got))
			}
			got = h.append(got)
			body, err := in.body(int(min(h.length-headerSize, 1<<40)))
			if err != nil {
				break
			}
			got = append(got, body...)
		}
		if !bytes.HasPrefix(data, got) {
			t.Fatalf("%x is read as %x", data, got)
		}
		if cap(in.large) > keep {
			t.Fatalf("a buffer of %d bytes is kept", cap(in.large))
		}
	})
}

// pieces is a reader that returns n bytes at most.
type pieces struct {
	data []byte
	n    int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.data) == 0 {
		return 0, io.EOF
	}
	n := copy(b[:min(len(b), p.n)], p.data)
	p.data = p.data[n:]
	return n, nil
}
