package netif

import (
	"encoding/binary"
	"net/netip"
	"slices"
	"sync/atomic"
	"time"

	"gvisor.dev/gvisor/pkg/tcpip"
	"gvisor.dev/gvisor/pkg/tcpip/stack"

	"github.com/abigen/abigen/netbsd"
)

// An Ifnet is an interface (struct ifnet). It is changed with the table's conf
// held, and may be looked at without; what methods return is not to be changed.
type Ifnet struct {
	Name  string
	Index int
	Type  uint8 // IFT_*

	table *Table
	drv   driver
	ep    stack.LinkEndpoint
	data  counters
	taps  taps

	flags  atomic.Int32 // IFF_*
	mtu    atomic.Uint32
	metric atomic.Int32
	addrs  atomic.Pointer[addrList]
	active atomic.Pointer[Ifaddr] // of AF_LINK: the hardware address that is used
	nd     netbsd.NdIfinfo        // guarded by conf

	promiscuous int // how often SetPromiscuous was called; guarded by conf
}

// counters are what an interface counts (struct if_data).
type counters struct {
	ipackets, opackets atomic.Uint64
	ibytes, obytes     atomic.Uint64
	imcasts, omcasts   atomic.Uint64
	ierrors, oerrors   atomic.Uint64
	iqdrops, noproto   atomic.Uint64
	lastchange         time.Time // guarded by the table's mu
}

func (p *Ifnet) nic() tcpip.NICID { return tcpip.NICID(p.Index) }

// Flags returns IFF_*.
func (p *Ifnet) Flags() int32 {
	return p.flags.Load()
}

// Up tells whether the interface is up.
func (p *Ifnet) Up() bool { return p.Flags()&netbsd.IFF_UP != 0 }

// Loopback tells whether the interface is one of lo's, whatever its flags say.
func (p *Ifnet) Loopback() bool { return p.Type == netbsd.IFT_LOOP }

// MTU returns the largest packet that the interface passes on, in bytes
// without the link header.
func (p *Ifnet) MTU() uint32 {
	return p.mtu.Load()
}

// LinkAddr returns the hardware address, which is empty for lo.
func (p *Ifnet) LinkAddr() []byte {
	return p.active.Load().Link
}

// Addrs returns the addresses of AF_INET and AF_INET6 in the order they came.
func (p *Ifnet) Addrs() []*Ifaddr {
	return p.list().inet
}

// AllAddrs returns the addresses of all families in the order they came.
func (p *Ifnet) AllAddrs() []*Ifaddr {
	return p.list().all
}

// An addrList is the addresses of an interface in the order they came, the
// first of AF_LINK. It is replaced, never changed.
type addrList struct {
	all  []*Ifaddr
	inet []*Ifaddr // those of AF_INET and AF_INET6
}

func (p *Ifnet) list() addrList {
	if l := p.addrs.Load(); l != nil {
		return *l
	}
	return addrList{}
}

// changeAddrs replaces the list by what do makes of a copy.
func (p *Ifnet) changeAddrs(do func([]*Ifaddr) []*Ifaddr) {
	l := addrList{all: do(slices.Clone(p.AllAddrs()))}
	for _, a := range l.all {
		if a.Family() != netbsd.AF_LINK {
			l.inet = append(l.inet, a)
		}
	}
	p.addrs.Store(&l)
}

// First returns the first address of a family, nil when there is none.
func (p *Ifnet) First(family int32) *Ifaddr {
	for _, a := range p.AllAddrs() {
		if a.Family() == family {
			return a
		}
	}
	return nil
}

// SetMulti joins or leaves, on the link, the group of a sockaddr. The errors are
// EAFNOSUPPORT, EINVAL for what is no group, and ENXIO when a group is left that
// was not joined.
func (p *Ifnet) SetMulti(name []byte, add bool) error { return p.drv.setMulti(name, add) }

// lookup returns the interface's address a, nil when it has none such.
func (p *Ifnet) lookup(a netip.Addr) *Ifaddr {
	for _, ifa := range p.Addrs() {
		if ifa.Addr == a {
			return ifa
		}
	}
	return nil
}

// Data returns what the interface counts, and what it is (struct if_data).
func (p *Ifnet) Data() netbsd.IfData {
	p.table.mu.RLock()
	defer p.table.mu.RUnlock()
	c := &p.data
	d := netbsd.IfData{
		Type:     p.Type,
		Addrlen:  uint8(len(p.LinkAddr())),
		MTU:      uint64(p.MTU()),
		Metric:   uint64(p.metric.Load()),
		Ipackets: c.ipackets.Load(),
		Ierrors:  c.ierrors.Load(),
		Opackets: c.opackets.Load(),
		Oerrors:  c.oerrors.Load(),
		Ibytes:   c.ibytes.Load(),
		Obytes:   c.obytes.Load(),
		Imcasts:  c.imcasts.Load(),
		Omcasts:  c.omcasts.Load(),
		Iqdrops:  c.iqdrops.Load(),
		Noproto:  c.noproto.Load(),
	}
	if p.Type == netbsd.IFT_ETHER {
		d.Hdrlen, d.Baudrate = etherHeaderLen, etherBaudrate
		if e, ok := p.drv.(*ether); ok {
			d.LinkState = e.link.Load()
		}
	}
	d.Lastchange.Sec = c.lastchange.Unix()
	set(&d.Lastchange.Nsec, c.lastchange.Nanosecond())
	return d
}

// resetCounters does SIOCZIFDATA.
func (p *Ifnet) resetCounters() {
	c := &p.data
	for _, n := range []*atomic.Uint64{
		&c.ipackets, &c.opackets, &c.ibytes, &c.obytes, &c.imcasts, &c.omcasts,
		&c.ierrors, &c.oerrors, &c.iqdrops, &c.noproto,
	} {
		n.Store(0)
	}
	p.table.touch(p)
}

// set assigns to a member that is a long of C.
func set[T int32 | int64](p *T, v int) { *p = T(v) }

// Sdl returns the interface's address of family AF_LINK, a sockaddr_dl with
// its name and its hardware address.
func (p *Ifnet) Sdl() []byte { return p.sdl(p.LinkAddr()) }

func (p *Ifnet) sdl(mac []byte) []byte {
	const header = netbsd.SizeofSockaddrDl - 24 // up to sdl_data
	b := make([]byte, header, header+len(p.Name)+len(mac))
	b[1] = netbsd.AF_LINK
	binary.NativeEndian.PutUint16(b[2:], uint16(p.Index))
	b[4], b[5], b[6] = p.Type, uint8(len(p.Name)), uint8(len(mac))
	b = append(append(b, p.Name...), mac...)
	b[0] = uint8(len(b))
	return b
}
