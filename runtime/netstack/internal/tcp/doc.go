// Package tcp is TCP as NetBSD has it, over gVisor's endpoints: states,
// names, errors, options and the rules of closing are NetBSD's (tcp_usrreq.c,
// tcp_subr.c, the ends of tcp_input.c); segments, timers and windows are
// gVisor's. The bytes of a connection stay in gVisor's buffers, so that reads
// and writes cost one copy and no allocation.
//
// # Ports
//
// Who may bind or connect to what is decided by the table of package inet, with
// NetBSD's rules. gVisor is told of a port only when something listens there or
// connects from there, and then agrees to anything.
//
// # Dead sockets
//
// When a connection ends, by a reset, a refusal or in the regular way, its
// control block goes, and the socket stays as an empty shell until it is
// closed: most calls then fail with EINVAL, as in NetBSD.
//
// # Locks
//
// gVisor tells of events while the lock of an endpoint is held, or not. What is
// called then ([endpoint.NotifyEvent]) takes no lock but leaves: that of a
// socket, those of gVisor's buffers. The lock of a tcpcb is taken before that of
// its endpoint.
package tcp
