// Package rtable is the embedded kernel's routing table, with what the routes
// mean to NetBSD, and the copy of it that gVisor forwards by. It has the place
// of radix.c, rtbl.c and route.c.
package rtable
