package netif

import (
	"net/netip"

	"github.com/abigen/abigen/netbsd"
)

// Requests about neighbor discovery that the headers of today have no more, or
// have with another structure.
const (
	siocFlushNeighbors = 0xc120694d // SIOCSNDFLUSH_IN6: _IOWR('i', 77, struct in6_ifreq)
	siocFlushPrefixes  = 0xc120694f // SIOCSPFXFLUSH_IN6: _IOWR('i', 79, struct in6_ifreq)
	siocFlushRouters   = 0xc1206950 // SIOCSRTRFLUSH_IN6: _IOWR('i', 80, struct in6_ifreq)
	siocSetDefiface    = 0xc0186955 // SIOCSDEFIFACE_IN6: _IOWR('i', 85, struct in6_ndifreq)
	siocGetDefiface    = 0xc0186956 // SIOCGDEFIFACE_IN6: _IOWR('i', 86, struct in6_ndifreq)
	siocSetInfoFlags7  = 0xc0486957 // SIOCSIFINFO_FLAGS: _IOWR('i', 87, struct in6_ndireq)
	siocGetInfo7       = 0xc048696c // SIOCGIFINFO_IN6: _IOWR('i', 108, struct in6_ndireq)
	siocSetInfo7       = 0xc048696d // SIOCSIFINFO_IN6: _IOWR('i', 109, struct in6_ndireq)
)

// The defaults of RFC 4861, in milliseconds.
const (
	ndReachable = 30_000
	ndRetrans   = 1_000
	ndHops      = 64
)

// ndInfo7 is struct in6_ndireq of NetBSD 7, from netinet6/nd6.h: 72 bytes.
type ndInfo7 struct {
	Name          [16]byte
	LinkMTU       uint32
	MaxMTU        uint32
	Basereachable uint32 // ms
	Reachable     uint32 // ms
	Retrans       uint32 // ms
	Flags         uint32 // ND6_IFF_*
	Recalctm      int32
	Chlim         uint8
	Initialized   uint8
	Random        [26]byte // seeds of temporary addresses, and padding
}

// newNdInfo is what an interface starts with.
func newNdInfo() netbsd.NdIfinfo {
	return netbsd.NdIfinfo{
		Chlim:         ndHops,
		Basereachable: ndReachable,
		Retrans:       ndRetrans,
		Flags:         netbsd.ND6_IFF_PERFORMNUD | netbsd.ND6_IFF_AUTO_LINKLOCAL,
	}
}

// neighborIoctl does the requests about neighbor discovery (nd6_ioctl).
func (t *Table) neighborIoctl(p *Ifnet, cmd uint64, data []byte) error {
	switch cmd {
	case netbsd.SIOCGIFINFO_IN6, netbsd.SIOCSIFINFO_IN6, netbsd.SIOCSIFINFO_FLAGS:
		return with(data, func(req *netbsd.In6Ndireq) error {
			return t.configure(p, func() error {
				if cmd == netbsd.SIOCGIFINFO_IN6 {
					req.Ndi = p.nd
					return nil
				}
				return t.setNdInfo(p, &req.Ndi, cmd == netbsd.SIOCSIFINFO_IN6)
			})
		})
	case siocGetInfo7, siocSetInfo7, siocSetInfoFlags7:
		return with(data, func(req *ndInfo7) error {
			return t.configure(p, func() error { return t.ndInfo7(p, cmd, req) })
		})
	case netbsd.SIOCGNBRINFO_IN6:
		return with(data, func(req *netbsd.In6Nbrinfo) error {
			info, ok := t.Nbrinfo(p, netip.AddrFrom16(req.Addr))
			if !ok {
				return netbsd.EINVAL
			}
			info.Ifname, info.Addr = req.Ifname, req.Addr
			*req = info
			return nil
		})
	case netbsd.SIOCGIFSTAT_IN6, netbsd.SIOCGIFSTAT_ICMP6:
		return with(data, func(req *netbsd.In6Ifreq) error {
			return t.stat6(p, cmd, &req.Ifru)
		})
	case siocFlushNeighbors, siocFlushRouters, siocSetDefiface:
		return nil // there are no routers that were learned from advertisements
	case siocFlushPrefixes:
		return t.configure(p, func() error {
			t.tell(Event{What: PrefixesFlushed, Ifp: p})
			return nil
		})
	case siocGetDefiface:
		return with(data, func(req *struct {
			Name  [16]byte
			Index uint64
		}) error {
			req.Index = 0
			return nil
		})
	}
	return netbsd.ENOTTY
}

// setNdInfo changes what neighbor discovery does on an interface. 0 leaves a
// value as it is.
func (t *Table) setNdInfo(p *Ifnet, nd *netbsd.NdIfinfo, values bool) error {
	info := p.nd
	if values {
		if nd.Basereachable != 0 {
			info.Basereachable = nd.Basereachable
		}
		if nd.Retrans != 0 {
			info.Retrans = nd.Retrans
		}
		if nd.Chlim != 0 {
			info.Chlim = nd.Chlim
		}
	}
	was := info.Flags
	info.Flags = nd.Flags
	p.nd = info
	switch disabled := uint32(netbsd.ND6_IFF_IFDISABLED); {
	case was&disabled != 0 && nd.Flags&disabled == 0 && p.Up():
		t.attachIPv6(p)
		t.reattach(p, netbsd.AF_INET6)
	case was&disabled == 0 && nd.Flags&disabled != 0:
		for _, a := range p.Addrs() {
			if a.Addr.Is6() {
				a.flags.Store(a.flags.Load() | netbsd.IN6_IFF_TENTATIVE)
			}
		}
	case was&netbsd.ND6_IFF_AUTO_LINKLOCAL == 0 && nd.Flags&netbsd.ND6_IFF_AUTO_LINKLOCAL != 0:
		t.attachIPv6(p)
	}
	return nil
}

func (t *Table) ndInfo7(p *Ifnet, cmd uint64, req *ndInfo7) error {
	if cmd == siocGetInfo7 {
		name := req.Name
		rng := t.Stack.SecureRNG()
		*req = ndInfo7{
			Name:          name,
			MaxMTU:        p.MTU(),
			Basereachable: p.nd.Basereachable,
			Reachable:     p.nd.Basereachable/2 + uint32(rng.Int63n(max(int64(p.nd.Basereachable), 1))),
			Retrans:       p.nd.Retrans,
			Flags:         p.nd.Flags,
			Chlim:         p.nd.Chlim,
			Initialized:   1,
		}
		return nil
	}
	if cmd == siocSetInfo7 && req.LinkMTU != 0 && (req.LinkMTU < netbsd.IPV6_MMTU || req.LinkMTU > p.MTU()) {
		return netbsd.EINVAL
	}
	nd := netbsd.NdIfinfo{Chlim: req.Chlim, Basereachable: req.Basereachable, Retrans: req.Retrans, Flags: req.Flags}
	return t.setNdInfo(p, &nd, cmd == siocSetInfo7)
}
