// Package shmif is the Ethernet segment of NetBSD's shmif(4): a file of one
// megabyte that all stations map into memory, a ring of frames in it, and one
// lock. Kernels of NetBSD and programs that use this package share a file at the
// same time.
//
// The ring tells no reader from another, so a station that is too slow misses
// frames, as on any Ethernet; it notices, and counts it. Nothing in the file can
// be trusted: every station writes to all of it. What makes no sense is counted
// and passed over.
//
// # Positions
//
// A position is how many bytes have been written before it since the ring began,
// and so tells laps apart; modulo the size of the ring it is an offset there. The
// file has the offset of the newest record, that of the oldest, and the number
// of laps; everything here is done with positions.
package shmif
