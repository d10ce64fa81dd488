package rump

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"
)

// A watch is a goroutine that interrupts a call when its context is done.
type watch struct {
	done chan struct{} // closed when the call has returned
	left chan struct{} // closed when the goroutine has
	stop chan struct{} // closed to interrupt
	once sync.Once
}

func (w *watch) interrupt() { w.once.Do(func() { close(w.stop) }) }

// watched has the call under way watched, and returns the watch, or nil when there
// is no call.
func (t *thread) watched() *watch {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.state.Load(); now&phase == running && t.state.CompareAndSwap(now, now&^phase|watched) {
		t.w = &watch{done: make(chan struct{}), left: make(chan struct{}), stop: make(chan struct{})}
		go t.attend(t.w, t.ctx)
	}
	return t.w
}

// attend waits for what comes first.
func (t *thread) attend(w *watch, ctx context.Context) {
	defer close(w.left)
	var canceled <-chan struct{}
	if ctx != nil {
		canceled = ctx.Done()
	}
	select {
	case <-w.done:
		return
	case <-canceled:
	case <-w.stop:
	}
	t.p.interrupting(1)
	defer t.p.interrupting(-1)
	for wait := 50 * time.Microsecond; ; wait = min(2*wait, 5*time.Millisecond) {
		t.p.k.layout.interrupt(t.lwp)
		cgocall(wakeAt, unsafe.Pointer(&t.call))
		select {
		case <-w.done:
			return
		case <-time.After(wait):
		}
	}
}

// interrupting counts how many calls of a process are being interrupted. As long as
// there are some, the kernel does not keep their threads waiting for the rest.
func (p *process) interrupting(n int) {
	p.interrupts.Lock()
	defer p.interrupts.Unlock()
	if p.interrupts.n += n; p.interrupts.n == max(n, 0) {
		p.k.layout.leaving(p.proc, n > 0)
	}
}

// watchers look after calls whose context may be done while they are blocked. Most
// calls are over before anything would have to be done for that, so it is left to a
// goroutine that looks now and then which ones are not.
type watchers struct {
	mu      sync.Mutex
	threads map[*thread]uint32 // the call that was under way at the last look
	asleep  atomic.Bool
	wake    chan struct{}
	quit    chan struct{}
}

// glance is how long a call may take before it is watched.
const glance = time.Millisecond

func (ws *watchers) start() {
	ws.threads = map[*thread]uint32{}
	ws.wake, ws.quit = make(chan struct{}, 1), make(chan struct{})
	go ws.look()
}

func (ws *watchers) stop() {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	select {
	case <-ws.quit:
	default:
		close(ws.quit)
	}
}

func (ws *watchers) add(t *thread) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.threads[t] = 0
}

func (ws *watchers) remove(t *thread) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	delete(ws.threads, t)
}

// needed is called at the beginning of a call that is to be watched.
func (ws *watchers) needed() {
	if ws.asleep.Load() && ws.asleep.CompareAndSwap(true, false) {
		ws.wake <- struct{}{}
	}
}

// look looks at all threads until it has watches for all calls.
func (ws *watchers) look() {
	tick := time.NewTicker(glance)
	defer tick.Stop()
	for {
		if !ws.glance() {
			ws.asleep.Store(true)
			if ws.glance() { // a call that began just before
				if !ws.asleep.CompareAndSwap(true, false) {
					<-ws.wake
				}
			} else {
				tick.Stop()
				select {
				case <-ws.wake:
				case <-ws.quit:
					return
				}
				tick.Reset(glance)
			}
		}
		select {
		case <-tick.C:
		case <-ws.quit:
			return
		}
	}
}

// glance has those calls watched that were there the last time, and reports
// whether there are others.
func (ws *watchers) glance() (more bool) {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	for t, before := range ws.threads {
		now := t.state.Load()
		switch {
		case now&phase != running:
		case now == before:
			t.watched()
		default:
			ws.threads[t] = now
			more = true
		}
	}
	return more
}
