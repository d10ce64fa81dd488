package rtnetlink_test

import (
	"fmt"
	"net/netip"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/linux"
)

// A request for a route, and what a kernel reads in it.
func ExampleAppend() {
	b, err := rtnetlink.Append(nil, linux.Nlmsghdr{Flags: linux.NLM_F_REQUEST, Seq: 1}, &routing.Message{
		Op: routing.Replace,
		Entry: &routing.Route{
			Dst:     netip.MustParsePrefix("2001:db8::/32"),
			Gateway: netip.MustParseAddr("fe80::1"),
			Index:   2,
			Origin:  routing.OriginStatic,
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	raw, _, err := rtnetlink.Parse(b)
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := raw.Decode()
	if err != nil {
		fmt.Println(err)
		return
	}
	if r, ok := m.Entry.(*routing.Route); ok {
		fmt.Printf("%v %v by %v on link %d\n", m.Op, r.Dst, r.Gateway, r.Index)
	}
	// Output: replace 2001:db8::/32 by fe80::1 on link 2
}
