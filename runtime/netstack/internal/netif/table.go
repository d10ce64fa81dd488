package netif

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// A Table is the interfaces of a kernel. The NIC of an interface has its index
// for its id.
type Table struct {
	Stack *stack.Stack

	// Notify is called with each change, in order, before the call that made
	// it returns. It is set before Boot.
	Notify func(Event)

	// Refused is called with a packet to an own address whose interface is
	// down. It came by lo0, and is the caller's.
	Refused func(pkt *stack.PacketBuffer)

	// Link opens the device behind an interface: driver is one of Drivers,
	// linkstr what SIOCSLINKSTR said, or for virt the interface's number.
	// Nil: there is no such hardware.
	Link func(driver, linkstr string) (hypercall.NetworkDevice, error)

	// Nbrinfo tells what is known of a host on the link of an interface: false
	// when nothing is. It is set before Boot.
	Nbrinfo func(p *Ifnet, addr netip.Addr) (netbsd.In6Nbrinfo, bool)

	// Drivers are the kinds of Ethernet interfaces that can be created:
	// "shmif" and "virt", which differ in when Link is asked.
	Drivers []string

	// Hostname returns the host's name, for addresses that are made from it.
	Hostname func() string

	DADCount4 atomic.Int32 // net.inet.ip.dad_count
	DADCount6 atomic.Int32 // net.inet6.ip6.dad_count
	HostZero  atomic.Int32 // net.inet.ip.hostzerobroadcast: addresses of networks are broadcast addresses

	forward4, forward6 atomic.Bool
	forwarded          forwarded
	kept               struct { // what was counted on interfaces that are gone
		mu     sync.Mutex
		v4, v6 IPCount
	}
	loopback6 atomic.Bool // some interface has ::1
	refusing  atomic.Bool // there are addresses that do not take packets

	conf   sync.Mutex
	next   int // where to look for a free index
	closed bool

	list atomic.Pointer[[]*Ifnet] // in the order they came; replaced, never changed

	mu sync.RWMutex // of what changes of an Ifaddr, and of when an Ifnet changed
}

// New returns a table without interfaces.
func New(s *stack.Stack) *Table {
	t := &Table{
		Stack:    s,
		Notify:   func(Event) {},
		Nbrinfo:  func(*Ifnet, netip.Addr) (netbsd.In6Nbrinfo, bool) { return netbsd.In6Nbrinfo{}, false },
		Refused:  func(*stack.PacketBuffer) {},
		Drivers:  []string{"shmif", "virt"},
		Hostname: func() string { return "" },
	}
	t.DADCount4.Store(dadCount4)
	t.DADCount6.Store(dadCount6)
	return t
}

// Boot makes lo0, with the addresses it has in a rump kernel that has just
// started.
func (t *Table) Boot() error {
	t.conf.Lock()
	defer t.conf.Unlock()
	lo, err := t.createLoop(0)
	if err != nil {
		return err
	}
	t.up(lo)
	a := newAddr(lo, netip.AddrFrom4([4]byte{127, 0, 0, 1}), 8)
	a.setDst(a.Addr)
	return t.addAddr(a)
}

// Close takes all devices away. Nothing may be configured later.
func (t *Table) Close() {
	t.conf.Lock()
	defer t.conf.Unlock()
	t.closed = true
	t.setLoopback6(false)
	for _, p := range t.All() {
		for _, a := range p.Addrs() {
			a.stopLifetime()
		}
		p.drv.close()
	}
}

// All returns the interfaces in the order they came, in a list that is not to be
// changed.
func (t *Table) All() []*Ifnet {
	if l := t.list.Load(); l != nil {
		return *l
	}
	return nil
}

// changeList replaces the list by what do makes of a copy.
func (t *Table) changeList(do func([]*Ifnet) []*Ifnet) {
	list := do(slices.Clone(t.All()))
	t.list.Store(&list)
}

// ByName returns the interface with this name, nil when there is none.
func (t *Table) ByName(name string) *Ifnet {
	return t.find(func(p *Ifnet) bool { return p.Name == name })
}

// ByIndex returns the interface with this index, nil when there is none.
func (t *Table) ByIndex(index int) *Ifnet {
	return t.find(func(p *Ifnet) bool { return p.Index == index })
}

func (t *Table) find(is func(*Ifnet) bool) *Ifnet {
	for _, p := range t.All() {
		if is(p) {
			return p
		}
	}
	return nil
}

// ByAddr returns the first interface address that is a, nil when there is none.
// A zone of a is not looked at: see ByScopedAddr.
func (t *Table) ByAddr(a netip.Addr) *Ifaddr { return t.ByScopedAddr(a, 0) }

// ByScopedAddr is ByAddr among the addresses of one interface, of all when
// index is 0.
func (t *Table) ByScopedAddr(a netip.Addr, index int) *Ifaddr {
	a = a.WithZone("")
	for _, p := range t.All() {
		if index != 0 && p.Index != index {
			continue
		}
		if ifa := p.lookup(a); ifa != nil {
			return ifa
		}
	}
	return nil
}

// Forward lets the interfaces forward packets of a protocol, or not.
func (t *Table) Forward(num tcpip.NetworkProtocolNumber, on bool) {
	t.forwards(num).Store(on)
	for _, p := range t.All() {
		t.setForwarding(p, num)
	}
}

func (t *Table) forwards(num tcpip.NetworkProtocolNumber) *atomic.Bool {
	if num == ipv4.ProtocolNumber {
		return &t.forward4
	}
	return &t.forward6
}

// setForwarding tells gVisor whether an interface forwards. To gVisor, lo0 does
// so with what it has for the addresses of other interfaces.
func (t *Table) setForwarding(p *Ifnet, num tcpip.NetworkProtocolNumber) {
	on := t.forwards(num).Load()
	if p.Loopback() {
		on = num != ipv6.ProtocolNumber || t.loopback6.Load()
	}
	_, _ = t.Stack.SetNICForwarding(p.nic(), num, on) // fails for unknown interfaces and protocols only
}

// byRequest finds the interface that a request names: a number is an index.
func (t *Table) byRequest(name string) *Ifnet {
	if name != "" && strings.Trim(name, "0123456789") == "" {
		n, err := strconv.Atoi(name)
		if err != nil {
			return nil
		}
		return t.ByIndex(n)
	}
	return t.ByName(name)
}

// gone tells whether the interface was destroyed.
func (t *Table) gone(p *Ifnet) bool { return t.ByIndex(p.Index) != p }

// maxIndex is the highest index an interface can have.
const maxIndex = 0xfffe

// nextIndex returns the first free index from the one given out last on.
func (t *Table) nextIndex() (int, error) {
	for range maxIndex {
		if t.next == 0 || t.next > maxIndex {
			t.next = 1
		}
		if t.ByIndex(t.next) == nil {
			return t.next, nil
		}
		t.next++
	}
	return 0, netbsd.ENOMEM
}

// attach adds an interface with a new index and its NIC.
func (t *Table) attach(p *Ifnet, ep stack.LinkEndpoint, mac []byte) (err error) {
	if p.Index, err = t.nextIndex(); err != nil {
		return err
	}
	p.table, p.ep = t, ep
	link := &Ifaddr{Ifp: p, Link: mac}
	p.active.Store(link)
	p.addrs.Store(&addrList{all: []*Ifaddr{link}})
	p.data.lastchange = t.Stack.Clock().Now()
	p.nd = newNdInfo()
	if err := t.Stack.CreateNICWithOptions(p.nic(), ep, stack.NICOptions{QDisc: unqueued{ep}}); err != nil {
		return errno(err)
	}
	t.changeList(func(list []*Ifnet) []*Ifnet { return append(list, p) })
	for _, num := range []tcpip.NetworkProtocolNumber{ipv4.ProtocolNumber, ipv6.ProtocolNumber} {
		t.setForwarding(p, num)
	}
	t.tell(Event{What: Arrived, Ifp: p})
	return nil
}

// detach takes an interface away, with all its addresses.
func (t *Table) detach(p *Ifnet) {
	p.drv.destroy(t, p)
	p.taps.depart(p)
	t.tell(Event{What: Departing, Ifp: p})
	t.down(p)
	for _, a := range p.Addrs() {
		t.removeAddr(a)
	}
	p.drv.close()
	t.changeList(func(list []*Ifnet) []*Ifnet {
		return slices.DeleteFunc(list, func(o *Ifnet) bool { return o == p })
	})
	t.keepCounts(p)
	t.Stack.RemoveNIC(p.nic())
	t.tell(Event{What: Departed, Ifp: p})
}

// errno is the error of a gVisor call about an interface.
func errno(err tcpip.Error) error {
	switch err.(type) {
	case nil:
		return nil
	case *tcpip.ErrDuplicateNICID, *tcpip.ErrDuplicateAddress:
		return netbsd.EEXIST
	case *tcpip.ErrUnknownNICID:
		return netbsd.ENXIO
	case *tcpip.ErrBadLocalAddress:
		return netbsd.EADDRNOTAVAIL
	default:
		return netbsd.EINVAL
	}
}
