package kerneltest

import (
	"net"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/abigen/abigen/runtime/nbsock"
)

// pair returns the two ends of a connection.
func pair(n *nbsock.Net, network, address string) (c1, c2 net.Conn, err error) {
	l, err := n.Listen(network, address)
	if err != nil {
		return nil, nil, err
	}
	defer func() { _ = l.Close() }()
	if c1, err = n.Dial(network, l.Addr().String()); err != nil {
		return nil, nil, err
	}
	if c2, err = l.Accept(); err != nil {
		_ = c1.Close()
		return nil, nil, err
	}
	return c1, c2, nil
}

// testConn runs the conformance suite of package net's connections.
func testConn(t *testing.T, s *Subject) {
	for _, tc := range []struct{ network, address string }{
		{"tcp4", "127.0.0.1:0"},
		{"tcp6", "[::1]:0"},
		{"unix", "/stream"},
		{"unixpacket", "/seqpacket"},
	} {
		t.Run(tc.network, func(t *testing.T) {
			t.Parallel()
			n := s.net(t)
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				c1, c2, err = pair(n, tc.network, tc.address)
				return c1, c2, func() { _, _ = c1.Close(), c2.Close() }, err
			})
		})
	}
}
