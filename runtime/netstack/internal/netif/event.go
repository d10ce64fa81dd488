package netif

// An Event is something that happened to an interface or to one of its
// addresses.
type Event struct {
	What What
	Ifp  *Ifnet
	Ifa  *Ifaddr // of AddrAdded, AddrRemoved and AddrChanged
	Old  *Ifaddr // of AddrChanged: what Ifa takes the place of
}

// What says what happened.
type What uint8

// Departing: the interface is about to lose its addresses, and then to go.
// Changed: flags, MTU or metric. AddrChanged: the same address with another
// netmask, broadcast address or flags. LinkAddrChanged: another hardware
// address.
const (
	Arrived What = iota
	Departing
	Departed
	Changed
	AddrAdded
	AddrRemoved
	AddrChanged
	LinkAddrChanged
)
