package nbsock_test

import (
	"net"
	"testing"

	"github.com/abigen/abigen/internal/kerneltest"
	"github.com/abigen/abigen/runtime/kernel"
	"github.com/abigen/abigen/runtime/nbsock"
	"github.com/abigen/abigen/runtime/netstack"
)

// TestSockets has the tests of this package that any kernel has to pass.
func TestSockets(t *testing.T) {
	kerneltest.Sockets(t, &kerneltest.Subject{
		Name:  "embedded",
		Start: func(t testing.TB) kernel.Kernel { return boot(t) },
	})
}

// boot starts a kernel.
func boot(tb testing.TB) *netstack.Kernel {
	tb.Helper()
	k, err := netstack.New(netstack.Config{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := k.Close(); err != nil {
			tb.Error(err)
		}
	})
	return k
}

// connected returns the two ends of a connection, closed after the test.
func connected(t *testing.T, network, address string) (c1, c2 net.Conn) {
	t.Helper()
	n, err := nbsock.New(boot(t), nbsock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close() })
	l, err := n.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if c1, err = n.Dial(network, l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if c2, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	return c1, c2
}
