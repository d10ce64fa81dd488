// Package sockin has the domains of IPv4 and IPv6 on a host's sockets, in the place
// of a network stack: TCP and UDP, no raw sockets, no interfaces of their own. It
// has the place of NetBSD's sockin(4), and its rules about which sockets there
// are.
//
// Calls are the host's as far as it has them. The state of a connection, blocking,
// readiness, the checks of names and whatever else a program sees that is not of
// the network is NetBSD's.
//
// # Locks
//
// Events of the host come in a goroutine of its own, without any lock, and are what
// changes the state of a socket. Bytes of a stream stay with the host until
// somebody reads them; datagrams are fetched into the socket's buffer while
// there is room.
package sockin
