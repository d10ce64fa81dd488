package sysctl

import (
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/netif"
)

// linkAddresses answers for net.sdl: the hardware address of the interface
// whose index follows. A buffer that is too short gets the beginning.
func linkAddresses(ifs *netif.Table) Handler {
	return ofInterface(ifs, func(r *Request, p *netif.Ifnet) error {
		mac := p.LinkAddr()
		if r.Old != 0 {
			mac = mac[:min(uint(len(mac)), r.OldLen)]
		}
		return r.Reply(mac)
	})
}

// groups stands for the lists of the multicast groups that an interface is in,
// which are not to be had from gVisor.
func groups(ifs *netif.Table) Handler {
	return ofInterface(ifs, func(*Request, *netif.Ifnet) error { return netbsd.EOPNOTSUPP })
}

// ofInterface is a handler for names that go on with the index of an
// interface.
func ofInterface(ifs *netif.Table, answer func(*Request, *netif.Ifnet) error) Handler {
	return func(r *Request) error {
		if len(r.Name) != 1 {
			return netbsd.EINVAL
		}
		p := ifs.ByIndex(int(r.Name[0]))
		if p == nil {
			return netbsd.ENODEV
		}
		return answer(r, p)
	}
}

// kludge answers for the IPv6 groups of interfaces that have lost their
// addresses, which are not remembered.
func kludge(r *Request) error {
	if len(r.Name) != 1 {
		return netbsd.EINVAL
	}
	return r.Reply(nil)
}

func byIndex(name string, h Handler) Node {
	return Node{Number: Any, Name: name, Flags: permanent, Type: netbsd.CTLTYPE_NODE, Handler: h}
}

// Interface keeps net.interfaces up to date, which has the queues of each
// interface.
func (t *Tree) Interface(e netif.Event) {
	switch e.What {
	case netif.Arrived:
		queue := func(name string) Node {
			return Node{Number: Any, Name: name, Children: temporary(
				state(Any, "len", func() int32 { return 0 }),
				integer(Any, "maxlen", 256),
				state(Any, "drops", func() int32 { return 0 }))}
		}
		_ = t.Add("net", Node{Number: Any, Name: "interfaces", Children: []Node{
			{Number: Any, Name: e.Ifp.Name, Children: []Node{queue("sndq"), queue("rcvq")}},
		}}) // fails when the names are taken by something that a caller made
	case netif.Departed:
		t.Remove("net.interfaces." + e.Ifp.Name)
	}
}
