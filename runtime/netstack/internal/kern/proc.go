package kern

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/abigen/abigen/netbsd"
)

// Cred are the user ids of a process. They are replaced, never changed.
type Cred struct {
	UID, EUID, SVUID uint32
	GID, EGID, SVGID uint32
	Groups           []uint32
}

// A Proc is a process.
type Proc struct {
	PID int32

	procs  *Procs
	signal func(netbsd.Signal)
	fds    *Table
	cred   atomic.Pointer[Cred]
	name   atomic.Pointer[string]
	parent atomic.Int32
	limits *limits
	calls  atomic.Int64 // under way
	dead   atomic.Bool

	mu       sync.Mutex
	intr     chan struct{} // closed to interrupt the calls under way
	idle     sync.Cond     // over mu: calls is 0
	draining atomic.Bool   // somebody waits for idle
}

// Cred returns the user ids of p.
func (p *Proc) Cred() *Cred { return p.cred.Load() }

// SetCred replaces the user ids of p.
func (p *Proc) SetCred(c *Cred) { p.cred.Store(c) }

// Name returns the name of what the process runs.
func (p *Proc) Name() string { return *p.name.Load() }

// SetName changes the name, of which 16 bytes are kept (MAXCOMLEN).
func (p *Proc) SetName(name string) {
	name = name[:min(len(name), netbsd.MAXCOMLEN)]
	p.name.Store(&name)
}

// PPID returns the id of the parent: 1 when the parent has exited.
func (p *Proc) PPID() int32 { return p.parent.Load() }

// FDs returns the descriptor table of p.
func (p *Proc) FDs() *Table { return p.fds }

// interrupted returns a channel that is closed when the calls under way are to
// return EINTR.
func (p *Proc) interrupted() <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.intr
}

// Enter begins a system call, and reports whether the process still lives.
// When it does, Leave must follow.
func (p *Proc) Enter() bool {
	p.calls.Add(1)
	if p.dead.Load() {
		p.Leave()
		return false
	}
	return true
}

// Leave ends a system call.
func (p *Proc) Leave() {
	if p.calls.Add(-1) == 0 && p.draining.Load() {
		p.mu.Lock()
		p.idle.Broadcast()
		p.mu.Unlock()
	}
}

// Interrupt makes the calls under way return EINTR, and waits for that.
func (p *Proc) Interrupt() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drain()
	p.intr = make(chan struct{})
}

// drain closes intr and waits until no call is under way. The caller has
// locked mu.
func (p *Proc) drain() {
	p.draining.Store(true)
	select {
	case <-p.intr: // another is at it
	default:
		close(p.intr)
	}
	for p.calls.Load() > 0 {
		p.idle.Wait()
	}
	p.draining.Store(false)
}

// Exec interrupts the calls under way and closes what is to be closed on exec.
func (p *Proc) Exec(name string) {
	p.Interrupt()
	p.SetName(name)
	p.fds.closeOnExec(NewLwp(p, nil))
}

// Exit interrupts the calls under way and closes all descriptors. The children
// of p become those of process 1.
func (p *Proc) Exit() {
	if p.dead.Swap(true) {
		return
	}
	p.mu.Lock()
	p.drain()
	p.mu.Unlock()
	p.fds.release(NewLwp(p, nil))
	p.procs.remove(p)
}

// Procs are the processes of a kernel.
type Procs struct {
	mu   sync.Mutex
	last int32
	all  map[int32]*Proc
}

// The ids given out (PID_MAX of sys/proc.h). Process 1 is init, which takes no
// part but is everybody's parent.
const (
	firstPID = 2
	lastPID  = 30000
)

// Get returns the process with the id, nil when there is none.
func (ps *Procs) Get(pid int32) *Proc {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return ps.all[pid]
}

// All returns the processes in the order of their ids.
func (ps *Procs) All() []*Proc {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	return slices.SortedFunc(maps.Values(ps.all), func(a, b *Proc) int { return int(a.PID - b.PID) })
}

// New starts a process that is a child of process 1, with user id 0 and no
// descriptors.
func (ps *Procs) New(name string, signal func(netbsd.Signal)) *Proc {
	return ps.add(&Proc{fds: newTable(), limits: defaultLimits()}, name, signal, new(Cred), 1)
}

// Fork starts a child of p with its user ids and limits, and fds for its
// descriptors: p's own table, a copy of it (Table.Copy), or nil for an empty
// one.
func (ps *Procs) Fork(p *Proc, fds *Table, name string, signal func(netbsd.Signal)) *Proc {
	if fds == nil {
		fds = newTable()
	}
	if fds == p.fds {
		fds.share()
	}
	return ps.add(&Proc{fds: fds, limits: p.limits.copy()}, name, signal, p.Cred(), p.PID)
}

func (ps *Procs) add(p *Proc, name string, signal func(netbsd.Signal), cred *Cred, parent int32) *Proc {
	p.procs, p.signal, p.intr = ps, signal, make(chan struct{})
	p.idle.L = &p.mu
	p.SetCred(cred)
	p.SetName(name)
	p.parent.Store(parent)
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.all == nil {
		ps.all, ps.last = map[int32]*Proc{}, firstPID-1
	}
	for {
		if ps.last++; ps.last > lastPID {
			ps.last = firstPID
		}
		if ps.all[ps.last] == nil {
			break
		}
	}
	p.PID = ps.last
	ps.all[p.PID] = p
	return p
}

func (ps *Procs) remove(p *Proc) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.all, p.PID)
	for _, q := range ps.all {
		q.parent.CompareAndSwap(p.PID, 1)
	}
}
