package rump

import (
	"bytes"
	"context"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"

	irump "github.com/abigen/abigen/internal/rump"
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
	a := onBus(ctx, t, theirs, bus, "10.7.0.1/24", "fd07::1/64")
	b := onBus(ctx, t, ours, bus, "10.7.0.2/24", "fd07::2/64")
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

// onBus gives a kernel an interface on a bus, with addresses.
func onBus(ctx context.Context, t *testing.T, k kernel.Kernel, bus string, addresses ...string) *nbsock.Net {
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
	check(c.CreateInterface(ctx, "shmif0"))
	check(c.SetLinkString(ctx, "shmif0", bus))
	for _, a := range addresses {
		check(c.AddAddress(ctx, "shmif0", netip.MustParsePrefix(a)))
	}
	check(c.SetUp(ctx, "shmif0", true))
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
