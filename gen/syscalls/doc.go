// Package syscalls makes a Go package of a system's system calls: a typed
// function for each call with a prototype, and a table of all of them by
// number and by name.
//
// Three headers of NetBSD tell what there is. One has the numbers (SYS_read in
// sys/syscall.h), one the prototypes (rump_sys_read in rump/rump_syscalls.h,
// with the name that has the version in it as its linker symbol), one the
// structs in which arguments reach the kernel (struct sys_read_args in
// sys/syscallargs.h). The struct is what counts for the place of an argument:
// it has the padding that the prototype does not show.
//
// What does not depend on the headers is ordinary Go, in internal/words, and
// is copied into the package.
package syscalls
