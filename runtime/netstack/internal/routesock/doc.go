// Package routesock is the sockets of AF_ROUTE: requests for routes and their
// answers, the messages about all that changes, and the dumps of sysctl(7). It
// has the place of rtsock.c and raw_usrreq.c in NetBSD.
//
// # Locks
//
// Sockets.mu guards the list of sockets and of messages that wait. It is a leaf
// but for the locks of sockets, which messages are delivered to under it, so
// that all sockets see them in one order.
package routesock
