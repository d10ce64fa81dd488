//go:build linux && (amd64 || arm64)

package hijack_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/abigen/abigen/runtime/hijack"
	"github.com/abigen/abigen/runtime/hypercall"
	"github.com/abigen/abigen/runtime/hypercall/wire"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netcfg"
	"github.com/abigen/abigen/runtime/netstack"
)

// What a program has written before it ended arrives, also when the kernel ends
// when the program has.
func TestLinger(t *testing.T) {
	t.Run("first", func(t *testing.T) { testLinger(t, false) })
	t.Run("last", func(t *testing.T) { testLinger(t, true) })
}

// testLinger has a program write to a peer, which may have ended its half of the
// connection before.
func testLinger(t *testing.T, ended bool) {
	hub := wire.New()
	theirs := onWire(t, hub, "10.0.0.2/24")
	n, err := nbsock.New(theirs, nbsock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	ln, err := n.Listen("tcp", "10.0.0.2:9")
	if err != nil {
		t.Fatal(err)
	}
	type result struct {
		n   int64
		err error
	}
	got := make(chan result, 1)
	go func() {
		n, err := readSlowly(ln, ended)
		got <- result{n, err}
	}()
	ours := onWire(t, hub, "10.0.0.1/24")
	cfg := hijack.Config{Args: []string{os.Args[0], "10.0.0.2:9"}, Env: append(os.Environ(), programName+"=write and end"), Linger: limit}
	_, stderr, code := run(t, ours, cfg)
	if err := ours.Close(); err != nil || code != 0 {
		t.Errorf("exit code %d, %s; %v", code, stderr, err)
	}
	if r := <-got; r.err != nil || r.n != lingerSize {
		t.Errorf("%d bytes of %d have arrived, %v", r.n, lingerSize, r.err)
	}
}

// onWire boots a kernel with an interface on a wire.
func onWire(t *testing.T, hub *wire.Wire, prefix string) *netstack.Kernel {
	t.Helper()
	host := &hypercall.Host{Network: hypercall.NetworkFunc(func(string, string) (hypercall.NetworkDevice, error) {
		return hub.Attach(), nil
	})}
	k, err := netstack.New(netstack.Config{Host: host})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Close() })
	c, err := netcfg.Open(k)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx := context.Background()
	if err := errors.Join(c.SetInt(ctx, "net.inet.ip.dad_count", 0), c.CreateInterface(ctx, "virt0"),
		c.AddAddress(ctx, "virt0", netip.MustParsePrefix(prefix))); err != nil {
		t.Fatal(err)
	}
	return k
}

// lingerSize is more than all buffers on the way have room for.
const lingerSize = 1 << 20

func readSlowly(ln net.Listener, end bool) (int64, error) {
	c, err := ln.Accept()
	if err != nil {
		return 0, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(within))
	if end {
		if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
			return 0, err
		}
	}
	b := make([]byte, 32<<10)
	var all int64
	for {
		n, err := c.Read(b)
		all += int64(n)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, err
		}
		time.Sleep(10 * time.Millisecond) // so that most waits on the way
	}
}

func writeAndEndProgram(args []string) error {
	c, err := net.DialTimeout("tcp", args[0], within)
	if err != nil {
		return err
	}
	_, err = c.Write(make([]byte, lingerSize))
	return err
}
