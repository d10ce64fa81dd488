// Package nbsock is package net on a NetBSD kernel: what it returns are
// net.Conn, net.Listener and net.PacketConn, so that HTTP, TLS, gRPC and all
// else that is written for these runs on the network stack of a
// [kernel.Kernel], over nothing but its system calls.
//
//	n, err := nbsock.New(k, nbsock.Config{})
//	client := &http.Client{Transport: &http.Transport{DialContext: n.DialContext}}
//	ln, err := n.Listen("tcp", ":80")
//	go http.Serve(ln, handler)
//
// A [Net] is a process of the kernel, and each connection one of its
// descriptors. [Dialer] and [ListenConfig] have the knobs that those of package
// net have; options that have no method of their own are set by number, see
// [Socket.Setsockopt].
//
// # Differences from package net
//
// Names are looked up through the kernel's network, with the DNS servers of
// [Config]; the host's are not asked. Addresses of a host are tried one after
// the other. A connection that is no longer used must be closed: none is closed
// by the garbage collector.
//
// What the kernel refuses is an error over a [netbsd.Errno], and errors.Is finds
// that: netbsd.ECONNREFUSED, say, but not syscall.ECONNREFUSED, which is the
// host's. Timeouts are os.ErrDeadlineExceeded, or of a dial
// context.DeadlineExceeded, and closed connections net.ErrClosed, as in package
// net.
//
// # Concurrency
//
// All methods may be called by several goroutines at once. Reads of one socket
// wait for each other, and so do writes, but not one for the other.
package nbsock
