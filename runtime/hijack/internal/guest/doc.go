// Package guest makes system calls of a process of a NetBSD kernel with Go's
// slices as arguments, which a thread's memory shows the kernel for the time of
// one call.
package guest
