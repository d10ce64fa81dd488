//go:build linux && (amd64 || arm64)

package pair

import (
	"errors"
	"io"
	"os"
	"sync"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// An End is the supervisor's. It may be read by one goroutine and written by
// another at once.
type End struct {
	file   *os.File
	raw    syscall.RawConn
	reader transfer
	writer transfer
}

// A transfer is what one direction is about to do. The functions are made once,
// so that nothing is allocated later.
type transfer struct {
	buf  *[Buffer]byte
	data []byte
	n    int
	err  error
	seen bool // an event was waited for
	move func(fd uintptr) bool
	wait func(fd uintptr) bool
}

// New makes a pair of a type: SOCK_STREAM, or SOCK_SEQPACKET, which keeps the
// boundaries of messages. The program's end, a descriptor that the caller closes when it
// has been passed on, is non-blocking if the program asked for that.
func New(typ int, nonblock bool) (program int, end *End, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, typ|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	if err != nil {
		return -1, nil, err
	}
	if !nonblock {
		_, err = unix.FcntlInt(uintptr(fds[0]), unix.F_SETFL, unix.O_RDWR)
	}
	if err == nil {
		end, err = newEnd(fds[1])
	}
	if err != nil {
		_ = unix.Close(fds[0])
		_ = unix.Close(fds[1])
		return -1, nil, err
	}
	return fds[0], end, nil
}

func newEnd(fd int) (*End, error) {
	e := &End{file: os.NewFile(uintptr(fd), "pair")}
	var err error
	if e.raw, err = e.file.SyscallConn(); err != nil {
		return nil, err
	}
	e.reader.move, e.reader.wait = e.receive, e.changed
	e.writer.move, e.writer.wait = e.send, e.taken
	return e, nil
}

// ErrWoken: Wake was called.
var ErrWoken = errors.New("woken")

// Buffers are of this length.
const Buffer = 128 << 10

var buffers = sync.Pool{New: func() any { return new([Buffer]byte) }}

// Get returns a buffer for any use, and Put takes it back.
func Get() *[Buffer]byte { return buffers.Get().(*[Buffer]byte) }

// Put takes a buffer back.
func Put(b *[Buffer]byte) { buffers.Put(b) }

// Read reads bytes of a stream, or a message, when there are some, into a buffer
// that the caller is to put back. io.EOF: the program has closed its end, or the sending
// half; or the message is empty.
func (e *End) Read() (b *[Buffer]byte, n int, err error) {
	r := &e.reader
	r.buf, r.n, r.err = nil, 0, nil
	err = e.raw.Read(r.move)
	b, r.buf = r.buf, nil
	switch {
	case err != nil:
		err = woken(err)
	case r.err != nil:
		err = r.err
	case r.n == 0:
		err = io.EOF
	default:
		return b, r.n, nil
	}
	if b != nil {
		Put(b)
	}
	return nil, 0, err
}

// TryRead is Read without a wait: EAGAIN when there is nothing.
func (e *End) TryRead(p []byte) (n int, err error) {
	cerr := e.raw.Control(func(fd uintptr) {
		n, err = recv(fd, p)
	})
	return n, errors.Join(cerr, err)
}

func (e *End) receive(fd uintptr) bool {
	r := &e.reader
	r.buf = Get()
	r.n, r.err = recv(fd, r.buf[:])
	if r.err == unix.EAGAIN { //nolint:errorlint // as it comes from the system
		Put(r.buf)
		r.buf, r.err = nil, nil
		return false
	}
	return true
}

// Write writes all of p to a stream, or one message. EPIPE: the program does not
// read any more.
func (e *End) Write(p []byte) error {
	w := &e.writer
	w.data, w.err = p, nil
	err := e.raw.Write(w.move)
	w.data = nil
	if err != nil {
		return woken(err)
	}
	return w.err
}

func (e *End) send(fd uintptr) bool {
	w := &e.writer
	for {
		n, err := sendto(fd, w.data)
		switch {
		case err == unix.EAGAIN: //nolint:errorlint // as it comes from the system
			return false
		case err != nil:
			w.err = err
			return true
		}
		if w.data = w.data[n:]; len(w.data) == 0 {
			return true
		}
	}
}

// TryWrite writes a message, or fails with EAGAIN.
func (e *End) TryWrite(p []byte) (err error) {
	cerr := e.raw.Control(func(fd uintptr) { _, err = sendto(fd, p) })
	if cerr != nil {
		return cerr
	}
	return err
}

// WaitTaken waits until the program has received all that was written. EPIPE: it
// never will.
func (e *End) WaitTaken() error {
	w := &e.writer
	w.err = nil
	if err := e.raw.Write(w.wait); err != nil {
		return woken(err)
	}
	return w.err
}

func (e *End) taken(fd uintptr) bool {
	if poll(fd, 0)&(unix.POLLHUP|unix.POLLERR) != 0 {
		e.writer.err = unix.EPIPE
		return true
	}
	return queued(fd) < message
}

// Taken tells whether the program has received all that was written.
func (e *End) Taken() (yes bool) {
	_ = e.raw.Control(func(fd uintptr) { yes = queued(fd) < message })
	return yes
}

// WaitHangup waits until something happens, and tells whether the program has closed its
// end, so that nobody has it.
func (e *End) WaitHangup() (bool, error) {
	r := &e.reader
	r.seen, r.n = false, 0
	if err := e.raw.Read(r.wait); err != nil {
		return false, woken(err)
	}
	return r.n != 0, nil
}

func (e *End) changed(fd uintptr) bool {
	r := &e.reader
	if poll(fd, 0)&(unix.POLLHUP|unix.POLLERR) != 0 {
		r.n = 1
		return true
	}
	seen := r.seen
	r.seen = true
	return seen
}

// Hangup tells whether the program has closed its end, so that nobody has it.
func (e *End) Hangup() (yes bool) {
	if err := e.raw.Control(func(fd uintptr) { yes = poll(fd, 0)&unix.POLLHUP != 0 }); err != nil {
		return true
	}
	return yes
}

// Wake makes a read that waits return ErrWoken, or the next one.
func (e *End) Wake() { _ = e.file.SetReadDeadline(time.Unix(1, 0)) }

// WakeWriter makes a write that waits return ErrWoken, or the next one.
func (e *End) WakeWriter() { _ = e.file.SetWriteDeadline(time.Unix(1, 0)) }

// Calm takes back Wake.
func (e *End) Calm() { _ = e.file.SetReadDeadline(time.Time{}) }

// CloseWrite lets the program read the end of the stream.
func (e *End) CloseWrite() {
	_ = e.raw.Control(func(fd uintptr) { _ = unix.Shutdown(int(fd), unix.SHUT_WR) })
}

// Close closes the end. If there is something unread, that resets the
// program's.
func (e *End) Close() { _ = e.file.Close() }

// Control calls f with the descriptor.
func (e *End) Control(f func(fd int)) { _ = e.raw.Control(func(fd uintptr) { f(int(fd)) }) }

func woken(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrWoken
	}
	return err
}

func recv(fd uintptr, p []byte) (int, error) {
	for {
		n, _, e := unix.RawSyscall6(unix.SYS_RECVFROM, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_DONTWAIT, 0, 0)
		switch e {
		case 0:
			return int(n), nil
		case unix.EINTR:
			continue
		}
		return 0, errnos(e)
	}
}

func sendto(fd uintptr, p []byte) (int, error) {
	for {
		n, _, e := unix.RawSyscall6(unix.SYS_SENDTO, fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL, 0, 0)
		switch e {
		case 0:
			return int(n), nil
		case unix.EINTR:
			continue
		}
		return 0, errnos(e)
	}
}

// errnos boxes an error number without an allocation where it is common.
func errnos(e unix.Errno) error {
	switch e {
	case unix.EAGAIN:
		return errAgain
	case unix.EPIPE:
		return errPipe
	}
	return e
}

var (
	errAgain error = unix.EAGAIN
	errPipe  error = unix.EPIPE
)

// poll returns the events that are there.
func poll(fd uintptr, events int16) int16 {
	p := unix.PollFd{Fd: int32(fd), Events: events}
	var zero unix.Timespec
	for {
		_, _, e := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&zero)), 0, 0, 0)
		if e != unix.EINTR {
			return p.Revents
		}
	}
}

// message is less than any message takes of memory. When one is freed, the kernel
// wakes those who wait while a byte of it is still counted, so less means none.
const message = 256

// queued returns how much of what was sent was not received, by what it takes of
// memory.
func queued(fd uintptr) int32 {
	var n int32
	_, _, e := unix.RawSyscall(unix.SYS_IOCTL, fd, unix.TIOCOUTQ, uintptr(unsafe.Pointer(&n)))
	if e != 0 {
		return 0
	}
	return n
}
