//go:build linux && (amd64 || arm64)

package hijack

import (
	"context"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// stats are what Config.Stats tells at the end.
type stats struct {
	calls, sent, received atomic.Uint64 // of NetBSD's

	mu    sync.Mutex
	lines map[string]*statsLine // by the name of Linux's call
}

type statsLine struct {
	name          string
	calls, errors int
	total, most   time.Duration
}

// add counts a call that was caught.
func (s *stats) add(ev *Event) {
	name := CallName(ev.Number)
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.lines[name]
	if l == nil {
		l = &statsLine{name: name}
		s.lines[name] = l
	}
	l.calls++
	l.total += ev.Took
	l.most = max(l.most, ev.Took)
	if ev.Errno != 0 {
		l.errors++
	}
}

// write writes a table, with what took the most time first. Calls that waited
// are in it with the time they did.
func (s *stats) write(w io.Writer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*statsLine, 0, len(s.lines))
	for _, l := range s.lines {
		list = append(list, l)
	}
	slices.SortFunc(list, func(a, b *statsLine) int { return int(b.total - a.total) })
	fmt.Fprintf(w, "%10s %12s %12s %12s  %s\n", "calls", "errors", "mean (us)", "most (us)", "Linux's call")
	for _, l := range list {
		fmt.Fprintf(w, "%10d %12d %12.1f %12.1f  %s\n", l.calls, l.errors, micros(l.total)/float64(l.calls), micros(l.most), l.name)
	}
	fmt.Fprintf(w, "NetBSD's calls: %d; bytes sent: %d; bytes received: %d\n", s.calls.Load(), s.sent.Load(), s.received.Load())
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

// count returns a kernel that does what k does, and counts its calls and the bytes
// they move.
func (s *stats) count(k kernel.Kernel) kernel.Kernel { return &countedKernel{k, s} }

type countedKernel struct {
	kernel.Kernel
	s *stats
}

func (k *countedKernel) NewProcess(opt kernel.ProcessOptions) (kernel.Process, error) {
	p, err := k.Kernel.NewProcess(opt)
	if err != nil {
		return nil, err
	}
	return &countedProcess{p, k.s}, nil
}

type countedProcess struct {
	kernel.Process
	s *stats
}

func (p *countedProcess) NewThread(mem abi.Memory) (kernel.Thread, error) {
	t, err := p.Process.NewThread(mem)
	if err != nil {
		return nil, err
	}
	return &countedThread{t, p.s}, nil
}

type countedThread struct {
	kernel.Thread
	s *stats
}

func (t *countedThread) Syscall(ctx context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	r0, r1, err = t.Thread.Syscall(ctx, num, args)
	t.s.calls.Add(1)
	if err != nil {
		return r0, r1, err
	}
	switch num {
	case netbsd.SYS_sendto, netbsd.SYS_sendmsg, netbsd.SYS_write, netbsd.SYS_writev:
		t.s.sent.Add(uint64(r0))
	case netbsd.SYS_recvfrom:
		t.receive(r0, args[3])
	case netbsd.SYS_recvmsg:
		t.receive(r0, args[2])
	case netbsd.SYS_read, netbsd.SYS_readv:
		t.receive(r0, 0)
	}
	return r0, r1, nil
}

// receive counts n bytes, unless they stay to be received.
func (t *countedThread) receive(n, flags uintptr) {
	if flags&netbsd.MSG_PEEK == 0 {
		t.s.received.Add(uint64(n))
	}
}
