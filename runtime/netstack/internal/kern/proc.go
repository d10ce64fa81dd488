package kern

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// A Proc is a process.
type Proc struct {
	PID int32

	procs   *Procs
	signal  func(netbsd.Signal)
	fds     atomic.Pointer[Table]
	cred    atomic.Pointer[Cred]
	name    atomic.Pointer[string]
	parent  atomic.Int32
	umask   atomic.Uint32
	dir     atomic.Value
	limits  *limits
	calls   atomic.Int64 // under way
	dead    atomic.Bool
	tainted atomic.Bool // its ids have changed since the last exec
	execed  atomic.Bool

	// Guarded by Procs.mu.
	pgrp     *pgrp
	children map[*Proc]struct{}

	watchers watchers

	ending sync.Mutex // held by Exec, and by Exit once all calls have ended

	mu       sync.Mutex
	intr     chan struct{} // closed to interrupt the calls under way
	idle     sync.Cond     // over mu: calls is 0
	draining atomic.Bool   // somebody waits for idle
}

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
func (p *Proc) FDs() *Table { return p.fds.Load() }

// Procs returns the processes of the kernel that p belongs to.
func (p *Proc) Procs() *Procs { return p.procs }

// Dir returns the working directory that SetDir set, nil when there was none.
func (p *Proc) Dir() any { return p.dir.Load() }

// SetDir makes dir the working directory, for the file system to find it again.
// It is always of the same type, and children begin there.
func (p *Proc) SetDir(dir any) { p.dir.Store(dir) }

// Umask returns the bits that files are made without.
func (p *Proc) Umask() uint32 { return p.umask.Load() }

// Raise sends p a signal.
func (p *Proc) Raise(sig netbsd.Signal) {
	if p.signal != nil {
		p.signal(sig)
	}
	for _, w := range p.watchers.all() {
		w.Signaled(sig)
	}
}

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
	if !p.dead.Load() {
		p.intr = make(chan struct{})
	}
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
// A table shared with another process is copied first. It reports whether the
// process lives.
func (p *Proc) Exec(name string) bool {
	p.ending.Lock()
	defer p.ending.Unlock()
	if p.Interrupt(); p.dead.Load() {
		return false
	}
	p.SetName(name)
	p.execed.Store(true)
	p.tainted.Store(false)
	l := NewLwp(p, nil)
	if t := p.FDs(); t.shared() {
		p.fds.Store(t.Copy())
		t.release(l)
	}
	p.FDs().closeOnExec(l)
	p.tell(netbsd.NOTE_EXEC, nil)
	return true
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
	p.ending.Lock()
	defer p.ending.Unlock()
	p.FDs().release(NewLwp(p, nil))
	p.procs.remove(p)
	p.tellExit()
}

// Procs are the processes of a kernel.
type Procs struct {
	// Clock is the host's. It is set before there are processes; nil is
	// that of this machine.
	Clock hypercall.Clock

	// Limits are what all processes together may have.
	Limits Limits

	files atomic.Int64 // that are open

	mu     sync.Mutex
	last   int32 // id given out
	all    map[int32]*Proc
	groups map[int32]*pgrp
	first  *session
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
// descriptors. It is in process group 0 and session 0, as processes of a rump
// kernel are. EAGAIN: all ids are in use.
func (ps *Procs) New(name string, signal func(netbsd.Signal)) (*Proc, error) {
	p := &Proc{limits: defaultLimits()}
	p.fds.Store(newTable())
	p.SetCred(new(Cred))
	p.umask.Store(netbsd.CMASK)
	if err := ps.add(p, nil, name, signal); err != nil {
		return nil, err
	}
	return p, nil
}

// Fork starts a child of p with its user ids, limits and process group, and fds
// for its descriptors: p's own table, a copy of it (Table.Copy), or nil for an
// empty one. EAGAIN: all ids are in use; a copy has been closed then.
func (ps *Procs) Fork(p *Proc, fds *Table, name string, signal func(netbsd.Signal)) (*Proc, error) {
	if fds == nil {
		fds = newTable()
	}
	if fds == p.FDs() {
		fds.share()
	}
	c := &Proc{limits: p.limits.copy()}
	c.fds.Store(fds)
	c.SetCred(p.Cred())
	c.umask.Store(p.Umask())
	if dir := p.Dir(); dir != nil {
		c.SetDir(dir)
	}
	c.tainted.Store(p.tainted.Load())
	if err := ps.add(c, p, name, signal); err != nil {
		fds.release(NewLwp(p, nil))
		return nil, err
	}
	p.tell(netbsd.NOTE_FORK, c)
	return c, nil
}

func (ps *Procs) add(p, parent *Proc, name string, signal func(netbsd.Signal)) error {
	p.procs, p.signal, p.intr = ps, signal, make(chan struct{})
	p.idle.L = &p.mu
	p.SetName(name)
	ps.mu.Lock()
	defer ps.mu.Unlock()
	if ps.all == nil {
		ps.all, ps.groups = map[int32]*Proc{}, map[int32]*pgrp{}
		ps.last, ps.first = firstPID-1, new(session)
	}
	if len(ps.all) >= int(ps.Limits.MaxProc.or(lastPID)) || !ps.nextPID() {
		return netbsd.EAGAIN
	}
	p.PID = ps.last
	ps.all[p.PID] = p
	if parent == nil {
		p.parent.Store(1)
		ps.enter(p, 0, ps.first)
		return nil
	}
	p.parent.Store(parent.PID)
	if parent.children == nil {
		parent.children = map[*Proc]struct{}{}
	}
	parent.children[p] = struct{}{}
	ps.enter(p, parent.pgrp.id, parent.pgrp.session)
	return nil
}

// nextPID moves last to the next id that neither a process has nor a process
// group or session that outlived its leader, and reports whether there is one.
// The caller has ps.mu.
func (ps *Procs) nextPID() bool {
	for range lastPID - firstPID + 1 {
		if ps.last++; ps.last > lastPID {
			ps.last = firstPID
		}
		if ps.all[ps.last] == nil && ps.groups[ps.last] == nil {
			return true
		}
	}
	return false
}

func (ps *Procs) remove(p *Proc) {
	ps.mu.Lock()
	defer ps.mu.Unlock()
	delete(ps.all, p.PID)
	if parent := ps.all[p.PPID()]; parent != nil {
		delete(parent.children, p)
	}
	for c := range p.children {
		c.parent.Store(1)
	}
	p.children = nil
	ps.leave(p.pgrp)
}
