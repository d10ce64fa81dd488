package pipe

import (
	"sync"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// The sizes of a buffer, and how many pipes of a kernel may have a big one
// (sys/pipe.h). A writer that waits for room goes on when less than lowWater is
// left in the buffer.
const (
	size     = 16384
	bigSize  = 4 * size
	maxBig   = 32
	lowWater = size / 3
)

// Pipes are the pipes of a kernel.
type Pipes struct {
	big atomic.Int32 // pipes with a big buffer
}

// Sysents returns the system calls of this package.
func (ps *Pipes) Sysents() []kern.Sysent {
	return []kern.Sysent{
		{Number: netbsd.SYS_pipe, Handler: ps.sysPipe, Level: kernel.Full},
		{Number: netbsd.SYS_pipe2, Handler: ps.sysPipe2, Level: kernel.Full},
	}
}

// sysPipe returns both descriptors in registers.
func (ps *Pipes) sysPipe(l *kern.Lwp, _ syscalls.Args) (uintptr, uintptr, error) {
	fds, err := ps.open(l, 0)
	return uintptr(fds[0]), uintptr(fds[1]), err
}

// sysPipe2 writes both descriptors to the caller's memory. When it cannot, they
// stay open.
func (ps *Pipes) sysPipe2(l *kern.Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	fds, err := ps.open(l, uint32(a[1]))
	if err != nil {
		return 0, 0, err
	}
	return 0, 0, kern.Out(l, &fds, abi.Addr(a[0]))
}

// open makes a pipe and returns the descriptors to read from and to write to.
func (ps *Pipes) open(l *kern.Lwp, flags uint32) (fds [2]int32, err error) {
	if flags&^(netbsd.O_CLOEXEC|netbsd.O_NONBLOCK|netbsd.O_NOSIGPIPE) != 0 {
		return fds, netbsd.EINVAL
	}
	var r [2]kern.Reservation
	for i := range r {
		if r[i], err = l.Reserve(0); err != nil {
			if i == 1 {
				r[0].Cancel()
			}
			return fds, err
		}
		fds[i] = r[i].FD
	}
	p := newPipe(ps, l)
	closeOnExec := flags&netbsd.O_CLOEXEC != 0
	r[0].Fill(kern.NewOpenFile(l, kern.TypePipe, netbsd.FREAD|flags, &p.ends[0]), closeOnExec)
	r[1].Fill(kern.NewOpenFile(l, kern.TypePipe, netbsd.FWRITE|flags, &p.ends[1]), closeOnExec)
	return fds, nil
}

// A pipe is what both ends share.
type pipe struct {
	waiter.Queue

	pipes *Pipes
	procs *kern.Procs
	clock hypercall.Clock
	born  time.Time
	ends  [2]end // to read from, to write to

	mu    sync.Mutex
	taken bool   // somebody moves data
	buf   []byte // a ring, nil until something is written
	size  int    // what buf has or will have
	out   int    // where the oldest byte is
	count int    // bytes in it
}

// An end is what one of the two descriptors refers to.
type end struct {
	*pipe
	writes bool
	cred   *kern.Cred // of who made it
	owner  kern.Owner // told by SIGIO

	// Guarded by pipe.mu.
	closed   bool
	async    bool
	accessed time.Time
	modified time.Time
}

var _ kern.File = (*end)(nil)

func newPipe(ps *Pipes, l *kern.Lwp) *pipe {
	p := &pipe{pipes: ps, procs: l.Proc.Procs(), clock: l.Clock(), born: l.Clock().Now(), size: size}
	for i := range p.ends {
		e := &p.ends[i]
		e.pipe, e.writes, e.cred, e.accessed, e.modified = p, i == 1, l.Cred(), p.born, p.born
	}
	return p
}

// peer returns the other end.
func (e *end) peer() *end {
	if e.writes {
		return &e.ends[0]
	}
	return &e.ends[1]
}

// buffered counts the bytes that can be read from e. The caller has locked mu.
func (e *end) buffered() int {
	if e.writes {
		return 0
	}
	return e.count
}

// space counts the bytes that can be written to e. The caller has locked mu.
func (e *end) space() int {
	if e.writes {
		return e.size - e.count
	}
	return 0
}

// wake wakes who waits for the pipe, and sends SIGIO to the owner of the end
// that has something to hear of.
func (p *pipe) wake(to *end) {
	p.Notify(waiter.ReadableEvents | waiter.WritableEvents)
	p.mu.Lock()
	async := to.async
	p.mu.Unlock()
	if async {
		to.owner.Signal(p.procs, netbsd.SIGIO)
	}
}

// Restart wakes those who sleep.
func (e *end) Restart() { e.Notify(waiter.EventInternal) }

// Close ends one direction: the other end sees the end of file, or EPIPE.
func (e *end) Close(*kern.Lwp) {
	p := e.pipe
	p.mu.Lock()
	e.closed = true
	if !e.writes {
		if p.size == bigSize {
			p.pipes.big.Add(-1)
		}
		p.buf, p.count = nil, 0
	}
	p.mu.Unlock()
	p.Notify(waiter.AllEvents)
	p.wake(e.peer())
}
