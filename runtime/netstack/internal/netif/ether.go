package netif

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"sync"
	"sync/atomic"

	"gvisor.dev/gvisor/pkg/buffer"
	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
)

// What an Ethernet interface starts with, and the sizes of packets it takes
// (net/if_ether.h).
const (
	etherMTU       = netbsd.ETHERMTU
	etherMinMTU    = netbsd.ETHERMIN
	etherHeaderLen = netbsd.ETHER_HDR_LEN
	etherBaudrate  = 10_000_000 // bit/s, for lack of a better one
)

// createEther makes an Ethernet interface with a random address, without a
// device behind it.
func (t *Table) createEther(driver string, unit int) (*Ifnet, error) {
	p := &Ifnet{Name: driver + strconv.Itoa(unit), Type: netbsd.IFT_ETHER}
	p.flags.Store(netbsd.IFF_BROADCAST | netbsd.IFF_SIMPLEX | netbsd.IFF_MULTICAST)
	p.mtu.Store(etherMTU)
	mac := []byte{0xb2, 0xa0, 0, 0, 0, 0}
	rng := t.Stack.SecureRNG()
	r := rng.Uint32()
	mac[2], mac[3], mac[4], mac[5] = byte(r), byte(r>>8), byte(r>>16), byte(r>>24)
	ep := &ether{ifp: p, driver: driver}
	ep.mtu.Store(etherMTU)
	ep.SetLinkAddress(tcpip.LinkAddress(mac))
	p.drv = ep
	return p, t.attach(p, ep, mac)
}

// An ether is the driver and the link of an Ethernet interface.
type ether struct {
	ifp    *Ifnet
	driver string

	running    atomic.Bool  // up, and there is a device
	link       atomic.Int32 // LINK_STATE_*
	linkTold   int32        // what others know of it; guarded by the table's conf
	promisc    atomic.Bool
	mtu        atomic.Uint32
	mac        atomic.Pointer[tcpip.LinkAddress]
	dispatcher atomic.Pointer[stack.NetworkDispatcher]
	dev        atomic.Pointer[hypercall.NetworkDevice] // set and cleared with the table's conf held
	offload    atomic.Pointer[hypercall.OffloadDevice] // dev, when it takes work

	mu         sync.Mutex
	linkstr    string         // what dev was found by
	linkstrLen int            // bytes of linkstr, as the caller said
	groups     map[string]int // multicast addresses, and how often each was joined
}

var (
	_ driver             = (*ether)(nil)
	_ stack.LinkEndpoint = (*ether)(nil)
)

func (e *ether) initAddr(t *Table, p *Ifnet) error {
	const running = netbsd.IFF_UP | netbsd.IFF_RUNNING
	flags := p.Flags()
	if flags&running == running {
		return nil
	}
	t.change(p, flags|netbsd.IFF_UP)
	return e.start(t, p)
}

func (e *ether) start(t *Table, p *Ifnet) error {
	if e.dev.Load() == nil {
		return netbsd.ENXIO
	}
	t.change(p, p.Flags()|netbsd.IFF_RUNNING)
	return nil
}

func (e *ether) stop(t *Table, p *Ifnet) { t.change(p, p.Flags()&^netbsd.IFF_RUNNING) }
func (e *ether) minMTU() uint32          { return etherMinMTU }

func (e *ether) gate(flags int32) {
	const running = netbsd.IFF_UP | netbsd.IFF_RUNNING
	e.running.Store(flags&running == running)
	e.promisc.Store(flags&netbsd.IFF_PROMISC != 0)
}

// destroy takes the interface down, which happens once more when it goes.
func (e *ether) destroy(t *Table, p *Ifnet) {
	e.stop(t, p)
	t.down(p)
}

// input takes a frame from the device.
func (e *ether) input(frame []byte) { e.receive(frame, true, false, 0) }

// receive makes a frame come in. One that is for another host is not seen unless
// the interface is promiscuous. partial: it has no checksum. The mark is what is
// known about it.
func (e *ether) receive(frame []byte, tapped, partial bool, mark uint32) {
	d := e.dispatcher.Load()
	if d == nil || !e.running.Load() {
		return
	}
	c := &e.ifp.data
	if len(frame) < etherHeaderLen {
		c.ierrors.Add(1)
		return
	}
	hdr := header.Ethernet(frame)
	dst, typ := hdr.DestinationAddress(), hdr.Type()
	pkt := stack.NewPacketBuffer(stack.PacketBufferOptions{Payload: buffer.MakeWithData(frame)})
	defer pkt.DecRef()
	if pkt.Mark = mark; !partial {
		pkt.Mark |= keepSum(frame)
	}
	switch mac := *e.mac.Load(); {
	case dst == mac:
		pkt.PktType = tcpip.PacketHost
	case dst == header.EthernetBroadcastAddress:
		pkt.PktType = tcpip.PacketBroadcast
		c.imcasts.Add(1)
	case header.IsMulticastEthernetAddress(dst):
		pkt.PktType = tcpip.PacketMulticast
		c.imcasts.Add(1)
	case e.promisc.Load():
		pkt.PktType = tcpip.PacketOtherHost
	default:
		return
	}
	c.ipackets.Add(1)
	c.ibytes.Add(uint64(len(frame)))
	if tapped {
		e.ifp.taps.see(frame, false)
	}
	if pkt.PktType == tcpip.PacketOtherHost || !e.ParseHeader(pkt) || e.ifp.forNobody(typ, frame[header.EthernetMinimumSize:]) {
		return
	}
	switch typ {
	case header.IPv4ProtocolNumber, header.IPv6ProtocolNumber, header.ARPProtocolNumber:
		e.ifp.deliver(*d, typ, pkt)
	default:
		c.noproto.Add(1)
	}
}

// batch is what one call of WritePackets passes to the device.
type batch struct{ frames [][]byte }

var batches = sync.Pool{New: func() any { return new(batch) }}

// add appends a copy of the packet's bytes, into memory of an earlier frame
// where there is some.
func (b *batch) add(pkt *stack.PacketBuffer) []byte {
	n := len(b.frames)
	if n < cap(b.frames) {
		b.frames = b.frames[:n+1]
	} else {
		b.frames = append(b.frames, nil)
	}
	f := b.frames[n][:0]
	for _, s := range pkt.AsSlices() {
		f = append(f, s...)
	}
	b.frames[n] = f
	return f
}

// WritePackets passes frames to the device. While the interface is down, or
// without a device, they are lost.
func (e *ether) WritePackets(pkts stack.PacketBufferList) (int, tcpip.Error) {
	dev := e.dev.Load()
	if dev == nil || !e.running.Load() {
		return 0, &tcpip.ErrInvalidEndpointState{}
	}
	list := pkts.AsSlice()
	for _, pkt := range list {
		e.ifp.table.completeTooBig(pkt)
		e.ifp.table.countForwarded(pkt)
		restoreSum(pkt)
	}
	var err error
	if takes := e.offload.Load(); takes != nil {
		err = e.sendOffload(*takes, list)
	} else {
		err = e.send(*dev, list)
	}
	if err != nil {
		e.ifp.data.oerrors.Add(uint64(len(list)))
		return 0, &tcpip.ErrClosedForSend{}
	}
	return len(list), nil
}

// send passes packets to a device that takes no work. A connection may be older
// than that, and have segments which are too large.
func (e *ether) send(dev hypercall.NetworkDevice, pkts []*stack.PacketBuffer) error {
	b := batches.Get().(*batch)
	defer batches.Put(b)
	b.frames = b.frames[:0]
	for _, pkt := range pkts {
		o := offloadOf(pkt)
		frame := b.add(pkt)
		if o.SegmentSize == 0 {
			completeSum(frame, o)
			e.outgoing(frame, true)
			continue
		}
		b.frames = b.frames[:len(b.frames)-1]
		e.wire(bytes.Clone(frame), o, func(cut []byte) {
			b.frames = append(b.frames, bytes.Clone(cut))
			e.outgoing(cut, true)
		})
	}
	return dev.Send(b.frames...)
}

// outgoing counts a frame that is about to be sent, and shows it to the taps.
func (e *ether) outgoing(frame []byte, tapped bool) {
	c := &e.ifp.data
	c.opackets.Add(1)
	c.obytes.Add(uint64(len(frame)))
	if frame[0]&1 != 0 {
		c.omcasts.Add(1)
	}
	if tapped {
		e.ifp.taps.see(frame, true)
	}
}

// output sends a frame. A type of zero is that of IEEE 802.2: it becomes the
// length (ether_output).
func (e *ether) output(frame []byte, how Output) error {
	dev := e.dev.Load()
	if dev == nil || !e.running.Load() {
		return netbsd.ENETDOWN
	}
	if !how.Complete {
		copy(frame[header.EthernetAddressSize:], e.LinkAddress())
	}
	if header.Ethernet(frame).Type() == 0 {
		binary.BigEndian.PutUint16(frame[etherHeaderLen-2:], uint16(len(frame)-etherHeaderLen))
	}
	e.outgoing(frame, !how.Feedback)
	if err := (*dev).Send(frame); err != nil {
		e.ifp.data.oerrors.Add(1)
	}
	if how.Feedback {
		e.receive(frame, false, false, 0)
	}
	return nil
}

// setMulti joins or leaves the Ethernet group of an address of AF_INET or
// AF_INET6.
func (e *ether) setMulti(name []byte, add bool) error {
	group, err := etherGroup(name)
	if err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case add && group[0]&1 == 0:
		return netbsd.EINVAL
	case add:
		if e.groups == nil {
			e.groups = make(map[string]int)
		}
		e.groups[group]++
	case e.groups[group] == 0:
		return netbsd.ENXIO
	default:
		if e.groups[group]--; e.groups[group] == 0 {
			delete(e.groups, group)
		}
	}
	return nil
}

// etherGroup returns the multicast address that packets to a group have on an
// Ethernet (RFC 1112, RFC 2464). For no group in particular it is the first of
// all that a family has.
func etherGroup(name []byte) (string, error) {
	switch name[1] {
	case netbsd.AF_UNSPEC:
		return string(name[2:8]), nil
	case netbsd.AF_INET:
		a := name[4:8]
		return string([]byte{1, 0, 0x5e, a[1] & 0x7f, a[2], a[3]}), nil
	case netbsd.AF_INET6:
		return "\x33\x33" + string(name[20:24]), nil
	}
	return "", netbsd.EAFNOSUPPORT
}

// Attach sets what packets are delivered to, nil for nobody.
func (e *ether) Attach(d stack.NetworkDispatcher) {
	if d == nil {
		e.dispatcher.Store(nil)
		return
	}
	e.dispatcher.Store(&d)
}

// IsAttached tells whether somebody receives packets.
func (e *ether) IsAttached() bool { return e.dispatcher.Load() != nil }

// MTU returns the largest packet in bytes, without the Ethernet header.
func (e *ether) MTU() uint32 { return e.mtu.Load() }

// SetMTU changes the largest packet.
func (e *ether) SetMTU(mtu uint32) { e.mtu.Store(mtu) }

// LinkAddress returns the hardware address.
func (e *ether) LinkAddress() tcpip.LinkAddress { return *e.mac.Load() }

// SetLinkAddress changes the hardware address.
func (e *ether) SetLinkAddress(a tcpip.LinkAddress) { e.mac.Store(&a) }

// AddHeader puts an Ethernet header in front of a packet.
func (e *ether) AddHeader(pkt *stack.PacketBuffer) {
	eth := header.Ethernet(pkt.LinkHeader().Push(etherHeaderLen))
	eth.Encode(&header.EthernetFields{
		SrcAddr: e.LinkAddress(), // not the route's, which may be from before it changed
		DstAddr: pkt.EgressRoute.RemoteLinkAddress,
		Type:    pkt.NetworkProtocolNumber,
	})
}

// ParseHeader takes the Ethernet header off a packet.
func (e *ether) ParseHeader(pkt *stack.PacketBuffer) bool {
	_, ok := pkt.LinkHeader().Consume(etherHeaderLen)
	return ok
}

// Capabilities tells that neighbors have to be found.
func (e *ether) Capabilities() stack.LinkEndpointCapabilities {
	return stack.CapabilityResolutionRequired
}

// The rest is the same for all Ethernets.
func (e *ether) MaxHeaderLength() uint16                 { return etherHeaderLen }
func (e *ether) ARPHardwareType() header.ARPHardwareType { return header.ARPHardwareEther }
func (e *ether) Wait()                                   {}
func (e *ether) Close()                                  {}
func (e *ether) SetOnCloseAction(func())                 {}
