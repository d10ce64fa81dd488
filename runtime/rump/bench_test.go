package rump

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/abigen/abigen/abi"
	irump "github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/nbsock"
)

// benchKernel is the one kernel of all benchmarks.
var benchKernel = sync.OnceValues(func() (kernel.Kernel, error) { return New(Config{}) })

func benched(b *testing.B) kernel.Kernel {
	b.Helper()
	if why := irump.Missing(); why != "" {
		b.Skip(why)
	}
	k, err := benchKernel()
	if err != nil {
		b.Fatal(err)
	}
	return k
}

// arena makes a thread of a new process, with a memory that begins at 0x1000.
func arena(b *testing.B, p kernel.Process, size int) (kernel.Thread, []byte) {
	b.Helper()
	mem := &abi.Bytes{Base: 0x1000, Data: make([]byte, size)}
	t, err := p.NewThread(mem)
	if err != nil {
		b.Fatal(err)
	}
	return t, mem.Data
}

func newProcess(b *testing.B) kernel.Process {
	b.Helper()
	p, err := benched(b).NewProcess(kernel.ProcessOptions{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(p.Exit)
	return p
}

// BenchmarkNullCall is getpid(2), as in the program of TestNullCall.
func BenchmarkNullCall(b *testing.B) {
	t, _ := arena(b, newProcess(b), 4096)
	ctx := b.Context()
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := t.Syscall(ctx, netbsd.SYS_getpid, syscalls.Args{}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkTCPCalls and BenchmarkTCPNbsock move the same bytes over lo0, by system
// calls and by package nbsock.
const tcpPiece = 64 << 10

func BenchmarkTCPCalls(b *testing.B) {
	p := newProcess(b)
	w, out := arena(b, p, tcpPiece+4096)
	r, _ := arena(b, p, tcpPiece+4096)
	ctx := b.Context()
	at := func(n int32, err error) int32 {
		b.Helper()
		if err != nil {
			b.Fatal(err)
		}
		return n
	}
	l := at(syscalls.Socket(ctx, w, netbsd.AF_INET, netbsd.SOCK_STREAM, 0))
	name := abi.AsBytes(&netbsd.SockaddrIn{Len: netbsd.SizeofSockaddrIn, Family: netbsd.AF_INET})
	copy(name[4:], []byte{127, 0, 0, 1})
	n := copy(out, name)
	at(0, syscalls.Bind(ctx, w, l, 0x1000, uint32(n)))
	at(0, syscalls.Listen(ctx, w, l, 1))
	out[n] = byte(n)
	at(0, syscalls.Getsockname(ctx, w, l, 0x1000, 0x1000+abi.Addr(n)))
	c := at(syscalls.Socket(ctx, w, netbsd.AF_INET, netbsd.SOCK_STREAM, 0))
	at(0, syscalls.Connect(ctx, w, c, 0x1000, uint32(n)))
	a := at(syscalls.Accept(ctx, w, l, 0, 0))
	done := make(chan int64)
	go func() {
		var sum int64
		for {
			n, err := syscalls.Read(ctx, r, a, 0x1000, tcpPiece)
			if n <= 0 || err != nil {
				done <- sum
				return
			}
			sum += int64(n)
		}
	}()
	b.SetBytes(tcpPiece)
	b.ReportAllocs()
	for b.Loop() {
		if n, err := syscalls.Write(ctx, w, c, 0x1000, tcpPiece); n != tcpPiece {
			b.Fatal(n, err)
		}
	}
	at(0, syscalls.Shutdown(ctx, w, c, netbsd.SHUT_WR))
	if n := <-done; n != int64(b.N)*tcpPiece {
		b.Fatalf("%d bytes of %d", n, b.N*tcpPiece)
	}
}

func BenchmarkTCPNbsock(b *testing.B) {
	n, err := nbsock.New(benched(b), nbsock.Config{})
	if err != nil {
		b.Fatal(err)
	}
	defer n.Close()
	l, err := n.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	c, err := n.Dial("tcp", l.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	a, err := l.Accept()
	if err != nil {
		b.Fatal(err)
	}
	defer a.Close()
	done := make(chan int64)
	go func() {
		n, _ := io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ net.Conn }{a}, make([]byte, tcpPiece))
		done <- n
	}()
	buf := make([]byte, tcpPiece)
	b.SetBytes(tcpPiece)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := c.Write(buf); err != nil {
			b.Fatal(err)
		}
	}
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		b.Fatal(err)
	}
	if n := <-done; n != int64(b.N)*tcpPiece {
		b.Fatalf("%d bytes of %d", n, b.N*tcpPiece)
	}
}
