package kern

import (
	"slices"
	"sync"

	"github.com/abigen/abigen/netbsd"
)

// A Watcher is told what happens to a process: EVFILT_PROC and EVFILT_SIGNAL of
// kqueue(2). Its methods are called in the goroutine that makes it happen,
// without a lock.
type Watcher interface {
	// ProcEvent is called with NOTE_EXIT, NOTE_EXEC, or NOTE_FORK and the
	// child.
	ProcEvent(event uint32, child *Proc)

	// Signaled is called for each signal, whether anybody cares for it or
	// not.
	Signaled(sig netbsd.Signal)
}

// watchers are those of a process.
type watchers struct {
	mu   sync.Mutex
	list []Watcher // replaced, never changed
	over bool      // the process has exited
}

// Watch adds w. It returns false when p has exited.
func (p *Proc) Watch(w Watcher) bool {
	p.watchers.mu.Lock()
	defer p.watchers.mu.Unlock()
	if p.watchers.over {
		return false
	}
	p.watchers.list = append(slices.Clip(p.watchers.list), w)
	return true
}

// Unwatch takes w away.
func (p *Proc) Unwatch(w Watcher) {
	p.watchers.mu.Lock()
	defer p.watchers.mu.Unlock()
	p.watchers.list = slices.DeleteFunc(slices.Clone(p.watchers.list), func(v Watcher) bool { return v == w })
}

func (ws *watchers) all() []Watcher {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.list
}

func (p *Proc) tell(event uint32, child *Proc) {
	for _, w := range p.watchers.all() {
		w.ProcEvent(event, child)
	}
}

// tellExit tells of the end of p. Nobody can watch it any more.
func (p *Proc) tellExit() {
	p.watchers.mu.Lock()
	list := p.watchers.list
	p.watchers.list, p.watchers.over = nil, true
	p.watchers.mu.Unlock()
	for _, w := range list {
		w.ProcEvent(netbsd.NOTE_EXIT, nil)
	}
}

// MayWatch tells whether l may watch p: its own user's processes, unless their
// ids have changed, and as the superuser all.
func (l *Lwp) MayWatch(p *Proc) bool {
	return l.Superuser() || p.Cred().UID == l.Cred().UID && !p.tainted.Load()
}
