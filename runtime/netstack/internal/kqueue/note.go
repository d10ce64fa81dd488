package kqueue

import (
	"math"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// A key tells the notes of a queue apart. As descriptors of one table only can
// be meant, a number will do.
type key struct {
	ident  uint64
	filter uint32
}

// A note is an event that somebody registered (struct knote).
type note struct {
	queue *queue
	key   key

	// Of a note for a descriptor.
	descriptor *kern.Descriptor
	file       kern.File
	filter     kern.Filter // nil for other notes
	entry      waiter.Entry

	proc *kern.Proc // of a note for a process

	// Guarded by queue.mu.
	kevent   netbsd.Kevent // what is reported; the flags are those it was made with, and EV_EOF
	fflags   uint32        // as registered
	data     int64
	timer    hypercall.Timer
	number   uint64 // of its place in the queue
	active   bool
	queued   bool
	disabled bool
	dropped  bool
}

// register makes the change that kev asks for. When a note is made, fflags and
// data of kev become zero.
func (q *queue) register(l *kern.Lwp, kev *netbsd.Kevent) error {
	switch kev.Filter {
	case netbsd.EVFILT_READ, netbsd.EVFILT_WRITE, netbsd.EVFILT_VNODE:
		if uint64(kev.Ident) > math.MaxInt32 {
			return netbsd.EBADF
		}
		d, err := l.Descriptor(int32(kev.Ident))
		if err != nil {
			return err
		}
		defer d.File().Unref(l)
		return q.change(kev, func(n *note) error { return n.watch(d) })
	case netbsd.EVFILT_TIMER:
		return q.change(kev, func(n *note) error { return n.start(l.Clock()) })
	case netbsd.EVFILT_PROC:
		return q.change(kev, func(n *note) error { return n.follow(l) })
	case netbsd.EVFILT_SIGNAL:
		return q.change(kev, func(n *note) error { return n.attend(l.Proc) })
	}
	return netbsd.EINVAL
}

// change makes a note with attach, changes one, or drops one.
func (q *queue) change(kev *netbsd.Kevent, attach func(n *note) error) error {
	q.registering.Lock()
	defer q.registering.Unlock()
	k := key{uint64(kev.Ident), kev.Filter}
	q.mu.Lock()
	n := q.notes[k]
	q.mu.Unlock()
	switch {
	case kev.Flags&netbsd.EV_ADD != 0:
		if n == nil {
			n = &note{queue: q, key: k, fflags: kev.Fflags, data: kev.Data}
			kev.Fflags, kev.Data = 0, 0
			n.kevent = *kev
			if !q.add(n) {
				return netbsd.EBADF
			}
			if err := attach(n); err != nil {
				n.drop()
				return err
			}
		} else {
			n.update(kev)
		}
		n.evaluate()
	case n == nil:
		return netbsd.ENOENT
	case kev.Flags&netbsd.EV_DELETE != 0:
		n.drop()
		return nil
	}
	n.enable(kev.Flags)
	return nil
}

// add makes n known. It returns false when the kqueue is closed.
func (q *queue) add(n *note) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.notes == nil {
		return false
	}
	q.notes[n.key] = n
	return true
}

// update takes over what EV_ADD changes of a note that exists.
func (n *note) update(kev *netbsd.Kevent) {
	n.queue.mu.Lock()
	defer n.queue.mu.Unlock()
	n.fflags, n.data, n.kevent.Udata = kev.Fflags, kev.Data, kev.Udata
}

// enable does EV_DISABLE and EV_ENABLE. A note that has become active while it
// was disabled is queued.
func (n *note) enable(flags uint32) {
	q := n.queue
	q.mu.Lock()
	if flags&netbsd.EV_DISABLE != 0 {
		n.disabled = true
	}
	queued := false
	if flags&netbsd.EV_ENABLE != 0 {
		n.disabled = false
		queued = q.enqueue(n)
	}
	q.mu.Unlock()
	if queued {
		q.announce()
	}
}

// watch attaches n to a descriptor.
func (n *note) watch(d *kern.Descriptor) error {
	f := d.File().File
	filter, err := f.Filter(n.key.filter)
	if err != nil {
		return err
	}
	if inner, ok := f.(*queue); ok {
		n.queue.queues.nesting.Lock()
		defer n.queue.queues.nesting.Unlock()
		if inner.watches(n.queue) {
			return netbsd.ELOOP
		}
	}
	n.filter = filter
	if !d.Attach(n) {
		return netbsd.EBADF
	}
	n.descriptor = d
	events := waiter.ReadableEvents | waiter.EventPri | waiter.EventErr | waiter.EventHUp
	if n.key.filter == netbsd.EVFILT_WRITE {
		events = waiter.WritableEvents | waiter.EventErr | waiter.EventHUp
	}
	n.entry.Init(n, events)
	if f.EventRegister(&n.entry) != nil {
		return netbsd.EINVAL
	}
	n.queue.mu.Lock()
	defer n.queue.mu.Unlock()
	n.file = f
	return nil
}

// watches tells whether something that happens to other can queue a note in q:
// then other must not wait for q, or notifying would never end.
func (q *queue) watches(other *queue) bool {
	if q == other {
		return true
	}
	q.mu.Lock()
	var inner []*queue
	for _, n := range q.notes {
		if i, ok := n.file.(*queue); ok {
			inner = append(inner, i)
		}
	}
	q.mu.Unlock()
	for _, i := range inner {
		if i.watches(other) {
			return true
		}
	}
	return false
}

// NotifyEvent is called when something happens to the file.
func (n *note) NotifyEvent(waiter.EventMask) { n.evaluate() }

// DescriptorClosed is called when the descriptor goes away.
func (n *note) DescriptorClosed() {
	n.queue.registering.Lock()
	defer n.queue.registering.Unlock()
	n.drop()
}

// evaluate asks the filter, and makes the note active when what it waits for
// is there.
func (n *note) evaluate() {
	if !n.happens() {
		return
	}
	q := n.queue
	q.mu.Lock()
	n.active = true
	queued := q.enqueue(n)
	q.mu.Unlock()
	if queued {
		q.announce()
	}
}

// happens asks the filter, and notes down what is to be reported.
func (n *note) happens() bool {
	q := n.queue
	q.mu.Lock()
	if n.filter == nil {
		defer q.mu.Unlock()
		return n.kevent.Data != 0 || n.key.filter == netbsd.EVFILT_PROC && n.kevent.Fflags != 0
	}
	kn := kern.Knote{Sfflags: n.fflags, Sdata: n.data, Flags: n.kevent.Flags & netbsd.EV_EOF, Fflags: n.kevent.Fflags, Data: n.kevent.Data}
	q.mu.Unlock()
	yes := n.filter(&kn)
	q.mu.Lock()
	defer q.mu.Unlock()
	n.kevent.Flags |= kn.Flags & netbsd.EV_EOF
	n.kevent.Fflags, n.kevent.Data = kn.Fflags, kn.Data
	return yes
}

// drop ends the note.
func (n *note) drop() {
	q := n.queue
	q.mu.Lock()
	if n.dropped {
		q.mu.Unlock()
		return
	}
	n.dropped = true
	q.unqueue(n)
	delete(q.notes, n.key)
	timer := n.timer
	n.timer = nil
	q.mu.Unlock()
	if timer != nil {
		timer.Stop()
		q.queues.timers.Add(-1)
	}
	if n.file != nil {
		n.file.EventUnregister(&n.entry)
	}
	if n.descriptor != nil {
		n.descriptor.Detach(n)
	}
	if n.proc != nil {
		n.proc.Unwatch(n)
	}
}
