// Package rump boots the real NetBSD kernel: a rump kernel, which is NetBSD's own code
// as shared libraries, librump.so and one for each component. It is found below
// $RUMP_PREFIX, or where the system has its libraries, and needs no C compiler: the
// program is built with CGO_ENABLED=0, and the system's loader gets the libraries.
// That is for Linux on amd64; elsewhere [New] fails.
//
// # How it works
//
// The kernel calls its host for everything (librumpuser: threads, locks, the console),
// and a few of these calls this package takes over in the tables of the loaded
// libraries, so that the console is a log, a panic is an error, and it is known what
// a thread waits for.
//
// A [kernel.Thread] is an lwp, the kernel's word for a thread of a process, and has no
// thread of the host: the one that runs the goroutine becomes the lwp for the time of
// the call. A process or thread that does nothing costs no thread of the host, and one
// that is blocked costs one, for the kernel's code sleeps in it.
//
// Processes do not share the memory of their host, as far as the kernel knows: it asks
// for each byte, and what it asks is answered from the slices of an [abi.Parts]
// without a detour, and by any other [abi.Memory] in Go. No address is believed.
//
// A call whose context is done is interrupted as the kernel itself does it when a
// process exits: by a mark on the lwp and a wakeup. Where the mark is, this package
// finds out at boot.
package rump
