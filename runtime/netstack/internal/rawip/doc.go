// Package rawip is the embedded kernel's raw sockets for IPv4 and IPv6, and what
// it does with ICMP messages beyond what gVisor does. It has the place of
// raw_ip.c, raw_ip6.c, ip_icmp.c and icmp6.c in NetBSD.
package rawip
