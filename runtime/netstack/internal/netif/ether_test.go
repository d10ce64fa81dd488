package netif

import (
	"bytes"
	"net/netip"
	"testing"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/header"
	"gvisor.dev/gvisor/pkg/tcpip/network/arp"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv4"
	"gvisor.dev/gvisor/pkg/tcpip/network/ipv6"
	"gvisor.dev/gvisor/pkg/tcpip/stack"
	"gvisor.dev/gvisor/pkg/tcpip/transport/udp"
	"gvisor.dev/gvisor/pkg/waiter"

	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall/wire"
)

// A station is an interface of a kernel of its own.
type station struct {
	tab *Table
	ifp *Ifnet
}

// connect makes a kernel with shmif0 on the wire. Addresses are used at once.
func connect(t *testing.T, w *wire.Wire) station {
	t.Helper()
	s := stack.New(stack.Options{
		NetworkProtocols:   []stack.NetworkProtocolFactory{ipv4.NewProtocol, ipv6.NewProtocol, arp.NewProtocol},
		TransportProtocols: []stack.TransportProtocolFactory{udp.NewProtocol},
	})
	tab := New(s)
	tab.DADCount4.Store(0)
	tab.DADCount6.Store(0)
	t.Cleanup(func() {
		tab.Close()
		s.Destroy()
	})
	tab.conf.Lock()
	defer tab.conf.Unlock()
	if err := tab.create("shmif0"); err != nil {
		t.Fatal(err)
	}
	p := tab.ByName("shmif0")
	p.drv.(*ether).plug(tab, w.Attach())
	return station{tab, p}
}

// give adds an address, and the route to its network.
func (st station) give(t *testing.T, prefix string) {
	t.Helper()
	p := netip.MustParsePrefix(prefix)
	err := st.tab.configure(st.ifp, func() error {
		if p.Addr().Is4() {
			return st.tab.initInet(st.ifp, nil, p.Addr(), (&Ifaddr{Prefix: p}).maskSockaddr())
		}
		a := newAddr(st.ifp, p.Addr(), p.Bits())
		a.setTentative()
		return st.tab.addIPv6(a)
	})
	if err != nil {
		t.Fatal(err)
	}
	net, tcperr := tcpip.NewSubnet(tcpip.AddrFromSlice(p.Masked().Addr().AsSlice()), tcpip.MaskFromBytes(mask(p)))
	if tcperr != nil {
		t.Fatal(tcperr)
	}
	st.tab.Stack.AddRoute(tcpip.Route{Destination: net, NIC: st.ifp.nic()})
}

func mask(p netip.Prefix) []byte {
	m := make([]byte, p.Addr().BitLen()/8)
	for i := range p.Bits() {
		m[i/8] |= 0x80 >> (i % 8)
	}
	return m
}

// bind makes a UDP endpoint, and a channel that tells when data came.
func (st station) bind(t *testing.T, addr string) (tcpip.Endpoint, chan struct{}) {
	t.Helper()
	var q waiter.Queue
	a := netip.MustParseAddr(addr)
	ep, err := st.tab.Stack.NewEndpoint(udp.ProtocolNumber, protocol(a), &q)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(ep.Close)
	if err := ep.Bind(tcpip.FullAddress{Addr: tcpip.AddrFromSlice(a.AsSlice()), Port: 7000}); err != nil {
		t.Fatal(err)
	}
	e, ready := waiter.NewChannelEntry(waiter.ReadableEvents)
	q.EventRegister(&e)
	return ep, ready
}

// eventually waits until ok returns true.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

func TestFramesBetweenKernels(t *testing.T) {
	w := wire.New()
	a, b := connect(t, w), connect(t, w)
	for _, pair := range [][2]string{{"10.0.0.1/24", "10.0.0.2/24"}, {"2001:db8::1/64", "2001:db8::2/64"}} {
		from, to := netip.MustParsePrefix(pair[0]), netip.MustParsePrefix(pair[1])
		a.give(t, pair[0])
		b.give(t, pair[1])
		eventually(t, "an address stays tentative", func() bool {
			return a.tab.ByAddr(from.Addr()).Usable() && b.tab.ByAddr(to.Addr()).Usable()
		})
		sender, _ := a.bind(t, from.Addr().String())
		receiver, ready := b.bind(t, to.Addr().String())
		dst := tcpip.FullAddress{Addr: tcpip.AddrFromSlice(to.Addr().AsSlice()), Port: 7000}
		if _, err := sender.Write(bytes.NewReader([]byte("hello")), tcpip.WriteOptions{To: &dst}); err != nil {
			t.Fatal(err)
		}
		<-ready
		var got bytes.Buffer
		if _, err := receiver.Read(&got, tcpip.ReadOptions{}); err != nil || got.String() != "hello" {
			t.Errorf("got %q, %v", got.String(), err)
		}
	}
	if d := b.ifp.Data(); d.Ipackets == 0 || d.Opackets == 0 || d.Ibytes == 0 {
		t.Errorf("counters %+v", d)
	}
}

func TestFramesForOthers(t *testing.T) {
	w := wire.New()
	st := connect(t, w)
	st.give(t, "10.0.0.1/24")
	dev := w.Attach()
	dev.Start(func([]byte) {})
	defer func() { _ = dev.Close() }()
	frame := func(dst tcpip.LinkAddress) []byte {
		f := make([]byte, 60)
		header.Ethernet(f).Encode(&header.EthernetFields{SrcAddr: "\x02\x00\x00\x00\x00\x09", DstAddr: dst, Type: 0x88b5})
		return f
	}
	own := st.ifp.ep.LinkAddress()
	for _, f := range [][]byte{
		nil, {1}, frame("\x02\x00\x00\x00\x00\x05"), // too short, for another host
		frame(own), frame(header.EthernetBroadcastAddress), frame("\x01\x00\x5e\x00\x00\x01"),
	} {
		if err := dev.Send(f); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "frames did not arrive", func() bool { return st.ifp.Data().Ipackets == 3 })
	if d := st.ifp.Data(); d.Imcasts != 2 || d.Ibytes != 180 {
		t.Errorf("counters %+v", d)
	}
}

// TestDuplicateAddress lets two kernels on a wire take the same address.
func TestDuplicateAddress(t *testing.T) {
	w := wire.New()
	a, b := connect(t, w), connect(t, w)
	for _, st := range []station{a, b} {
		st.give(t, "10.0.0.1/24") // brings the interface up
		st.tab.DADCount6.Store(1)
	}
	dup := netip.MustParseAddr("2001:db8::7")
	a.give(t, "2001:db8::7/64")
	if a.tab.ByAddr(dup).Flags() != netbsd.IN6_IFF_TENTATIVE {
		t.Fatalf("flags %#x, want IN6_IFF_TENTATIVE", a.tab.ByAddr(dup).Flags())
	}
	eventually(t, "the address stays tentative", func() bool { return a.tab.ByAddr(dup).Flags() == 0 })
	b.give(t, "2001:db8::7/64")
	eventually(t, "nobody noticed", func() bool { return b.tab.ByAddr(dup).Flags() == netbsd.IN6_IFF_DUPLICATED })
}
