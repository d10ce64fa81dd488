//go:build linux && (amd64 || arm64)

package seccomp

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Call is a system call that was caught: struct seccomp_notif.
type Call struct {
	ID    uint64
	PID   uint32 // of the thread
	Flags uint32

	Number int32
	Arch   uint32
	IP     uint64
	Args   [6]uint64
}

// response is struct seccomp_notif_resp.
type response struct {
	id    uint64
	val   int64
	error int32
	flags uint32
}

// addfd is struct seccomp_notif_addfd.
type addfd struct {
	id         uint64
	flags      uint32
	srcfd      uint32
	newfd      uint32
	newfdFlags uint32
}

// A Listener is told of calls. One goroutine may receive, while any number
// answers.
type Listener struct {
	fd   int
	file *os.File
	raw  syscall.RawConn

	call  *Call // to be received
	err   error
	check func(fd uintptr) bool // receives; made once, so that nothing is allocated later
}

// NewListener makes a listener of the descriptor that Install returned, which it
// owns.
func NewListener(fd int) (*Listener, error) {
	unix.CloseOnExec(fd)
	// It changes nothing but that the runtime's poller waits for it.
	if err := unix.SetNonblock(fd, true); err != nil {
		return nil, errors.Join(fmt.Errorf("seccomp: %w", err), unix.Close(fd))
	}
	l := &Listener{fd: fd, file: os.NewFile(uintptr(fd), "seccomp")}
	var err error
	if l.raw, err = l.file.SyscallConn(); err != nil {
		return nil, errors.Join(err, l.file.Close())
	}
	l.check = l.receive
	return l, nil
}

// Synchronous asks for a wake-up on the caller's processor, which saves most of
// the time. It fails on kernels before 6.6.
func (l *Listener) Synchronous() error {
	return l.ioctl(unix.SECCOMP_IOCTL_NOTIF_SET_FLAGS, unix.SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)
}

// ErrGone: the thread does not wait any more.
var ErrGone = errors.New("seccomp: nobody waits for this")

// ErrOver: no thread has the filter any more.
var ErrOver = errors.New("seccomp: there is nobody left")

// Receive waits for a call, or returns ErrOver.
func (l *Listener) Receive(c *Call) error {
	l.call, l.err = c, nil
	if err := l.raw.Read(l.check); err != nil {
		return fmt.Errorf("seccomp: receive: %w", err)
	}
	return l.err
}

// receive receives a call if there is one. Waiting in the poller and not in the
// request leaves the processor to others.
func (l *Listener) receive(fd uintptr) bool {
	p := unix.PollFd{Fd: int32(fd), Events: unix.POLLIN}
	var zero unix.Timespec
	for {
		_, _, e := unix.RawSyscall6(unix.SYS_PPOLL, uintptr(unsafe.Pointer(&p)), 1, uintptr(unsafe.Pointer(&zero)), 0, 0, 0)
		switch {
		case e == unix.EINTR, e == 0 && p.Revents&unix.POLLERR != 0: // the second: a signal interrupted the file's own part
			continue
		case e != 0:
			l.err = fmt.Errorf("seccomp: poll: %w", e)
			return true
		case p.Revents&unix.POLLIN == 0 && p.Revents&unix.POLLHUP != 0:
			l.err = ErrOver
			return true
		case p.Revents&unix.POLLIN == 0:
			return false
		}
		*l.call = Call{}
		_, _, e = unix.Syscall(unix.SYS_IOCTL, fd, unix.SECCOMP_IOCTL_NOTIF_RECV, uintptr(unsafe.Pointer(l.call)))
		switch e {
		case 0:
			return true
		case unix.EINTR, unix.ENOENT, unix.ENOTCONN: // it is gone already; perhaps nobody is left
		default:
			l.err = fmt.Errorf("seccomp: receive: %w", e)
			return true
		}
	}
}

// Return lets a call return a value, or an error if errno is not 0. It may be more
// than programs see: ERESTARTSYS makes the call again, or fail with EINTR, after a signal.
func (l *Listener) Return(id uint64, value int64, errno unix.Errno) error {
	return l.respond(&response{id: id, val: value, error: -int32(errno)})
}

// Continue lets the kernel make a call.
func (l *Listener) Continue(id uint64) error {
	return l.respond(&response{id: id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE})
}

func (l *Listener) respond(r *response) error {
	return gone("respond", l.shortIoctl(unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(r)))
}

// shortIoctl makes a request that waits for nothing but a lock. A signal, such as
// those by which Go's scheduler interrupts goroutines, may end that wait.
func (l *Listener) shortIoctl(request uintptr, arg unsafe.Pointer) unix.Errno {
	for {
		_, _, e := unix.RawSyscall(unix.SYS_IOCTL, uintptr(l.fd), request, uintptr(arg))
		if e != unix.EINTR {
			return e
		}
	}
}

// ReturnFile lets a call return a new descriptor of the caller's for one of this
// process. It returns the number. On error the call is still to be answered.
func (l *Listener) ReturnFile(id uint64, fd int, cloexec bool) (int, error) {
	return l.addFile(&addfd{id: id, srcfd: uint32(fd), flags: unix.SECCOMP_ADDFD_FLAG_SEND}, cloexec)
}

// ReplaceFile puts a descriptor of this process in the place of one of the
// caller's.
func (l *Listener) ReplaceFile(id uint64, fd, at int, cloexec bool) error {
	_, err := l.addFile(&addfd{id: id, srcfd: uint32(fd), newfd: uint32(at), flags: unix.SECCOMP_ADDFD_FLAG_SETFD}, cloexec)
	return err
}

func (l *Listener) addFile(a *addfd, cloexec bool) (int, error) {
	if cloexec {
		a.newfdFlags = unix.O_CLOEXEC
	}
	// The kernel waits until the caller has taken the file. If a signal ended
	// the wait, the call would have returned 0, and no file.
	runtime.LockOSThread()
	all, before := ^uint64(0), uint64(0)
	setMask(&all, &before)
	n, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(l.fd), unix.SECCOMP_IOCTL_NOTIF_ADDFD, uintptr(unsafe.Pointer(a)))
	setMask(&before, nil)
	runtime.UnlockOSThread()
	if e != 0 {
		return -1, gone("add file", e)
	}
	return int(n), nil
}

// setMask sets which signals are blocked in this thread.
func setMask(mask, before *uint64) {
	const setmask = 2 // SIG_SETMASK
	_, _, _ = unix.RawSyscall6(unix.SYS_RT_SIGPROCMASK, setmask, uintptr(unsafe.Pointer(mask)), uintptr(unsafe.Pointer(before)), unsafe.Sizeof(*mask), 0, 0)
}

// Valid tells whether the thread still waits for the call, so that what was read
// of its memory was its.
func (l *Listener) Valid(id uint64) bool {
	return l.shortIoctl(unix.SECCOMP_IOCTL_NOTIF_ID_VALID, unsafe.Pointer(&id)) == 0
}

// Close ends it: calls that are caught from now on fail with ENOSYS. Nothing else
// may be called any more.
func (l *Listener) Close() error { return l.file.Close() }

func (l *Listener) ioctl(request, arg uintptr) error {
	if _, _, e := unix.Syscall(unix.SYS_IOCTL, uintptr(l.fd), request, arg); e != 0 {
		return fmt.Errorf("seccomp: ioctl: %w", e)
	}
	return nil
}

func gone(op string, e unix.Errno) error {
	switch e {
	case 0:
		return nil
	case unix.ENOENT, unix.EINPROGRESS:
		return ErrGone
	}
	return fmt.Errorf("seccomp: %s: %w", op, e)
}
