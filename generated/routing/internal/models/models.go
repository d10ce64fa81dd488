// Package models makes random entries of the tables, for tests of round trips.
package models

import (
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/abigen/abigen/generated/routing"
)

// Route returns a route that both systems can hold.
func Route(r *rand.Rand) *routing.Route {
	is6 := r.IntN(2) == 0
	a := Addr(r, is6)
	bits := r.IntN(a.BitLen() + 1)
	dst, _ := a.Prefix(bits)
	e := &routing.Route{
		Dst:    dst,
		Index:  uint32(1 + r.IntN(1000)),
		Type:   routing.RouteType(r.IntN(int(routing.Unreachable) + 1)),
		Origin: []routing.Origin{routing.OriginUnknown, routing.OriginRedirect, routing.OriginStatic, routing.OriginDaemon}[r.IntN(4)],
		Metrics: routing.Metrics{
			MTU:       uint32(r.IntN(3) * 1400),
			MTULocked: r.IntN(2) == 0,
			RTT:       time.Duration(r.IntN(100)) * time.Millisecond,
			RTTVar:    time.Duration(r.IntN(100)) * time.Millisecond,
		},
	}
	switch e.Type {
	case routing.Multicast:
		e.Type = routing.Unicast
	case routing.Local, routing.Broadcast:
		e.Origin = routing.OriginKernel
	}
	if !e.Type.IsReject() && r.IntN(2) == 0 {
		e.Gateway = Addr(r, is6)
	} else if e.Type == routing.Unicast && r.IntN(2) == 0 {
		e.Origin = routing.OriginKernel
	}
	if r.IntN(2) == 0 {
		e.Source = Addr(r, is6)
	}
	return e
}

// Address returns an address that both systems can hold.
func Address(r *rand.Rand) *routing.Address {
	is6 := r.IntN(2) == 0
	a := &routing.Address{Index: uint32(1 + r.IntN(1000)), Addr: Addr(r, is6)}
	a.Bits = 1 + r.IntN(a.Addr.BitLen())
	switch {
	case r.IntN(3) == 0:
		// Not one that could be taken for a broadcast address.
		if peer := Addr(r, is6); peer != a.Addr && peer != routing.LastAddr(a.Prefix()) {
			a.Peer = peer
		}
	case !is6 && a.Bits < 31 && r.IntN(2) == 0:
		if last := routing.LastAddr(a.Prefix()); last != a.Addr {
			a.Broadcast = last
		}
	}
	a.Flags = routing.AddressFlags(r.IntN(4))
	if is6 {
		a.Flags |= routing.AddressDeprecated | routing.AddressNoDAD
	}
	return a
}

// Link returns a link that both systems can hold.
func Link(r *rand.Rand) *routing.Link {
	l := &routing.Link{
		Index: uint32(1 + r.IntN(1000)),
		Name:  []string{"lo0", "wm0", "shmif12", "a"}[r.IntN(4)],
		Type:  []uint8{6, 24, 23}[r.IntN(3)],
		Flags: routing.LinkFlags(r.IntN(1 << 10)),
		State: routing.LinkState(r.IntN(3)),
		MTU:   uint32(r.IntN(1 << 20)),
		Stats: &routing.LinkStats{
			RxPackets: r.Uint64(), TxPackets: r.Uint64(), RxBytes: r.Uint64(), TxBytes: r.Uint64(),
			RxErrors: r.Uint64(), TxErrors: r.Uint64(), RxDropped: r.Uint64(), RxNoProtocol: r.Uint64(),
			Multicast: r.Uint64(), Collisions: r.Uint64(),
		},
	}
	if r.IntN(2) == 0 {
		l.Addr = HardwareAddr(r)
	}
	return l
}

// Neighbor returns a neighbor that both systems can hold.
func Neighbor(r *rand.Rand) *routing.Neighbor {
	n := &routing.Neighbor{
		Index:     uint32(1 + r.IntN(1000)),
		Addr:      Addr(r, r.IntN(2) == 0),
		Permanent: r.IntN(2) == 0,
		Proxy:     r.IntN(2) == 0,
	}
	if r.IntN(3) > 0 {
		n.LinkAddr = HardwareAddr(r)
	}
	return n
}

// Entry returns any of them.
func Entry(r *rand.Rand) routing.Entry {
	switch r.IntN(4) {
	case 0:
		return Route(r)
	case 1:
		return Address(r)
	case 2:
		return Link(r)
	}
	return Neighbor(r)
}

// Addr returns an address; of those of IPv6 some are of link-local scope.
func Addr(r *rand.Rand, is6 bool) netip.Addr {
	var b [16]byte
	for i := range b {
		b[i] = byte(r.UintN(256))
	}
	if !is6 {
		b[0] = byte(1 + r.IntN(126))
		return netip.AddrFrom4([4]byte(b[:4]))
	}
	switch r.IntN(3) {
	case 0:
		copy(b[:], []byte{0xfe, 0x80, 0, 0, 0, 0, 0, 0})
	case 1:
		copy(b[:], []byte{0x20, 0x01, 0x0d, 0xb8})
	default:
		b[0] = 0x20
	}
	return netip.AddrFrom16(b)
}

// HardwareAddr returns an Ethernet address that is not all zeros.
func HardwareAddr(r *rand.Rand) []byte {
	return []byte{2, byte(r.UintN(256)), byte(r.UintN(256)), byte(r.UintN(256)), 0, byte(r.UintN(256))}
}
