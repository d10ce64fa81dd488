package rtsock_test

import (
	"encoding/hex"
	"fmt"
	"net/netip"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtsock"
)

// What a NetBSD 7.99.34 said when lo0 got an address.
func ExampleParse() {
	b, _ := hex.DecodeString("5800040cb40000000000000000000000010000000000000010020000ffff0000" +
		"00000000000000000b120100180300006c6f300000000000100200000a00000100000000000000001002" +
		"00000a0000010000000000000000")
	m, _, err := rtsock.Parse(rtsock.NetBSD7, b)
	if err != nil {
		fmt.Println(err)
		return
	}
	said, err := m.Decode()
	if err != nil {
		fmt.Println(err)
		return
	}
	if a, ok := said.Entry.(*routing.Address); ok {
		fmt.Printf("%v %v/%d on link %d\n", said.Op, a.Addr, a.Bits, a.Index)
	}
	// Output: add 10.0.0.1/16 on link 1
}

// The message that adds a route, as it is written to a routing socket.
func ExampleNew() {
	m, err := rtsock.New(&routing.Message{Op: routing.Add, Entry: &routing.Route{
		Dst:     netip.MustParsePrefix("10.6.0.0/16"),
		Gateway: netip.MustParseAddr("10.5.0.2"),
		Origin:  routing.OriginStatic,
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	b, err := m.Append(rtsock.NetBSD10, nil)
	fmt.Printf("%d bytes, addresses % x %v\n", len(b), b[120:136], err)
	// Output: 168 bytes, addresses 10 02 00 00 0a 06 00 00 00 00 00 00 00 00 00 00 <nil>
}
