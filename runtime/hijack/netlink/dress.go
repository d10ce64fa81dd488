package netlink

import (
	"encoding/binary"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/linux"
)

// dress returns the messages of lx with what Linux always says of an entry, and
// programs look for, though it says nothing about a kernel that has it one way only.
func (t *translation) dress(lx []byte) []byte {
	var out []byte
	for len(lx) > 0 {
		m, rest, err := rtnetlink.Parse(lx)
		if err != nil {
			return append(out, lx...)
		}
		said, decodeErr := m.Decode()
		if decodeErr == nil {
			t.strip(&m, said.Entry)
		}
		b := rtnetlink.Builder{Bytes: out}
		b.Begin(m.Header)
		b.Bytes = append(b.Bytes, m.Data...)
		b.Bytes = append(b.Bytes, make([]byte, -len(b.Bytes)&(linux.NLMSG_ALIGNTO-1))...)
		if decodeErr == nil {
			switch e := said.Entry.(type) {
			case *routing.Link:
				dressLink(&b, e)
			case *routing.Address:
				t.dressAddress(&b, e)
			}
		}
		b.End()
		out, lx = b.Bytes, rest
	}
	return out
}

// strip takes from a route the source that packets have anyway, which NetBSD tells
// of all routes, and Linux of those of IPv4 that the kernel made; and from the answer for one
// address what is the route's alone.
func (t *translation) strip(m *rtnetlink.Message, e routing.Entry) {
	r, ok := e.(*routing.Route)
	if ok && r.Cloned {
		h := sized[linux.Rtmsg](m.Data)
		h.Protocol, h.Scope = linux.RTPROT_UNSPEC, uint8(linux.RT_SCOPE_UNIVERSE) // it is no entry that somebody made
		m.Data = append(append([]byte(nil), abi.AsBytes(&h)...), m.Data[linux.SizeofRtmsg:]...)
	}
	if !ok || r.Cloned || !r.Source.IsValid() {
		return
	}
	known := r.Type.IsReject() || r.Dst.Addr().Is6() || r.Origin != routing.OriginKernel && r.Source == t.links.first(r.Index)
	h := append(append([]byte(nil), abi.AsBytes(&m.Header)...), m.Data...)
	if known {
		h = without(h, linux.SizeofRtmsg, uint16(linux.RTA_PREFSRC))
	}
	if r.Type.IsReject() { // by the loopback interface, as NetBSD has it
		h = without(h, linux.SizeofRtmsg, uint16(linux.RTA_OIF))
		h = without(h, linux.SizeofRtmsg, uint16(linux.RTA_METRICS))
	}
	m.Data = h[linux.SizeofNlmsghdr:]
}

// without returns a message without the attributes of a type. They begin behind a
// struct of size bytes.
func without(lx []byte, size int, typ uint16) []byte {
	start := min(linux.SizeofNlmsghdr+size, len(lx))
	out := append([]byte(nil), lx[:start]...)
	for rest := lx[start:]; len(rest) >= linux.SizeofRtattr; {
		n := int(binary.NativeEndian.Uint16(rest))
		if n < linux.SizeofRtattr || n > len(rest) {
			return lx
		}
		whole := min((n+linux.RTA_ALIGNTO-1)&^(linux.RTA_ALIGNTO-1), len(rest))
		if binary.NativeEndian.Uint16(rest[2:]) != typ {
			out = append(out, rest[:whole]...)
		}
		rest = rest[whole:]
	}
	binary.NativeEndian.PutUint32(out, uint32(len(out)))
	return out
}

// dressLink adds what the drivers of Linux say.
func dressLink(b *rtnetlink.Builder, l *routing.Link) {
	const etherLen = 6
	switch {
	case len(l.Addr) == etherLen:
		b.Attribute(linux.IFLA_BROADCAST, []byte{0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	case l.Flags&routing.LinkLoopback != 0:
		b.Attribute(linux.IFLA_ADDRESS, make([]byte, etherLen))
		b.Attribute(linux.IFLA_BROADCAST, make([]byte, etherLen))
	}
	b.Attribute(linux.IFLA_QDISC, []byte("noqueue\x00"))
	b.Uint32(linux.IFLA_GROUP, 0)
	b.Attribute(linux.IFLA_LINKMODE, []byte{0})
	promiscuous := uint32(0)
	if l.Flags&routing.LinkPromisc != 0 {
		promiscuous = 1
	}
	b.Uint32(linux.IFLA_PROMISCUITY, promiscuous)
	carrier := byte(1)
	if l.State == routing.LinkStateDown || l.Flags&routing.LinkUp == 0 {
		carrier = 0
	}
	b.Attribute(linux.IFLA_CARRIER, []byte{carrier})
	if l.Flags&routing.LinkLoopback == 0 && l.Name != "" {
		b.Nested(linux.IFLA_LINKINFO, func() {
			b.Attribute(linux.IFLA_INFO_KIND, append([]byte(driver(l.Name)), 0))
		})
	}
	if l.Stats != nil {
		s := narrowStats(l.Stats)
		b.Attribute(linux.IFLA_STATS, abi.AsBytes(&s))
	}
}

// narrowStats returns counters as older programs read them, which wrap around.
func narrowStats(s *routing.LinkStats) linux.RtnlLinkStats {
	return linux.RtnlLinkStats{
		RxPackets: uint32(s.RxPackets), TxPackets: uint32(s.TxPackets),
		RxBytes: uint32(s.RxBytes), TxBytes: uint32(s.TxBytes),
		RxErrors: uint32(s.RxErrors), TxErrors: uint32(s.TxErrors),
		RxDropped: uint32(s.RxDropped), RxNohandler: uint32(s.RxNoProtocol),
		Multicast: uint32(s.Multicast), Collisions: uint32(s.Collisions),
	}
}

// dressAddress adds the label, and that the address does not expire unless something
// is known about that.
func (t *translation) dressAddress(b *rtnetlink.Builder, a *routing.Address) {
	if a.Addr.Is4() && a.Label == "" {
		if name, ok := t.links.LinkName(a.Index); ok {
			b.Attribute(linux.IFA_LABEL, append([]byte(name), 0))
		}
	}
	if a.Valid == 0 {
		c := linux.IfaCacheinfo{IfaValid: routing.Forever, IfaPrefered: routing.Forever}
		if a.Flags&routing.AddressDeprecated != 0 {
			c.IfaPrefered = 0
		}
		b.Attribute(linux.IFA_CACHEINFO, abi.AsBytes(&c))
	}
}

// dumpRequest returns the request for a table without the attributes that do not
// reach the kernel, as filter applies them.
func (t *translation) dumpRequest(r *request, asked *routing.Message) ([]byte, error) {
	size := headers[r.Header.Type&^3]
	if size == 0 || len(r.Data) < size {
		return nil, linux.EOPNOTSUPP
	}
	h := r.Header
	h.Len = uint32(linux.SizeofNlmsghdr + size)
	lx := append(abi.AsBytes(&h)[:linux.SizeofNlmsghdr:linux.SizeofNlmsghdr], r.Data[:size]...)
	if _, isRoute := asked.Entry.(*routing.Route); isRoute {
		// The types and lengths that a program filters by are its own business.
		rt := sized[linux.Rtmsg](r.Data)
		copy(lx[linux.SizeofNlmsghdr:], abi.AsBytes(&linux.Rtmsg{Family: rt.Family, Flags: rt.Flags & linux.RTM_F_CLONED}))
	}
	return lx, nil
}

// filter leaves those of the messages lx that a request for a table is about.
func (t *translation) filter(asked *routing.Message, lx []byte) []byte {
	var out []byte
	for len(lx) > 0 {
		m, rest, err := rtnetlink.Parse(lx)
		if err != nil {
			return append(out, lx...)
		}
		if m.Header.Type < linux.NLMSG_MIN_TYPE || t.wants(asked.Entry, m) {
			out = append(out, lx[:len(lx)-len(rest)]...)
		}
		lx = rest
	}
	return out
}

func (t *translation) wants(asked routing.Entry, m rtnetlink.Message) bool {
	said, err := m.Decode()
	if err != nil {
		return true
	}
	switch e := said.Entry.(type) {
	case *routing.Link:
		a, ok := asked.(*routing.Link)
		return ok && (a.Kind == "" || a.Kind == driver(e.Name))
	case *routing.Route:
		a, ok := asked.(*routing.Route)
		return ok && (a.Table == 0 || a.Table == e.Table) && (a.Index == 0 || a.Index == e.Index) &&
			(a.Origin == routing.OriginUnknown || a.Origin == e.Origin)
	case *routing.Neighbor:
		a, ok := asked.(*routing.Neighbor)
		return ok && (a.Index == 0 || a.Index == e.Index) && !t.links.isOwn(e.Index, e.Addr)
	}
	return true
}
