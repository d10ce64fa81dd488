// Package routing is what NetBSD's routing messages and Linux's rtnetlink both
// talk about: the tables of links, addresses, routes and neighbors of a
// network stack, as plain data that belongs to neither.
//
// The two protocols have no field-by-field map. A routing message is a struct
// with socket addresses behind it, of which a bit mask tells the kinds; a netlink
// message is a struct with typed attributes behind it; and what is one message here
// is an ioctl, or a variable of sysctl, there. So a translation decodes the one
// into this model, and encodes the other from it:
//
//	generated/routing            the model
//	generated/routing/rtsock     NetBSD: routing messages, ioctls, sysctl names
//	generated/routing/rtnetlink  Linux: netlink messages
//	generated/routing/translate  from one to the other, and what has no counterpart
//
// # Interfaces
//
// Interfaces go by their index, which is never translated: it is the index in the
// kernel that the messages come from. Index 0 is no interface.
//
// # Zones
//
// An IPv6 address of link-local or interface-local scope means something only on
// an interface, its zone. The zone of a [netip.Addr] is here always an index in
// decimal; an address without one is meant on the interface that its entry names.
// [netip.Prefix] has no room for a zone, hence [Route.Zone].
package routing
