package ktrace

import (
	"context"
	"errors"
	"io"
	"strconv"
	"sync"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// Options say what is written. The zero value will do.
type Options struct {
	Prefix string // of each line

	// Skip names the calls that are not written.
	Skip func(syscalls.Number) bool

	// Bytes is how many bytes of a buffer are shown; 0 is 32.
	Bytes int
}

// New returns a kernel that does what k does, and writes a line to w for each
// system call when it has returned. Errors of w are lost. Writes of one kernel come
// one after the other; several that share w write to it at once.
func New(k kernel.Kernel, w io.Writer, opt Options) kernel.Kernel {
	if opt.Bytes == 0 {
		opt.Bytes = 32
	}
	return &traced{k, &tracer{w: w, opt: opt, routing: k.Release().Routing}}
}

type tracer struct {
	opt     Options
	routing *rtsock.Version // in which the kernel's routing messages are

	mu sync.Mutex
	w  io.Writer
}

type traced struct {
	kernel.Kernel
	*tracer
}

func (k *traced) NewProcess(opt kernel.ProcessOptions) (kernel.Process, error) {
	p, err := k.Kernel.NewProcess(opt)
	if err != nil {
		return nil, err
	}
	return &process{p, k.tracer}, nil
}

type process struct {
	kernel.Process
	*tracer
}

func (p *process) NewThread(mem abi.Memory) (kernel.Thread, error) {
	t, err := p.Process.NewThread(mem)
	if err != nil {
		return nil, err
	}
	return &thread{t, p.tracer, mem}, nil
}

func (p *process) Fork(how kernel.ForkHow, opt kernel.ProcessOptions) (kernel.Process, error) {
	child, err := p.Process.Fork(how, opt)
	if err != nil {
		return nil, err
	}
	return &process{child, p.tracer}, nil
}

type thread struct {
	kernel.Thread
	*tracer
	mem abi.Memory
}

func (t *thread) Syscall(ctx context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	if t.opt.Skip != nil && t.opt.Skip(num) {
		return t.Thread.Syscall(ctx, num, args)
	}
	c := &call{mem: t.mem, bytes: t.opt.Bytes, args: args, routing: t.routing}
	c.desc, c.known = syscalls.Lookup(num)
	var before []string
	if c.known {
		before = c.format(in)
	}
	r0, r1, err = t.Thread.Syscall(ctx, num, args)
	c.r0, c.failed = r0, err != nil
	t.write(c, num, before, r0, err)
	return r0, r1, err
}

func (t *tracer) write(c *call, num syscalls.Number, before []string, r0 uintptr, err error) {
	b := []byte(t.opt.Prefix)
	if !c.known {
		b = append(b, "syscall "...)
		b = strconv.AppendInt(b, int64(num), 10)
	} else {
		b = append(b, c.desc.Name...)
		b = append(b, '(')
		after := c.format(out)
		for i := range before {
			if i > 0 {
				b = append(b, ", "...)
			}
			if before[i] == "" {
				before[i] = after[i]
			}
			b = append(b, before[i]...)
		}
		b = append(b, ')')
	}
	b = append(b, " = "...)
	var errno netbsd.Errno
	switch {
	case err == nil:
		b = strconv.AppendInt(b, int64(int(r0)), 10)
	case errors.As(err, &errno):
		b = append(b, "-1 "+errno.Name()+" ("+errno.Error()+")"...)
	default:
		b = append(b, "? "+err.Error()...)
	}
	b = append(b, '\n')
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = t.w.Write(b)
}
