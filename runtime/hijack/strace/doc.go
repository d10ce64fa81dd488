// Package strace writes down calls of Linux programs that are about sockets, in the
// style of strace(1), or as JSON.
//
//	[pid 4711] connect(3, {AF_INET, 127.0.0.1:80}, 16) = -1 ECONNREFUSED (Connection refused) <0.000091>
//
// Arguments it knows how to read are shown as C would write them, the others as
// numbers. Of what arguments lead to, as much is shown as a line has room for. What is
// beneath, the calls of NetBSD's, package runtime/kernel/ktrace writes down.
package strace
