package rump

import (
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ebitengine/purego"
	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
)

// A process is one of the kernel's whose memory is not that of its host, so
// that it asks for every byte.
type process struct {
	k       *local
	opt     kernel.ProcessOptions
	pid     int
	proc    uintptr // struct proc
	block   uintptr // what the kernel knows the process by, see allocate
	control *thread // the first thread, for what needs one

	// mu is held while the process forks, execs or exits, and while its list
	// of threads changes.
	mu      sync.Mutex
	threads map[*thread]struct{}
	exiting atomic.Bool

	interrupts struct {
		sync.Mutex
		n int
	}
}

// The C memory of a process: signals that are pending, and its name.
const (
	blockSize = 64
	nameAt    = 8
	maxName   = 16 // MAXCOMLEN
)

var libc struct {
	sync.Once
	calloc, free uintptr
}

// allocate makes the C memory.
func (p *process) allocate(name string) error {
	libc.Do(func() {
		s := &symbols{handle: purego.RTLD_DEFAULT}
		libc.calloc, libc.free = s.find("calloc"), s.find("free")
	})
	if p.block = ccall(libc.calloc, 1, blockSize); p.block == 0 {
		return netbsd.ENOMEM
	}
	copy(unsafe.Slice((*byte)(pointer(p.block+nameAt)), maxName), name)
	return nil
}

func (p *process) free() { ccall(libc.free, p.block) }

// deliver hands over the signals that are pending.
func (p *process) deliver() {
	pending := (*uint64)(pointer(p.block))
	if atomic.LoadUint64(pending) == 0 {
		return
	}
	for set, sig := atomic.SwapUint64(pending, 0), netbsd.Signal(0); set != 0; set, sig = set>>1, sig+1 {
		if set&1 != 0 && p.opt.Signal != nil {
			p.opt.Signal(sig)
		}
	}
}

// PID returns the number of the process.
func (p *process) PID() int { return p.pid }

// NewThread adds a thread.
func (p *process) NewThread(mem abi.Memory) (kernel.Thread, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.alive(); err != nil {
		return nil, err
	}
	for {
		r, alive := steps(0,
			step{fn: p.k.entry.schedule},
			step{fn: p.k.entry.newlwp, args: [4]uintptr{uintptr(p.pid)}},
			step{fn: p.k.entry.curlwp},
			step{fn: p.k.entry.unschedule})
		if !alive {
			return nil, p.k.death()
		}
		switch n := netbsd.Errno(int32(r[1].result)); n {
		case 0:
			t := &thread{p: p, mem: mem}
			t.lwp = r[2].result
			t.parts, _ = mem.(abi.Parts)
			if p.threads == nil {
				p.threads = map[*thread]struct{}{}
			}
			p.threads[t] = struct{}{}
			p.k.watch.add(t)
			return t, nil
		case netbsd.EBUSY: // a call of the process is being interrupted
			runtime.Gosched()
		default:
			return nil, n
		}
	}
}

// alive returns an error after Exit, or when the kernel has halted.
func (p *process) alive() error {
	if err := p.k.up(); err != nil {
		return err
	}
	if p.exiting.Load() {
		return netbsd.ESRCH
	}
	return nil
}

// Fork makes a child.
func (p *process) Fork(how kernel.ForkHow, opt kernel.ProcessOptions) (kernel.Process, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.alive(); err != nil {
		return nil, err
	}
	if opt.Name == "" {
		opt.Name = p.opt.Name
	}
	var flags uintptr
	switch how {
	case kernel.ForkCopy:
		flags = forkCopy
	case kernel.ForkClean:
		flags = forkClean
	case kernel.ForkShare:
		flags = forkShare
	default:
		return nil, netbsd.EINVAL
	}
	c, err := p.k.newProcess(p.control.lwp, flags, opt)
	if err != nil {
		return nil, err
	}
	if err := p.k.add(c); err != nil {
		c.end()
		return nil, err
	}
	return c, nil
}

// Exec interrupts the calls under way, closes what is to be closed, and changes
// the name.
func (p *process) Exec(name string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.alive(); err != nil {
		return err
	}
	p.interruptAll()
	_, alive := steps(p.control.lwp,
		step{fn: p.k.entry.schedule},
		step{fn: p.k.entry.closeexec},
		step{fn: p.k.entry.unschedule})
	if !alive {
		return p.k.death()
	}
	p.opt.Name = name
	p.k.layout.setName(p.proc, name)
	return nil
}

// interruptAll interrupts the calls under way, and waits for them to return.
// p.mu is held.
func (p *process) interruptAll() {
	var wg sync.WaitGroup
	for t := range p.threads {
		if w := t.watched(); w != nil {
			w.interrupt()
			wg.Go(func() { <-w.left })
		}
	}
	wg.Wait()
}

// drain waits until no call is under way any more. p.exiting is set.
func (p *process) drain() {
	p.interruptAll()
	p.stopQuick()
	for t := range p.threads {
		for t.state.Load()&phase != idle {
			time.Sleep(10 * time.Microsecond)
		}
	}
}

// Exit ends the process.
func (p *process) Exit() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.exiting.Swap(true) {
		return
	}
	p.drain()
	p.k.remove(p)
	p.end()
}

// Commands of membarrier(2), of linux/membarrier.h.
const (
	membarrierGlobal    = 1 << 0
	membarrierExpedited = 1 << 3
	membarrierRegister  = 1 << 4
)

// stopQuick keeps threads from making quick calls, and waits for those under way.
func (p *process) stopQuick() {
	for t := range p.threads {
		atomic.StoreUintptr(&t.stop, 1)
	}
	// Each thread of the host that runs sees that now, or has been seen to be busy.
	if _, _, e := unix.Syscall(unix.SYS_MEMBARRIER, membarrierExpedited, 0, 0); e != 0 {
		_, _, _ = unix.Syscall(unix.SYS_MEMBARRIER, membarrierGlobal, 0, 0)
	}
	for t := range p.threads {
		for atomic.LoadUintptr(&t.busy) != 0 {
			runtime.Gosched()
		}
	}
}

// end lets the lwps go, the last of which takes the process with it. When the
// kernel is dead there is nobody to let go.
func (p *process) end() {
	p.exiting.Store(true)
	for t := range p.threads {
		p.k.watch.remove(t)
		p.release(t)
	}
	p.threads = nil
	if p.release(p.control) {
		p.free()
	}
}

// release lets an lwp go, and reports whether it did.
func (p *process) release(t *thread) bool {
	if p.k.up() != nil {
		return false
	}
	_, alive := steps(t.lwp,
		step{fn: p.k.entry.schedule},
		step{fn: p.k.entry.releaselwp},
		step{fn: p.k.entry.unschedule})
	return alive
}

// String returns, for instance, "process 7 (nginx)".
func (p *process) String() string { return fmt.Sprintf("process %d (%s)", p.pid, p.opt.Name) }
