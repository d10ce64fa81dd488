package kqueue

import (
	"slices"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// Queues are the kqueues of a kernel.
type Queues struct {
	timers  atomic.Int32
	nesting sync.Mutex // held while a kqueue is registered with another
}

// Sysents returns the system calls of this package.
func (qs *Queues) Sysents() []kern.Sysent {
	return []kern.Sysent{
		{Number: netbsd.SYS_kqueue, Handler: qs.sysKqueue, Level: kernel.Full},
		{Number: netbsd.SYS_kqueue1, Handler: qs.sysKqueue1, Level: kernel.Full},
		{Number: netbsd.SYS___kevent50, Handler: sysKevent, Level: kernel.Partial, Note: "no EVFILT_VNODE and EVFILT_USER; EVFILT_TIMER takes milliseconds only"},
	}
}

func (qs *Queues) sysKqueue(l *kern.Lwp, _ syscalls.Args) (uintptr, uintptr, error) {
	return qs.open(l, 0)
}

// sysKqueue1 ignores flags that it does not know.
func (qs *Queues) sysKqueue1(l *kern.Lwp, a syscalls.Args) (uintptr, uintptr, error) {
	return qs.open(l, uint32(a[0]))
}

func (qs *Queues) open(l *kern.Lwp, flags uint32) (uintptr, uintptr, error) {
	q := &queue{queues: qs, notes: map[key]*note{}}
	status := netbsd.FREAD | netbsd.FWRITE | flags&(netbsd.O_NONBLOCK|netbsd.O_NOSIGPIPE)
	f := kern.NewOpenFile(l, kern.TypeKqueue, status, q)
	fd, err := l.Install(0, f, flags&netbsd.O_CLOEXEC != 0)
	return uintptr(fd), 0, err
}

// A queue is what the descriptor of a kqueue refers to.
type queue struct {
	waiter.Queue

	queues      *Queues
	registering sync.Mutex

	mu     sync.Mutex
	notes  map[key]*note // nil when the kqueue is closed
	queued []*note       // in the order in which they were queued
	count  uint64        // how many have ever been
}

var _ kern.File = (*queue)(nil)

// enqueue queues n unless it is already. The caller has locked mu, and calls
// announce after unlocking it when the result is true.
func (q *queue) enqueue(n *note) bool {
	if n.queued || n.disabled || n.dropped || !n.active {
		return false
	}
	n.queued, n.number = true, q.count
	q.count++
	q.queued = append(q.queued, n)
	return true
}

// announce tells those who wait that something is queued.
func (q *queue) announce() { q.Notify(waiter.ReadableEvents) }

// next takes the first queued note away, if it was queued before number end.
// The caller has locked mu.
func (q *queue) next(end uint64) *note {
	if len(q.queued) == 0 || q.queued[0].number >= end {
		return nil
	}
	n := q.queued[0]
	q.queued[0] = nil
	if q.queued = q.queued[1:]; len(q.queued) == 0 {
		q.queued = nil
	}
	n.queued = false
	return n
}

// unqueue takes n away, wherever in the queue it is. The caller has locked mu.
func (q *queue) unqueue(n *note) {
	if i := slices.Index(q.queued, n); i >= 0 {
		q.queued = slices.Delete(q.queued, i, i+1)
	}
	n.queued = false
}

// pending counts the notes that are queued.
func (q *queue) pending() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.queued)
}

func (q *queue) ready() bool { return q.pending() > 0 }

// EventRegister adds an entry that is told when something is queued.
func (q *queue) EventRegister(e *waiter.Entry) error {
	q.Queue.EventRegister(e)
	return nil
}

// Readiness tells whether something is queued, which kevent(2) may find to be
// over.
func (q *queue) Readiness(mask waiter.EventMask) waiter.EventMask {
	if q.ready() {
		return mask & waiter.ReadableEvents
	}
	return 0
}

// Read and Write fail: there is only kevent(2).
func (q *queue) Read(*kern.Lwp, *kern.OpenFile, *kern.Uio) error { return netbsd.ENXIO }

// Write is like Read.
func (q *queue) Write(*kern.Lwp, *kern.OpenFile, *kern.Uio) error { return netbsd.ENXIO }

// SetFlags fails, as the ioctl(2) that it stands for.
func (q *queue) SetFlags(uint32) error { return netbsd.ENOTTY }

// Stat gives the number of notes that are queued as the size.
func (q *queue) Stat(_ *kern.Lwp, st *netbsd.Stat) error {
	st.Mode = netbsd.S_IFIFO
	st.Size = int64(q.pending())
	st.Blksize = netbsd.SizeofKevent
	return nil
}

// Filter returns the evaluator of EVFILT_READ: whether something is queued.
func (q *queue) Filter(filter uint32) (kern.Filter, error) {
	if filter != netbsd.EVFILT_READ {
		return nil, netbsd.EPERM
	}
	return func(kn *kern.Knote) bool {
		kn.Data = int64(q.pending())
		return kn.Data > 0
	}, nil
}

// Restart wakes those who sleep in kevent(2).
func (q *queue) Restart() { q.Notify(waiter.EventInternal) }

// Close drops all notes.
func (q *queue) Close(*kern.Lwp) {
	q.registering.Lock()
	defer q.registering.Unlock()
	q.mu.Lock()
	notes := make([]*note, 0, len(q.notes))
	for _, n := range q.notes {
		notes = append(notes, n)
	}
	q.notes = nil
	q.mu.Unlock()
	for _, n := range notes {
		n.drop()
	}
}
