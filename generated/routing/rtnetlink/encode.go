package rtnetlink

import (
	"math"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/linux"
)

// Append appends the netlink message that says m. The header gives sequence
// number, port and flags such as NLM_F_MULTI; with NLM_F_REQUEST among them m is a
// request, otherwise a notification or a line of a dump. Append adds the type, the
// length, and the flags that say whether there may or must be an entry already.
// m.Lost is not looked at.
func Append(b []byte, header linux.Nlmsghdr, m *routing.Message) ([]byte, error) {
	request := header.Flags&linux.NLM_F_REQUEST != 0
	base, err := table(m.Entry)
	if err != nil {
		return nil, err
	}
	header.Type = base + kindNew
	switch m.Op {
	case routing.Add:
		if request {
			header.Flags |= linux.NLM_F_CREATE | linux.NLM_F_EXCL
		}
	case routing.Replace:
		header.Flags |= linux.NLM_F_CREATE | linux.NLM_F_REPLACE
	case routing.Change:
		if base != linux.RTM_NEWLINK {
			header.Flags |= linux.NLM_F_REPLACE
		}
	case routing.Delete:
		header.Type = base + kindDel
	case routing.Get:
		if request {
			header.Type = base + kindGet
		}
	case routing.Dump:
		header.Type = base + kindGet
		header.Flags |= linux.NLM_F_DUMP
	default:
		return nil, abi.NoCounterpart("nlmsghdr", "nlmsg_type", uint8(m.Op))
	}
	build := Builder{Bytes: b}
	build.Begin(header)
	switch e := m.Entry.(type) {
	case *routing.Link:
		err = appendLink(&build, e, request)
		if err == nil && m.Op == routing.Add && !request {
			setNew(&build)
		}
	case *routing.Address:
		err = appendAddress(&build, e, m.Op)
	case *routing.Route:
		if m.Op == routing.Dump {
			h := linux.Rtmsg{}
			if e.Dst.IsValid() {
				h.Family = familyOf(e.Dst.Addr())
			}
			Struct(&build, &h)
			break
		}
		err = appendRoute(&build, e, m.Op, request)
	case *routing.Neighbor:
		err = appendNeighbor(&build, e, m.Op)
	}
	if err != nil {
		return nil, err
	}
	build.End()
	return build.Bytes, nil
}

// table returns the first message type of the table that e is in.
func table(e routing.Entry) (uint16, error) {
	switch e.(type) {
	case *routing.Link:
		return linux.RTM_NEWLINK, nil
	case *routing.Address:
		return linux.RTM_NEWADDR, nil
	case *routing.Route:
		return linux.RTM_NEWROUTE, nil
	case *routing.Neighbor:
		return linux.RTM_NEWNEIGH, nil
	}
	return 0, abi.NoCounterpart("nlmsghdr", "nlmsg_type", 0)
}

// setNew marks the link that b was begun with as one that was not there before:
// all its flags have changed.
func setNew(b *Builder) {
	const change = linux.SizeofNlmsghdr + linux.SizeofIfinfomsg - 4
	copy(b.Bytes[b.start+change:], "\xff\xff\xff\xff")
}

func appendAddress(b *Builder, a *routing.Address, op routing.Op) error {
	h := linux.Ifaddrmsg{Index: a.Index, Prefixlen: uint8(a.Bits)}
	if !a.Addr.IsValid() {
		if op != routing.Dump {
			return abi.Truncated("ifaddrmsg", "IFA_LOCAL", 0)
		}
		Struct(b, &h)
		return nil
	}
	if a.Bits < 0 || a.Bits > a.Addr.BitLen() {
		return abi.OutOfRange("ifaddrmsg", "ifa_prefixlen", a.Bits)
	}
	flags := wireAddressFlags(a)
	h.Family, h.Flags, h.Scope = familyOf(a.Addr), uint8(flags), addressScope(a.Addr)
	Struct(b, &h)
	switch {
	case a.Peer.IsValid() && a.Peer.BitLen() != a.Addr.BitLen():
		return abi.NoCounterpart("ifaddrmsg", "IFA_ADDRESS", a.Peer.BitLen())
	case a.Peer.IsValid():
		b.Attribute(linux.IFA_ADDRESS, a.Peer.AsSlice())
		b.Attribute(linux.IFA_LOCAL, a.Addr.AsSlice())
	case a.Addr.Is4():
		b.Attribute(linux.IFA_ADDRESS, a.Addr.AsSlice())
		b.Attribute(linux.IFA_LOCAL, a.Addr.AsSlice())
	default:
		b.Attribute(linux.IFA_ADDRESS, a.Addr.AsSlice())
	}
	if a.Broadcast.Is4() && a.Addr.Is4() {
		b.Attribute(linux.IFA_BROADCAST, a.Broadcast.AsSlice())
	}
	if a.Label != "" {
		b.Attribute(linux.IFA_LABEL, append([]byte(a.Label), 0))
	}
	b.Uint32(linux.IFA_FLAGS, flags)
	if a.Valid != 0 {
		c := linux.IfaCacheinfo{IfaValid: a.Valid, IfaPrefered: a.Preferred}
		b.Attribute(linux.IFA_CACHEINFO, abi.AsBytes(&c))
	}
	return nil
}

// wireAddressFlags returns the flags of a as Linux has them.
func wireAddressFlags(a *routing.Address) uint32 {
	var flags uint32
	for _, row := range addressFlags {
		if a.Flags&row.To != 0 {
			flags |= row.From
		}
	}
	if a.Addr.Is4() {
		flags &^= linux.IFA_F_TEMPORARY
	}
	if a.Valid == routing.Forever || a.Valid == 0 {
		flags |= linux.IFA_F_PERMANENT
	}
	return flags
}

// addressScope returns where a means something.
func addressScope(a netip.Addr) uint8 {
	switch {
	case a.IsLoopback():
		return uint8(linux.RT_SCOPE_HOST)
	case a.IsLinkLocalUnicast():
		return uint8(linux.RT_SCOPE_LINK)
	}
	return uint8(linux.RT_SCOPE_UNIVERSE)
}

func appendNeighbor(b *Builder, n *routing.Neighbor, op routing.Op) error {
	if n.Index > math.MaxInt32 {
		return abi.OutOfRange("ndmsg", "ndm_ifindex", n.Index)
	}
	h := linux.Ndmsg{Ifindex: int32(n.Index), Type: linux.RTN_UNICAST}
	if !n.Addr.IsValid() {
		if op != routing.Dump {
			return abi.Truncated("ndmsg", "NDA_DST", 0)
		}
		Struct(b, &h)
		return nil
	}
	h.Family = familyOf(n.Addr)
	switch {
	case n.Permanent:
		h.State = linux.NUD_PERMANENT
	case len(n.LinkAddr) > 0:
		h.State = linux.NUD_REACHABLE
	case op == routing.Get || op == routing.Add || op == routing.Change:
		h.State = linux.NUD_INCOMPLETE
	}
	if n.Proxy {
		h.Flags |= linux.NTF_PROXY
	}
	if n.Router {
		h.Flags |= linux.NTF_ROUTER
	}
	Struct(b, &h)
	b.Attribute(linux.NDA_DST, n.Addr.AsSlice())
	if len(n.LinkAddr) > math.MaxUint8 {
		return abi.OutOfRange("ndmsg", "NDA_LLADDR", len(n.LinkAddr))
	}
	if len(n.LinkAddr) > 0 {
		b.Attribute(linux.NDA_LLADDR, n.LinkAddr)
	}
	return nil
}
