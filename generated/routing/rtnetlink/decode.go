package rtnetlink

import (
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/linux"
)

// Tables of rtnetlink: each has four message types, of which the first is the
// one to make an entry.
const (
	kindMask  = 3
	kindNew   = 0
	kindDel   = 1
	kindGet   = 2
	kindSet   = 3
	tableMask = ^uint16(kindMask)
)

// Decode returns what m says about the tables. As it depends on its direction, a
// message with NLM_F_REQUEST is taken for a request and others for a notification
// or a line of a dump.
//
// Types of messages that have nothing to do with the four tables of the model,
// and address families other than IPv4 and IPv6, are an error over
// [abi.ErrNoCounterpart]. Attributes that the model has no word for end up in Lost,
// except those that say nothing to another system: statistics of other forms,
// times since boot, how a dump is to be printed.
func (m Message) Decode() (*routing.Message, error) {
	op, err := m.op()
	if err != nil {
		return nil, err
	}
	out := &routing.Message{Op: op}
	switch m.Header.Type & tableMask {
	case linux.RTM_NEWLINK:
		err = m.link(out)
	case linux.RTM_NEWADDR:
		err = m.address(out)
	case linux.RTM_NEWROUTE:
		err = m.route(out)
	case linux.RTM_NEWNEIGH:
		err = m.neighbor(out)
	default:
		err = abi.NoCounterpart("nlmsghdr", "nlmsg_type", m.Header.Type)
	}
	if err != nil {
		return nil, err
	}
	return out, nil
}

// op returns what m is to do, or what has happened.
func (m Message) op() (routing.Op, error) {
	flags := m.Header.Flags
	if m.Header.Type < linux.RTM_BASE {
		return 0, abi.NoCounterpart("nlmsghdr", "nlmsg_type", m.Header.Type)
	}
	request := flags&linux.NLM_F_REQUEST != 0
	const create, replace = linux.NLM_F_CREATE, linux.NLM_F_REPLACE
	switch kind := m.Header.Type & kindMask; {
	case kind == kindDel:
		return routing.Delete, nil
	case kind == kindGet && flags&(linux.NLM_F_ROOT|linux.NLM_F_MATCH) != 0:
		return routing.Dump, nil
	case kind == kindGet:
		return routing.Get, nil
	case kind == kindSet && m.Header.Type == linux.RTM_SETLINK:
		return routing.Change, nil
	case kind == kindSet:
		return 0, abi.NoCounterpart("nlmsghdr", "nlmsg_type", m.Header.Type)
	case request && m.Header.Type == linux.RTM_NEWLINK && flags&create == 0:
		return routing.Change, nil
	case request && m.Header.Type == linux.RTM_NEWADDR && flags&replace == 0:
		return routing.Add, nil // it creates without being told to
	case request && flags&(create|replace) == create|replace:
		return routing.Replace, nil
	case request && flags&create != 0:
		return routing.Add, nil
	case request && flags&replace != 0:
		return routing.Change, nil
	case request:
		return 0, abi.NoCounterpart("nlmsghdr", "nlmsg_flags", flags)
	case flags&replace != 0:
		return routing.Change, nil
	}
	return routing.Add, nil
}

// family checks that v is a family that the tables have; in a request for a dump
// it may be absent.
func family(typ, member string, v uint8, op routing.Op) error {
	switch {
	case v == linux.AF_INET, v == linux.AF_INET6, v == linux.AF_UNSPEC && op == routing.Dump:
		return nil
	}
	return abi.NoCounterpart(typ, member, v)
}

// addr returns the address in a, the attribute name, which is of family v.
func (a Attribute) addr(name string, v uint8) (netip.Addr, error) {
	ip, ok := netip.AddrFromSlice(a.Data)
	if !ok || ip.Is4() != (v == linux.AF_INET) {
		return netip.Addr{}, abi.BadLength("rtattr", name, len(a.Data))
	}
	return ip, nil
}

// lose notes that the attribute a, called name by its kind, has no counterpart.
func lose(out *routing.Message, kind string, a Attribute) {
	out.Lose(abi.NoCounterpart(kind, "rta_type", a.Type))
}

var addressFlags = abi.Flags[uint32, routing.AddressFlags]{
	{From: linux.IFA_F_TENTATIVE, To: routing.AddressTentative},
	{From: linux.IFA_F_DADFAILED, To: routing.AddressDuplicated},
	{From: linux.IFA_F_DEPRECATED, To: routing.AddressDeprecated},
	{From: linux.IFA_F_NODAD, To: routing.AddressNoDAD},
	{From: linux.IFA_F_TEMPORARY, To: routing.AddressTemporary},
	{From: linux.IFA_F_PERMANENT}, // it never expires, as its lifetime says
}

// address decodes the ifaddrmsg of m.
func (m Message) address(out *routing.Message) error {
	h, attrs, err := fixed[linux.Ifaddrmsg]("ifaddrmsg", m.Data)
	if err != nil {
		return err
	}
	if err := family("ifaddrmsg", "ifa_family", h.Family, out.Op); err != nil {
		return err
	}
	a := &routing.Address{Index: h.Index, Bits: int(h.Prefixlen)}
	out.Entry = a
	flags := uint32(h.Flags)
	var local, address netip.Addr
	err = attributes(attrs, func(at Attribute) (err error) {
		switch at.Type {
		case linux.IFA_LOCAL:
			local, err = at.addr("IFA_LOCAL", h.Family)
		case linux.IFA_ADDRESS:
			address, err = at.addr("IFA_ADDRESS", h.Family)
		case linux.IFA_BROADCAST:
			a.Broadcast, err = at.addr("IFA_BROADCAST", h.Family)
		case linux.IFA_LABEL:
			a.Label = at.text()
		case linux.IFA_FLAGS:
			flags, err = at.uint32("IFA_FLAGS")
		case linux.IFA_CACHEINFO:
			var c linux.IfaCacheinfo
			c, _, err = fixed[linux.IfaCacheinfo]("ifa_cacheinfo", at.Data)
			a.Valid, a.Preferred = c.IfaValid, c.IfaPrefered
		default:
			lose(out, "IFA", at)
		}
		return err
	})
	if err != nil {
		return err
	}
	if h.Family == linux.AF_INET {
		flags &^= linux.IFA_F_SECONDARY // the bit of IFA_F_TEMPORARY, which IPv4 has not
	}
	mapped, unknown, ok := addressFlags.Map(flags)
	if !ok {
		out.Lose(abi.NoCounterpart("ifaddrmsg", "ifa_flags", unknown))
	}
	a.Flags |= mapped
	return setOwn(a, local, address, h, out.Op)
}

// setOwn sorts out which of IFA_LOCAL and IFA_ADDRESS is what: without a peer they
// are the same, or one is absent.
func setOwn(a *routing.Address, local, address netip.Addr, h linux.Ifaddrmsg, op routing.Op) error {
	switch {
	case !local.IsValid():
		local = address
	case address.IsValid() && address != local:
		a.Peer = address
	}
	a.Addr = local
	if op == routing.Dump {
		return nil
	}
	if !local.IsValid() {
		return abi.Truncated("ifaddrmsg", "IFA_LOCAL", 0)
	}
	if int(h.Prefixlen) > local.BitLen() {
		return abi.OutOfRange("ifaddrmsg", "ifa_prefixlen", h.Prefixlen)
	}
	return nil
}

// neighbor decodes the ndmsg of m.
func (m Message) neighbor(out *routing.Message) error {
	h, attrs, err := fixed[linux.Ndmsg]("ndmsg", m.Data)
	if err != nil {
		return err
	}
	if err := family("ndmsg", "ndm_family", h.Family, out.Op); err != nil {
		return err
	}
	n := &routing.Neighbor{
		Index:     uint32(h.Ifindex),
		Permanent: h.State&linux.NUD_PERMANENT != 0,
		Proxy:     h.Flags&linux.NTF_PROXY != 0,
		Router:    h.Flags&linux.NTF_ROUTER != 0,
	}
	out.Entry = n
	if h.Ifindex < 0 {
		return abi.OutOfRange("ndmsg", "ndm_ifindex", h.Ifindex)
	}
	if other := h.Flags &^ (linux.NTF_PROXY | linux.NTF_ROUTER); other != 0 {
		out.Lose(abi.NoCounterpart("ndmsg", "ndm_flags", other))
	}
	err = attributes(attrs, func(at Attribute) (err error) {
		switch at.Type {
		case linux.NDA_DST:
			n.Addr, err = at.addr("NDA_DST", h.Family)
		case linux.NDA_LLADDR:
			n.LinkAddr = at.Data
		case linux.NDA_CACHEINFO, linux.NDA_PROBES:
		default:
			lose(out, "NDA", at)
		}
		return err
	})
	if err != nil {
		return err
	}
	if out.Op != routing.Dump && !n.Addr.IsValid() {
		return abi.Truncated("ndmsg", "NDA_DST", 0)
	}
	return nil
}
