package sysproxy

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/nbsock"
)

// each runs a test on a remote kernel of each kind: one of a Server, and NetBSD's
// own in a rump_server, which cannot be asked to interrupt a call.
func each(t *testing.T, test func(t *testing.T, c *Client)) {
	t.Run("server", func(t *testing.T) { test(t, dial(t, serve(t, &Server{Kernel: boot(t, nil)}))) })
	t.Run("rump_server", func(t *testing.T) { test(t, dial(t, rump.ForTest(t).URL)) })
}

// soon returns a context that is done before long.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// later returns one that is not.
func later(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// A call that sleeps ends with its context, and what comes afterward is for the
// next one.
func TestInterrupt(t *testing.T) {
	each(t, func(t *testing.T, c *Client) {
		p, th := newProcess(t, c, make([]byte, 64))
		other := newThread(t, p, 0x2000, []byte("hello"))
		r, w := pipe(t, th)
		for range 10 {
			if n, err := syscalls.Read(soon(t), th, r, dataAt, 64); !errors.Is(err, netbsd.EINTR) {
				t.Fatal(n, err)
			}
		}
		if n, err := syscalls.Write(t.Context(), other, w, 0x2000, 5); n != 5 || err != nil {
			t.Fatal(n, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel() // a call that need not sleep does not notice
		if n, err := syscalls.Read(ctx, th, r, dataAt, 64); n != 5 || err != nil {
			t.Fatal(n, err)
		}
	})
}

// The same of each call that can sleep.
func TestInterruptEach(t *testing.T) {
	each(t, func(t *testing.T, c *Client) {
		mem := &abi.Bytes{Base: dataAt, Data: make([]byte, 4096)}
		p, err := c.NewProcess(kernel.ProcessOptions{})
		if err != nil {
			t.Fatal(err)
		}
		th, err := p.NewThread(mem)
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		sockets := func(typ int32) (a, b int32) {
			if err := syscalls.Socketpair(ctx, th, netbsd.AF_LOCAL, typ, 0, dataAt); err != nil {
				t.Fatal(err)
			}
			return int32(mem.Data[0]), int32(mem.Data[4])
		}
		stream, peer := sockets(netbsd.SOCK_STREAM)
		listener := must(syscalls.Socket(ctx, th, netbsd.AF_INET, netbsd.SOCK_STREAM, 0))
		name := netbsd.SockaddrIn{Len: 16, Family: netbsd.AF_INET, Addr: netbsd.InAddr{Addr: abi.MakeBE32(0x7f000001)}}
		copy(mem.Data, abi.AsBytes(&name))
		if err := errors.Join(syscalls.Bind(ctx, th, listener, dataAt, 16), syscalls.Listen(ctx, th, listener, 5)); err != nil {
			t.Fatal(err)
		}
		kq := must(syscalls.Kqueue(ctx, th))
		const iovAt, msgAt, bufAt = dataAt + 256, dataAt + 512, dataAt + 1024
		iov := netbsd.Iovec{Base: bufAt, Len: 64}
		msg := netbsd.Msghdr{Iov: iovAt, Iovlen: 1}
		copy(mem.Data[256:], abi.AsBytes(&iov))
		copy(mem.Data[512:], abi.AsBytes(&msg))
		fds := netbsd.Pollfd{FD: stream, Events: netbsd.POLLIN}
		copy(mem.Data, abi.AsBytes(&fds))

		word := func(fd int32) uintptr { return uintptr(uint32(fd)) }
		for num, args := range map[syscalls.Number]syscalls.Args{
			netbsd.SYS_read:       {word(stream), uintptr(bufAt), 64},
			netbsd.SYS_readv:      {word(stream), uintptr(iovAt), 1},
			netbsd.SYS_recvfrom:   {word(stream), uintptr(bufAt), 64},
			netbsd.SYS_recvmsg:    {word(stream), uintptr(msgAt)},
			netbsd.SYS_accept:     {word(listener)},
			netbsd.SYS_paccept:    {word(listener)},
			netbsd.SYS_poll:       {uintptr(dataAt), 1, word(-1)},
			netbsd.SYS___pollts50: {uintptr(dataAt), 1},
			netbsd.SYS___kevent50: {word(kq), 0, 0, uintptr(bufAt), 1},
		} {
			if r0, _, err := th.Syscall(soon(t), num, args); !errors.Is(err, netbsd.EINTR) {
				t.Errorf("%v: %d, %v", num, r0, err)
			}
		}
		// until the peer's buffer is full
		for {
			if n, err := syscalls.Write(soon(t), th, peer, bufAt, 2048); errors.Is(err, netbsd.EINTR) {
				break
			} else if err != nil || n == 0 {
				t.Fatal(n, err)
			}
		}
		p.Exit()
	})
}

// What sleeps goes on when it can.
func TestWoken(t *testing.T) {
	each(t, func(t *testing.T, c *Client) {
		n, err := nbsock.New(c, nbsock.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer n.Close()
		l, err := n.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go func() {
					defer c.Close()
					buf := make([]byte, 1<<16)
					for {
						n, err := c.Read(buf)
						if err != nil {
							return
						}
						if _, err := c.Write(buf[:n]); err != nil {
							return
						}
					}
				}()
			}
		}()
		ctx := later(t)
		conn, err := n.DialContext(ctx, "tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		const size = 1 << 20
		go func() {
			if n, err := conn.Write(make([]byte, size)); n != size || err != nil {
				t.Error(n, err)
			}
		}()
		buf := make([]byte, 1<<16)
		for got := 0; got < size; {
			n, err := conn.Read(buf)
			if err != nil {
				t.Fatal(got, err)
			}
			got += n
		}
		if _, err := n.DialContext(ctx, "tcp", "127.0.0.1:1"); !errors.Is(err, netbsd.ECONNREFUSED) {
			t.Error(err)
		}
	})
}
