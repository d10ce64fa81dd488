package guest

import (
	"context"
	"fmt"
	"sync"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A Process is one of a kernel, with as many threads as there are calls under
// way.
type Process struct {
	process kernel.Process

	mu     sync.Mutex
	idle   []*Thread
	made   uint
	closed bool
}

// maxIdle is how many threads are kept that make no call.
const maxIdle = 128

// NewProcess starts a process, which may have as many descriptors as the kernel
// lets it.
func NewProcess(k kernel.Kernel, name string) (*Process, error) {
	p, err := k.NewProcess(kernel.ProcessOptions{Name: name})
	if err != nil {
		return nil, fmt.Errorf("new process: %w", err)
	}
	g := &Process{process: p}
	if err := g.raiseLimit(); err != nil {
		p.Exit()
		return nil, fmt.Errorf("limit of descriptors: %w", err)
	}
	return g, nil
}

func (p *Process) raiseLimit() error {
	t, err := p.Thread()
	if err != nil {
		return err
	}
	defer p.Release(t)
	var limit netbsd.Rlimit
	t.mem.data = abi.AsBytes(&limit)
	ctx := context.Background()
	if err := syscalls.Getrlimit(ctx, t, netbsd.RLIMIT_NOFILE, t.mem.at(dataAt)); err != nil {
		return err
	}
	limit.Cur = limit.Max
	return syscalls.Setrlimit(ctx, t, netbsd.RLIMIT_NOFILE, t.mem.at(dataAt))
}

// Exit ends the process and its calls.
func (p *Process) Exit() {
	p.mu.Lock()
	p.closed, p.idle = true, nil
	p.mu.Unlock()
	p.process.Exit()
}

// A Thread makes one call at a time.
type Thread struct {
	kernel.Thread
	mem memory
}

// Thread returns a thread that makes no call. It is to be released.
func (p *Process) Thread() (*Thread, error) {
	p.mu.Lock()
	if last := len(p.idle) - 1; last >= 0 {
		t := p.idle[last]
		p.idle[last] = nil
		p.idle = p.idle[:last]
		p.mu.Unlock()
		return t, nil
	}
	closed := p.closed
	t := &Thread{mem: memory{base: abi.Addr(p.made % spaces * space)}}
	p.made++
	p.mu.Unlock()
	if closed {
		return nil, netbsd.ESRCH
	}
	var err error
	t.Thread, err = p.process.NewThread(&t.mem)
	if err != nil {
		return nil, err
	}
	return t, nil
}

// Use calls f with a thread.
func (p *Process) Use(f func(t *Thread) error) error {
	t, err := p.Thread()
	if err != nil {
		return err
	}
	defer p.Release(t)
	return f(t)
}

// Release gives a thread back.
func (p *Process) Release(t *Thread) {
	t.mem.data, t.mem.control = nil, nil
	p.mu.Lock()
	keep := len(p.idle) < maxIdle && !p.closed
	if keep {
		p.idle = append(p.idle, t)
	}
	p.mu.Unlock()
	if !keep {
		t.Exit()
	}
}
