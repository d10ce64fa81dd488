package kern

import (
	"github.com/abigen/abigen/netbsd/syscalls"
	"github.com/abigen/abigen/runtime/kernel"
)

// A Handler does a system call. Its error is a netbsd.Errno.
type Handler func(l *Lwp, a syscalls.Args) (r0, r1 uintptr, err error)

// A Sysent is one row of the table of system calls. Each package of the
// embedded kernel has a list of those that it does.
type Sysent struct {
	Number  syscalls.Number
	Handler Handler
	Level   kernel.Level
	Note    string // what is missing, for Partial and None
}
