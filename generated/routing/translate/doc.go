// Package translate carries what is said about links, addresses, routes and
// neighbors from NetBSD to Linux and back: requests, their answers, dumps, and
// what a kernel tells its listeners. A [Translator] works on bytes; it makes no
// system call.
//
// A Linux program on a NetBSD kernel speaks netlink. [Translator.RequestToNetBSD] says
// what to do at the kernel's for each of its messages, and what comes of it goes back
// through [Translator.ReplyToLinux] or [Translator.DumpToLinux]; what a routing
// socket hears by itself, through [Translator.NotificationToLinux].
//
// A NetBSD program on a Linux kernel writes to a routing socket, calls ioctl and
// sysctl. [Translator.RequestToLinux], [Translator.IoctlToLinux] and [SysctlToLinux]
// give the netlink message for it; [Translator.ReplyToNetBSD],
// [Translator.DumpToNetBSD] and [Translator.NotificationToNetBSD] are the way back.
//
// A request is carried out entirely or not at all: an attribute, flag or value
// without a counterpart is an error that names it. From what is only told, such a
// thing is left out. [Coverage] lists all of them.
package translate
