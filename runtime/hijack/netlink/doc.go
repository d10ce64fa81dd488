// Package netlink gives Linux programs the netlink(7) sockets that go with a
// NetBSD kernel: those of rtnetlink(7), by which ip(8) and getifaddrs(3) see and
// change interfaces, addresses, routes and neighbors, and those of sock_diag(7), by
// which ss(8) lists sockets.
//
//	s, err := netlink.New(k)
//	c, err := s.Open(linux.NETLINK_ROUTE)
//	err = c.Send(request)             // as sendmsg
//	d, err := c.Receive(ctx)          // as recvmsg
//
// A [Conn] is a socket without a descriptor: bytes go in and come out, in the
// form that Linux has, and what is asked for is done by system calls of the kernel
// alone. Errors are numbers of package linux, as the program is to see them.
//
// # Interfaces
//
// They have the names and indices that they have in the kernel: the loopback
// interface is lo0. What kind of interface it is, in "ip link add type", is the name
// without the number.
//
// # What there is not
//
// A request with an attribute, flag or value that NetBSD has no word for is
// refused, entirely, with EOPNOTSUPP; a program that has set NETLINK_EXT_ACK is told
// which. Package generated/routing/translate has the list. Tables that NetBSD does
// not have, such as those of queueing disciplines, are EOPNOTSUPP as well.
package netlink
