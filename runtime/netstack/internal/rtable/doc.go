// Package rtable is the embedded kernel's routing table, with what the routes
// mean to NetBSD, and the copy of it that gVisor forwards by. It has the place
// of radix.c, rtbl.c and route.c.
//
// Destinations and gateways are socket addresses as routing messages have them,
// because what a message said comes back in dumps byte for byte. Those of IPv6
// are in the form NetBSD uses inside its kernel: an address that is valid on
// one link only has the index of the interface in its third and fourth byte.
//
// # Locks
//
// Table.serial is held from what a request or an event finds to what it changes,
// Table.mu while something is read or written. Netif's own lock for changes is
// taken before serial, and its lock for reading after mu; gVisor's come last.
// What routing sockets are told, they are told with serial held and mu not.
package rtable
