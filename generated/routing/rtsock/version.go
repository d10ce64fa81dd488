package rtsock

import "github.com/abigen/abigen/netbsd"

// A Version says in what the routing messages of one NetBSD differ from those of
// others. Numbers and layouts changed; each kernel understands the older forms,
// but sends its own.
type Version struct {
	Name string

	NewAddr, DelAddr, ChgAddr uint8 // RTM_NEWADDR and so on
	IfList                    int32 // NET_RT_IFLIST

	// The members of struct ifa_msghdr: its size, and their offsets in it;
	// -1 for those that it does not have.
	IfaSize, IfaIndex, IfaFlags, IfaAddrs, IfaPID, IfaAddrflags, IfaMetric int
}

// NetBSD10 is NetBSD 10, which package netbsd describes.
var NetBSD10 = &Version{
	Name:    "NetBSD 10",
	NewAddr: netbsd.RTM_NEWADDR,
	DelAddr: netbsd.RTM_DELADDR,
	ChgAddr: netbsd.RTM_CHGADDR,
	IfList:  netbsd.NET_RT_IFLIST,
	IfaSize: netbsd.SizeofIfaMsghdr, IfaIndex: 4, IfaFlags: 8, IfaAddrs: 12, IfaPID: 16, IfaAddrflags: 20, IfaMetric: 24,
}

// NetBSD7 is NetBSD 7 up to 7.99.34, the version of many rump kernels.
var NetBSD7 = &Version{
	Name:    "NetBSD 7",
	NewAddr: netbsd.RTM_ONEWADDR,
	DelAddr: netbsd.RTM_ODELADDR,
	ChgAddr: netbsd.RTM_OCHGADDR,
	IfList:  netbsd.NET_RT_OIFLIST,
	IfaSize: 24, IfaAddrs: 4, IfaFlags: 8, IfaMetric: 12, IfaIndex: 16, IfaPID: -1, IfaAddrflags: -1,
}

// messageType returns the NetBSD 10 number of v's message type t, and false for
// a type that v does not send.
func (v *Version) messageType(t uint8) (uint8, bool) {
	switch t {
	case v.NewAddr:
		return netbsd.RTM_NEWADDR, true
	case v.DelAddr:
		return netbsd.RTM_DELADDR, true
	case v.ChgAddr:
		return netbsd.RTM_CHGADDR, true
	case netbsd.RTM_NEWADDR, netbsd.RTM_DELADDR, netbsd.RTM_CHGADDR,
		netbsd.RTM_ONEWADDR, netbsd.RTM_ODELADDR, netbsd.RTM_OCHGADDR:
		return t, false
	}
	return t, true
}

// wireType is the reverse of messageType.
func (v *Version) wireType(t uint8) uint8 {
	switch t {
	case netbsd.RTM_NEWADDR:
		return v.NewAddr
	case netbsd.RTM_DELADDR:
		return v.DelAddr
	case netbsd.RTM_CHGADDR:
		return v.ChgAddr
	}
	return t
}
