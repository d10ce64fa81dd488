package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/abigen/abigen/abi"
	irump "github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/rump"
)

// nullC is a program that makes null calls in NetBSD's kernel, loaded into it as
// package rump does that.
//
//go:embed testdata/nullcall.c
var nullC string

// realKernel prints what calls of NetBSD's own kernel cost in this process, and in
// that of a C program; and what package nbsock makes of its TCP.
func realKernel(ctx context.Context, o options, stdout io.Writer) error {
	fmt.Fprintln(stdout)
	if why := irump.Missing(); why != "" {
		fmt.Fprintf(stdout, "NetBSD's kernel in process: %s\n", why)
		return nil
	}
	k, err := rump.New(rump.Config{})
	if err != nil {
		return err
	}
	defer k.Close()
	if err := realNullCall(ctx, o, stdout, k); err != nil {
		return err
	}
	return realTCP(ctx, o, stdout, k)
}

// realNullCall takes the fastest of many short rounds: what else the machine does
// makes them only longer.
func realNullCall(ctx context.Context, o options, stdout io.Writer, k kernel.Kernel) error {
	const calls = 100_000
	t, _, err := realThread(k, 0)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "netbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program, err := compileNullC(ctx, dir)
	if err != nil {
		fmt.Fprintf(stdout, "null system call from C: %v\n", err)
	}
	var ours, c []float64
	for range o.rounds {
		for range 10 {
			start := time.Now()
			for range calls {
				if _, _, err := t.Syscall(ctx, netbsd.SYS_getpid, syscalls.Args{}); err != nil {
					return err
				}
			}
			ours = append(ours, float64(time.Since(start).Nanoseconds())/calls)
		}
		if program == "" {
			continue
		}
		out, err := exec.CommandContext(ctx, program, strconv.Itoa(calls), "10").Output()
		if err != nil {
			return err
		}
		for word := range strings.FieldsSeq(string(out)) {
			f, err := strconv.ParseFloat(word, 64)
			if err != nil {
				return err
			}
			c = append(c, f)
		}
	}
	fmt.Fprintf(stdout, "NetBSD's kernel in process, null system call (getpid), fastest round: %.1f ns", slices.Min(ours))
	if len(c) > 0 {
		fmt.Fprintf(stdout, ", from C %.1f ns, to C %.2f", slices.Min(c), slices.Min(ours)/slices.Min(c))
	}
	fmt.Fprintln(stdout)
	return nil
}

// compileNullC returns the path of the program.
func compileNullC(ctx context.Context, dir string) (string, error) {
	cc, err := exec.LookPath("cc")
	if err != nil {
		return "", errors.New("not measured: there is no C compiler")
	}
	source, program := filepath.Join(dir, "nullcall.c"), filepath.Join(dir, "nullcall")
	if err := os.WriteFile(source, []byte(nullC), 0o600); err != nil {
		return "", err
	}
	out, err := exec.CommandContext(ctx, cc, "-O2", "-o", program, source, "-ldl").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("not measured: %s %w", out, err)
	}
	return program, nil
}

// realThread makes a thread of a new process. Its memory begins at base.
func realThread(k kernel.Kernel, size int) (kernel.Thread, []byte, error) {
	p, err := k.NewProcess(kernel.ProcessOptions{Name: "netbench"})
	if err != nil {
		return nil, nil, err
	}
	mem := &abi.Bytes{Base: base, Data: make([]byte, size)}
	t, err := p.NewThread(mem)
	return t, mem.Data, err
}

const (
	base  abi.Addr = 0x1000
	piece          = 64 << 10
)

// realTCP prints how much TCP over lo0 moves, by read(2) and write(2) and by package
// nbsock.
func realTCP(ctx context.Context, o options, stdout io.Writer, k kernel.Kernel) error {
	n, err := nbsock.New(k, nbsock.Config{})
	if err != nil {
		return err
	}
	defer n.Close()
	w := &way{
		dial: func(ctx context.Context, to net.Addr) (net.Conn, error) {
			return n.DialContext(ctx, to.Network(), to.String())
		},
		listen: func() (net.Listener, error) { return n.Listen("tcp", local) },
	}
	var calls, conns tcpFigures
	for range o.rounds {
		if err := calls.measure(func() (result, error) { return rawBulk(ctx, k, o.round) }); err != nil {
			return err
		}
		if err := conns.measure(func() (result, error) { return bulk(ctx, w, o.round) }); err != nil {
			return err
		}
	}
	fmt.Fprintf(stdout, "NetBSD's kernel in process, TCP bulk, MB/s: nbsock %.0f, system calls %.0f, to these %.2f\n",
		median(conns.rate), median(calls.rate), median(conns.rate)/median(calls.rate))
	fmt.Fprintf(stdout, "   processor time for a MB, microseconds: nbsock %.0f, system calls %.0f, to these %.2f\n",
		median(conns.cost), median(calls.cost), median(conns.cost)/median(calls.cost))
	return nil
}

// tcpFigures are MB/s, and what a MB costs, which depends less on what else the
// machine does.
type tcpFigures struct{ rate, cost []float64 }

func (f *tcpFigures) measure(bulk func() (result, error)) error {
	start, before := time.Now(), processorTime()
	r, err := bulk()
	if err != nil {
		return err
	}
	mb := r.perSecond * 1e-6 * time.Since(start).Seconds()
	f.rate = append(f.rate, r.perSecond*1e-6)
	f.cost = append(f.cost, float64((processorTime()-before).Microseconds())/mb)
	return nil
}

// rawBulk is bulk by system calls.
func rawBulk(ctx context.Context, k kernel.Kernel, d time.Duration) (result, error) {
	p, err := k.NewProcess(kernel.ProcessOptions{Name: "bulk"})
	if err != nil {
		return result{}, err
	}
	defer p.Exit()
	out := &abi.Bytes{Base: base, Data: make([]byte, piece)}
	w, err := p.NewThread(out)
	if err != nil {
		return result{}, err
	}
	r, err := p.NewThread(&abi.Bytes{Base: base, Data: make([]byte, piece)})
	if err != nil {
		return result{}, err
	}
	from, to, err := rawPair(ctx, w, out.Data)
	if err != nil {
		return result{}, err
	}
	done := make(chan error, 1)
	go func() {
		for {
			n, err := syscalls.Read(ctx, r, to, base, piece)
			if n <= 0 || err != nil {
				done <- err
				return
			}
		}
	}()
	res, err := count(ctx, d, func() (int, error) { return syscalls.Write(ctx, w, from, base, piece) })
	return res, errors.Join(err, syscalls.Shutdown(ctx, w, from, netbsd.SHUT_WR), <-done)
}

// rawPair makes a connection over lo0. mem is at base.
func rawPair(ctx context.Context, t kernel.Thread, mem []byte) (from, to int32, err error) {
	l, err := syscalls.Socket(ctx, t, netbsd.AF_INET, netbsd.SOCK_STREAM, 0)
	if err != nil {
		return 0, 0, err
	}
	if from, err = syscalls.Socket(ctx, t, netbsd.AF_INET, netbsd.SOCK_STREAM, 0); err != nil {
		return 0, 0, err
	}
	name := netbsd.SockaddrIn{Len: netbsd.SizeofSockaddrIn, Family: netbsd.AF_INET}
	const size = netbsd.SizeofSockaddrIn
	b := mem[:size]
	copy(b, abi.AsBytes(&name))
	copy(b[4:], []byte{127, 0, 0, 1})
	mem[size] = size // for getsockname
	err = errors.Join(
		syscalls.Bind(ctx, t, l, base, size),
		syscalls.Listen(ctx, t, l, 1),
		syscalls.Getsockname(ctx, t, l, base, base+size),
		syscalls.Connect(ctx, t, from, base, size))
	if err != nil {
		return 0, 0, err
	}
	to, err = syscalls.Accept(ctx, t, l, 0, 0)
	return from, to, err
}
