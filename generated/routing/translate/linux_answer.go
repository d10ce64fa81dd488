package translate

import (
	"errors"
	"net/netip"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// Acknowledge returns the netlink message that says how the request lx ended:
// nothing when that is well and nobody asked.
func Acknowledge(lx []byte, errno netbsd.Errno) ([]byte, error) {
	raw, _, err := rtnetlink.Parse(lx)
	if err != nil {
		return nil, err
	}
	e, err := errnoToLinux(errno)
	if err != nil {
		return nil, err
	}
	if e == 0 && raw.Header.Flags&linux.NLM_F_ACK == 0 {
		return nil, nil
	}
	return rtnetlink.AppendError(nil, raw.Header, e), nil
}

// ReplyToLinux returns what a netlink socket answers to the request lx, where the
// routing socket answered nb, one message, to its translation.
func (t *Translator) ReplyToLinux(lx, nb []byte) ([]byte, error) {
	raw, request, err := parseRequest(lx)
	if err != nil {
		return nil, err
	}
	reply, _, err := rtsock.Parse(t.version(), nb)
	if err != nil {
		return nil, err
	}
	h, ok := reply.Header.(*netbsd.RtMsghdr)
	if !ok {
		return nil, abi.NoCounterpart("rt_msghdr", "rtm_type", reply.Type)
	}
	if h.Errno != 0 || request.Op != routing.Get {
		return Acknowledge(lx, netbsd.Errno(h.Errno))
	}
	var m *routing.Message
	switch asked := request.Entry.(type) {
	case *routing.Neighbor:
		m, err = reply.Neighbor()
	case *routing.Route:
		if m, err = reply.Route(); err == nil {
			// Linux answers for the address, not with the entry.
			r, ok := m.Entry.(*routing.Route)
			if ok && asked.Dst.IsValid() {
				dst := asked.Dst.Addr()
				r.Dst, r.Cloned = netip.PrefixFrom(dst, dst.BitLen()), true
			}
		}
	default:
		err = abi.NoCounterpart("nlmsghdr", "nlmsg_type", raw.Header.Type)
	}
	if err != nil {
		return nil, err
	}
	return rtnetlink.Append(nil, linux.Nlmsghdr{Seq: raw.Header.Seq, PID: raw.Header.PID}, m)
}

// A Dump is what a variable of sysctl held.
type Dump struct {
	Sysctl rtsock.Sysctl
	Data   []byte
}

// DumpToLinux returns the answer to the request lx for links, addresses, routes
// or neighbors, from the dumps that its translation asked for: a message for
// each entry that it asked for, and the end of them. Entries that Linux has no word
// for are left out. When the request was for one link and there is none, it is
// answered ENODEV.
func (t *Translator) DumpToLinux(lx []byte, dumps ...Dump) ([]byte, error) {
	raw, request, err := parseRequest(lx)
	if err != nil {
		return nil, err
	}
	header := linux.Nlmsghdr{Seq: raw.Header.Seq, PID: raw.Header.PID}
	if request.Op == routing.Dump {
		header.Flags = linux.NLM_F_MULTI
	}
	var out []byte
	for _, d := range dumps {
		list, _, err := rtsock.ParseDump(t.version(), d.Sysctl, d.Data)
		if err != nil {
			return nil, err
		}
		for _, m := range list {
			if !asked(request.Entry, m.Entry) {
				continue
			}
			t.nameLink(m)
			b, err := rtnetlink.Append(out, header, m)
			switch {
			case errors.Is(err, abi.ErrNoCounterpart):
				continue
			case err != nil:
				return nil, err
			}
			out = b
		}
	}
	switch {
	case request.Op == routing.Dump:
		return rtnetlink.AppendDone(out, raw.Header), nil
	case len(out) > 0:
		return out, nil
	}
	errno := linux.ENODEV
	if _, ok := request.Entry.(*routing.Address); ok {
		errno = linux.EADDRNOTAVAIL
	}
	return rtnetlink.AppendError(nil, raw.Header, errno), nil
}

// asked tells whether e is of the table that the request is about, and of the
// link, if it says one.
func asked(request, e routing.Entry) bool {
	switch request := request.(type) {
	case *routing.Link:
		l, ok := e.(*routing.Link)
		return ok && (request.Index == 0 || request.Index == l.Index) && (request.Name == "" || l.Name == "" || request.Name == l.Name)
	case *routing.Address:
		a, ok := e.(*routing.Address)
		return ok && (request.Index == 0 || request.Index == a.Index) && (!request.Addr.IsValid() || request.Addr == a.Addr)
	case *routing.Route:
		r, ok := e.(*routing.Route)
		return ok && (request.Index == 0 || request.Index == r.Index) && askedTable(request, r)
	case *routing.Neighbor:
		n, ok := e.(*routing.Neighbor)
		return ok && (request.Index == 0 || request.Index == n.Index)
	}
	return false
}

// askedTable tells whether r, which is in NetBSD's only table, is in the one of
// Linux's that the request is about. A request for what has been cloned is about the
// kernel's memory of answers, which NetBSD does not have.
func askedTable(request, r *routing.Route) bool {
	table := uint32(linux.RT_TABLE_MAIN)
	if r.Type == routing.Local || r.Type == routing.Broadcast {
		table = uint32(linux.RT_TABLE_LOCAL)
	}
	return !request.Cloned && (request.Table == 0 || request.Table == table)
}

// nameLink gives a link its name where NetBSD's message did not.
func (t *Translator) nameLink(m *routing.Message) {
	l, ok := m.Entry.(*routing.Link)
	if !ok || l.Name != "" || t.Links == nil {
		return
	}
	if name, ok := t.Links.LinkName(l.Index); ok {
		l.Name = name
	}
}

// NotificationToLinux returns what a netlink socket that listens hears when a
// routing socket hears nb, one message. It is nothing for what Linux does not tell:
// requests that failed, lookups that found no route (RTM_MISS), suspicions about a
// gateway (RTM_LOSING), metrics that were locked, events of wireless links, and
// hardware addresses, which come with RTM_NEWLINK.
func (t *Translator) NotificationToLinux(nb []byte) ([]byte, error) {
	m, _, err := rtsock.Parse(t.version(), nb)
	if err != nil {
		if len(nb) >= 4 && nb[3] == netbsd.RTM_IEEE80211 && errors.Is(err, abi.ErrNoCounterpart) {
			return nil, nil
		}
		return nil, err
	}
	switch m.Type {
	case netbsd.RTM_MISS, netbsd.RTM_LOSING, netbsd.RTM_LOCK, netbsd.RTM_GET:
		return nil, nil
	}
	if h, ok := m.Header.(*netbsd.RtMsghdr); ok && h.Errno != 0 {
		return nil, nil
	}
	e, err := m.Decode()
	if err != nil {
		return nil, err
	}
	if _, isLink := e.Entry.(*routing.Link); isLink {
		if _, isAddress := m.Header.(*netbsd.IfaMsghdr); isAddress {
			return nil, nil
		}
	}
	t.nameLink(e)
	return rtnetlink.Append(nil, linux.Nlmsghdr{}, e)
}
