// Package bpf is bpf(4): descriptors that show the packets of an interface, as far
// as a filter lets them, and send such. It has the place of bpf.c and bpf_filter.c
// in NetBSD.
//
// # Buffers
//
// A descriptor has two buffers. Packets go to the store, until one does not fit;
// then the store becomes the hold, which the next read(2) takes away as a whole, and
// the other buffer the store. While there is no other, packets are dropped.
//
// # Locks
//
// mu of a descriptor is a leaf. It is locked in the path of packets, by whoever
// sends or receives one. setup is for what attaches a descriptor to an interface,
// and locks the interface's configuration under it.
package bpf
