//go:build linux && (amd64 || arm64)

package seccomp

import (
	"errors"
	"fmt"
	"unsafe"

	"golang.org/x/sys/unix"
)

// ErrTooOld: the kernel is older than Linux 5.14.
var ErrTooOld = errors.New("this needs Linux 5.14 or later")

// Install installs a filter in the calling thread, which the goroutine must be
// locked to, and returns the listener's descriptor. Threads and programs that it
// starts have the filter as well, and none can take it off. Without the right to
// do so as it is, the thread gives up that programs it runs gain rights by set-user-ID.
func Install(filter []unix.SockFilter) (int, error) {
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	fd, err := install(&prog)
	if errors.Is(err, unix.EACCES) {
		if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
			return -1, fmt.Errorf("seccomp: no new privileges: %w", err)
		}
		fd, err = install(&prog)
	}
	switch {
	case errors.Is(err, unix.EINVAL), errors.Is(err, unix.ENOSYS):
		return -1, fmt.Errorf("seccomp: %w (%w)", ErrTooOld, err)
	case errors.Is(err, unix.EBUSY):
		return -1, fmt.Errorf("seccomp: the calls of this process are caught already, by another supervisor: %w", err)
	case err != nil:
		return -1, fmt.Errorf("seccomp: %w", err)
	}
	return fd, nil
}

// install asks for a wait that only fatal signals end once a call was received,
// which kernels before 5.19 do not know.
func install(prog *unix.SockFprog) (int, error) {
	const flags = unix.SECCOMP_FILTER_FLAG_NEW_LISTENER
	fd, err := setFilter(prog, flags|unix.SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV)
	if errors.Is(err, unix.EINVAL) {
		fd, err = setFilter(prog, flags)
	}
	return fd, err
}

func setFilter(prog *unix.SockFprog, flags uintptr) (int, error) {
	fd, _, e := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, flags, uintptr(unsafe.Pointer(prog)))
	if e != 0 {
		return -1, e
	}
	return int(fd), nil
}

// Supported returns ErrTooOld on kernels before 5.14, which cannot put a file in
// the place of a call's result.
func Supported() error {
	var u unix.Utsname
	if err := unix.Uname(&u); err != nil {
		return fmt.Errorf("seccomp: %w", err)
	}
	var major, minor int
	release := unix.ByteSliceToString(u.Release[:])
	if _, err := fmt.Sscanf(release, "%d.%d", &major, &minor); err != nil {
		return nil //nolint:nilerr // a kernel that does not say is asked by trying
	}
	if major < 5 || major == 5 && minor < 14 {
		return fmt.Errorf("seccomp: %w; it is %s", ErrTooOld, release)
	}
	return nil
}
