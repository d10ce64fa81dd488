package abi

import "strconv"

// An Addr is an address in the memory of the system whose structure it was
// found in: another process, a remote client, C memory, or this process. It is
// a number, not a pointer; what it points to is read and written through a
// [Memory].
type Addr uintptr

// IsNull reports whether a is the null pointer.
func (a Addr) IsNull() bool { return a == 0 }

// Add returns the address n bytes after a, and whether there is one: the sum
// may not wrap around the end of the address space.
func (a Addr) Add(n uint64) (Addr, bool) {
	sum := a + Addr(n)
	return sum, uint64(Addr(n)) == n && sum >= a
}

// String returns a in hexadecimal, "0x0" for the null pointer.
func (a Addr) String() string { return "0x" + strconv.FormatUint(uint64(a), 16) }
