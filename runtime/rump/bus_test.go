package rump

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	irump "github.com/abigen/abigen/internal/rump"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// TestBus has NetBSD's kernel and the embedded one on one bus.
func TestBus(t *testing.T) {
	if why := irump.Missing(); why != "" {
		t.Skip(why)
	}
	child(t, "^TestHereBus$")
}

func TestHereBus(t *testing.T) {
	if os.Getenv(hereVar) == "" {
		t.Skip("is run by TestBus, in a process of its own")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	bus := filepath.Join(t.TempDir(), "bus")
	theirs, err := New(Config{})
	if err != nil {
		t.Fatal(err)
	}
	ours, err := netstack.New(netstack.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	a := join(ctx, t, theirs, "shmif0", bus, "10.7.0.1/24", "fd07::1/64")
	b := join(ctx, t, ours, "shmif0", bus, "10.7.0.2/24", "fd07::2/64")
	exchanges(ctx, t, a, b)
}

// TestWire has them on an Ethernet of this program's making, as what is behind
// virt0, which is there once more after it was destroyed.
func TestWire(t *testing.T) {
	if why := irump.Missing(); why != "" {
		t.Skip(why)
	}
	child(t, "^TestHereWire$")
}

func TestHereWire(t *testing.T) {
	if os.Getenv(hereVar) == "" {
		t.Skip("is run by TestWire, in a process of its own")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var open atomic.Int32 // devices
	hub := wire.New()
	network := hypercall.NetworkFunc(func(driver, linkstr string) (hypercall.NetworkDevice, error) {
		if driver != "virt" || linkstr != "0" {
			return nil, netbsd.ENXIO
		}
		open.Add(1)
		return counted{hub.Attach(), &open}, nil
	})
	var console lines
	theirs, err := New(Config{Components: append([]string{"virtif"}, Network...), Network: network, Console: &console})
	if err != nil {
		t.Fatal(err)
	}
	ours, err := netstack.New(netstack.Config{Host: &hypercall.Host{Network: network}})
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	b := join(ctx, t, ours, "virt0", "", "10.7.0.2/24", "fd07::2/64")
	stranger := hub.Attach()
	defer stranger.Close()
	for range 2 {
		a := join(ctx, t, theirs, "virt0", "", "10.7.0.1/24", "fd07::1/64")
		for _, size := range []int{0, 1, 13, 14, 60, 1514, 1519, 9000} {
			if err := stranger.Send(bytes.Repeat([]byte{0xff}, size)); err != nil {
				t.Fatal(err)
			}
		}
		exchanges(ctx, t, a, b)
		c, err := netcfg.Open(theirs)
		if err != nil {
			t.Fatal(err)
		}
		err = errors.Join(c.SetUp(ctx, "virt0", false), c.DestroyInterface(ctx, "virt0"))
		if n := open.Load(); err != nil || n != 1 {
			t.Errorf("after virt0 was destroyed %d devices are open, error %v", n, err)
		}
		if err := c.CreateInterface(ctx, "virt1"); !errors.Is(err, netbsd.ENXIO) {
			t.Errorf("an interface without a device: %v", err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}
	join(ctx, t, theirs, "virt0", "", "10.7.0.1/24")
	if err := theirs.Close(); err != nil || open.Load() != 1 {
		t.Errorf("after the kernel was closed %d devices are open, error %v", open.Load(), err)
	}
	if text := console.String(); strings.Contains(text, "oversize") {
		t.Errorf("the console says %q", text)
	}
	if _, err := New(Config{Network: network}); err == nil || !strings.Contains(err.Error(), "Config.Network") {
		t.Errorf("a second kernel: %v", err)
	}
}

// A counted device is one fewer when it is closed.
type counted struct {
	hypercall.NetworkDevice
	open *atomic.Int32
}

func (c counted) Close() error {
	c.open.Add(-1)
	return c.NetworkDevice.Close()
}

// exchanges has two kernels send each other data.
func exchanges(ctx context.Context, t *testing.T, a, b *nbsock.Net) {
	t.Helper()
	for _, test := range []struct {
		name     string
		from, to *nbsock.Net
		address  string
	}{
		{"theirs to ours, IPv4", a, b, "10.7.0.2"},
		{"ours to theirs, IPv4", b, a, "10.7.0.1"},
		{"theirs to ours, IPv6", a, b, "fd07::2"},
		{"ours to theirs, IPv6", b, a, "fd07::1"},
	} {
		t.Run(test.name, func(t *testing.T) { exchange(ctx, t, test.from, test.to, test.address) })
	}
}

// join gives a kernel an interface, on a bus if it is one, with addresses.
func join(ctx context.Context, t *testing.T, k kernel.Kernel, name, bus string, addresses ...string) *nbsock.Net {
	t.Helper()
	c, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	check(c.CreateInterface(ctx, name))
	if bus != "" {
		check(c.SetLinkString(ctx, name, bus))
	}
	for _, a := range addresses {
		check(c.AddAddress(ctx, name, netip.MustParsePrefix(a)))
	}
	check(c.SetUp(ctx, name, true))
	n, err := nbsock.New(k, nbsock.Config{})
	check(err)
	t.Cleanup(func() { _ = n.Close() })
	return n
}

// exchange sends a megabyte to the other kernel, which sends it back.
func exchange(ctx context.Context, t *testing.T, from, to *nbsock.Net, address string) {
	// An address of IPv6 is tentative at first.
	l, err := to.Listen("tcp", netip.AddrPortFrom(netip.MustParseAddr(address), 7).String())
	for err != nil && ctx.Err() == nil {
		time.Sleep(20 * time.Millisecond)
		l, err = to.Listen("tcp", netip.AddrPortFrom(netip.MustParseAddr(address), 7).String())
	}
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	echoed := make(chan error, 1)
	go func() {
		c, err := l.Accept()
		if err == nil {
			_, err = io.Copy(struct{ io.Writer }{c}, struct{ io.Reader }{c})
			_ = c.Close()
		}
		echoed <- err
	}()
	c, err := from.DialContext(ctx, "tcp", l.Addr().String())
	for err != nil && ctx.Err() == nil { // its own address may be tentative
		time.Sleep(20 * time.Millisecond)
		c, err = from.DialContext(ctx, "tcp", l.Addr().String())
	}
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	data := make([]byte, 1<<20)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(data)
	go func() {
		if _, err := c.Write(data); err != nil {
			t.Error(err)
		}
		if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			t.Error(err)
		}
	}()
	back, err := io.ReadAll(c)
	if err != nil {
		t.Error(err)
	}
	if !bytes.Equal(back, data) {
		t.Errorf("%d bytes came back with the sum %x, of %d with the sum %x", len(back), sha256.Sum256(back), len(data), sha256.Sum256(data))
	}
	if err := <-echoed; err != nil {
		t.Error(err)
	}
}
