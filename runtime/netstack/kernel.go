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
	p, err := k.procs.New(opt.Name, opt.Signal)
	if err != nil {
		return nil, err
	}
	if k.halted.Load() { // meanwhile
		p.Exit()
		return nil, netbsd.ENXIO
	}
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
	if !p.Enter() {
		return nil, p.kernel.gone()
	}
	defer p.Leave()
	return &thread{kernel: p.kernel, lwp: kern.NewLwp(p.Proc, mem)}, nil
}

func (p *process) Fork(how kernel.ForkHow, opt kernel.ProcessOptions) (kernel.Process, error) {
	if !p.Enter() {
		return nil, p.kernel.gone()
	}
	defer p.Leave()
	var fds *kern.Table
	switch how {
	case kernel.ForkCopy:
		fds = p.FDs().Copy()
	case kernel.ForkClean:
	case kernel.ForkShare:
		fds = p.FDs()
	default:
		return nil, netbsd.EINVAL
	}
	name := opt.Name
	if name == "" {
		name = p.Name()
	}
	child, err := p.kernel.procs.Fork(p.Proc, fds, name, opt.Signal)
	if err != nil {
		return nil, err
	}
	return &process{p.kernel, child}, nil
}

func (p *process) Exec(name string) error {
	if !p.Proc.Exec(name) {
		return p.kernel.gone()
	}
	return nil
}

// gone returns the error of those who ask for something in the name of a process
// that has exited.
func (k *Kernel) gone() error {
	if k.halted.Load() {
		return netbsd.ENXIO
	}
	return netbsd.ESRCH
}

type thread struct {
	kernel *Kernel
	lwp    *kern.Lwp
	exited bool
}

// Syscall makes a call, as syscalls.Caller says.
func (t *thread) Syscall(ctx context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	p := t.lwp.Proc
	if t.exited || !p.Enter() {
		return 0, 0, t.kernel.gone()
	}
	defer p.Leave()
	h := t.kernel.table.handler(num)
	if h == nil {
		if c, ok := syscalls.Lookup(num); ok && strings.HasPrefix(c.Symbol, "compat_") {
			t.lwp.Raise(netbsd.SIGSYS)
		}
		return 0, 0, netbsd.ENOSYS
	}
	t.lwp.Ctx = ctx
	return h(t.lwp, args)
}

// Exit ends the thread, whose later calls fail with ESRCH.
func (t *thread) Exit() { t.exited = true }
