// Package kernel is the seam between NetBSD kernels and those who use them. A
// [Kernel] runs processes, a [Process] has threads, and a [Thread] makes system
// calls by NetBSD's number, with NetBSD's structs in the memory that belongs to
// it. Whether the kernel is the embedded one, the real one in this process, or
// one at the other end of a connection, makes no difference to its users.
//
// A Thread is a [syscalls.Caller], so the functions of package
// [github.com/abigen/abigen/netbsd/syscalls] make the calls:
//
//	fd, err := syscalls.Socket(ctx, thread, netbsd.AF_INET, netbsd.SOCK_STREAM, 0)
package kernel
