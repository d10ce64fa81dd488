package rump

import (
	"context"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A changedProcess is one whose errors, and those of its threads, are changed.
type changedProcess struct {
	kernel.Process
	change func(error) error
}

// NewThread adds a thread.
func (p *changedProcess) NewThread(mem abi.Memory) (kernel.Thread, error) {
	t, err := p.Process.NewThread(mem)
	if err != nil {
		return nil, p.change(err)
	}
	return &changedThread{t, p.change}, nil
}

// Fork makes a child.
func (p *changedProcess) Fork(how kernel.ForkHow, opt kernel.ProcessOptions) (kernel.Process, error) {
	c, err := p.Process.Fork(how, opt)
	if err != nil {
		return nil, p.change(err)
	}
	return &changedProcess{c, p.change}, nil
}

// Exec does what execve(2) does.
func (p *changedProcess) Exec(name string) error {
	if err := p.Process.Exec(name); err != nil {
		return p.change(err)
	}
	return nil
}

type changedThread struct {
	kernel.Thread
	change func(error) error
}

// Syscall makes a call.
func (t *changedThread) Syscall(ctx context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	r0, r1, err = t.Thread.Syscall(ctx, num, args)
	if err != nil {
		err = t.change(err)
	}
	return r0, r1, err
}
