package netstack

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"testing"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/adapters/gonet"
	"gvisor.dev/gvisor/pkg/tcpip/header"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// Bulk transfers and round trips over lo0: through system calls, and through
// gVisor's own package for Go programs on the same stack.
func BenchmarkTCP(b *testing.B) {
	pairs := []struct {
		name string
		make func(*testing.B, *Kernel) (a, c io.ReadWriteCloser)
	}{
		{"syscalls", syscallPair},
		{"gonet", gonetPair},
	}
	for _, p := range pairs {
		b.Run("bulk/"+p.name, func(b *testing.B) { bulk(b, p.make) })
	}
	for _, p := range pairs {
		b.Run("roundtrip/"+p.name, func(b *testing.B) { roundTrips(b, p.make) })
	}
}

const (
	benchPort  = 4000
	benchChunk = 64 << 10
)

func bulk(b *testing.B, pair func(*testing.B, *Kernel) (a, c io.ReadWriteCloser)) {
	from, to := pair(b, bootBench(b))
	done := make(chan error, 1)
	go func() {
		buf := make([]byte, benchChunk)
		left := b.N * benchChunk
		for left > 0 {
			n, err := to.Read(buf)
			if err != nil {
				done <- err
				return
			}
			left -= n
		}
		done <- nil
	}()
	buf := make([]byte, benchChunk)
	b.SetBytes(benchChunk)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if _, err := from.Write(buf); err != nil {
			b.Fatal(err)
		}
	}
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}

func roundTrips(b *testing.B, pair func(*testing.B, *Kernel) (a, c io.ReadWriteCloser)) {
	near, far := pair(b, bootBench(b))
	go func() {
		var buf [1]byte
		for {
			if _, err := far.Read(buf[:]); err != nil {
				return
			}
			if _, err := far.Write(buf[:]); err != nil {
				return
			}
		}
	}()
	var buf [1]byte
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if _, err := near.Write(buf[:]); err != nil {
			b.Fatal(err)
		}
		if _, err := near.Read(buf[:]); err != nil {
			b.Fatal(err)
		}
	}
}

func bootBench(b *testing.B) *Kernel {
	k, err := New(Config{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = k.Close() })
	return k
}

// gonetPair connects two sockets of gVisor's.
func gonetPair(b *testing.B, k *Kernel) (a, c io.ReadWriteCloser) {
	addr := tcpip.FullAddress{Addr: tcpip.AddrFrom4([4]byte{127, 0, 0, 1}), Port: benchPort}
	l, err := gonet.ListenTCP(k.stack, addr, header.IPv4ProtocolNumber)
	if err != nil {
		b.Fatal(err)
	}
	got := make(chan net.Conn, 1)
	go func() {
		conn, err := l.Accept()
		if err != nil {
			b.Error(err)
		}
		got <- conn
	}()
	conn, err := gonet.DialTCP(k.stack, addr, header.IPv4ProtocolNumber)
	if err != nil {
		b.Fatal(err)
	}
	accepted := <-got
	b.Cleanup(func() { _, _, _ = l.Close(), conn.Close(), accepted.Close() })
	return conn, accepted
}

// A caller is a socket of ours that is used through system calls.
type caller struct {
	t   kernel.Thread
	mem *abi.Bytes
	fd  int32
}

const callerBase = 1 << 20

func (c *caller) Read(p []byte) (int, error) {
	c.mem.Data = p
	n, err := syscalls.Read(context.Background(), c.t, c.fd, callerBase, uint(len(p)))
	return int(n), err
}

func (c *caller) Write(p []byte) (int, error) {
	c.mem.Data = p
	n, err := syscalls.Write(context.Background(), c.t, c.fd, callerBase, uint(len(p)))
	return int(n), err
}

func (c *caller) Close() error { return syscalls.Close(context.Background(), c.t, c.fd) }

// syscallPair connects two sockets of one process, each used by a thread of
// its own.
func syscallPair(b *testing.B, k *Kernel) (a, c io.ReadWriteCloser) {
	ctx := context.Background()
	p, err := k.NewProcess(kernel.ProcessOptions{})
	if err != nil {
		b.Fatal(err)
	}
	thread := func() *caller {
		mem := &abi.Bytes{Base: callerBase}
		t, err := p.NewThread(mem)
		if err != nil {
			b.Fatal(err)
		}
		return &caller{t: t, mem: mem}
	}
	must := func(err error) {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
	}
	near, far := thread(), thread()
	name := []byte{netbsd.SizeofSockaddrIn, netbsd.AF_INET, 0, 0, 127, 0, 0, 1, 8: 0, 15: 0}
	binary.BigEndian.PutUint16(name[2:], benchPort)
	near.mem.Data = name
	l, err := syscalls.Socket(ctx, near.t, netbsd.AF_INET, netbsd.SOCK_STREAM, 0)
	must(err)
	must(syscalls.Bind(ctx, near.t, l, callerBase, uint32(len(name))))
	must(syscalls.Listen(ctx, near.t, l, 1))
	near.fd, err = syscalls.Socket(ctx, near.t, netbsd.AF_INET, netbsd.SOCK_STREAM, 0)
	must(err)
	must(syscalls.Connect(ctx, near.t, near.fd, callerBase, uint32(len(name))))
	far.fd, err = syscalls.Accept(ctx, near.t, l, 0, 0)
	must(err)
	on := []byte{1, 0, 0, 0}
	near.mem.Data = on
	for _, s := range []int32{near.fd, far.fd} {
		must(syscalls.Setsockopt(ctx, near.t, s, netbsd.IPPROTO_TCP, netbsd.TCP_NODELAY, callerBase, 4))
	}
	b.Cleanup(p.Exit)
	return near, far
}
