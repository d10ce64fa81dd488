// Package rtsock reads and writes what NetBSD programs say to their kernel about
// the tables of package [routing], and what it answers: routing messages, the
// ioctls for interfaces and addresses, and the names of sysctl's dumps. It knows
// route(4), netintro(4) and sysctl(7), and no kernel: everything is bytes.
//
// A routing message is a header, one of four structs of net/route.h and net/if.h,
// and socket addresses in the order of the bits of the header's mask
// (RTA_DST, RTA_GATEWAY, ...), each at a multiple of eight bytes. [Parse] takes one
// apart, [Message.Append] puts it together, and [Message.Decode] and the
// functions that begin with New convert between it and the model.
//
// Headers are the native structs of package netbsd, so the byte order is that of
// the machine the program runs on.
package rtsock
