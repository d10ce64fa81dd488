package abi

import (
	"math/bits"
	"strconv"
)

// A BE16 is a 16-bit integer that lies in memory in network byte order (most
// significant byte first), such as a port in a sockaddr_in. The Go value is
// not the number: convert with [MakeBE16] and [BE16.Uint16].
type BE16 uint16

// A BE32 is a 32-bit integer that lies in memory in network byte order, such
// as an IPv4 address. See [BE16].
type BE32 uint32

// A BE64 is a 64-bit integer that lies in memory in network byte order. See
// [BE16].
type BE64 uint64

// MakeBE16 returns v in network byte order, as htons does.
func MakeBE16(v uint16) BE16 {
	if bigEndian {
		return BE16(v)
	}
	return BE16(bits.ReverseBytes16(v))
}

// MakeBE32 returns v in network byte order, as htonl does.
func MakeBE32(v uint32) BE32 {
	if bigEndian {
		return BE32(v)
	}
	return BE32(bits.ReverseBytes32(v))
}

// MakeBE64 returns v in network byte order.
func MakeBE64(v uint64) BE64 {
	if bigEndian {
		return BE64(v)
	}
	return BE64(bits.ReverseBytes64(v))
}

// Uint16 returns the number b holds, as ntohs does.
func (b BE16) Uint16() uint16 { return uint16(MakeBE16(uint16(b))) }

// Uint32 returns the number b holds, as ntohl does.
func (b BE32) Uint32() uint32 { return uint32(MakeBE32(uint32(b))) }

// Uint64 returns the number b holds.
func (b BE64) Uint64() uint64 { return uint64(MakeBE64(uint64(b))) }

// String returns the number b holds in decimal.
func (b BE16) String() string { return strconv.FormatUint(uint64(b.Uint16()), 10) }

// String returns the number b holds in decimal.
func (b BE32) String() string { return strconv.FormatUint(uint64(b.Uint32()), 10) }

// String returns the number b holds in decimal.
func (b BE64) String() string { return strconv.FormatUint(b.Uint64(), 10) }
