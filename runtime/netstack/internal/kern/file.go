package kern

import (
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
)

// A File is what an open file does: the fileops of file(9). Readiness returns
// what poll(2) reports when it is asked for the events of mask, in NetBSD's
// bits, which those of package waiter are but for POLLWRNORM (POLLOUT here).
type File interface {
	waiter.Waitable

	// Read and Write move data between the file and u, and return an error
	// when none was moved. flags are those of f.
	Read(l *Lwp, f *OpenFile, u *Uio) error
	Write(l *Lwp, f *OpenFile, u *Uio) error

	// Ioctl does an ioctl(2) that is not the same for all files. data is the
	// argument: as many bytes as the command says, which for one that writes
	// to the caller are copied out when there was no error. An unknown
	// command is ENOTTY.
	Ioctl(l *Lwp, f *OpenFile, cmd uint64, data []byte) error

	// SetFlags tells the file which status flags it has, after a call that
	// sets O_NONBLOCK, O_ASYNC and their like. A file for which they cannot
	// be set fails with ENOTTY.
	SetFlags(flags uint32) error

	// Stat fills in st, which is zero.
	Stat(l *Lwp, st *netbsd.Stat) error

	// Filter returns the evaluator of a kqueue filter, EVFILT_READ or
	// EVFILT_WRITE, or EINVAL when the file has no such events.
	Filter(filter uint32) (Filter, error)

	// Restart wakes those who sleep on the file, to see that a descriptor
	// of theirs is gone.
	Restart()

	// Close is called once, when nothing refers to the file any more.
	Close(l *Lwp)
}

// A Filter tells whether a kqueue's event is there, and if so sets Data,
// Fflags and EV_EOF of kn, which hold what was there before. It is called each
// time the file notifies, and when events are collected: it must not lock what
// is locked during a notification.
type Filter func(kn *Knote) bool

// A Knote is what a filter sees of an event that somebody registered.
type Knote struct {
	Sfflags uint32 // fflags as registered
	Sdata   int64  // data as registered

	Flags  uint32 // EV_EOF
	Fflags uint32
	Data   int64
}

// The types of open files (DTYPE_*).
const (
	TypeVnode  = netbsd.DTYPE_VNODE
	TypeSocket = netbsd.DTYPE_SOCKET
	TypePipe   = netbsd.DTYPE_PIPE
	TypeKqueue = netbsd.DTYPE_KQUEUE
)

// An OpenFile is struct file: what descriptors refer to, any number of them in
// any process, or on their way through a local socket.
type OpenFile struct {
	File File
	Type int32 // DTYPE_*
	Cred *Cred // of who opened it

	flags atomic.Uint32 // FREAD, FWRITE, O_NONBLOCK, ...
	refs  atomic.Int64
	procs *Procs // count it
}

// NewOpenFile makes an open file with one reference, which is the caller's.
func NewOpenFile(l *Lwp, typ int32, flags uint32, f File) *OpenFile {
	of := &OpenFile{File: f, Type: typ, Cred: l.Cred(), procs: l.Proc.procs}
	of.procs.files.Add(1)
	of.flags.Store(flags)
	of.refs.Store(1)
	return of
}

// Flags returns the status flags: FREAD, FWRITE, O_NONBLOCK, O_ASYNC, ....
func (f *OpenFile) Flags() uint32 { return f.flags.Load() }

// SetFlags replaces the bits of mask among the status flags.
func (f *OpenFile) SetFlags(mask, bits uint32) {
	for {
		old := f.flags.Load()
		if f.flags.CompareAndSwap(old, old&^mask|bits&mask) {
			return
		}
	}
}

// Readable and Writable tell what f was opened for.
func (f *OpenFile) Readable() bool { return f.Flags()&netbsd.FREAD != 0 }

// Writable is the counterpart of Readable.
func (f *OpenFile) Writable() bool { return f.Flags()&netbsd.FWRITE != 0 }

// Nonblocking tells whether calls are not to block.
func (f *OpenFile) Nonblocking() bool { return f.flags.Load()&netbsd.O_NONBLOCK != 0 }

// Ref adds a reference.
func (f *OpenFile) Ref() { f.refs.Add(1) }

// tryRef adds a reference, unless the last one is gone.
func (f *OpenFile) tryRef() bool {
	for {
		n := f.refs.Load()
		if n == 0 {
			return false
		}
		if f.refs.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// Refs returns how many references there are.
func (f *OpenFile) Refs() int64 { return f.refs.Load() }

// Unref gives a reference back; with the last one the file is closed.
func (f *OpenFile) Unref(l *Lwp) {
	if f.refs.Add(-1) == 0 {
		f.procs.files.Add(-1)
		f.File.Close(l)
	}
}
