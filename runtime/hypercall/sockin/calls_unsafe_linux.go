package sockin

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// The host's calls with names as bytes, as the converters have them, and without
// what package unix allocates.

func pointer(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

func failed(e unix.Errno) error {
	if e == 0 {
		return nil
	}
	return e
}

func bind(fd int, name []byte) error {
	_, _, e := unix.Syscall(unix.SYS_BIND, uintptr(fd), uintptr(pointer(name)), uintptr(len(name)))
	return failed(e)
}

func connect(fd int, name []byte) error {
	_, _, e := unix.Syscall(unix.SYS_CONNECT, uintptr(fd), uintptr(pointer(name)), uintptr(len(name)))
	return failed(e)
}

func accept(fd int, name []byte) (c, n int, err error) {
	size := uint32(len(name))
	const flags = unix.SOCK_NONBLOCK | unix.SOCK_CLOEXEC
	r, _, e := unix.Syscall6(unix.SYS_ACCEPT4, uintptr(fd), uintptr(pointer(name)), uintptr(unsafe.Pointer(&size)), flags, 0, 0)
	if e != 0 {
		return -1, 0, e
	}
	return int(r), int(size), nil
}

func getsockname(fd int, name []byte) (int, error) {
	size := uint32(len(name))
	_, _, e := unix.Syscall(unix.SYS_GETSOCKNAME, uintptr(fd), uintptr(pointer(name)), uintptr(unsafe.Pointer(&size)))
	return int(size), failed(e)
}

func getpeername(fd int, name []byte) (int, error) {
	size := uint32(len(name))
	_, _, e := unix.Syscall(unix.SYS_GETPEERNAME, uintptr(fd), uintptr(pointer(name)), uintptr(unsafe.Pointer(&size)))
	return int(size), failed(e)
}

func setsockopt(fd int, level, name int32, value []byte) error {
	_, _, e := unix.Syscall6(unix.SYS_SETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(pointer(value)), uintptr(len(value)), 0)
	return failed(e)
}

func getsockopt(fd int, level, name int32, value []byte) (int, error) {
	size := uint32(len(value))
	_, _, e := unix.Syscall6(unix.SYS_GETSOCKOPT, uintptr(fd), uintptr(level), uintptr(name), uintptr(pointer(value)), uintptr(unsafe.Pointer(&size)), 0)
	return int(size), failed(e)
}

func send(fd int, p []byte, flags int32) (int, error) {
	r, _, e := unix.Syscall6(unix.SYS_SENDTO, uintptr(fd), uintptr(pointer(p)), uintptr(len(p)), uintptr(flags), 0, 0)
	return int(r), failed(e)
}

func recv(fd int, p []byte, flags int32) (int, error) {
	r, _, e := unix.Syscall6(unix.SYS_RECVFROM, uintptr(fd), uintptr(pointer(p)), uintptr(len(p)), uintptr(flags), 0, 0)
	return int(r), failed(e)
}

func sendmsg(fd int, p, name, control []byte, flags int32) (int, error) {
	m, iov := message(p, name, control)
	m.Iov = &iov
	r, _, e := unix.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), uintptr(flags))
	return int(r), failed(e)
}

func recvmsg(fd int, p, name, control []byte) (n, nameLen, controlLen int, err error) {
	m, iov := message(p, name, control)
	m.Iov = &iov
	r, _, e := unix.Syscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&m)), 0)
	return int(r), int(m.Namelen), int(m.Controllen), failed(e)
}

// message returns a message without its iovec, which must be in the caller's
// frame.
func message(p, name, control []byte) (m unix.Msghdr, iov unix.Iovec) {
	iov.Base = unsafe.SliceData(p)
	iov.SetLen(len(p))
	m.SetIovlen(1)
	if len(name) > 0 {
		m.Name = unsafe.SliceData(name)
		m.Namelen = uint32(len(name))
	}
	if len(control) > 0 {
		m.Control = unsafe.SliceData(control)
		m.SetControllen(len(control))
	}
	return m, iov
}
