// Package sysproxy carries NetBSD's system calls between processes: it speaks
// the protocol of rump kernels (version 0.4), both ways.
//
// [Dial] returns a [Client], a [kernel.Kernel] that is at the other end of a
// connection: NetBSD's own in a rump_server, or one that a [Server] serves,
// perhaps in another program written in Go. A [Server] lets such clients, and
// all programs linked with librumpclient or run under librumphijack, use any
// [kernel.Kernel].
//
// A kernel is named by a [URL], unix:///path or tcp://address:port. The
// protocol has neither passwords nor encryption: who can connect is the
// superuser of the kernel. So a socket in the file system is for its owner only,
// and TCP is for the loopback interface unless something else is asked for in so many words.
//
// # How it works
//
// Each process of the kernel has a connection of its own. A client sends calls
// over it, as many at once as it likes, and while one is under way the server
// asks for the memory that its pointers lead to, or sends what is to be stored
// there (an upcall). Such a request has an address and no word of
// the call it is for. So the memories of all threads of a process must be parts
// of one address space: what is in one is nowhere else.
//
// A round trip takes less time than to wake a goroutine. So a goroutine that makes
// a call reads its answer itself where it can, and a server makes a call on the goroutine that has
// read it, as long as the call does not sleep.
//
// # Calls that block
//
// In the protocol nothing ends a call that is blocked but the loss of the
// connection. A [Server] of this package knows one request more, which
// interrupts a call by its number, and which a Client uses when the context of the call
// is done. Servers that do not know it refuse it, and a client asks for that beforehand. With
// those, the client does not let a call block: it tries without waiting, waits
// with poll(2) together with a pipe of its own, and tries again, see [Client].
package sysproxy
