package netif

// An Event is something that happened to an interface or to one of its
// addresses.
type Event struct {
	What What
	Ifp  *Ifnet
	Ifa  *Ifaddr // the address, unless it is about the interface alone
	Old  *Ifaddr // of AddrChanged: what Ifa takes the place of, or Ifa itself when its flags changed
}

// What says what happened.
type What uint8

// Arrived, Departing, Departed: an interface; departing, it is about to go down
// and to lose its addresses, and then to go. Changed: it came up or went down,
// or is said once more to be so; other flags, the MTU and the metric change
// without an event.
//
// AddrAdded, AddrRemoved and AddrChanged are about addresses of AF_INET and
// AF_INET6. AddrChanged tells of another netmask, broadcast address or flags, and
// with SIOCSIFADDR also of another address. AddrReady follows AddrAdded when it
// has begun to be found out whether another host has the address.
// PrefixesFlushed: the routes to the networks of all interfaces' addresses of
// AF_INET6 are to go.
//
// LinkAddrAdded and LinkAddrRemoved are about addresses of AF_LINK, and
// LinkAddrChanged tells which of them is now used.
const (
	Arrived What = iota
	Departing
	Departed
	Changed
	AddrAdded
	AddrReady
	AddrRemoved
	AddrChanged
	LinkAddrAdded
	LinkAddrRemoved
	LinkAddrChanged
	PrefixesFlushed
)
