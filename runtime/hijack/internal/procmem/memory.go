//go:build linux && (amd64 || arm64)

package procmem

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A Memory is that of the process that a thread with this number belongs to.
type Memory uint32

// Read fills p with what is at the address, all of it, or fails with EFAULT.
func (m Memory) Read(p []byte, addr uint64) error {
	return m.move(unix.SYS_PROCESS_VM_READV, p, addr)
}

// Write puts p at the address.
func (m Memory) Write(p []byte, addr uint64) error {
	return m.move(unix.SYS_PROCESS_VM_WRITEV, p, addr)
}

// WriteBoth puts p at one address and q at another, by one call.
func (m Memory) WriteBoth(p []byte, addr uint64, q []byte, addr2 uint64) error {
	if len(p) == 0 || len(q) == 0 {
		return errors.Join(m.Write(p, addr), m.Write(q, addr2))
	}
	local := [2]unix.Iovec{{Base: &p[0], Len: uint64(len(p))}, {Base: &q[0], Len: uint64(len(q))}}
	remote := [2]unix.RemoteIovec{{Base: uintptr(addr), Len: len(p)}, {Base: uintptr(addr2), Len: len(q)}}
	n, _, e := unix.RawSyscall6(unix.SYS_PROCESS_VM_WRITEV, uintptr(m), uintptr(unsafe.Pointer(&local)), 2, uintptr(unsafe.Pointer(&remote)), 2, 0)
	switch {
	case e == unix.ESRCH:
		return e
	case e != 0 || int(n) != len(p)+len(q):
		return unix.EFAULT
	}
	return nil
}

func (m Memory) move(call uintptr, p []byte, addr uint64) error {
	if len(p) == 0 {
		return nil
	}
	local := unix.Iovec{Base: &p[0], Len: uint64(len(p))}
	remote := unix.RemoteIovec{Base: uintptr(addr), Len: len(p)}
	n, _, e := unix.RawSyscall6(call, uintptr(m), uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
	switch {
	case e == unix.ESRCH:
		return e
	case e != 0 || int(n) != len(p):
		return unix.EFAULT
	}
	return nil
}
