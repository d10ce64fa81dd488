package kqueue

import (
	"math"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// follow attaches n to the process that is its ident (EVFILT_PROC).
func (n *note) follow(l *kern.Lwp) error {
	if n.key.ident > math.MaxInt32 {
		return netbsd.ESRCH
	}
	p := l.Proc.Procs().Get(int32(n.key.ident))
	if p == nil {
		return netbsd.ESRCH
	}
	if !l.MayWatch(p) {
		return netbsd.EACCES
	}
	return n.attend(p)
}

// attend attaches n to a process, for its signals (EVFILT_SIGNAL) or for what
// becomes of it.
func (n *note) attend(p *kern.Proc) error {
	q := n.queue
	q.mu.Lock()
	n.kevent.Flags |= netbsd.EV_CLEAR
	q.mu.Unlock()
	n.proc = p
	if !p.Watch(n) {
		return netbsd.ESRCH
	}
	return nil
}

// Signaled counts the signal that n waits for.
func (n *note) Signaled(sig netbsd.Signal) {
	if n.key.filter != netbsd.EVFILT_SIGNAL || n.key.ident != uint64(sig) {
		return
	}
	q := n.queue
	q.mu.Lock()
	n.kevent.Data++
	q.mu.Unlock()
	n.evaluate()
}

// ProcEvent notes down what happened to the process, if n waits for it. With
// the end of the process, which is always reported, the note ends, too.
func (n *note) ProcEvent(event uint32, child *kern.Proc) {
	if n.key.filter != netbsd.EVFILT_PROC {
		return
	}
	q := n.queue
	q.mu.Lock()
	track := event == netbsd.NOTE_FORK && n.fflags&netbsd.NOTE_TRACK != 0
	n.kevent.Fflags |= n.fflags & event
	if event == netbsd.NOTE_EXIT {
		n.kevent.Data = 0 // the status: processes here end well
		n.kevent.Flags |= netbsd.EV_EOF | netbsd.EV_ONESHOT
		n.active = true
		queued := q.enqueue(n)
		q.mu.Unlock()
		if queued {
			q.announce()
		}
		return
	}
	q.mu.Unlock()
	if track {
		n.track(child)
	}
	n.evaluate()
}

// track makes a note for a child like that for the parent, which reports the
// parent's id at once (NOTE_TRACK).
func (n *note) track(child *kern.Proc) {
	q := n.queue
	q.mu.Lock()
	kev := n.kevent
	kev.Flags |= netbsd.EV_ADD | netbsd.EV_ENABLE
	kev.Fflags, kev.Data = n.fflags, 0
	setIdent(&kev, uint64(child.PID))
	parent := int64(n.key.ident)
	q.mu.Unlock()
	err := q.change(&kev, func(c *note) error {
		if err := c.attend(child); err != nil {
			return err
		}
		q.mu.Lock()
		defer q.mu.Unlock()
		c.kevent.Fflags, c.kevent.Data = netbsd.NOTE_CHILD, parent
		return nil
	})
	if err != nil {
		q.mu.Lock()
		defer q.mu.Unlock()
		n.kevent.Fflags |= netbsd.NOTE_TRACKERR
	}
}
