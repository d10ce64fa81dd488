//go:build linux && (amd64 || arm64)

package procmem

import (
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
