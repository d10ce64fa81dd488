package netif

import (
	"encoding/binary"
	"slices"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
)

// A Tap sees what an interface sends and receives, as bpf(4) does.
type Tap interface {
	// Packet is called with each packet, which begins with the header of the
	// link: with lo's, which it has for nobody else, an address family as a
	// uint32. out: it is sent. It must not be kept, nor is anything to be
	// done that waits.
	Packet(packet []byte, out bool)

	// Departed is called when the interface goes. There will be no more
	// packets of it.
	Departed(p *Ifnet)
}

// taps are those of an interface.
type taps struct {
	list atomic.Pointer[[]Tap] // nil when there are none; replaced, never changed

	mu   sync.Mutex
	gone bool // the interface departs
}

// AddTap makes t see what p sends and receives. It returns false when p is about
// to depart.
func (p *Ifnet) AddTap(t Tap) bool {
	p.taps.mu.Lock()
	defer p.taps.mu.Unlock()
	if p.taps.gone {
		return false
	}
	list := append(p.taps.all(), t)
	p.taps.list.Store(&list)
	return true
}

// RemoveTap undoes AddTap.
func (p *Ifnet) RemoveTap(t Tap) {
	p.taps.mu.Lock()
	defer p.taps.mu.Unlock()
	list := slices.DeleteFunc(p.taps.all(), func(o Tap) bool { return o == t })
	if len(list) == 0 {
		p.taps.list.Store(nil)
		return
	}
	p.taps.list.Store(&list)
}

// Tapped tells whether somebody sees the packets of p.
func (p *Ifnet) Tapped() bool { return p.taps.list.Load() != nil }

// all returns a copy of the list.
func (ts *taps) all() []Tap {
	if l := ts.list.Load(); l != nil {
		return slices.Clone(*l)
	}
	return nil
}

// depart takes all taps away.
func (ts *taps) depart(p *Ifnet) {
	ts.mu.Lock()
	list := ts.all()
	ts.gone = true
	ts.list.Store(nil)
	ts.mu.Unlock()
	for _, t := range list {
		t.Departed(p)
	}
}

// see shows a packet with its link header to the taps.
func (ts *taps) see(packet []byte, out bool) {
	if l := ts.list.Load(); l != nil {
		for _, t := range *l {
			t.Packet(packet, out)
		}
	}
}

// seeFamily shows a packet of lo to the taps, with the family for a header. That
// it comes in again nobody is shown.
func (ts *taps) seeFamily(family uint32, packet ...[]byte) {
	if ts.list.Load() == nil {
		return
	}
	b := binary.NativeEndian.AppendUint32(nil, family)
	for _, s := range packet {
		b = append(b, s...)
	}
	ts.see(b, true)
}

// familyOf returns the address family of a packet that gVisor sends.
func familyOf(pkt *stack.PacketBuffer) uint32 {
	if pkt.NetworkProtocolNumber == header.IPv6ProtocolNumber {
		return netbsd.AF_INET6
	}
	return netbsd.AF_INET
}

// SetPromiscuous makes an interface see what is for others, too, until it was
// called as often to undo that (ifpromisc). ENXIO: there is no such interface,
// or no device behind it.
func (t *Table) SetPromiscuous(p *Ifnet, on bool) error {
	t.conf.Lock()
	defer t.conf.Unlock()
	if t.gone(p) {
		return netbsd.ENXIO
	}
	flags, n := p.Flags()&^netbsd.IFF_PROMISC, p.promiscuous-1
	if on {
		flags, n = flags|netbsd.IFF_PROMISC, p.promiscuous+1
	}
	if on && n > 1 || !on && n > 0 {
		p.promiscuous = n
		return nil
	}
	before := p.Flags()
	t.change(p, flags)
	if p.Up() {
		if err := p.drv.start(t, p); err != nil {
			t.change(p, before)
			return err
		}
	}
	p.promiscuous = n
	return nil
}

// How a packet is sent that somebody wrote to bpf(4).
type Output struct {
	Complete bool // the Ethernet header has the source address, too
	Feedback bool // it comes in again, and nobody is shown how it goes out
}

// Output sends a packet that has its link header (if_output). The errors are
// ENETDOWN, and EAFNOSUPPORT for lo, which cannot tell what it is.
func (p *Ifnet) Output(packet []byte, how Output) error { return p.drv.output(packet, how) }
