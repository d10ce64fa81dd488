package netif

import (
	"slices"
	"time"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
)

// How many probes ask whether another host has an address, before it is used
// (net.inet.ip.dad_count, net.inet6.ip6.dad_count), and how long each waits for
// an answer. 0 probes: addresses are used at once.
const (
	dadCount4 = 3
	dadCount6 = 1

	dadInterval4 = 2 * time.Second
	dadInterval6 = time.Second
)

// setTentative marks an address that is to be checked before it is used: one
// of an interface that runs, and has other hosts. For AF_INET that is done by ARP
// alone. Without a link there is nobody to ask, and the address has to wait for one.
func (a *Ifaddr) setTentative() {
	const running = netbsd.IFF_UP | netbsd.IFF_RUNNING
	flags := a.Ifp.Flags()
	if flags&netbsd.IFF_LOOPBACK != 0 || flags&running != running || a.Addr.IsUnspecified() {
		return
	}
	if a.Addr.Is4() && a.Ifp.Type != netbsd.IFT_ETHER {
		return
	}
	f := a.bits()
	if a.Ifp.noLink() {
		a.flags.Store(a.flags.Load()&^f.tentative | f.detached)
		return
	}
	a.flags.Store(a.flags.Load() | f.tentative)
	a.tested = true
}

// detectDuplicate begins to ask whether another host has a tentative address.
// Without probes, and for an anycast address, it is taken for granted that none
// has.
func (t *Table) detectDuplicate(a *Ifaddr) {
	f := a.bits()
	if a.flags.Load()&f.tentative == 0 {
		return
	}
	a.flags.Store(a.flags.Load() &^ f.duplicated)
	num, count, interval := tcpip.NetworkProtocolNumber(arp.ProtocolNumber), t.DADCount4.Load(), dadInterval4
	if a.Addr.Is6() {
		num, count, interval = ipv6.ProtocolNumber, t.DADCount6.Load(), dadInterval6
	}
	done := func(r stack.DADResult) {
		_, ok := r.(*stack.DADSucceeded)
		go func() { // locks of gVisor's are held here
			t.conf.Lock()
			defer t.conf.Unlock()
			t.detected(a, ok)
		}()
	}
	ep, err := t.Stack.GetNetworkEndpoint(a.Ifp.nic(), num)
	if err != nil || count <= 0 || a.Addr.Is6() && a.flags.Load()&netbsd.IN6_IFF_ANYCAST != 0 {
		t.detected(a, true)
		return
	}
	d := ep.(stack.DuplicateAddressDetector)
	d.SetDADConfigurations(stack.DADConfigurations{DupAddrDetectTransmits: uint8(min(count, 255)), RetransmitTimer: interval})
	defer d.SetDADConfigurations(stack.DADConfigurations{RetransmitTimer: interval}) // gVisor is not to begin by itself
	d.CheckDuplicateAddress(tcpip.AddrFromSlice(a.Addr.AsSlice()), done)
}

// detected ends the search for another host with the address.
func (t *Table) detected(a *Ifaddr, alone bool) {
	f := a.bits()
	old := a.flags.Load()
	switch {
	case t.closed || old&f.tentative == 0 || !slices.Contains(a.Ifp.Addrs(), a):
		return
	case alone:
		a.flags.Store(old &^ f.tentative)
		_ = t.assign(a) // fails for an address that is there since before the interface went down
		t.announce(a)
	default:
		a.flags.Store(old&^f.tentative | f.duplicated)
		t.unassign(a)
	}
	t.tell(Event{What: AddrChanged, Ifp: a.Ifp, Ifa: a, Old: a})
}

// announce tells the hosts on an Ethernet that an address of AF_INET is ours
// now (arp_ifinit).
func (t *Table) announce(a *Ifaddr) {
	if a.Ifp.Type != netbsd.IFT_ETHER || !a.Addr.Is4() || a.Addr.IsUnspecified() || !a.Usable() {
		return
	}
	h := make(header.ARP, header.ARPSize)
	h.SetIPv4OverEthernet()
	h.SetOp(header.ARPRequest)
	copy(h.HardwareAddressSender(), a.Ifp.LinkAddr())
	copy(h.ProtocolAddressSender(), a.Addr.AsSlice())
	copy(h.ProtocolAddressTarget(), a.Addr.AsSlice())
	// An interface that is down does not tell.
	_ = t.Stack.WritePacketToRemote(a.Ifp.nic(), header.EthernetBroadcastAddress, arp.ProtocolNumber, buffer.MakeWithData(h))
}

// startLifetime lets an address of AF_INET6 expire, or be deprecated, when its
// time has come.
func (t *Table) startLifetime(a *Ifaddr) {
	a.stopLifetime()
	if !a.Addr.Is6() {
		return
	}
	lt := a.lifetime
	next := lt.Vltime
	if a.flags.Load()&netbsd.IN6_IFF_DEPRECATED == 0 {
		next = lt.Pltime
	}
	if next != forever {
		a.expiry = t.Stack.Clock().AfterFunc(time.Duration(next)*time.Second-a.age(), func() { t.expire(a) })
	}
}

func (a *Ifaddr) stopLifetime() {
	if a.expiry != nil {
		a.expiry.Stop()
		a.expiry = nil
	}
}

// age returns how much of its lifetime an address has had.
func (a *Ifaddr) age() time.Duration {
	return a.Ifp.table.Stack.Clock().NowMonotonic().Sub(a.began)
}

func (t *Table) expire(a *Ifaddr) {
	t.conf.Lock()
	defer t.conf.Unlock()
	if t.closed || !slices.Contains(a.Ifp.Addrs(), a) {
		return
	}
	age := a.age()
	switch lt := a.lifetime; {
	case lt.Vltime != forever && age >= time.Duration(lt.Vltime)*time.Second:
		t.removeAddr(a)
	case lt.Pltime != forever && age >= time.Duration(lt.Pltime)*time.Second:
		a.flags.Store(a.flags.Load() | netbsd.IN6_IFF_DEPRECATED)
		t.startLifetime(a)
	default: // it was extended meanwhile
		t.startLifetime(a)
	}
}
