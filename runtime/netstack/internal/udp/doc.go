// Package udp is the embedded kernel's UDP over IPv4 and IPv6. It has the place
// of udp_usrreq.c, udp6_usrreq.c and udp6_output.c in NetBSD. Datagrams go
// through gVisor's network layer; whose they are, and how they wait for their
// receiver, is decided here.
package udp
