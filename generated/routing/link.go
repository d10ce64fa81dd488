package routing

// A Link is a network interface.
type Link struct {
	Index uint32
	Name  string
	Type  uint8 // of the hardware: IANA's ifType, which is NetBSD's IFT_*
	Flags LinkFlags
	State LinkState
	MTU   uint32 // in bytes; 0 when not told
	Addr  []byte // the hardware address; empty when there is none
	Stats *LinkStats

	// Mask is, in a request, the Flags that are to be changed.
	Mask LinkFlags
	// Kind is, in a request for a new link, what drives it, such as "vlan".
	Kind string
}

// LinkFlags are properties of a [Link].
type LinkFlags uint16

// The flags that both systems have, IFF_UP and so on.
const (
	LinkUp LinkFlags = 1 << iota
	LinkBroadcast
	LinkDebug
	LinkLoopback
	LinkPointToPoint
	LinkRunning
	LinkNoARP
	LinkPromisc
	LinkAllMulti
	LinkMulticast
)

// LinkState tells whether a link has a carrier.
type LinkState uint8

// States of a link.
const (
	LinkStateUnknown LinkState = iota
	LinkStateDown
	LinkStateUp
)

// LinkStats count what went through a link since it was made.
type LinkStats struct {
	RxPackets, TxPackets uint64
	RxBytes, TxBytes     uint64
	RxErrors, TxErrors   uint64
	RxDropped            uint64
	RxNoProtocol         uint64 // nobody wanted them
	Multicast            uint64 // received
	Collisions           uint64
}
