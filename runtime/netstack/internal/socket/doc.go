// Package socket is what sockets of all families have in common: the system
// calls, the buffers, the options of SOL_SOCKET, blocking, readiness. It has the
// place of uipc_syscalls.c, uipc_socket.c and uipc_socket2.c in NetBSD; what a
// family does itself is behind [Protocol].
//
// # Locks
//
// Socket.Mu guards what its comment says. A Protocol's methods are called
// without it, and may take it; a family with a lock of its own takes that
// first.
package socket
