package netif

import (
	"net/netip"
	"sync"

	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
)

// A Table is the interfaces of a kernel. The NIC of an interface has its index
// for its id.
type Table struct {
	Stack *stack.Stack

	mu   sync.RWMutex
	list []*Ifnet // by index
}

// An Ifnet is an interface (struct ifnet). What changes is guarded by the
// table's lock; methods return copies.
type Ifnet struct {
	Name  string
	Index int
	Type  uint8 // IFT_*

	flags int32 // IFF_*
	mtu   uint32
	mac   []byte
	data  netbsd.IfData
	addrs []*Ifaddr
}

// An Ifaddr is an address of an interface (struct ifaddr): one of AF_INET or
// AF_INET6. Those of AF_LINK are made up when somebody asks.
type Ifaddr struct {
	Ifp    *Ifnet
	Addr   netip.Addr   // without a zone
	Prefix netip.Prefix // the network
	Dst    netip.Addr   // broadcast address, or the other end; not valid when there is none
	Flags  int32        // IN6_IFF_*
}
