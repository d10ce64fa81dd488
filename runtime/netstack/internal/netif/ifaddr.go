package netif

import (
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// An Ifaddr is an address of an interface (struct ifaddr): one of AF_INET,
// AF_INET6 or AF_LINK. The exported members do not change: another netmask
// makes another Ifaddr.
type Ifaddr struct {
	Ifp    *Ifnet
	Addr   netip.Addr   // without a zone; not valid for AF_LINK
	Prefix netip.Prefix // the network; of a mask with holes, up to the first
	Link   []byte       // hardware address, AF_LINK only
	Auto   bool         // a link-local address that the interface got when it came up

	flags      atomic.Int32 // IN_IFF_*, IN6_IFF_*
	preference atomic.Int32 // int16
	expiry     tcpip.Timer  // nil: does not expire. Guarded by the table's conf
	tested     bool         // AF_INET: that nobody else has it was to be checked when it was new. Guarded by conf

	dst atomic.Pointer[netip.Addr] // broadcast address, or the other end; nil: there is none

	// Guarded by the table's mu.
	mask     []byte                 // the netmask's sockaddr as it was given; nil: as Prefix says
	lifetime netbsd.In6Addrlifetime // as it was set, AF_INET6 only
	since    time.Time              // when lifetime was set, by the wall clock
	began    tcpip.MonotonicTime    // and by the other
}

// Family returns AF_INET, AF_INET6 or AF_LINK.
func (a *Ifaddr) Family() int32 {
	switch {
	case a.Addr.Is4():
		return netbsd.AF_INET
	case a.Addr.Is6():
		return netbsd.AF_INET6
	}
	return netbsd.AF_LINK
}

// Flags returns IN6_IFF_* of an address of AF_INET6, IN_IFF_* of AF_INET.
func (a *Ifaddr) Flags() int32 { return a.flags.Load() }

// Usable tells whether the address can be a socket's: that its interface is up
// and no other host was found to have it.
func (a *Ifaddr) Usable() bool {
	f := a.bits()
	return a.flags.Load()&(f.tentative|f.duplicated|f.detached) == 0
}

// Preference returns what SIOCSIFADDRPREF set: among several addresses that
// would do as a source, the one with the highest is taken.
func (a *Ifaddr) Preference() int32 { return a.preference.Load() }

// Dst returns the broadcast address, or the other end's on a loopback or
// point-to-point interface. It is not valid when there is none.
func (a *Ifaddr) Dst() netip.Addr {
	if dst := a.dst.Load(); dst != nil {
		return *dst
	}
	return netip.Addr{}
}

func (a *Ifaddr) setDst(dst netip.Addr) { a.dst.Store(&dst) }

// Mask returns the netmask of an address of AF_INET or AF_INET6, as it was
// given: a sockaddr, as long as its first byte says. One that was not given is
// all zeros.
func (a *Ifaddr) Mask() []byte {
	if a.Addr.Is6() {
		m := a.mask6()
		return append([]byte(nil), abi.AsBytes(&m)[:min(m.Len, netbsd.SizeofSockaddrIn6)]...)
	}
	m := a.maskSockaddr()
	switch n := int(m[0]); {
	case a.mask == nil:
		m[0] = uint8(len(m))
	case n == 0:
		return []byte{8, netbsd.AF_INET, 0, 0, 0, 0, 0, 0}
	case n < len(m):
		m = m[:n]
	}
	return m
}

// Sockaddr returns the address as the kernel keeps it: with the scope of a
// link-local address within it, and for AF_LINK with the interface's name.
func (a *Ifaddr) Sockaddr() []byte {
	if a.Family() == netbsd.AF_LINK {
		return a.Ifp.sdl(a.Link)
	}
	return sockaddr(a.Addr, a.Ifp.Index)
}

// addIPv6 adds an address of AF_INET6; the interface's first prepares it.
func (t *Table) addIPv6(a *Ifaddr) error {
	if a.Ifp.First(netbsd.AF_INET6) == nil {
		if err := a.Ifp.drv.initAddr(t, a.Ifp); err != nil {
			return err
		}
	}
	return t.addAddr(a)
}

// addAddr adds an address to its interface. The caller has checked that it is
// not there.
func (t *Table) addAddr(a *Ifaddr) error {
	if err := t.assign(a); err != nil {
		return err
	}
	a.Ifp.changeAddrs(func(list []*Ifaddr) []*Ifaddr { return append(list, a) })
	t.announce(a)
	t.tell(Event{What: AddrAdded, Ifp: a.Ifp, Ifa: a})
	t.detectDuplicate(a)
	t.tell(Event{What: AddrReady, Ifp: a.Ifp, Ifa: a})
	t.startLifetime(a)
	return nil
}

// replaceAddr puts a in the place of old.
func (t *Table) replaceAddr(old, a *Ifaddr) error {
	t.unassign(old)
	if err := t.assign(a); err != nil {
		return err
	}
	a.Ifp.changeAddrs(func(list []*Ifaddr) []*Ifaddr {
		if i := slices.Index(list, old); i >= 0 {
			list[i] = a
		}
		return list
	})
	t.tell(Event{What: AddrChanged, Ifp: a.Ifp, Ifa: a, Old: old})
	if a.Addr != old.Addr {
		t.announce(a)
		t.detectDuplicate(a)
	}
	return nil
}

// removeAddr takes an address away.
func (t *Table) removeAddr(a *Ifaddr) {
	a.stopLifetime()
	t.unassign(a)
	a.Ifp.changeAddrs(without(a))
	t.tell(Event{What: AddrRemoved, Ifp: a.Ifp, Ifa: a})
}

// without takes an address off a list.
func without(a *Ifaddr) func([]*Ifaddr) []*Ifaddr {
	return func(list []*Ifaddr) []*Ifaddr {
		return slices.DeleteFunc(list, func(o *Ifaddr) bool { return o == a })
	}
}

// assign gives the address to the NIC, if it is one that packets can have as
// their destination: NetBSD lets an interface have others, too. A tentative
// one has to wait.
func (t *Table) assign(a *Ifaddr) error {
	f := a.bits()
	if !assignable(a.Addr) || a.flags.Load()&(f.tentative|f.duplicated) != 0 {
		return nil
	}
	bits := a.Prefix.Bits()
	if a.Ifp.Loopback() { // gVisor takes all of a loopback interface's network for its own, NetBSD only the address
		bits = a.Addr.BitLen()
	}
	pa := tcpip.ProtocolAddress{
		Protocol:          protocol(a.Addr),
		AddressWithPrefix: tcpip.AddressWithPrefix{Address: tcpip.AddrFromSlice(a.Addr.AsSlice()), PrefixLen: bits},
	}
	err := t.Stack.AddProtocolAddress(a.Ifp.nic(), pa, stack.AddressProperties{})
	if err == nil && a.Addr == netip.IPv6Loopback() {
		t.setLoopback6(true)
	}
	return errno(err)
}

// unassign takes the address from the NIC, which need not have it.
func (t *Table) unassign(a *Ifaddr) {
	if assignable(a.Addr) {
		if a.Addr == netip.IPv6Loopback() {
			t.setLoopback6(t.hasOther(a))
		}
		t.Stack.RemoveAddress(a.Ifp.nic(), tcpip.AddrFromSlice(a.Addr.AsSlice()))
	}
}

func assignable(a netip.Addr) bool { return a.IsValid() && !a.IsMulticast() && !a.IsUnspecified() }

func protocol(a netip.Addr) tcpip.NetworkProtocolNumber {
	if a.Is4() {
		return ipv4.ProtocolNumber
	}
	return ipv6.ProtocolNumber
}
