package netstack

import (
	"context"
	"strings"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
	"github.com/abigen/abigen/runtime/netstack/internal/local"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// A Kernel is an embedded kernel that has booted.
type Kernel struct {
	release *kernel.Release
	host    machine
	stack   *stack.Stack
	ifs     *netif.Table
	procs   kern.Procs
	table   table
	locals  *local.Domain // nil when booting failed
	halted  atomic.Bool
}

var _ kernel.Kernel = (*Kernel)(nil)

// Release returns what Config.Release said.
func (k *Kernel) Release() *kernel.Release { return k.release }

// Support lists the system calls of the kernel.
func (k *Kernel) Support() []kernel.Support { return k.table.support() }

// NewProcess starts a process, as kernel.Kernel says.
func (k *Kernel) NewProcess(opt kernel.ProcessOptions) (kernel.Process, error) {
	if k.halted.Load() {
		return nil, netbsd.ENXIO
	}
	p := k.procs.New(opt.Name, opt.Signal)
	if opt.Console {
		if err := openConsole(p, k.host.Console); err != nil {
			p.Exit()
			return nil, err
		}
	}
	return &process{k, p}, nil
}

// Close halts the kernel: its processes exit, and the network goes away.
func (k *Kernel) Close() error {
	if k.halted.Swap(true) {
		return nil
	}
	for _, p := range k.procs.All() {
		p.Exit()
	}
	if k.locals != nil {
		k.locals.Close()
	}
	k.ifs.Close()
	k.stack.Destroy()
	return nil
}

type process struct {
	kernel *Kernel
	*kern.Proc
}

func (p *process) PID() int { return int(p.Proc.PID) }

func (p *process) NewThread(mem abi.Memory) (kernel.Thread, error) {
	return &thread{p.kernel, kern.NewLwp(p.Proc, mem)}, nil
}

func (p *process) Fork(how kernel.ForkHow, opt kernel.ProcessOptions) (kernel.Process, error) {
	if p.kernel.halted.Load() {
		return nil, netbsd.ENXIO
	}
	if !p.Enter() {
		return nil, netbsd.ESRCH
	}
	defer p.Leave()
	var fds *kern.Table
	switch how {
	case kernel.ForkCopy:
		fds = p.FDs().Copy()
	case kernel.ForkShare:
		fds = p.FDs()
	}
	name := opt.Name
	if name == "" {
		name = p.Name()
	}
	return &process{p.kernel, p.kernel.procs.Fork(p.Proc, fds, name, opt.Signal)}, nil
}

func (p *process) Exec(name string) error {
	p.Proc.Exec(name)
	return nil
}

type thread struct {
	kernel *Kernel
	lwp    *kern.Lwp
}

// Syscall makes a call, as syscalls.Caller says.
func (t *thread) Syscall(ctx context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	h := t.kernel.table.handler(num)
	if h == nil {
		if c, ok := syscalls.Lookup(num); ok && strings.HasPrefix(c.Symbol, "compat_") {
			t.lwp.Raise(netbsd.SIGSYS)
		}
		return 0, 0, netbsd.ENOSYS
	}
	p := t.lwp.Proc
	if !p.Enter() {
		if t.kernel.halted.Load() {
			return 0, 0, netbsd.ENXIO
		}
		return 0, 0, netbsd.ESRCH
	}
	defer p.Leave()
	t.lwp.Ctx = ctx
	return h(t.lwp, args)
}

func (t *thread) Exit() {}
