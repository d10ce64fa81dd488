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

	"github.com/abigen/abigen/netbsd"
)

// An Ifaddr is an address of an interface (struct ifaddr): one of AF_INET or
// AF_INET6. Those of AF_LINK are made up when somebody asks. The exported
// members do not change: another netmask makes another Ifaddr.
type Ifaddr struct {
	Ifp    *Ifnet
	Addr   netip.Addr   // without a zone
	Prefix netip.Prefix // the network
	Dst    netip.Addr   // broadcast address, or the other end; not valid when there is none

	flags      atomic.Int32 // IN_IFF_*, IN6_IFF_*
	preference atomic.Int32
	lifetime   netbsd.In6Addrlifetime // as it was set, AF_INET6 only
	since      time.Time              // when lifetime was set
}

// Family returns AF_INET or AF_INET6.
func (a *Ifaddr) Family() int32 {
	if a.Addr.Is4() {
		return netbsd.AF_INET
	}
	return netbsd.AF_INET6
}

// Flags returns IN6_IFF_* of an address of AF_INET6, IN_IFF_* of AF_INET.
func (a *Ifaddr) Flags() int32 { return a.flags.Load() }

// Preference returns what SIOCSIFADDRPREF set: among several addresses that
// would do as a source, the one with the highest is taken.
func (a *Ifaddr) Preference() int32 { return a.preference.Load() }

// addAddr adds an address to its interface. The caller has checked that it is
// not there.
func (t *Table) addAddr(a *Ifaddr) error {
	if err := t.assign(a); err != nil {
		return err
	}
	t.mu.Lock()
	a.Ifp.addrs = append(a.Ifp.addrs, a)
	t.mu.Unlock()
	t.Notify(Event{What: AddrAdded, Ifp: a.Ifp, Ifa: a})
	return nil
}

// replaceAddr puts a in the place of old, which has the same address.
func (t *Table) replaceAddr(old, a *Ifaddr) error {
	t.unassign(old)
	if err := t.assign(a); err != nil {
		return err
	}
	t.mu.Lock()
	if i := slices.Index(a.Ifp.addrs, old); i >= 0 {
		a.Ifp.addrs[i] = a
	}
	t.mu.Unlock()
	t.Notify(Event{What: AddrChanged, Ifp: a.Ifp, Ifa: a, Old: old})
	return nil
}

// removeAddr takes an address away.
func (t *Table) removeAddr(a *Ifaddr) {
	t.unassign(a)
	t.mu.Lock()
	a.Ifp.addrs = slices.DeleteFunc(a.Ifp.addrs, func(o *Ifaddr) bool { return o == a })
	t.mu.Unlock()
	t.Notify(Event{What: AddrRemoved, Ifp: a.Ifp, Ifa: a})
}

// assign gives the address to the NIC, if it is one that packets can have as
// their destination: NetBSD lets an interface have others, too.
func (t *Table) assign(a *Ifaddr) error {
	if !assignable(a.Addr) {
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
	return errno(t.Stack.AddProtocolAddress(a.Ifp.nic(), pa, stack.AddressProperties{}))
}

func (t *Table) unassign(a *Ifaddr) {
	if assignable(a.Addr) {
		t.Stack.RemoveAddress(a.Ifp.nic(), tcpip.AddrFromSlice(a.Addr.AsSlice()))
	}
}

func assignable(a netip.Addr) bool { return !a.IsMulticast() && !a.IsUnspecified() }

func protocol(a netip.Addr) tcpip.NetworkProtocolNumber {
	if a.Is4() {
		return ipv4.ProtocolNumber
	}
	return ipv6.ProtocolNumber
}
