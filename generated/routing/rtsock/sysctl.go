package rtsock

import (
	"errors"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing"
	"github.com/abigen/abigen/netbsd"
)

// A Sysctl is the name of a variable that holds a dump, a number for each of its
// parts. What is in it are messages for [Parse], one behind the other.
type Sysctl struct {
	Name [6]int32
}

func sysctlName(family uint8, what, arg int32) Sysctl {
	return Sysctl{Name: [6]int32{netbsd.CTL_NET, netbsd.PF_ROUTE, 0, int32(family), what, arg}}
}

// Links returns the variable with the link that has the index, or with all when
// it is 0. Each is followed by its addresses of the family, or by all of them when
// that is AF_UNSPEC.
func Links(v *Version, family uint8, index uint32) Sysctl {
	return sysctlName(family, v.IfList, int32(index))
}

// Routes returns the variable with the routes of a family, or with all when it
// is AF_UNSPEC.
func Routes(family uint8) Sysctl { return sysctlName(family, netbsd.NET_RT_DUMP, 0) }

// Neighbors returns the variable with the neighbors of a family, which cannot
// be AF_UNSPEC.
func Neighbors(family uint8) Sysctl {
	return sysctlName(family, netbsd.NET_RT_FLAGS, netbsd.RTF_LLDATA)
}

// A DumpKind tells what the messages of a dump are about.
type DumpKind uint8

// What a [Sysctl] may hold.
const (
	NoDump DumpKind = iota
	LinkDump
	RouteDump
	NeighborDump
)

// Kind returns what s holds. Some routes only, by their flags, are no dump that is
// known here.
func (s Sysctl) Kind(v *Version) DumpKind {
	if s.Name[0] != netbsd.CTL_NET || s.Name[1] != netbsd.PF_ROUTE || s.Name[2] != 0 {
		return NoDump
	}
	switch {
	case s.Name[4] == v.IfList:
		return LinkDump
	case s.Name[4] == netbsd.NET_RT_DUMP:
		return RouteDump
	case s.Name[4] == netbsd.NET_RT_FLAGS && s.Name[5] == netbsd.RTF_LLDATA:
		return NeighborDump
	}
	return NoDump
}

// Family returns the family of the entries in s; AF_UNSPEC is all.
func (s Sysctl) Family() (uint8, error) {
	if f := s.Name[3]; f < 0 || f > netbsd.AF_MAX {
		return 0, abi.NoCounterpart("sysctl", "family", f)
	}
	return uint8(s.Name[3]), nil
}

// ParseDump returns the entries in b, which is what the variable s held, and an
// error over [abi.ErrNoCounterpart] for each that the model has no word for, such
// as a route of another family than IPv4 and IPv6. Addresses of AF_LINK are left
// out: the message of the link itself has told them.
func ParseDump(v *Version, s Sysctl, b []byte) (list []*routing.Message, lost []error, err error) {
	neighbors := s.Kind(v) == NeighborDump
	for len(b) > 0 {
		m, rest, err := Parse(v, b)
		var e *routing.Message
		if err == nil {
			e, err = m.dumped(neighbors)
		}
		switch {
		case errors.Is(err, abi.ErrNoCounterpart) && rest != nil:
			lost = append(lost, err)
		case err != nil:
			return nil, nil, err
		case e != nil:
			list = append(list, e)
		}
		b = rest
	}
	return list, lost, nil
}

// dumped returns the entry of a message in a dump, or nil for one that says
// nothing new.
func (m *Message) dumped(neighbors bool) (*routing.Message, error) {
	var e *routing.Message
	var err error
	switch {
	case m.Type == netbsd.RTM_GET && neighbors:
		e, err = m.Neighbor()
	case m.Type == netbsd.RTM_GET:
		e, err = m.Route()
	case m.Type == netbsd.RTM_IFINFO, m.Type == netbsd.RTM_NEWADDR:
		e, err = m.Decode()
	default:
		return nil, abi.NoCounterpart("rt_msghdr", "rtm_type", m.Type)
	}
	if err != nil {
		return nil, err
	}
	if _, isLink := e.Entry.(*routing.Link); isLink && m.Type == netbsd.RTM_NEWADDR {
		return nil, nil
	}
	e.Op = routing.Get
	return e, nil
}
