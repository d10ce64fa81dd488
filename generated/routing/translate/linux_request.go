package translate

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// requestHeader returns the header of a netlink request whose end is told.
func requestHeader(seq uint32) linux.Nlmsghdr {
	return linux.Nlmsghdr{Flags: linux.NLM_F_REQUEST | linux.NLM_F_ACK, Seq: seq}
}

// RequestToLinux returns the netlink request that does what the message nb does
// when it is written to a routing socket. It has the same sequence number. The
// answer goes to [Translator.ReplyToNetBSD].
func (t *Translator) RequestToLinux(nb []byte) ([]byte, error) {
	raw, _, err := rtsock.Parse(t.version(), nb)
	if err != nil {
		return nil, err
	}
	h, ok := raw.Header.(*netbsd.RtMsghdr)
	if !ok {
		return nil, abi.NoCounterpart("rt_msghdr", "rtm_type", raw.Type)
	}
	m, err := raw.Decode()
	if err != nil {
		return nil, err
	}
	if err := whole(m); err != nil {
		return nil, err
	}
	header := requestHeader(uint32(h.Seq))
	if m.Op == routing.Get {
		header.Flags = linux.NLM_F_REQUEST // the entry is the answer
		if r, ok := m.Entry.(*routing.Route); ok {
			m.Entry = &routing.Route{Dst: r.Dst, Zone: r.Zone}
		}
	}
	return rtnetlink.Append(nil, header, m)
}

// IoctlToLinux returns the netlink request that does what an ioctl does to a link
// or to one of its addresses: SIOCAIFADDR, SIOCDIFADDR, both of IPv6,
// SIOCSIFFLAGS, SIOCSIFMTU, SIOCIFCREATE and SIOCIFDESTROY. Others are an error
// over [abi.ErrNoCounterpart].
func (t *Translator) IoctlToLinux(request uint64, arg []byte, seq uint32) ([]byte, error) {
	m, name, err := rtsock.ParseIoctl(request, arg)
	if err != nil {
		return nil, err
	}
	if err := whole(m); err != nil {
		return nil, err
	}
	created := request == netbsd.SIOCIFCREATE
	var index uint32
	if !created {
		if index, err = t.linkIndex(name); err != nil {
			return nil, err
		}
	}
	switch e := m.Entry.(type) {
	case *routing.Link:
		e.Index = index
		if !created {
			e.Name = ""
		}
		if created {
			e.Kind = driver(name)
		}
	case *routing.Address:
		if e.Flags&routing.AddressAnycast != 0 {
			return nil, abi.NoCounterpart("in6_aliasreq", "ifra_flags", int32(netbsd.IN6_IFF_ANYCAST))
		}
		e.Index = index
	}
	return rtnetlink.Append(nil, requestHeader(seq), m)
}

// SysctlToLinux returns the netlink requests whose answers, one behind the other,
// are what [Translator.DumpToNetBSD] needs for the variable with the given name.
// Names that are not those of dumps of links, routes or neighbors are an error
// over [abi.ErrNoCounterpart].
func (t *Translator) SysctlToLinux(name [6]int32, seq uint32) ([][]byte, error) {
	s := rtsock.Sysctl{Name: name}
	family, err := s.Family()
	if err != nil {
		return nil, err
	}
	lx, ok := tolinux.AddressFamily(family)
	if !ok || lx > 0xff {
		return nil, abi.NoCounterpart("sysctl", "family", family)
	}
	var entries []routing.Entry
	switch kind := s.Kind(t.version()); kind {
	case rtsock.LinkDump:
		entries = []routing.Entry{&routing.Link{}}
		if family != netbsd.AF_LINK {
			entries = append(entries, &routing.Address{})
		}
	case rtsock.RouteDump:
		entries = []routing.Entry{&routing.Route{}}
	case rtsock.NeighborDump:
		entries = []routing.Entry{&routing.Neighbor{}}
	default:
		return nil, abi.NoCounterpart("sysctl", "name", name[4])
	}
	var list [][]byte
	for _, e := range entries {
		header := linux.Nlmsghdr{Flags: linux.NLM_F_REQUEST, Seq: seq}
		b, err := rtnetlink.Append(nil, header, &routing.Message{Op: routing.Dump, Entry: e})
		if err != nil {
			return nil, err
		}
		if _, isLink := e.(*routing.Link); !isLink {
			b[linux.SizeofNlmsghdr] = uint8(lx)
		}
		list = append(list, b)
	}
	return list, nil
}
