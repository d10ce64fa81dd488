package kernel

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A Kernel is a NetBSD kernel that has booted. Its methods may be used by
// several goroutines at once.
type Kernel interface {
	// NewProcess starts a process: a child of process 1 with user id 0, no
	// descriptors but for opt.Console, and no threads. EAGAIN: there are too
	// many processes.
	NewProcess(opt ProcessOptions) (Process, error)

	// Release tells which NetBSD's system call interface the kernel has.
	Release() *Release

	// Support lists the system calls the kernel knows, by number.
	Support() []Support

	// Close halts the kernel: processes end, blocked calls return EINTR, and
	// later ones fail with ENXIO.
	Close() error
}

// ProcessOptions say what a process starts with. The zero value will do.
type ProcessOptions struct {
	Name string // as in p_comm; at most 16 bytes are kept

	// Signal is called for each signal the kernel raises in the process,
	// before the call that raised it returns. It must neither block nor make
	// calls of the process. Nil: signals are lost.
	Signal func(netbsd.Signal)

	// Console opens descriptors 0, 1 and 2 for writing to the kernel's
	// console, as the clients of a remote kernel expect.
	Console bool
}

// A Process is a process of a kernel: user ids, descriptors, threads. Its
// methods may be used by several goroutines at once. After Exit they fail with
// ESRCH.
type Process interface {
	PID() int

	// NewThread adds a thread that sees mem as its memory.
	NewThread(mem abi.Memory) (Thread, error)

	// Fork makes a child with the user ids of p and the descriptors that how
	// says. EAGAIN: there are too many processes. EINVAL: how is unknown.
	Fork(how ForkHow, opt ProcessOptions) (Process, error)

	// Exec does to the process what execve(2) does, as far as a kernel
	// without programs can: descriptors that are to be closed on exec are
	// closed, and the name changes. Calls under way are interrupted first.
	Exec(name string) error

	// Exit ends the process: calls under way are interrupted, and its
	// descriptors closed.
	Exit()
}

// ForkHow says what becomes of the descriptors in a child.
type ForkHow uint8

// The ways of rfork(2): copied, none at all, one table for both.
const (
	ForkCopy ForkHow = iota
	ForkClean
	ForkShare
)

// A Thread makes system calls, one at a time. Errors of the kernel are of type
// [netbsd.Errno]. When the context of a call is done and the call is blocked,
// it fails with EINTR, and what it had not begun to move stays where it was.
type Thread interface {
	syscalls.Caller

	// Exit ends the thread, whose later calls fail with ESRCH. It must not have
	// a call under way.
	Exit()
}
