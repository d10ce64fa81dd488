package rtnetlink

import (
	"bytes"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/tolinux"
	"github.com/abigen/abigen/generated/tonetbsd"
	"github.com/abigen/abigen/linux"
)

// maxAddrLen is the length of the longest hardware address, MAX_ADDR_LEN of the
// kernel's linux/netdevice.h.
const maxAddrLen = 32

var linkFlags = abi.Flags[uint32, routing.LinkFlags]{
	{From: linux.IFF_UP, To: routing.LinkUp},
	{From: linux.IFF_BROADCAST, To: routing.LinkBroadcast},
	{From: linux.IFF_DEBUG, To: routing.LinkDebug},
	{From: linux.IFF_LOOPBACK, To: routing.LinkLoopback},
	{From: linux.IFF_POINTOPOINT, To: routing.LinkPointToPoint},
	{From: linux.IFF_RUNNING, To: routing.LinkRunning},
	{From: linux.IFF_NOARP, To: routing.LinkNoARP},
	{From: linux.IFF_PROMISC, To: routing.LinkPromisc},
	{From: linux.IFF_ALLMULTI, To: routing.LinkAllMulti},
	{From: linux.IFF_MULTICAST, To: routing.LinkMulticast},
	{From: uint32(linux.IFF_LOWER_UP)}, // is LinkState
}

// ignoredLink are the attributes of a link that say nothing outside of the
// kernel that has it: counters, limits, and how it is driven.
var ignoredLink = map[uint16]bool{
	linux.IFLA_BROADCAST: true, linux.IFLA_QDISC: true, linux.IFLA_STATS: true, linux.IFLA_COST: true,
	linux.IFLA_PRIORITY: true, linux.IFLA_WEIGHT: true, linux.IFLA_MAP: true, linux.IFLA_LINKMODE: true,
	linux.IFLA_PAD: true, linux.IFLA_EVENT: true, linux.IFLA_EXT_MASK: true, linux.IFLA_NUM_VF: true,
	linux.IFLA_CARRIER: true, linux.IFLA_CARRIER_CHANGES: true, linux.IFLA_CARRIER_UP_COUNT: true, linux.IFLA_CARRIER_DOWN_COUNT: true,
	linux.IFLA_MIN_MTU: true, linux.IFLA_MAX_MTU: true, linux.IFLA_PERM_ADDRESS: true,
	linux.IFLA_PARENT_DEV_NAME: true, linux.IFLA_PARENT_DEV_BUS_NAME: true,
	linux.IFLA_TSO_MAX_SIZE: true, linux.IFLA_TSO_MAX_SEGS: true, linux.IFLA_PHYS_PORT_ID: true,
	linux.IFLA_PHYS_PORT_NAME: true, linux.IFLA_PHYS_SWITCH_ID: true,
}

// link decodes the ifinfomsg of m.
func (m Message) link(out *routing.Message) error {
	h, attrs, err := fixed[linux.Ifinfomsg]("ifinfomsg", m.Data)
	if err != nil {
		return err
	}
	if h.Family != linux.AF_UNSPEC && h.Family != linux.AF_PACKET {
		return abi.NoCounterpart("ifinfomsg", "ifi_family", h.Family) // such as that of a bridge's ports
	}
	if h.Index < 0 {
		return abi.OutOfRange("ifinfomsg", "ifi_index", h.Index)
	}
	l := &routing.Link{Index: uint32(h.Index)}
	out.Entry = l
	request := m.Header.Flags&linux.NLM_F_REQUEST != 0
	if request {
		linkMask(l, h, out)
	} else {
		linkState(l, h, out)
	}
	return attributes(attrs, func(at Attribute) error {
		if request && !requestLink[at.Type] {
			lose(out, "IFLA", at)
			return nil
		}
		return linkAttribute(l, at, out)
	})
}

// requestLink are the attributes that a request for a link may have. IFLA_EXT_MASK
// is about the form of the answer.
var requestLink = map[uint16]bool{
	linux.IFLA_IFNAME: true, linux.IFLA_MTU: true, linux.IFLA_ADDRESS: true, linux.IFLA_LINKINFO: true,
	linux.IFLA_EXT_MASK: true, linux.IFLA_PAD: true,
}

// linkState decodes what the header says of a link that is there.
func linkState(l *routing.Link, h linux.Ifinfomsg, out *routing.Message) {
	if out.Op == routing.Add && h.Change != 1<<32-1 {
		out.Op = routing.Change // only a new link is announced with all flags changed
	}
	flags, unknown, ok := linkFlags.Map(h.Flags)
	if !ok {
		out.Lose(abi.NoCounterpart("ifinfomsg", "ifi_flags", unknown))
	}
	l.Flags = flags
	if h.Flags&uint32(linux.IFF_LOWER_UP) != 0 {
		l.State = routing.LinkStateUp
	}
	if l.Type, ok = tonetbsd.LinkType(h.Type); !ok {
		out.Lose(abi.NoCounterpart("ifinfomsg", "ifi_type", h.Type))
	}
}

// linkMask decodes the flags that a request changes. Without a mask, programs of
// old mean all flags.
func linkMask(l *routing.Link, h linux.Ifinfomsg, out *routing.Message) {
	flags, _, ok := linkFlags.Map(h.Flags & h.Change)
	mask, _, known := linkFlags.Map(h.Change)
	if !ok || !known || h.Flags != 0 && h.Change == 0 {
		out.Lose(abi.NoCounterpart("ifinfomsg", "ifi_flags", h.Flags))
	}
	l.Flags, l.Mask = flags, mask
}

// linkAttribute decodes an attribute of a link.
func linkAttribute(l *routing.Link, at Attribute, out *routing.Message) (err error) {
	switch at.Type {
	case linux.IFLA_IFNAME:
		l.Name = at.text()
		if len(l.Name) >= linux.IFNAMSIZ {
			return abi.BadString("rtattr", "IFLA_IFNAME", len(l.Name))
		}
	case linux.IFLA_MTU:
		l.MTU, err = at.uint32("IFLA_MTU")
	case linux.IFLA_ADDRESS:
		// That of a loopback interface is all zeros.
		if !bytes.Equal(at.Data, make([]byte, len(at.Data))) {
			l.Addr = at.Data
		}
	case linux.IFLA_OPERSTATE:
		if len(at.Data) != 1 {
			return abi.BadLength("rtattr", "IFLA_OPERSTATE", len(at.Data))
		}
		switch at.Data[0] {
		case linux.IF_OPER_UNKNOWN:
			l.State = routing.LinkStateUnknown
		case linux.IF_OPER_UP:
			l.State = routing.LinkStateUp
		case linux.IF_OPER_DOWN, linux.IF_OPER_LOWERLAYERDOWN, linux.IF_OPER_NOTPRESENT:
			l.State = routing.LinkStateDown
		}
	case linux.IFLA_STATS64:
		var s linux.RtnlLinkStats64
		copy(abi.AsBytes(&s), at.Data) // it grew, and will
		l.Stats = &routing.LinkStats{
			RxPackets: s.RxPackets, TxPackets: s.TxPackets,
			RxBytes: s.RxBytes, TxBytes: s.TxBytes,
			RxErrors: s.RxErrors, TxErrors: s.TxErrors,
			RxDropped: s.RxDropped, RxNoProtocol: s.RxNohandler,
			Multicast: s.Multicast, Collisions: s.Collisions,
		}
	case linux.IFLA_LINKINFO:
		return attributes(at.Data, func(info Attribute) error {
			if info.Type == linux.IFLA_INFO_KIND {
				l.Kind = info.text()
			} else {
				lose(out, "IFLA_INFO", info)
			}
			return nil
		})
	default:
		if !ignoredLink[at.Type] {
			lose(out, "IFLA", at)
		}
	}
	return err
}

// appendLink encodes a link that is there, or a request about one.
func appendLink(b *Builder, l *routing.Link, request bool) error {
	if l.Index > 1<<31-1 {
		return abi.OutOfRange("ifinfomsg", "ifi_index", l.Index)
	}
	h := linux.Ifinfomsg{Index: int32(l.Index), Flags: wireLinkFlags(l.Flags), Change: wireLinkFlags(l.Mask)}
	if !request {
		if l.State != routing.LinkStateDown && l.Flags&(routing.LinkUp|routing.LinkRunning) == routing.LinkUp|routing.LinkRunning {
			h.Flags |= uint32(linux.IFF_LOWER_UP)
		}
		hardware, ok := tolinux.LinkType(l.Type)
		if !ok {
			hardware = linux.ARPHRD_VOID
		}
		h.Type = hardware
	}
	Struct(b, &h)
	if len(l.Name) >= linux.IFNAMSIZ {
		return abi.BadString("rtattr", "IFLA_IFNAME", len(l.Name))
	}
	if l.Name != "" {
		b.Attribute(linux.IFLA_IFNAME, append([]byte(l.Name), 0))
	}
	if l.MTU != 0 {
		b.Uint32(linux.IFLA_MTU, l.MTU)
	}
	if len(l.Addr) > maxAddrLen {
		return abi.OutOfRange("rtattr", "IFLA_ADDRESS", len(l.Addr))
	}
	if len(l.Addr) > 0 {
		b.Attribute(linux.IFLA_ADDRESS, l.Addr)
	}
	if l.Kind != "" {
		b.Nested(linux.IFLA_LINKINFO, func() {
			b.Attribute(linux.IFLA_INFO_KIND, append([]byte(l.Kind), 0))
		})
	}
	if request {
		return nil
	}
	b.Attribute(linux.IFLA_OPERSTATE, []byte{operStates[l.State]})
	if s := l.Stats; s != nil {
		to := linux.RtnlLinkStats64{
			RxPackets: s.RxPackets, TxPackets: s.TxPackets,
			RxBytes: s.RxBytes, TxBytes: s.TxBytes,
			RxErrors: s.RxErrors, TxErrors: s.TxErrors,
			RxDropped: s.RxDropped, RxNohandler: s.RxNoProtocol,
			Multicast: s.Multicast, Collisions: s.Collisions,
		}
		b.Attribute(linux.IFLA_STATS64, abi.AsBytes(&to))
	}
	return nil
}

var operStates = [...]byte{
	routing.LinkStateUnknown: linux.IF_OPER_UNKNOWN,
	routing.LinkStateDown:    linux.IF_OPER_DOWN,
	routing.LinkStateUp:      linux.IF_OPER_UP,
}

// wireLinkFlags returns flags as Linux has them.
func wireLinkFlags(flags routing.LinkFlags) uint32 {
	var to uint32
	for _, row := range linkFlags {
		if flags&row.To != 0 {
			to |= row.From
		}
	}
	return to
}
