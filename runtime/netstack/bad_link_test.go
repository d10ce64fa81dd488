package netstack_test

import (
	"crypto/sha256"
	"flag"
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"

	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/faulty"
	"github.com/abigen/abigen/runtime/hypercall/wire"
)

var long = flag.Bool("long", false, "send a gigabyte over bad links")

// What is sent arrives, whatever happens to the frames.
func TestBadLinks(t *testing.T) {
	size := int64(2 << 20)
	if *long {
		size = 1 << 30
	}
	for name, c := range map[string]struct {
		link faulty.Link
		addr string
		hurt func(faulty.Stats) uint64 // how many frames it was to have happened to
	}{
		"loss":        {faulty.Link{Loss: 0.02}, "10.0.0.1", func(s faulty.Stats) uint64 { return s.Lost }},
		"duplication": {faulty.Link{Duplication: 0.05}, "fd00::1", func(s faulty.Stats) uint64 { return s.Duplicated }},
		"reordering":  {faulty.Link{Reordering: 0.1}, "10.0.0.1", func(s faulty.Stats) uint64 { return s.Reordered }},
		"corruption":  {faulty.Link{Corruption: 0.01}, "10.0.0.1", func(s faulty.Stats) uint64 { return s.Corrupted }},
		"delay":       {faulty.Link{Delay: time.Millisecond}, "fd00::1", func(s faulty.Stats) uint64 { return s.Frames }},
		"all": {faulty.Link{Loss: 0.01, Duplication: 0.01, Reordering: 0.05, Corruption: 0.01, Delay: 100 * time.Microsecond},
			"fd00::1", func(s faulty.Stats) uint64 { return min(s.Lost, s.Duplicated, s.Reordered, s.Corrupted) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			network := faulty.NewNetwork(wires{"bus": wire.New()}, c.link, 1, nil)
			host := &hypercall.Host{Network: network}
			a, b := nodeOn(t, onHost(t, host)), nodeOn(t, onHost(t, host))
			for addr, n := range map[string]node{"1": a, "2": b} {
				must(t, n.SetInt(t.Context(), "net.inet6.ip6.dad_count", 0))
				n.connect(t, "shmif0", "bus", "10.0.0."+addr+"/24", "fd00::"+addr+"/64")
			}
			sent, received := transfer(t, b, a, c.addr, size)
			if sent != received {
				t.Error("something else arrived")
			}
			if c.hurt(network.Stats()) == 0 {
				t.Errorf("nothing happened: %+v", network.Stats())
			}
		})
	}
}

// transfer sends so many bytes from one node to an address of another, and
// returns their SHA-256 at both ends.
func transfer(t *testing.T, from, to node, addr string, size int64) (sent, received [sha256.Size]byte) {
	t.Helper()
	ln, err := to.net.Listen("tcp", net.JoinHostPort(addr, "9"))
	must(t, err)
	defer func() { _ = ln.Close() }()
	done := make(chan error, 1)
	go func() {
		c, err := ln.Accept()
		if err != nil {
			done <- err
			return
		}
		sum := sha256.New()
		_, err = io.Copy(sum, c)
		sum.Sum(received[:0])
		_ = c.Close()
		done <- err
	}()
	c, err := from.net.DialContext(t.Context(), "tcp", ln.Addr().String())
	must(t, err)
	sum := sha256.New()
	_, err = io.CopyN(io.MultiWriter(c, sum), rand.NewChaCha8([32]byte{}), size)
	must(t, err)
	must(t, c.Close())
	must(t, <-done)
	sum.Sum(sent[:0])
	return sent, received
}
