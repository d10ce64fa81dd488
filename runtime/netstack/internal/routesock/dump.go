package routesock

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/netstack/internal/rtable"
	"github.com/abigen/abigen/runtime/netstack/internal/sysctl"
)

// Node is net.route.rtable of sysctl(7), below net.route: dumps of routes,
// neighbors and interfaces.
func (s *Sockets) Node() sysctl.Node {
	return sysctl.Node{Number: 0, Name: "rtable", Flags: netbsd.CTLFLAG_PERMANENT, Type: netbsd.CTLTYPE_NODE, Handler: s.rtable}
}

// rtable answers a request for a dump. A buffer that is too small gets whole
// messages only, and who asks for the size is told a tenth more (sysctl_rtable).
func (s *Sockets) rtable(r *sysctl.Request) error {
	if len(r.Name) == 1 && r.Name[0] == netbsd.CTL_QUERY {
		return r.Query()
	}
	if r.New != 0 {
		return netbsd.EPERM
	}
	if len(r.Name) != 3 {
		return netbsd.EINVAL
	}
	list, failed := s.dump(uint8(r.Name[0]), r.Name[1], r.Name[2])
	needed, out := uint(0), []byte(nil)
	for _, m := range list {
		b, err := m.Append(s.form, nil)
		if err != nil {
			continue // too long for a message
		}
		if needed += uint(len(b)); needed <= r.OldLen {
			out = append(out, b...)
		}
	}
	if r.Old == 0 {
		r.OldLen = 11 * needed / 10
		return failed
	}
	if err := r.CopyOut(out, r.Old); err != nil {
		return err
	}
	if r.OldLen = uint(len(out)); r.OldLen < needed {
		return netbsd.ENOMEM
	}
	return failed
}

// dump returns the messages of a dump. EINVAL: there is no such dump.
func (s *Sockets) dump(family uint8, op, arg int32) ([]*rtsock.Message, error) {
	switch op {
	case netbsd.NET_RT_FLAGS:
		if arg == 0 || arg&netbsd.RTF_LLDATA != 0 {
			if family == 0 {
				return nil, netbsd.EINVAL
			}
			return s.dumpNeighbors(int32(family)), nil
		}
		return s.dumpRoutes(family, arg)
	case netbsd.NET_RT_DUMP:
		return s.dumpRoutes(family, 0)
	case s.form.IfList:
		return s.dumpInterfaces(int32(family), arg), nil
	}
	return nil, netbsd.EINVAL
}

// dumpRoutes lists the routes that have one of the flags; 0 is all.
func (s *Sockets) dumpRoutes(family uint8, flags int32) (list []*rtsock.Message, err error) {
	if family > netbsd.AF_MAX {
		return nil, netbsd.EINVAL
	}
	for _, r := range s.routes.All(int32(family)) {
		if flags != 0 && r.Flags&flags == 0 {
			continue
		}
		h := &netbsd.RtMsghdr{Flags: r.Flags, Rmx: r.Rmx}
		h.Rmx.Locks = 0
		m := &rtsock.Message{Type: netbsd.RTM_GET, Header: h}
		m.Addrs[netbsd.RTAX_DST], m.Addrs[netbsd.RTAX_GATEWAY], m.Addrs[netbsd.RTAX_NETMASK], m.Addrs[netbsd.RTAX_TAG] = r.Key, r.Gate, r.Netmask, r.Tag
		if r.Ifp != nil {
			h.Index = uint16(r.Ifp.Index)
			m.Addrs[netbsd.RTAX_IFP], m.Addrs[netbsd.RTAX_IFA] = r.Ifp.Sdl(), rtable.IfaSockaddr(r.Ifp, r.Ifa)
		}
		list = append(list, m)
	}
	return list, nil
}

func (s *Sockets) dumpNeighbors(family int32) (list []*rtsock.Message) {
	for _, n := range s.routes.Neighbors(family) {
		h := &netbsd.RtMsghdr{Flags: netbsd.RTF_HOST}
		dst := rtable.Sockaddr(n.Addr, n.Ifp.Index)
		if n.Static {
			h.Flags |= netbsd.RTF_STATIC
		} else {
			h.Rmx.Expire = n.Expires
		}
		if n.Proxy {
			h.Flags |= netbsd.RTF_ANNOUNCE
			if family == netbsd.AF_INET {
				proxy := netbsd.SockaddrInarp{Other: netbsd.SIN_PROXY}
				copy(dst[8:], abi.AsBytes(&proxy)[8:]) // behind the address
			}
		}
		m := &rtsock.Message{Type: netbsd.RTM_GET, Header: h}
		m.Addrs[netbsd.RTAX_DST], m.Addrs[netbsd.RTAX_GATEWAY] = dst, sdl(n.Ifp, n)
		list = append(list, m)
	}
	return list
}

// dumpInterfaces lists the interface with the index, or with 0 all of them, each
// with its addresses of a family, or with AF_UNSPEC all of those.
func (s *Sockets) dumpInterfaces(family, index int32) (list []*rtsock.Message) {
	for _, p := range s.ifs.All() {
		if index != 0 && int(index) != p.Index {
			continue
		}
		m := rtable.InterfaceMessage(p)
		m.Addrs[netbsd.RTAX_IFP] = p.Sdl()
		list = append(list, m)
		for _, a := range p.AllAddrs() {
			if family != netbsd.AF_UNSPEC && family != a.Family() {
				continue
			}
			m := s.routes.AddrMessage(netbsd.RTM_NEWADDR, a)
			m.Addrs[netbsd.RTAX_IFP] = nil
			list = append(list, m)
		}
	}
	return list
}
