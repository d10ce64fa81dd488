package pipe

import (
	"encoding/binary"

	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/kern"
)

// EventRegister adds an entry that is told when the pipe changes.
func (p *pipe) EventRegister(e *waiter.Entry) error {
	p.Queue.EventRegister(e)
	return nil
}

// Readiness is that of the pipe as such; each end has its own.
func (p *pipe) Readiness(waiter.EventMask) waiter.EventMask { return 0 }

// Readiness returns what poll(2) reports. An end whose other end is closed is
// ready for everything, and hung up.
func (e *end) Readiness(mask waiter.EventMask) waiter.EventMask {
	e.mu.Lock()
	defer e.mu.Unlock()
	closed := e.peer().closed
	var ready waiter.EventMask
	if closed || e.buffered() > 0 {
		ready |= mask & waiter.ReadableEvents
	}
	if closed || e.space() >= netbsd.PIPE_BUF {
		ready |= mask & waiter.EventOut
	}
	if closed {
		ready |= waiter.EventHUp
	}
	return ready
}

// Filter returns the evaluator of EVFILT_READ or EVFILT_WRITE. EBADF: nobody
// will ever read what is written.
func (e *end) Filter(filter uint32) (kern.Filter, error) {
	switch filter {
	case netbsd.EVFILT_READ:
		return e.filterRead, nil
	case netbsd.EVFILT_WRITE:
		if e.ended() {
			return nil, netbsd.EBADF
		}
		return e.filterWrite, nil
	}
	return nil, netbsd.EINVAL
}

func (e *end) filterRead(kn *kern.Knote) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	kn.Data = int64(e.buffered())
	if e.peer().closed {
		kn.Flags |= netbsd.EV_EOF
		return true
	}
	return kn.Data > 0
}

func (e *end) filterWrite(kn *kern.Knote) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.peer().closed {
		kn.Data = 0
		kn.Flags |= netbsd.EV_EOF
		return true
	}
	kn.Data = int64(e.space())
	return kn.Data >= netbsd.PIPE_BUF
}

// SetFlags keeps O_ASYNC. O_NONBLOCK is looked at in each call.
func (e *end) SetFlags(flags uint32) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.async = flags&netbsd.O_ASYNC != 0
	return nil
}

// Ioctl does FIONREAD and its like, and those that set the owner.
func (e *end) Ioctl(l *kern.Lwp, _ *kern.OpenFile, cmd uint64, data []byte) error {
	var v int32
	switch cmd {
	case netbsd.FIOSETOWN:
		return e.owner.Set(l, int32(binary.NativeEndian.Uint32(data)))
	case netbsd.TIOCSPGRP:
		id := int32(binary.NativeEndian.Uint32(data))
		if id < 0 {
			return netbsd.EINVAL
		}
		return e.owner.Set(l, -id)
	case netbsd.FIOGETOWN:
		v = e.owner.ID()
	case netbsd.TIOCGPGRP:
		v = -e.owner.ID()
	case netbsd.FIONREAD, netbsd.FIONWRITE, netbsd.FIONSPACE:
		v = e.count32(cmd)
	default:
		return netbsd.ENOTTY
	}
	binary.NativeEndian.PutUint32(data, uint32(v))
	return nil
}

func (e *end) count32(cmd uint64) int32 {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch cmd {
	case netbsd.FIONREAD:
		return int32(e.buffered())
	case netbsd.FIONWRITE:
		return int32(e.peer().buffered())
	}
	return int32(e.space())
}

// Stat fills in st. There are no device, inode or link numbers.
func (e *end) Stat(_ *kern.Lwp, st *netbsd.Stat) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	st.Mode = netbsd.S_IFIFO | netbsd.S_IRUSR | netbsd.S_IWUSR
	st.Blksize = int32(e.size)
	st.Size = int64(e.buffered())
	if st.Size > 0 {
		st.Blocks = 1
	}
	st.Atim, st.Mtim = kern.Timespec(e.accessed), kern.Timespec(e.modified)
	st.Ctim = kern.Timespec(e.born)
	st.Birthtim = st.Ctim
	st.UID, st.GID = e.cred.EUID, e.cred.EGID
	return nil
}
