// Package netif is the embedded kernel's interfaces: their list, their flags
// and addresses, the ioctls about them, and the gVisor NICs they stand for. It
// has the place of if.c, in.c and in6.c in NetBSD.
//
// # Locks
//
// One configuration follows the other: conf of a Table is held from the check
// of a request to the last event about it. Listeners are called with it, so
// they may ask but not configure. Whoever asks takes no lock, or for details mu,
// which is a leaf and never held while gVisor or a listener is called.
package netif
