package routing

import "net/netip"

// Forever is the lifetime of what does not expire.
const Forever = 0xffffffff

// An Address is one of a [Link]'s protocol addresses.
type Address struct {
	Index     uint32     // the link
	Addr      netip.Addr // the link's own address
	Bits      int        // length of the prefix that is on the link
	Peer      netip.Addr // the other end of a point-to-point link
	Broadcast netip.Addr // IPv4 only
	Flags     AddressFlags
	Valid     uint32 // seconds that are left of it; Forever; 0 is not told
	Preferred uint32 // seconds that new connections may use it for
	Label     string // Linux's name for it, or "" when that is the link's
}

// Prefix returns the network that is on the link by this address.
func (a *Address) Prefix() netip.Prefix {
	p := a.Addr
	if a.Peer.IsValid() {
		p = a.Peer
	}
	return netip.PrefixFrom(p.WithZone(""), a.Bits).Masked()
}

// AddressFlags are properties of an [Address].
type AddressFlags uint16

// The flags that both systems have.
const (
	AddressTentative  AddressFlags = 1 << iota // being checked for duplicates
	AddressDuplicated                          // somebody else has it
	AddressDeprecated                          // not for new connections
	AddressNoDAD                               // not to be checked for duplicates
	AddressTemporary                           // made for privacy
	AddressAnycast
)

// LastAddr returns the highest address of p: the broadcast address of an IPv4
// network.
func LastAddr(p netip.Prefix) netip.Addr {
	b := p.Masked().Addr().AsSlice()
	for i := p.Bits(); i < len(b)*8; i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	last, _ := netip.AddrFromSlice(b)
	return last
}
