package netif

import (
	"net/netip"
	"slices"
	"sync"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
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

	// Link opens the device behind an interface: driver is "shmif" or
	// "virt", linkstr what SIOCSLINKSTR said, or for virt the interface's
	// number. Nil: there is no such hardware.
	Link func(driver, linkstr string) (hypercall.NetworkDevice, error)

	conf sync.Mutex
	last int // index given out last

	mu   sync.RWMutex
	list []*Ifnet // in the order they came
}

// New returns a table without interfaces.
func New(s *stack.Stack) *Table {
	return &Table{Stack: s, Notify: func(Event) {}}
}

// Boot makes lo0, with the addresses it has in a rump kernel that has just
// started.
func (t *Table) Boot() error {
	t.conf.Lock()
	defer t.conf.Unlock()
	lo, err := t.createLoop("lo", 0)
	if err != nil {
		return err
	}
	if err := t.setFlags(lo, lo.flags|netbsd.IFF_UP); err != nil {
		return err
	}
	return t.addAddr(&Ifaddr{
		Ifp:    lo,
		Addr:   netip.AddrFrom4([4]byte{127, 0, 0, 1}),
		Prefix: netip.PrefixFrom(netip.AddrFrom4([4]byte{127}), 8),
		Dst:    netip.AddrFrom4([4]byte{127, 0, 0, 1}),
	})
}

// All returns the interfaces in the order they came.
func (t *Table) All() []*Ifnet {
	t.mu.RLock()
	defer t.mu.RUnlock()
	return slices.Clone(t.list)
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
	t.mu.RLock()
	defer t.mu.RUnlock()
	if i := slices.IndexFunc(t.list, is); i >= 0 {
		return t.list[i]
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
	t.mu.RLock()
	defer t.mu.RUnlock()
	for _, p := range t.list {
		if index != 0 && p.Index != index {
			continue
		}
		if ifa := p.addr(a); ifa != nil {
			return ifa
		}
	}
	return nil
}

// attach adds an interface with a new index and its NIC.
func (t *Table) attach(p *Ifnet, ep stack.LinkEndpoint) error {
	t.last++
	p.Index = t.last
	p.table, p.ep = t, ep
	p.data.lastchange = time.Now()
	opt := stack.NICOptions{Name: p.Name, Disabled: p.Type != netbsd.IFT_LOOP}
	if err := t.Stack.CreateNICWithOptions(p.nic(), ep, opt); err != nil {
		return errno(err)
	}
	t.mu.Lock()
	t.list = append(t.list, p)
	t.mu.Unlock()
	t.Notify(Event{What: Arrived, Ifp: p})
	return nil
}

// detach takes an interface away, with all its addresses.
func (t *Table) detach(p *Ifnet) {
	t.Notify(Event{What: Departing, Ifp: p})
	for _, a := range p.Addrs() {
		t.removeAddr(a)
	}
	t.Stack.RemoveNIC(p.nic())
	t.mu.Lock()
	t.list = slices.DeleteFunc(t.list, func(o *Ifnet) bool { return o == p })
	t.mu.Unlock()
	t.Notify(Event{What: Departed, Ifp: p})
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
