// Package sockin has the TCP and UDP sockets of this machine as a kernel can use
// them, translated both ways by generated/tolinux and generated/tonetbsd: for when
// the network is not what is virtualized. It is the host's part of NetBSD's
// sockin(4).
//
// Each socket is one of the host's, which never blocks and is closed with it. One
// goroutine, there while there are sockets, tells all of them what happens.
// Options, control messages and errors without a counterpart are refused, not
// ignored.
package sockin
