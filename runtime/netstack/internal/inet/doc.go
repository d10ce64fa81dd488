// Package inet is what the protocols of the Internet families have in common:
// names, the tables of protocol control blocks with their rules for ports, the
// choice of source addresses, the options of the levels IPPROTO_IP and
// IPPROTO_IPV6. It has the place of in_pcb.c, in6_pcb.c, in6_src.c and the
// ctloutput functions of ip_output.c and ip6_output.c in NetBSD.
//
// # Addresses
//
// An address is a [netip.Addr] without a zone. That of an AF_INET6 socket that
// talks IPv4 is IPv4-mapped. An IPv6 address of the link or the interface alone
// has the index of its interface in bytes 2 and 3, as inside of NetBSD, so that
// equal addresses are the same node; [Sockaddr] and what passes addresses to
// others takes it out and puts it in.
//
// # Locks
//
// The lock of a [Table] guards its blocks' names. It is taken before that of a
// socket, and never held while packets are sent or delivered.
package inet
