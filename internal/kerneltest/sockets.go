package kerneltest

import (
	"fmt"
	"testing"
)

// sockets are the tests of connections, in the order of the files they are in.
var sockets = []struct {
	name string
	test func(*testing.T, *Subject)
}{
	{"Addresses", testAddresses},
	{"HalfClose", testHalfClose},
	{"MovedDeadline", testMovedDeadline},
	{"CloseWakes", testCloseWakes},
	{"DialErrors", testDialErrors},
	{"DialTimeout", testDialTimeout},
	{"Control", testControl},
	{"Options", testOptions},
	{"PacketConn", testPacketConn},
	{"ControlMessages", testControlMessages},
	{"RawICMP", testRawICMP},
	{"Local", testLocal},
	{"KernelCloses", testKernelCloses},
	{"NegativeTimeout", testNegativeTimeout},
	{"LocalAddr", testLocalAddr},
	{"NoServer", testNoServer},
	{"TimeoutsAreAlike", testTimeoutsAreAlike},
	{"ErrnoOfKernel", testErrnoOfKernel},
	{"HTTPConcurrent", testHTTPConcurrent},
	{"TLS", testTLS},
	{"NoLeak", testNoLeak},
	{"NothingLeftBehind", testNothingLeftBehind},
	{"Conn", testConn},
	{"Resolver", testResolver},
}

// SocketNames are the names of the tests that Sockets makes.
func SocketNames() []string {
	var names []string
	for _, test := range sockets {
		names = append(names, test.name)
	}
	return names
}

// Sockets tests connections of package nbsock on a kind of kernel.
func Sockets(t *testing.T, s *Subject) {
	passed, skipped := 0, 0
	for _, test := range sockets {
		ok := t.Run(test.name, func(t *testing.T) {
			if why := s.Skip[test.name]; why != "" {
				skipped++
				t.Skip(why)
			}
			test.test(t, s)
		})
		if ok {
			passed++
		}
	}
	if *printReport {
		fmt.Printf("%s: %d of %d tests of sockets pass, %d are left out\n", s.Name, passed-skipped, len(sockets), skipped)
	}
}
