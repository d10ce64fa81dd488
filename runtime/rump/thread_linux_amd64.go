package rump

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A thread is an lwp of the kernel. It belongs to no thread of the host: whichever
// runs the goroutine that makes the call becomes it for that long.
type thread struct {
	call  // first: copyFar finds the thread by it
	p     *process
	mem   abi.Memory
	parts abi.Parts // mem, if its bytes can be had; else nil
	list  [len(call{}.mem)]abi.Bytes
	stack []byte // for quick calls; nil before the first

	state state
	ctx   context.Context // of the call under way, if it can be done

	mu sync.Mutex // guards what follows, and the step from running to watched
	w  *watch

	gone atomic.Bool
}

// A state says which call is under way, by its number, and whether it is: running,
// or watched when a goroutine waits for its context.
type state struct{ atomic.Uint32 }

const (
	idle = iota
	running
	watched

	phase   = 3 // the bits of these
	oneCall = phase + 1
)

// next begins another call.
func (s *state) next() { s.Store(s.Load()&^phase + oneCall + running) }

// leave ends the call under way, but for one that is watched.
func (s *state) leave() bool {
	now := s.Load()
	return now&phase == running && s.CompareAndSwap(now, now&^phase)
}

// Syscall makes a call, as [syscalls.Caller] says.
func (t *thread) Syscall(ctx context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	if num >= 0 && num < numSyscalls && quick[num] && t.quickly(num) {
		return t.ret[0], t.ret[1], nil
	}
	if ctx.Done() != nil {
		t.ctx = ctx
	} else {
		t.ctx = nil
	}
	if endless(num, &args) {
		return t.poll(ctx, args)
	}
	return t.invoke(ctx, num, args)
}

// numSyscalls is how many numbers there are, SYS_NSYSENT.
const numSyscalls = 512

// eRestart is what the kernel says to itself when a call is to be made again
// (ERESTART of sys/errno.h); restarts is how often it is. A descriptor that was
// closed meanwhile gives EBADF the second time.
const (
	eRestart = -3
	restarts = 3
)

func (t *thread) invoke(ctx context.Context, num syscalls.Number, args syscalls.Args) (r0, r1 uintptr, err error) {
	if num <= 0 || num >= numSyscalls {
		return 0, 0, netbsd.ENOSYS // the kernel would look past its table
	}
	if num == netbsd.SYS_reboot {
		args[0] &^= netbsd.RUMP_RB_HALT // which would not come back
	}
	for n := 0; ; n++ {
		if err := t.begin(); err != nil {
			return 0, 0, err
		}
		c := &t.call
		c.num, c.args, c.size = uintptr(num), args, unsafe.Sizeof(args)
		c.ret, c.status = [2]uintptr{}, finished
		t.windows()
		cgocall(enterAt, unsafe.Pointer(c))
		if atomic.LoadUint64((*uint64)(pointer(t.p.block))) != 0 {
			t.p.deliver()
		}
		t.end()
		runtime.KeepAlive(t)
		switch {
		case c.status != finished:
			return 0, 0, t.p.k.death()
		case c.errno == 0:
			return c.ret[0], c.ret[1], nil
		case c.errno == eRestart && n < restarts && ctx.Err() == nil:
		case c.errno == eRestart:
			return 0, 0, netbsd.EINTR
		case c.errno < 0:
			return 0, 0, netbsd.EINVAL
		default:
			return 0, 0, netbsd.Errno(c.errno)
		}
	}
}

// quick are calls that look up a number and are done, without memory, locks or
// sleep: less work than to tell Go's scheduler that there is going to be a call.
var quick = [numSyscalls]bool{
	netbsd.SYS_getpid: true, netbsd.SYS_getppid: true, netbsd.SYS_getuid: true,
	netbsd.SYS_geteuid: true, netbsd.SYS_getgid: true, netbsd.SYS_getegid: true,
}

// quickStack is the size of the stack for such calls.
const quickStack = 32 << 10

// quickly makes such a call, and reports whether that was possible: it is not when
// no processor of the kernel is free, and when the call fails.
func (t *thread) quickly(num syscalls.Number) bool {
	if t.call.stack == 0 {
		t.stack = make([]byte, quickStack)
		t.call.stack = (uintptr(unsafe.Pointer(&t.stack[0])) + quickStack) &^ 15
	}
	return hurry(&t.call, uintptr(num)) && t.status == finished && t.errno == 0
}

// windows lists the slices of the thread's memory for the kernel.
func (t *thread) windows() {
	if t.parts == nil {
		return
	}
	list := t.parts.Parts(t.list[:0])
	for i := range t.call.mem {
		w := &t.call.mem[i]
		if i < len(list) {
			b := &list[i]
			*w = window{uintptr(b.Base), uintptr(len(b.Data)), unsafe.Pointer(unsafe.SliceData(b.Data))}
		} else {
			w.len = 0
		}
	}
}

// begin notes that a call is under way.
func (t *thread) begin() error {
	t.state.next()
	if t.p.exiting.Load() || t.gone.Load() || atomic.LoadUintptr(&host.dead) != 0 || t.p.k.down.Load() {
		t.end()
		if err := t.p.k.up(); err != nil {
			return err
		}
		return netbsd.ESRCH
	}
	if t.ctx != nil {
		t.p.k.watch.needed()
	}
	return nil
}

// end notes that it is over. From here on the process may be gone.
func (t *thread) end() {
	if !t.state.leave() {
		t.mu.Lock()
		w := t.w
		t.w = nil
		t.mu.Unlock()
		close(w.done)
		<-w.left
		t.p.k.layout.resume(t.lwp)
		t.state.Store(t.state.Load() &^ phase)
	}
}

// Exit ends the thread.
func (t *thread) Exit() {
	p := t.p
	p.mu.Lock()
	defer p.mu.Unlock()
	if t.gone.Swap(true) || p.exiting.Load() {
		return
	}
	delete(p.threads, t)
	t.stop = 1
	p.k.watch.remove(t)
	p.release(t)
}
