package netlink

import (
	"github.com/abigen/abigen/generated/routing/rtnetlink"
	"github.com/abigen/abigen/linux"
)

// groupOf returns the group that hears a message of rtnetlink; 0 is none.
func groupOf(m rtnetlink.Message) uint32 {
	if len(m.Data) == 0 {
		return 0
	}
	inet6 := m.Data[0] == linux.AF_INET6
	pick := func(v4, v6 linux.RtnetlinkGroups) uint32 {
		if inet6 {
			return uint32(v6)
		}
		return uint32(v4)
	}
	switch m.Header.Type {
	case linux.RTM_NEWLINK, linux.RTM_DELLINK:
		return uint32(linux.RTNLGRP_LINK)
	case linux.RTM_NEWADDR, linux.RTM_DELADDR:
		return pick(linux.RTNLGRP_IPV4_IFADDR, linux.RTNLGRP_IPV6_IFADDR)
	case linux.RTM_NEWROUTE, linux.RTM_DELROUTE:
		return pick(linux.RTNLGRP_IPV4_ROUTE, linux.RTNLGRP_IPV6_ROUTE)
	case linux.RTM_NEWNEIGH, linux.RTM_DELNEIGH:
		return uint32(linux.RTNLGRP_NEIGH)
	}
	return 0
}

// notify sends each message of lx to the members of its group.
func (s *Server) notify(lx []byte) {
	for len(lx) > 0 {
		m, rest, err := rtnetlink.Parse(lx)
		if err != nil {
			return
		}
		if group := groupOf(m); group != 0 {
			data := lx[:len(lx)-len(rest)]
			for _, c := range s.members(linux.NETLINK_ROUTE, group) {
				c.deliver(Datagram{Data: data, Group: group})
			}
		}
		lx = rest
	}
}

// members returns the sockets of a protocol that are in a group.
func (s *Server) members(protocol int32, group uint32) (list []*Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		if c.protocol == protocol && c.in(group) {
			list = append(list, c)
		}
	}
	return list
}

func (c *Conn) in(group uint32) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.hears(group)
}

// hears is in for a caller that holds c.mu.
func (c *Conn) hears(group uint32) bool {
	return c.groups[(group-1)/32]&(1<<((group-1)%32)) != 0
}

// overrun tells the members of all groups that messages were lost.
func (s *Server) overrun() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.mu.Lock()
		if c.groups != [len(c.groups)]uint32{} && !c.flags.noENOBUFS {
			c.lost = true
			c.signal()
		}
		c.mu.Unlock()
	}
}
