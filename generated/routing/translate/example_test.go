package translate_test

import (
	"fmt"
	"net/netip"

	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/generated/routing/translate"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// A Linux program adds an address; NetBSD wants an ioctl for it.
func ExampleTranslator_RequestToNetBSD() {
	lx, err := rtnetlink.Append(nil, linux.Nlmsghdr{Flags: linux.NLM_F_REQUEST}, &routing.Message{
		Op:    routing.Add,
		Entry: &routing.Address{Index: 2, Addr: netip.MustParseAddr("10.0.0.1"), Bits: 24},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	t := &translate.Translator{Links: links{}}
	actions, err := t.RequestToNetBSD(lx)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range actions {
		if i, ok := a.(rtsock.Ioctl); ok && i.Request == netbsd.SIOCAIFADDR {
			fmt.Printf("SIOCAIFADDR %s, %d bytes\n", i.Arg[:3], len(i.Arg))
		}
	}
	// Output: SIOCAIFADDR wm2, 64 bytes
}

// NetBSD has dropped a route; Linux programs hear RTM_DELROUTE.
func ExampleTranslator_NotificationToLinux() {
	m, err := rtsock.New(&routing.Message{Op: routing.Delete, Entry: &routing.Route{
		Dst: netip.MustParsePrefix("10.6.0.0/16"), Gateway: netip.MustParseAddr("10.5.0.2"),
	}})
	if err != nil {
		fmt.Println(err)
		return
	}
	nb, err := m.Append(rtsock.NetBSD10, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	lx, err := (&translate.Translator{}).NotificationToLinux(nb)
	if err != nil {
		fmt.Println(err)
		return
	}
	raw, _, err := rtnetlink.Parse(lx)
	fmt.Println(raw.Header.Type == linux.RTM_DELROUTE, err)
	// Output: true <nil>
}
