// Package netif is the embedded kernel's interfaces: their list, their flags
// and addresses, the ioctls about them, and the gVisor NICs they stand for. It
// has the place of if.c, in.c and in6.c in NetBSD.
package netif
