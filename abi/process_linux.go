//go:build amd64 || arm64 || 386 || arm

package abi

import (
	"syscall"
	"unsafe"
)

// A Process is the memory of a process, by its id, this one's included. The
// kernel does the copying, so an address that is not there is an error and not
// a crash; reading another process needs the right to trace it.
//
// Of this process's memory only what Go's allocator and stacks do not manage
// is worth an [Addr]: C memory, mapped files, the areas of a library. Goroutine
// stacks move and Go objects that only an Addr points to are collected.
//
// A Process may be used by several goroutines at once.
type Process int

// ReadAt copies the bytes at a to p.
func (pid Process) ReadAt(p []byte, a Addr) error {
	return pid.move("read", sysProcessVMReadv, p, a)
}

// WriteAt copies p to the bytes at a.
func (pid Process) WriteAt(p []byte, a Addr) error {
	return pid.move("write", sysProcessVMWritev, p, a)
}

func (pid Process) move(op string, number uintptr, p []byte, a Addr) error {
	if len(p) == 0 {
		return nil
	}
	local := syscall.Iovec{Base: &p[0]}
	local.SetLen(len(p))
	remote := struct{ base, len uintptr }{uintptr(a), uintptr(len(p))}
	n, _, errno := syscall.Syscall6(number, uintptr(pid),
		uintptr(unsafe.Pointer(&local)), 1, uintptr(unsafe.Pointer(&remote)), 1, 0)
	switch {
	case errno == syscall.EFAULT, errno == 0 && n != uintptr(len(p)):
		return &AddrError{Op: op, Addr: a, Len: len(p), Err: ErrFault}
	case errno != 0:
		return &AddrError{Op: op, Addr: a, Len: len(p), Err: errno}
	}
	return nil
}
