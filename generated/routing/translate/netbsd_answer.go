package translate

import (
	"errors"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// ReplyToNetBSD returns what a routing socket answers to the request nb, where
// netlink answered lx, one message, to its translation. The answer to RTM_GET has
// the entry; others are the request itself, with RTF_DONE or the error in it.
func (t *Translator) ReplyToNetBSD(nb, lx []byte) ([]byte, error) {
	request, _, err := rtsock.Parse(t.version(), nb)
	if err != nil {
		return nil, err
	}
	h, ok := request.Header.(*netbsd.RtMsghdr)
	if !ok {
		return nil, abi.NoCounterpart("rt_msghdr", "rtm_type", request.Type)
	}
	raw, _, err := rtnetlink.Parse(lx)
	if err != nil {
		return nil, err
	}
	if raw.Header.Type == linux.NLMSG_ERROR {
		e, err := raw.Errno()
		if err != nil {
			return nil, err
		}
		errno, err := errnoToNetBSD(e)
		if err != nil {
			return nil, err
		}
		request.SetDone(h.Seq, h.PID, errno)
		return request.Append(t.version(), nil)
	}
	m, err := raw.Decode()
	if err != nil {
		return nil, err
	}
	m.Op = routing.Get
	reply, err := rtsock.New(m)
	if err != nil {
		return nil, err
	}
	if reply.Type != netbsd.RTM_GET {
		return nil, abi.NoCounterpart("nlmsghdr", "nlmsg_type", raw.Header.Type)
	}
	reply.SetDone(h.Seq, h.PID, 0)
	return reply.Append(t.version(), nil)
}

// DumpToNetBSD returns what the variable of sysctl with the given name holds, from
// the answers to the requests of [Translator.SysctlToLinux]. Entries that NetBSD has no
// word for are left out, such as routes of other tables than the main and the
// local one. An error that Linux answered is a [netbsd.Errno].
func (t *Translator) DumpToNetBSD(name [6]int32, lx []byte) ([]byte, error) {
	s := rtsock.Sysctl{Name: name}
	list, err := dumped(lx)
	if err != nil {
		return nil, err
	}
	kind := s.Kind(t.version())
	var out []byte
	for _, m := range list {
		link, isLink := m.Entry.(*routing.Link)
		switch {
		case kind == rtsock.LinkDump && !isLink,
			kind == rtsock.LinkDump && name[5] != 0 && uint32(name[5]) != link.Index:
			continue
		case kind == rtsock.LinkDump:
			// Each link comes with its addresses.
			group := []*routing.Message{m}
			for _, a := range list {
				if e, ok := a.Entry.(*routing.Address); ok && e.Index == link.Index {
					group = append(group, a)
				}
			}
			out, err = t.appendDump(out, group)
		default:
			out, err = t.appendDump(out, []*routing.Message{m})
		}
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// dumped returns the entries in the answers to requests for dumps.
func dumped(lx []byte) ([]*routing.Message, error) {
	var list []*routing.Message
	for len(lx) > 0 {
		raw, rest, err := rtnetlink.Parse(lx)
		if err != nil {
			return nil, err
		}
		lx = rest
		switch raw.Header.Type {
		case linux.NLMSG_DONE, linux.NLMSG_NOOP:
			continue
		case linux.NLMSG_ERROR:
			e, err := raw.Errno()
			if err != nil {
				return nil, err
			}
			errno, err := errnoToNetBSD(e)
			if err != nil {
				return nil, err
			}
			if errno != 0 {
				return nil, errno
			}
			continue
		}
		m, err := raw.Decode()
		switch {
		case errors.Is(err, abi.ErrNoCounterpart):
			continue
		case err != nil:
			return nil, err
		}
		m.Op = routing.Get
		list = append(list, m)
	}
	return list, nil
}

// appendDump appends the entries that NetBSD has a word for.
func (t *Translator) appendDump(b []byte, list []*routing.Message) ([]byte, error) {
	for _, m := range list {
		if r, ok := m.Entry.(*routing.Route); ok && !oneTable(r) {
			continue
		}
		nb, err := rtsock.New(m)
		if err == nil {
			var next []byte
			if next, err = nb.Append(t.version(), b); err == nil {
				b = next
			}
		}
		if err != nil && !errors.Is(err, abi.ErrNoCounterpart) {
			return nil, err
		}
	}
	return b, nil
}

// NotificationToNetBSD returns what a routing socket hears when a netlink socket
// that listens hears lx, one message. A link that is new is announced, and then
// its state is told. It is nothing for entries of other tables than NetBSD's.
func (t *Translator) NotificationToNetBSD(lx []byte) ([]byte, error) {
	raw, _, err := rtnetlink.Parse(lx)
	if err != nil {
		return nil, err
	}
	m, err := raw.Decode()
	if err != nil {
		return nil, err
	}
	list := []*routing.Message{m}
	switch e := m.Entry.(type) {
	case *routing.Route:
		if !oneTable(e) {
			return nil, nil
		}
	case *routing.Link:
		if m.Op == routing.Add {
			list = append(list, &routing.Message{Op: routing.Change, Entry: e})
		}
	case *routing.Address:
		if m.Op == routing.Change {
			m.Op = routing.Add // RTM_CHGADDR is not about a new state of it
		}
	}
	var out []byte
	for _, m := range list {
		nb, err := rtsock.New(m)
		if err != nil {
			return nil, err
		}
		nb.SetDone(0, 0, 0)
		if out, err = nb.Append(t.version(), out); err != nil {
			return nil, err
		}
	}
	return out, nil
}
