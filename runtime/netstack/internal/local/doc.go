// Package local is the sockets of AF_LOCAL: streams, datagrams and records between
// the processes of one kernel, with names in its file system, the ids of who is at
// the other end, and descriptors that travel. It has the place of uipc_usrreq.c in
// NetBSD.
//
// # Locks
//
// One lock, Domain.mu, is for all that ties sockets together. It is taken before
// those of sockets, and not where events are noticed: what Readiness and filters
// ask for must not need it. No file is closed under it.
package local
