package capture_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/abigen/abigen/cmd/nbnet/internal/capture"
	"github.com/abigen/abigen/cmd/nbnet/internal/lab"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/nbsock"
)

// A packet is one of a file.
type packet struct {
	at   time.Time
	data []byte
	size uint32
}

// read takes a file apart, as the format's description has it: a header of 24
// bytes, and before each packet one of 16.
func read(t *testing.T, b []byte) (link uint32, packets []packet) {
	t.Helper()
	order := binary.NativeEndian
	if len(b) < 24 || order.Uint32(b) != 0xa1b23c4d || order.Uint16(b[4:]) != 2 || order.Uint16(b[6:]) != 4 {
		t.Fatalf("not a file with nanoseconds: %x", b[:min(len(b), 24)])
	}
	link = order.Uint32(b[20:])
	for b = b[24:]; len(b) > 0; {
		if len(b) < 16 {
			t.Fatalf("%d bytes are left", len(b))
		}
		n := order.Uint32(b[8:])
		if uint64(len(b)) < 16+uint64(n) {
			t.Fatalf("a packet of %d bytes in %d", n, len(b)-16)
		}
		packets = append(packets, packet{
			at:   time.Unix(int64(order.Uint32(b)), int64(order.Uint32(b[4:]))),
			data: b[16 : 16+n],
			size: order.Uint32(b[12:]),
		})
		b = b[16+n:]
	}
	return link, packets
}

// A running is a capture in another goroutine.
type running struct {
	*testing.T
	stop func()
	done chan struct{}
	file bytes.Buffer
	got  capture.Stats
	err  error
}

// start returns when packets are seen.
func start(t *testing.T, k kernel.Kernel, opt capture.Options) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &running{T: t, stop: cancel, done: make(chan struct{})}
	started := make(chan struct{})
	opt.Started = func(uint32) { close(started) }
	go func() {
		defer close(r.done)
		r.got, r.err = capture.Run(ctx, k, &r.file, opt)
	}()
	t.Cleanup(func() { cancel(); <-r.done })
	select {
	case <-started:
	case <-r.done:
		t.Fatal(r.err)
	}
	return r
}

// end waits for a capture that ends, and returns its packets.
func (r *running) end() (uint32, []packet) {
	r.Helper()
	select {
	case <-r.done:
	case <-time.After(20 * time.Second):
		r.Fatal("the capture does not end")
	}
	if r.err != nil {
		r.Fatal(r.err)
	}
	return read(r.T, r.file.Bytes())
}

func newNet(t *testing.T, k kernel.Kernel) *nbsock.Net {
	t.Helper()
	n, err := nbsock.New(k, nbsock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	return n
}

// talk sends datagrams from one address to another, and waits for the last.
func talk(t *testing.T, from, to net.PacketConn, texts ...string) {
	t.Helper()
	b := make([]byte, 100)
	for _, s := range texts {
		if _, err := from.WriteTo([]byte(s), to.LocalAddr()); err != nil {
			t.Fatal(err)
		}
		n, _, err := to.ReadFrom(b)
		if err != nil || string(b[:n]) != s {
			t.Fatalf("%q has arrived as %q, %v", s, b[:n], err)
		}
	}
}

func listen(t *testing.T, n *nbsock.Net, addr string) net.PacketConn {
	t.Helper()
	c, err := n.ListenPacket("udp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// payloads returns what is behind the headers: that of the link, IPv4's without
// options, and UDP's. Other packets are left out.
func payloads(packets []packet, link int) (list []string) {
	for _, p := range packets {
		if len(p.data) > link+28 && p.data[link] == 0x45 && p.data[link+9] == netbsd.IPPROTO_UDP {
			list = append(list, string(p.data[link+28:]))
		}
	}
	return list
}

func TestLoopback(t *testing.T) {
	k := lab.Boot(t, nil)
	n := newNet(t, k)
	a, b := listen(t, n, "127.0.0.1:0"), listen(t, n, "127.0.0.1:0")
	before := time.Now().Add(-time.Second)
	all := start(t, k, capture.Options{Interface: "lo0"})
	two := start(t, k, capture.Options{Interface: "lo0", Count: 2, Snaplen: 4 + 28 + 3})
	talk(t, a, b, "first", "second", "third")
	all.stop()
	link, packets := all.end()
	if got := strings.Join(payloads(packets, 4), " "); link != netbsd.DLT_NULL || got != "first second third" {
		t.Errorf("link %d, payloads %q", link, got)
	}
	for _, p := range packets {
		if p.at.Before(before) || p.at.After(time.Now()) || int(p.size) != len(p.data) {
			t.Errorf("%d bytes of %d at %v", len(p.data), p.size, p.at)
		}
	}
	if want := (capture.Stats{Received: 3, Written: 3}); all.got != want {
		t.Errorf("counted %+v, not %+v", all.got, want)
	}
	_, packets = two.end() // by itself
	if got := strings.Join(payloads(packets, 4), " "); got != "fir sec" {
		t.Errorf("payloads %q", got)
	}
	if len(packets) != 2 || packets[1].size != 4+28+6 {
		t.Errorf("packets %+v", packets)
	}
}

// TestEthernet sees what goes out and comes in, and what is for others.
func TestEthernet(t *testing.T) {
	w := lab.Wires{"bus": wire.New()}
	var nets []*nbsock.Net
	var kernels []kernel.Kernel
	for _, addr := range []string{"10.0.0.1/24", "10.0.0.2/24", "10.0.0.3/24"} {
		k := lab.Boot(t, w)
		c := lab.Client(t, k)
		if err := errors.Join(
			c.CreateInterface(t.Context(), "shmif0"),
			c.SetLinkString(t.Context(), "shmif0", "bus"),
			c.AddAddress(t.Context(), "shmif0", netip.MustParsePrefix(addr)),
		); err != nil {
			t.Fatal(err)
		}
		kernels, nets = append(kernels, k), append(nets, newNet(t, k))
	}
	a, b, c := listen(t, nets[0], "10.0.0.1:0"), listen(t, nets[1], "10.0.0.2:0"), listen(t, nets[2], "10.0.0.3:0")
	own := start(t, kernels[0], capture.Options{Interface: "shmif0"})
	others := start(t, kernels[2], capture.Options{Interface: "shmif0", Promiscuous: true})
	nothing := start(t, kernels[2], capture.Options{Interface: "lo0"})
	talk(t, a, b, "there")
	talk(t, b, a, "back")
	talk(t, a, c, "end") // which has seen all before
	for _, r := range []*running{own, others, nothing} {
		r.stop()
	}
	for name, r := range map[string]*running{"own": own, "others": others} {
		link, packets := r.end()
		if got := strings.Join(payloads(packets, 14), " "); link != netbsd.DLT_EN10MB || got != "there back end" {
			t.Errorf("%s: link %d, payloads %q", name, link, got)
		}
	}
	if _, packets := nothing.end(); len(packets) != 0 {
		t.Errorf("lo0 has seen %d packets", len(packets))
	}
	quiet := start(t, kernels[2], capture.Options{Interface: "shmif0"}) // no longer promiscuous
	talk(t, a, b, "not heard")
	talk(t, a, c, "heard")
	quiet.stop()
	if _, packets := quiet.end(); strings.Join(payloads(packets, 14), " ") != "heard" {
		t.Errorf("seen %q", payloads(packets, 14))
	}
}

// TestDeparture: the capture of an interface that goes ends with an error.
func TestDeparture(t *testing.T) {
	k := lab.Boot(t, nil)
	c := lab.Client(t, k)
	if err := c.CreateInterface(t.Context(), "lo1"); err != nil {
		t.Fatal(err)
	}
	r := start(t, k, capture.Options{Interface: "lo1"})
	if err := c.DestroyInterface(t.Context(), "lo1"); err != nil {
		t.Fatal(err)
	}
	<-r.done
	if r.err == nil || r.err.Error() != "lo1: the interface is gone" {
		t.Error(r.err)
	}
}

func TestErrors(t *testing.T) {
	k := lab.Boot(t, nil)
	for _, name := range []string{"none0", "", "an interface with a name that is too long"} {
		_, err := capture.Run(t.Context(), k, new(bytes.Buffer), capture.Options{Interface: name})
		if !errors.Is(err, netbsd.ENXIO) {
			t.Errorf("%q: %v", name, err)
		}
	}
	broken := errors.New("no space")
	_, err := capture.Run(t.Context(), k, writer(func([]byte) (int, error) { return 0, broken }), capture.Options{Interface: "lo0"})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
}

type writer func(b []byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }
