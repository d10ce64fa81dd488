package netlink

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/generated/routing/translate"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// route does what a message to rtnetlink asks for.
func (c *Conn) route(r *request) error {
	if r.Header.Type > linux.RTM_MAX {
		return linux.EOPNOTSUPP
	}
	if r.dumps() && c.busy() {
		return linux.EBUSY
	}
	switch {
	case len(r.Data) == 0:
		return nil // Linux takes it for nothing to do, too
	case r.Header.Type == linux.RTM_GETRULE && r.dumps():
		r.answered = true
		return c.dump(append(rules(r), r.done()...))
	case r.dumps() && r.Data[0] != linux.AF_UNSPEC && r.Data[0] != linux.AF_INET && r.Data[0] != linux.AF_INET6 && r.Data[0] != linux.AF_PACKET:
		// A table of a family that the kernel does not have, such as the ports
		// of a bridge, is empty.
		r.answered = true
		return c.dump(r.done())
	}
	if r.Header.Type == linux.RTM_GETLINK {
		// What links have to do with a family is no table of NetBSD's.
		r.Data = append([]byte{linux.AF_UNSPEC}, r.Data[1:]...)
		r.lx[linux.SizeofNlmsghdr] = linux.AF_UNSPEC
	}
	if r.Header.Type == linux.RTM_NEWADDR {
		r.check()
	}
	r.complete()
	t := c.server.translation()
	asked, err := r.Decode()
	if err != nil {
		return err
	}
	if r.dumps() {
		return c.table(t, r, asked)
	}
	if err := c.check(t, r, asked); err != nil {
		return err
	}
	lx := r.lx
	if route, ok := asked.Entry.(*routing.Route); ok && asked.Op == routing.Get && route.Index != 0 {
		// It is looked afterwards where the route leads.
		lx = without(r.lx, linux.SizeofRtmsg, uint16(linux.RTA_OIF))
	}
	actions, err := t.RequestToNetBSD(lx)
	if err != nil {
		return err
	}
	for _, a := range actions {
		if err := c.do(t, r, asked, a); err != nil {
			return err
		}
	}
	return nil
}

// check takes IFA_F_NODAD from a request for an address: NetBSD knows no such wish,
// and looks for duplicates unless its variables dad_count are 0.
func (r *request) check() {
	const at = linux.SizeofNlmsghdr
	if len(r.Data) < linux.SizeofIfaddrmsg {
		return
	}
	r.lx[at+2] &^= linux.IFA_F_NODAD // ifa_flags
	for rest := r.lx[at+linux.SizeofIfaddrmsg:]; len(rest) >= linux.SizeofRtattr; {
		n := int(binary.NativeEndian.Uint16(rest))
		if n < linux.SizeofRtattr || n > len(rest) {
			break
		}
		if binary.NativeEndian.Uint16(rest[2:]) == linux.IFA_FLAGS && n == linux.SizeofRtattr+4 {
			flags := binary.NativeEndian.Uint32(rest[linux.SizeofRtattr:])
			binary.NativeEndian.PutUint32(rest[linux.SizeofRtattr:], flags&^linux.IFA_F_NODAD)
		}
		rest = rest[min((n+linux.RTA_ALIGNTO-1)&^(linux.RTA_ALIGNTO-1), len(rest)):]
	}
	r.Data = r.lx[at:len(r.lx):len(r.lx)]
}

// headers are the structs that messages begin with, by type without the kind.
var headers = map[uint16]int{
	linux.RTM_NEWLINK: linux.SizeofIfinfomsg, linux.RTM_NEWADDR: linux.SizeofIfaddrmsg,
	linux.RTM_NEWROUTE: linux.SizeofRtmsg, linux.RTM_NEWNEIGH: linux.SizeofNdmsg,
}

// complete makes a request for a table as long as it should be: old programs send
// no more than a family, in a struct rtgenmsg or in an ifinfomsg, whatever the table.
func (r *request) complete() {
	if !r.dumps() {
		return
	}
	size, ok := headers[r.Header.Type&^3]
	if !ok {
		return
	}
	short := len(r.Data) < size
	if !r.strict && r.Header.Type != linux.RTM_GETLINK && len(r.Data) == linux.SizeofIfinfomsg {
		short = true // an ifinfomsg, of which the family alone counts
	}
	if !short && r.strict {
		return
	}
	if short {
		data := make([]byte, size)
		data[0] = r.Data[0]
		r.Data = data
	}
	r.Data = r.Data[:size] // without strict checking, attributes are not looked at
	h := r.Header
	h.Len = uint32(linux.SizeofNlmsghdr + size)
	r.Header = h
	r.lx = append(append(r.lx[:0], abi.AsBytes(&h)...), r.Data...)
}

// table answers a request for all entries of a table.
func (c *Conn) table(t *translation, r *request, asked *routing.Message) error {
	if n, ok := asked.Entry.(*routing.Neighbor); ok && n.Index == 0 {
		n.Index = r.neighborIndex()
	}
	if len(asked.Lost) > 0 && !onlyIndex(asked) {
		// It is about entries with something that none has, such as the ports of a
		// bridge.
		r.answered = true
		return c.dump(r.done())
	}
	lx, err := t.dumpRequest(r, asked)
	if err != nil {
		return err
	}
	actions, err := t.RequestToNetBSD(lx)
	if err != nil {
		return err
	}
	var dumps []translate.Dump
	for _, a := range actions {
		s, ok := a.(rtsock.Sysctl)
		if !ok {
			return linux.EOPNOTSUPP
		}
		b, err := c.server.cfg.Value(c.server.ctx, s.Name[:]...)
		if err != nil {
			return err
		}
		dumps = append(dumps, translate.Dump{Sysctl: s, Data: b})
	}
	answer, err := t.DumpToLinux(lx, dumps...)
	if err != nil {
		return err
	}
	r.answered = true
	answer = t.filter(asked, t.dress(answer))
	if _, ok := asked.Entry.(*routing.Address); ok {
		answer = byFamily(answer)
	}
	return c.dump(answer)
}

// onlyIndex tells that a request for neighbors says nothing that gets lost but their
// interface.
func onlyIndex(asked *routing.Message) bool {
	n, ok := asked.Entry.(*routing.Neighbor)
	return ok && n.Index != 0 && len(asked.Lost) == 1
}

// neighborIndex takes NDA_IFINDEX, by which a program that asks for the neighbors of an
// interface names it, from a request. It returns 0 when there is none.
func (r *request) neighborIndex() uint32 {
	for rest := r.Data[min(len(r.Data), linux.SizeofNdmsg):]; len(rest) >= linux.SizeofRtattr; {
		n := int(binary.NativeEndian.Uint16(rest))
		if n < linux.SizeofRtattr || n > len(rest) {
			break
		}
		if binary.NativeEndian.Uint16(rest[2:]) == linux.NDA_IFINDEX && n == linux.SizeofRtattr+4 {
			return binary.NativeEndian.Uint32(rest[linux.SizeofRtattr:])
		}
		rest = rest[min((n+linux.RTA_ALIGNTO-1)&^(linux.RTA_ALIGNTO-1), len(rest)):]
	}
	return 0
}

// byFamily puts IPv4 first and addresses of one link last, as Linux has them.
func byFamily(lx []byte) []byte {
	var order [4][]byte
	for len(lx) > 0 {
		m, rest, err := rtnetlink.Parse(lx)
		if err != nil {
			break
		}
		at := len(order) - 1 // the end
		if a := sized[linux.Ifaddrmsg](m.Data); m.Header.Type == linux.RTM_NEWADDR {
			switch {
			case a.Family == linux.AF_INET:
				at = 0
			case a.Scope != uint8(linux.RT_SCOPE_LINK):
				at = 1
			default:
				at = 2
			}
		}
		order[at] = append(order[at], lx[:len(lx)-len(rest)]...)
		lx = rest
	}
	return slices.Concat(order[0], order[1], order[2], order[3], lx)
}

// do makes a call of the kernel's for r.
func (c *Conn) do(t *translation, r *request, asked *routing.Message, a rtsock.Action) error {
	ctx, cfg := c.server.ctx, c.server.cfg
	switch a := a.(type) {
	case rtsock.Ioctl:
		return cfg.Ioctl(ctx, int32(a.Family), a.Request, a.Arg)
	case rtsock.SetFlags:
		var now netbsd.Ifreq
		copy(now.Name[:], a.Name)
		if err := cfg.Ioctl(ctx, netbsd.AF_INET, netbsd.SIOCGIFFLAGS, abi.AsBytes(&now)); err != nil {
			return err
		}
		i := a.Ioctl(*now.Ifru.Flags())
		return cfg.Ioctl(ctx, int32(i.Family), i.Request, i.Arg)
	case rtsock.Sysctl:
		return c.entry(t, r, a)
	case rtsock.Write:
		return c.write(t, r, asked, a)
	}
	return linux.EOPNOTSUPP
}

// entry answers a request for one entry of a table that comes as a dump.
func (c *Conn) entry(t *translation, r *request, s rtsock.Sysctl) error {
	b, err := c.server.cfg.Value(c.server.ctx, s.Name[:]...)
	if err != nil {
		return err
	}
	answer, err := t.DumpToLinux(r.lx, translate.Dump{Sysctl: s, Data: b})
	if err != nil {
		return err
	}
	return c.answer(t, r, answer)
}

// answer sends a message that answers r; an error in it is one of r.
func (c *Conn) answer(t *translation, r *request, lx []byte) error {
	m, _, err := rtnetlink.Parse(lx)
	if err != nil {
		return err
	}
	if m.Header.Type == linux.NLMSG_ERROR {
		errno, err := m.Errno()
		if err == nil && errno != 0 {
			err = errno
		}
		return err
	}
	c.reply(t.dress(lx))
	return nil
}

// write writes a routing message.
func (c *Conn) write(t *translation, r *request, asked *routing.Message, w rtsock.Write) error {
	reply, err := c.converse(w.Message)
	if errors.Is(err, netbsd.EEXIST) && len(w.IfExists) > 0 {
		for _, m := range w.IfExists {
			if reply, err = c.converse(m); err != nil {
				return err
			}
		}
	}
	if err != nil {
		return routeError(asked, err)
	}
	if asked.Op != routing.Get {
		return nil
	}
	if said, err := reply.Route(); err == nil && !leads(said, asked) {
		return linux.ENETUNREACH
	}
	nb, err := reply.Append(c.server.cfg.Version(), nil)
	if err != nil {
		return err
	}
	lx, err := t.ReplyToLinux(r.lx, nb)
	if err != nil {
		return err
	}
	return c.answer(t, r, lx)
}

// leads tells whether the route that was found leaves by the link that was asked
// for, if one was.
func leads(found, asked *routing.Message) bool {
	want, ok := asked.Entry.(*routing.Route)
	if !ok || want.Index == 0 {
		return true
	}
	got, ok := found.Entry.(*routing.Route)
	return ok && got.Index == want.Index
}

// routeError returns what Linux has for an error of the routing socket.
func routeError(asked *routing.Message, err error) error {
	_, isRoute := asked.Entry.(*routing.Route)
	switch {
	case asked.Op == routing.Get && isRoute && errors.Is(err, netbsd.ESRCH):
		return linux.ENETUNREACH
	case asked.Op != routing.Delete && isRoute && errors.Is(err, netbsd.EHOSTUNREACH):
		return linux.ENETUNREACH
	case asked.Op == routing.Delete && !isRoute && errors.Is(err, netbsd.ESRCH):
		return linux.ENOENT
	}
	return err
}

// converse writes nb to the routing socket, and returns what that answers.
func (c *Conn) converse(nb []byte) (*rtsock.Message, error) {
	m, _, err := rtsock.Parse(c.server.cfg.Version(), nb)
	if err != nil {
		return nil, err
	}
	return c.server.cfg.Request(c.server.ctx, m)
}

// check refuses what Linux would refuse, and NetBSD not.
func (c *Conn) check(t *translation, r *request, asked *routing.Message) error {
	switch e := asked.Entry.(type) {
	case *routing.Link:
		if asked.Op == routing.Add {
			if _, there := t.links.LinkIndex(e.Name); there {
				return linux.EEXIST
			}
			if e.Kind != "" && e.Kind != driver(e.Name) {
				text := "NetBSD names links after their kinds, and this would be " + e.Kind + "0 or another number, if it has any"
				return &refusal{linux.EOPNOTSUPP, text}
			}
			return nil
		}
		if e.Index == 0 && e.Name == "" && asked.Op != routing.Get {
			return linux.ENODEV
		}
		return t.exists(e.Index, e.Name)
	case *routing.Address:
		if err := t.exists(e.Index, ""); err != nil {
			return err
		}
		if asked.Op == routing.Add {
			return t.isNew(e)
		}
	case *routing.Route:
		if e.Index != 0 {
			return t.exists(e.Index, "")
		}
	case *routing.Neighbor:
		return t.exists(e.Index, "")
	}
	return nil
}

// exists returns ENODEV when there is no such interface.
func (t *translation) exists(index uint32, name string) error {
	var ok bool
	switch {
	case index != 0:
		_, ok = t.links.LinkName(index)
	case name != "":
		_, ok = t.links.LinkIndex(name)
	default:
		return linux.EINVAL
	}
	if !ok {
		return linux.ENODEV
	}
	return nil
}

// isNew returns EEXIST when the interface has the address.
func (t *translation) isNew(a *routing.Address) error {
	for _, have := range t.links.addresses() {
		if have.Index == a.Index && have.Addr.WithZone("") == a.Addr.WithZone("") {
			return linux.EEXIST
		}
	}
	return nil
}

// rules returns the routing policy: NetBSD has the one table that Linux calls local
// and main, in that order.
func rules(r *request) []byte {
	families := []uint8{linux.AF_INET, linux.AF_INET6}
	if f := r.Data[0]; f == linux.AF_INET || f == linux.AF_INET6 {
		families = []uint8{f}
	} else if f != linux.AF_UNSPEC {
		families = nil
	}
	var b rtnetlink.Builder
	for _, family := range families {
		for _, rule := range []struct {
			table    linux.RtClassT
			priority uint32
		}{{linux.RT_TABLE_LOCAL, 0}, {linux.RT_TABLE_MAIN, 32766}} {
			b.Begin(linux.Nlmsghdr{Type: linux.RTM_NEWRULE, Flags: linux.NLM_F_MULTI, Seq: r.Header.Seq, PID: r.Header.PID})
			rtnetlink.Struct(&b, &linux.FibRuleHdr{Family: family, Table: uint8(rule.table), Action: linux.FR_ACT_TO_TBL})
			b.Uint32(linux.FRA_TABLE, uint32(rule.table))
			if rule.priority != 0 {
				b.Uint32(linux.FRA_PRIORITY, rule.priority)
			}
			b.Attribute(linux.FRA_PROTOCOL, []byte{linux.RTPROT_KERNEL})
			b.End()
		}
	}
	return b.Bytes
}
