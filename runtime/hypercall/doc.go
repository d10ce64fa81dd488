// Package hypercall is what a kernel takes from its host, behind one small
// interface for each kind of thing: time, randomness, parameters, a console,
// files, and Ethernet. A [Host] has one of each.
//
// Package system is the machine the program runs on; package faulty is a host for
// tests, in which what can go wrong does. The devices of [Network] have packages
// of their own.
//
// A kernel sees nothing else of its host. In particular errors are NetBSD's: those
// of a host are of type [OpError], and [Errno] translates.
package hypercall
