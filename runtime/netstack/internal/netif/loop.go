package netif

import (
	"strconv"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
)

// The MTU that lo starts with, and the largest it may have: 32 and 64 KiB plus
// what fits into two mbufs (LOMTU, LOMTU_MAX of if_loop.c).
const (
	loopMTU    = 32768 + mbufs
	loopMaxMTU = 65536 + mbufs
	mbufs      = 856
)

// createLoop makes an interface of lo.
func (t *Table) createLoop(unit int) (*Ifnet, error) {
	p := &Ifnet{Name: "lo" + strconv.Itoa(unit), Type: netbsd.IFT_LOOP}
	p.flags.Store(netbsd.IFF_LOOPBACK | netbsd.IFF_MULTICAST | netbsd.IFF_RUNNING)
	p.mtu.Store(loopMTU)
	ep := &loop{ifp: p, first: unit == 0}
	ep.mtu.Store(loopMTU)
	p.drv = ep
	return p, t.attach(p, ep, nil)
}

// A loop is the driver and the link of lo: what goes out comes in again while
// the interface is up, and is lost while it is down.
type loop struct {
	ifp        *Ifnet
	first      bool // lo0
	up         atomic.Bool
	mtu        atomic.Uint32
	dispatcher atomic.Pointer[stack.NetworkDispatcher]

	mu       sync.Mutex
	later    []*stack.PacketBuffer // to be delivered; the first is under way
	closed   bool
	delivery sync.WaitGroup
}

var (
	_ driver             = (*loop)(nil)
	_ stack.LinkEndpoint = (*loop)(nil)
)

func (e *loop) initAddr(t *Table, p *Ifnet) error {
	t.change(p, p.Flags()|netbsd.IFF_UP)
	return nil
}

func (e *loop) start(*Table, *Ifnet) error { return nil }
func (e *loop) stop(*Table, *Ifnet)        {}
func (e *loop) gate(flags int32)           { e.up.Store(flags&netbsd.IFF_UP != 0) }
func (e *loop) minMTU() uint32             { return 0 }
func (e *loop) maxMTU() uint32             { return loopMaxMTU }
func (e *loop) setMTU(uint32) error        { return nil }
func (e *loop) destroy(*Table, *Ifnet)     {}

// setMulti does nothing for families that have groups: packets to them come
// back anyway.
func (e *loop) setMulti(name []byte, add bool) error {
	if f := name[1]; f != netbsd.AF_INET && f != netbsd.AF_INET6 {
		return netbsd.EAFNOSUPPORT
	}
	return nil
}

// Looped counts a packet of n bytes that would have gone out by a loopback
// interface and come in again, but took a shorter way.
func (p *Ifnet) Looped(n int) {
	c := &p.data
	c.opackets.Add(1)
	c.obytes.Add(uint64(n))
	c.ipackets.Add(1)
	c.ibytes.Add(uint64(n))
}

// hdrCmplt is the address family of a packet whose link header is complete
// (pseudo_AF_HDRCMPLT of sys/socket.h).
const hdrCmplt = 30

// output cannot tell what to do with a packet whose family is not said.
func (e *loop) output(packet []byte, how Output) error {
	family := uint32(netbsd.AF_UNSPEC)
	if how.Complete {
		family = hdrCmplt
	}
	c := &e.ifp.data
	c.opackets.Add(1)
	c.obytes.Add(uint64(len(packet)))
	e.ifp.taps.seeFamily(family, packet)
	return netbsd.EAFNOSUPPORT
}

// WritePackets makes packets that go out come in.
func (e *loop) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	d := e.dispatcher.Load()
	c := &e.ifp.data
	for _, pkt := range pkts.AsSlice() {
		n := uint64(pkt.Size())
		c.opackets.Add(1)
		c.obytes.Add(n)
		if e.ifp.Tapped() {
			e.ifp.taps.seeFamily(familyOf(pkt), pkt.AsSlices()...)
		}
		if d == nil || !e.up.Load() {
			continue
		}
		c.ipackets.Add(1)
		c.ibytes.Add(n)
		e.input(*d, pkt)
	}
	return pkts.Len(), nil
}

// input makes a packet come in, if it is for somebody.
func (e *loop) input(d stack.NetworkDispatcher, pkt *stack.PacketBuffer) {
	if refused, told := e.ifp.table.refuses(pkt); refused {
		if told {
			e.ifp.table.Refused(pkt)
		}
		return
	}
	in := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: pkt.ToBuffer()})
	in.NetworkProtocolNumber = pkt.NetworkProtocolNumber
	if first, ok := in.Data().PullUp(min(in.Data().Size(), header.IPv6MinimumSize)); ok && e.ifp.forNobody(in.NetworkProtocolNumber, first) {
		in.DecRef()
		return
	}
	switch pkt.TransportProtocolNumber {
	case header.ICMPv4ProtocolNumber, header.ICMPv6ProtocolNumber:
		e.deliverLater(in)
	default:
		e.ifp.deliver(d, in.NetworkProtocolNumber, in)
		in.DecRef()
	}
}

// deliverLater makes a packet come in in another goroutine, after those before
// it. An ICMP error may be about the packet that somebody is just sending, and
// takes locks that the sender holds.
func (e *loop) deliverLater(in *stack.PacketBuffer) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		in.DecRef()
		return
	}
	e.later = append(e.later, in)
	if len(e.later) == 1 {
		e.delivery.Go(e.deliver)
	}
}

// close ends delivery, and waits for that: gVisor does not expect packets for
// what it has taken away.
func (e *loop) close() {
	e.dispatcher.Store(nil)
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.delivery.Wait()
}

// deliver delivers what deliverLater has queued.
func (e *loop) deliver() {
	for {
		e.mu.Lock()
		in := e.later[0]
		e.mu.Unlock()
		if d := e.dispatcher.Load(); d != nil {
			e.ifp.deliver(*d, in.NetworkProtocolNumber, in)
		}
		in.DecRef()
		e.mu.Lock()
		e.later = e.later[1:]
		last := len(e.later) == 0
		e.mu.Unlock()
		if last {
			return
		}
	}
}

// Attach sets what packets are delivered to, nil for nobody.
func (e *loop) Attach(d stack.NetworkDispatcher) {
	if d == nil {
		e.dispatcher.Store(nil)
		return
	}
	e.dispatcher.Store(&d)
}

// IsAttached tells whether somebody receives packets.
func (e *loop) IsAttached() bool { return e.dispatcher.Load() != nil }

// MTU returns the largest packet in bytes.
func (e *loop) MTU() uint32 { return e.mtu.Load() }

// SetMTU changes the largest packet.
func (e *loop) SetMTU(mtu uint32) { e.mtu.Store(mtu) }

// Capabilities tells that there are no checksums, as nothing can go wrong on
// the way. Only lo0 is what gVisor understands by the loopback interface: it
// may have one.
func (e *loop) Capabilities() stack.LinkEndpointCapabilities {
	c := stack.CapabilityRXChecksumOffload | stack.CapabilityTXChecksumOffload
	if e.first {
		c |= stack.CapabilityLoopback
	}
	return c
}

// The rest is what a link without addresses and headers has to say.
func (e *loop) MaxHeaderLength() uint16                  { return 0 }
func (e *loop) LinkAddress() tcpip.LinkAddress           { return "" }
func (e *loop) SetLinkAddress(tcpip.LinkAddress)         {}
func (e *loop) Wait()                                    {}
func (e *loop) ARPHardwareType() header.ARPHardwareType  { return header.ARPHardwareLoopback }
func (e *loop) AddHeader(*stack.PacketBuffer)            {}
func (e *loop) ParseHeader(pkt *stack.PacketBuffer) bool { return true }
func (e *loop) Close()                                   {}
func (e *loop) SetOnCloseAction(func())                  {}
