package kern

import (
	"slices"
	"sync"
	"sync/atomic"

	"github.com/abigen/abigen/netbsd"
)

// A Descriptor is one entry of a table.
type Descriptor struct {
	file        *OpenFile
	closeOnExec atomic.Bool
	closed      atomic.Bool  // what sleeps in a call on this descriptor is to fail
	users       atomic.Int32 // calls that work on it

	mu       sync.Mutex
	attached []Attachment // nil after close, too
}

// An Attachment is something that ends when a descriptor is closed, though the
// file behind it may stay open: an event of a kqueue.
type Attachment interface {
	DescriptorClosed()
}

// Attach adds a to d. It returns false when d is closed.
func (d *Descriptor) Attach(a Attachment) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed.Load() {
		return false
	}
	d.attached = append(d.attached, a)
	return true
}

// Detach takes a away from d.
func (d *Descriptor) Detach(a Attachment) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if i := slices.Index(d.attached, a); i >= 0 {
		d.attached = slices.Delete(d.attached, i, i+1)
	}
}

// File returns the open file behind d.
func (d *Descriptor) File() *OpenFile { return d.file }

// A Table maps descriptors to open files.
type Table struct {
	mu   sync.RWMutex
	fds  []*Descriptor // nil: free
	free int           // nothing below is free
	size int           // what NetBSD would have made room for (dt_nfiles)
	refs int           // processes
}

// The room in a table at first, and when that is used up; then it doubles
// (NDFILE and NDEXTENT of sys/filedesc.h). It shows in select and poll.
const (
	firstSize  = 20
	secondSize = 50
)

func newTable() *Table { return &Table{refs: 1, size: firstSize} }

// Size returns how many descriptors there is room for before the table has to
// grow.
func (t *Table) Size() int {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.size
}

func (t *Table) share() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.refs++
}

func (t *Table) shared() bool {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return t.refs > 1
}

// get returns the descriptor fd with a reference to its file, or nil.
func (t *Table) get(fd int32) *Descriptor {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if uint32(fd) >= uint32(len(t.fds)) || t.fds[fd] == nil {
		return nil
	}
	d := t.fds[fd]
	if d.file == nil || !d.file.tryRef() {
		return nil // reserved, not open yet
	}
	return d
}

// A Reservation is a descriptor that is taken but not open yet. It must be
// filled or given up.
type Reservation struct {
	t  *Table
	FD int32
}

// Reserve takes the lowest free descriptor that is not below least. It fails
// with EMFILE when the process may have no more, and with ENFILE when all have as
// many open files as there may be.
func (l *Lwp) Reserve(least int32) (Reservation, error) {
	if ps := l.Proc.procs; uint64(ps.files.Load()) >= ps.maxFiles() {
		return Reservation{}, netbsd.ENFILE
	}
	t, limit := l.Proc.FDs(), l.Proc.maxFD()
	t.mu.Lock()
	defer t.mu.Unlock()
	fd := max(int(least), t.free)
	for fd < len(t.fds) && t.fds[fd] != nil {
		fd++
	}
	if fd >= limit {
		return Reservation{}, netbsd.EMFILE
	}
	if int(least) <= t.free {
		t.free = fd + 1
	}
	t.grow(fd)
	t.fds[fd] = new(Descriptor)
	return Reservation{t, int32(fd)}, nil
}

func (t *Table) grow(fd int) {
	for fd >= t.size {
		t.size = grown(t.size)
	}
	if n := fd + 1 - len(t.fds); n > 0 {
		t.fds = append(t.fds, make([]*Descriptor, n)...)
	}
}

func grown(size int) int {
	if size < secondSize {
		return secondSize
	}
	return 2 * size
}

// shrunk is the room in a copy of a table whose highest descriptor is last.
func shrunk(size, last int) int {
	if last < firstSize {
		return firstSize
	}
	for size >= 2*secondSize && size > 2*last {
		size /= 2
	}
	return size
}

// Fill opens the descriptor. The reference to f that the caller has becomes
// the descriptor's.
func (r Reservation) Fill(f *OpenFile, closeOnExec bool) {
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	d := &Descriptor{file: f}
	d.closeOnExec.Store(closeOnExec)
	r.t.fds[r.FD] = d
}

// Cancel gives the descriptor up.
func (r Reservation) Cancel() {
	r.t.mu.Lock()
	defer r.t.mu.Unlock()
	r.t.clear(r.FD)
}

func (t *Table) clear(fd int32) {
	t.fds[fd] = nil
	t.free = min(t.free, int(fd))
}

// Install opens the lowest free descriptor not below least. The reference to f
// that the caller has becomes the descriptor's; on failure it is given back.
func (l *Lwp) Install(least int32, f *OpenFile, closeOnExec bool) (int32, error) {
	r, err := l.Reserve(least)
	if err != nil {
		f.Unref(l)
		return -1, err
	}
	r.Fill(f, closeOnExec)
	return r.FD, nil
}

// Replace makes fd refer to f, whose reference becomes the descriptor's, and
// closes what it referred to before.
func (l *Lwp) Replace(fd int32, f *OpenFile, closeOnExec bool) error {
	if fd < 0 || int(fd) >= l.Proc.maxFD() {
		f.Unref(l)
		return netbsd.EBADF
	}
	t := l.Proc.FDs()
	t.mu.Lock()
	t.grow(int(fd))
	old := t.fds[fd]
	if old != nil && old.file == nil { // somebody else is about to open it
		t.mu.Unlock()
		f.Unref(l)
		return netbsd.EBUSY
	}
	d := &Descriptor{file: f}
	d.closeOnExec.Store(closeOnExec)
	t.fds[fd] = d
	t.mu.Unlock()
	if old != nil {
		old.close(l)
	}
	return nil
}

// CloseFD closes the descriptor fd: EBADF when it is not open. Calls that
// sleep on it fail with EBADF.
func (l *Lwp) CloseFD(fd int32) error {
	t := l.Proc.FDs()
	t.mu.Lock()
	if uint32(fd) >= uint32(len(t.fds)) || t.fds[fd] == nil || t.fds[fd].file == nil {
		t.mu.Unlock()
		return netbsd.EBADF
	}
	d := t.fds[fd]
	t.clear(fd)
	t.mu.Unlock()
	d.close(l)
	return nil
}

func (d *Descriptor) close(l *Lwp) {
	d.mu.Lock()
	d.closed.Store(true)
	attached := d.attached
	d.attached = nil
	d.mu.Unlock()
	for _, a := range attached {
		a.DescriptorClosed()
	}
	if d.users.Load() > 0 {
		d.file.File.Restart()
	}
	d.file.Unref(l)
}

// LastFD returns the highest descriptor that is open, -1 when none is.
func (t *Table) LastFD() int32 {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return int32(t.last())
}

func (t *Table) last() int {
	for fd := len(t.fds) - 1; fd >= 0; fd-- {
		if t.fds[fd] != nil {
			return fd
		}
	}
	return -1
}

// Files returns the open files in the order of their descriptors, each with a
// reference that the caller has to give back.
func (t *Table) Files() (list []*OpenFile) {
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, d := range t.fds {
		if d != nil && d.file != nil && d.file.tryRef() {
			list = append(list, d.file)
		}
	}
	return list
}

// CloseOnExec returns the flag of descriptor fd: EBADF when it is not open.
func (t *Table) CloseOnExec(fd int32) (bool, error) {
	d := t.at(fd)
	if d == nil {
		return false, netbsd.EBADF
	}
	return d.closeOnExec.Load(), nil
}

// SetCloseOnExec changes the flag of descriptor fd.
func (t *Table) SetCloseOnExec(fd int32, on bool) error {
	d := t.at(fd)
	if d == nil {
		return netbsd.EBADF
	}
	d.closeOnExec.Store(on)
	return nil
}

func (t *Table) at(fd int32) *Descriptor {
	t.mu.RLock()
	defer t.mu.RUnlock()
	if uint32(fd) >= uint32(len(t.fds)) || t.fds[fd] == nil || t.fds[fd].file == nil {
		return nil
	}
	return t.fds[fd]
}

// Copy returns a table with the same open files, for a child. Kqueues are not
// inherited (kqueue(2)).
func (t *Table) Copy() *Table {
	t.mu.RLock()
	defer t.mu.RUnlock()
	c := newTable()
	c.size = shrunk(t.size, t.last())
	c.fds = make([]*Descriptor, len(t.fds))
	for fd, d := range t.fds {
		if d == nil || d.file == nil || d.file.Type == TypeKqueue || !d.file.tryRef() {
			continue
		}
		c.fds[fd] = &Descriptor{file: d.file}
		c.fds[fd].closeOnExec.Store(d.closeOnExec.Load())
	}
	return c
}

func (t *Table) closeOnExec(l *Lwp) {
	t.mu.RLock()
	fds := slices.Clone(t.fds)
	t.mu.RUnlock()
	for fd, d := range fds {
		if d != nil && d.closeOnExec.Load() {
			_ = l.CloseFD(int32(fd)) // another thread may have closed it
		}
	}
}

// release takes one process away; with the last one all descriptors close.
func (t *Table) release(l *Lwp) {
	t.mu.Lock()
	t.refs--
	var fds []*Descriptor
	if t.refs == 0 {
		fds, t.fds, t.free = t.fds, nil, 0
	}
	t.mu.Unlock()
	for _, d := range fds {
		if d != nil && d.file != nil {
			d.close(l)
		}
	}
}
