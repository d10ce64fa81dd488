package translate

import (
	"encoding/binary"
	"strings"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// RequestToNetBSD returns what NetBSD needs so that the netlink request lx, one
// message, is done, in that order. All routing messages have its sequence
// number.
//
// What comes of a [rtsock.Write] goes to [Translator.ReplyToLinux], what a
// [rtsock.Sysctl] holds to [Translator.DumpToLinux], and how an ioctl ends to
// [Acknowledge].
func (t *Translator) RequestToNetBSD(lx []byte) ([]rtsock.Action, error) {
	raw, m, err := parseRequest(lx)
	if err != nil {
		return nil, err
	}
	if err := whole(m); err != nil {
		return nil, err
	}
	switch e := m.Entry.(type) {
	case *routing.Link:
		return t.linkToNetBSD(m, e)
	case *routing.Address:
		return t.addressToNetBSD(raw, m, e)
	case *routing.Route:
		return t.routeToNetBSD(raw, m, e)
	case *routing.Neighbor:
		return t.neighborToNetBSD(raw, m, e)
	}
	return nil, abi.NoCounterpart("nlmsghdr", "nlmsg_type", raw.Header.Type)
}

// parseRequest decodes the request that lx is.
func parseRequest(lx []byte) (rtnetlink.Message, *routing.Message, error) {
	raw, _, err := rtnetlink.Parse(lx)
	if err != nil {
		return raw, nil, err
	}
	if raw.Header.Flags&linux.NLM_F_REQUEST == 0 {
		return raw, nil, abi.NoCounterpart("nlmsghdr", "nlmsg_flags", raw.Header.Flags)
	}
	m, err := raw.Decode()
	return raw, m, err
}

func (t *Translator) linkToNetBSD(m *routing.Message, l *routing.Link) ([]rtsock.Action, error) {
	if m.Op == routing.Dump {
		return []rtsock.Action{rtsock.Links(t.version(), netbsd.AF_LINK, 0)}, nil
	}
	if m.Op == routing.Add {
		return newLink(m, l)
	}
	name := l.Name
	if l.Index != 0 {
		var err error
		if name, err = t.linkName("ifinfomsg", "ifi_index", l.Index); err != nil {
			return nil, err
		}
		if l.Name != "" && l.Name != name {
			return nil, abi.NoCounterpart("rtattr", "IFLA_IFNAME", len(l.Name)) // a new name
		}
	}
	if m.Op == routing.Get {
		index := l.Index
		if index == 0 {
			var err error
			if index, err = t.linkIndex(name); err != nil {
				return nil, err
			}
		}
		return []rtsock.Action{rtsock.Links(t.version(), netbsd.AF_LINK, index)}, nil
	}
	return linkActions(m, l, name)
}

// newLink makes a link. What drives it is in NetBSD the name without its
// number.
func newLink(m *routing.Message, l *routing.Link) ([]rtsock.Action, error) {
	if l.Index != 0 || l.Kind != "" && l.Kind != driver(l.Name) {
		return nil, abi.NoCounterpart("ifinfomsg", "IFLA_INFO_KIND", len(l.Kind))
	}
	return linkActions(m, l, l.Name)
}

// driver returns what drives the link name in NetBSD.
func driver(name string) string { return strings.TrimRight(name, "0123456789") }

func linkActions(m *routing.Message, l *routing.Link, name string) ([]rtsock.Action, error) {
	ioctls, err := rtsock.NewIoctls(m, name)
	if err != nil {
		return nil, err
	}
	var list []rtsock.Action
	for _, i := range ioctls {
		list = append(list, i)
	}
	if l.Mask != 0 && m.Op != routing.Delete {
		flags, err := rtsock.NewSetFlags(l, name)
		if err != nil {
			return nil, err
		}
		list = append(list, flags)
	}
	return list, nil
}

func (t *Translator) addressToNetBSD(raw rtnetlink.Message, m *routing.Message, a *routing.Address) ([]rtsock.Action, error) {
	if m.Op == routing.Dump || m.Op == routing.Get {
		family, _ := tonetbsd.AddressFamily(uint16(raw.Data[0]))
		return []rtsock.Action{rtsock.Links(t.version(), family, a.Index)}, nil
	}
	name, err := t.linkName("ifaddrmsg", "ifa_index", a.Index)
	if err != nil {
		return nil, err
	}
	if a.Label != "" && a.Label != name {
		return nil, abi.NoCounterpart("rtattr", "IFA_LABEL", len(a.Label))
	}
	ioctls, err := rtsock.NewIoctls(m, name)
	if err != nil {
		return nil, err
	}
	return []rtsock.Action{ioctls[0]}, nil
}

func (t *Translator) routeToNetBSD(raw rtnetlink.Message, m *routing.Message, r *routing.Route) ([]rtsock.Action, error) {
	seq := int32(raw.Header.Seq)
	switch m.Op {
	case routing.Dump:
		family, _ := tonetbsd.AddressFamily(uint16(raw.Data[0]))
		return []rtsock.Action{rtsock.Routes(family)}, nil
	case routing.Get:
		if r.Index != 0 {
			return nil, abi.NoCounterpart("rtmsg", "RTA_OIF", r.Index)
		}
		get, err := rtsock.NewGet(r.Dst.Addr())
		if err != nil {
			return nil, err
		}
		b, err := t.bytes(get, seq)
		return []rtsock.Action{rtsock.Write{Message: b}}, err
	}
	if !oneTable(r) {
		return nil, abi.NoCounterpart("rtmsg", "rtm_table", r.Table)
	}
	if r.Type == routing.Multicast {
		r.Type = routing.Unicast
	}
	return t.write(m, seq, routing.Change)
}

// oneTable tells that r is in one of the two tables of Linux that together are
// NetBSD's only one.
func oneTable(r *routing.Route) bool {
	switch r.Table {
	case uint32(linux.RT_TABLE_UNSPEC), uint32(linux.RT_TABLE_MAIN), uint32(linux.RT_TABLE_LOCAL):
		return true
	}
	return false
}

func (t *Translator) neighborToNetBSD(raw rtnetlink.Message, m *routing.Message, n *routing.Neighbor) ([]rtsock.Action, error) {
	switch m.Op {
	case routing.Dump:
		var list []rtsock.Action
		for _, family := range []uint8{netbsd.AF_INET, netbsd.AF_INET6} {
			lx, _ := tonetbsd.AddressFamily(uint16(raw.Data[0]))
			if lx == netbsd.AF_UNSPEC || lx == family {
				list = append(list, rtsock.Neighbors(family))
			}
		}
		return list, nil
	case routing.Add, routing.Change, routing.Replace:
		const state = 8 // ndm_state
		switch {
		case !n.Permanent:
			return nil, abi.NoCounterpart("ndmsg", "ndm_state", binary.NativeEndian.Uint16(raw.Data[state:]))
		case n.Router:
			return nil, abi.NoCounterpart("ndmsg", "ndm_flags", uint8(linux.NTF_ROUTER))
		case len(n.LinkAddr) == 0:
			return nil, abi.Truncated("ndmsg", "NDA_LLADDR", 0)
		}
	}
	return t.write(m, int32(raw.Header.Seq), routing.Delete, routing.Add)
}

// write returns the routing message for m. When it is to replace an entry,
// it adds one, and does the operations instead when there is one.
func (t *Translator) write(m *routing.Message, seq int32, instead ...routing.Op) ([]rtsock.Action, error) {
	replace := m.Op == routing.Replace
	op := m.Op
	if replace {
		op = routing.Add
	}
	message := func(op routing.Op) ([]byte, error) {
		nb, err := rtsock.New(&routing.Message{Op: op, Entry: m.Entry})
		if err != nil {
			return nil, err
		}
		return t.bytes(nb, seq)
	}
	b, err := message(op)
	if err != nil {
		return nil, err
	}
	w := rtsock.Write{Message: b}
	for _, op := range instead {
		if !replace {
			break
		}
		if b, err = message(op); err != nil {
			return nil, err
		}
		w.IfExists = append(w.IfExists, b)
	}
	return []rtsock.Action{w}, nil
}

// bytes returns m with a sequence number.
func (t *Translator) bytes(m *rtsock.Message, seq int32) ([]byte, error) {
	if h, ok := m.Header.(*netbsd.RtMsghdr); ok {
		h.Seq = seq
	}
	return m.Append(t.version(), nil)
}
