package nbsock

import (
	"github.com/abigen/abigen/abi"
)

// A memory is what a thread of the process sees: a scratch area of its own, and
// for the time of a call the caller's slices. Those of all threads are parts of one
// address space.
type memory struct {
	base    abi.Addr
	scratch scratch
	data    []byte
	control []byte
}

// Where they are, from the base.
const (
	scratchAt abi.Addr = 0x1000
	controlAt abi.Addr = 0x10000
	dataAt    abi.Addr = 0x1000000

	maxControl = 1 << 16
	// The space of a thread, and what of it is for the data of one call: 4
	// GiB and 1 GiB, or with addresses of 32 bits 64 MiB and 16 MiB.
	space   = 1 << (26 + 6*wide)
	maxData = 1 << (24 + 6*wide)
	spaces  = (1<<(32+15*wide) - 1) / space // as far as programs have addresses

	wide = ^uint(0) >> 63 // 1 where addresses have 64 bits
)

// newMemory returns the memory of thread n. With more threads than there are
// spaces, which takes tens of thousands, or dozens on a 32-bit machine, some share theirs.
func newMemory(n uint) memory { return memory{base: abi.Addr(n % spaces * space)} }

// addr returns the address at which a thing is found.
func (m *memory) addr(at abi.Addr) abi.Addr { return m.base + at }

// ReadAt implements [abi.Memory].
func (m *memory) ReadAt(p []byte, a abi.Addr) error {
	b := m.at(a, len(p))
	if b == nil {
		return &abi.AddrError{Op: "read", Addr: a, Len: len(p), Err: abi.ErrFault}
	}
	copy(p, b)
	return nil
}

// WriteAt implements [abi.Memory].
func (m *memory) WriteAt(p []byte, a abi.Addr) error {
	b := m.at(a, len(p))
	if b == nil {
		return &abi.AddrError{Op: "write", Addr: a, Len: len(p), Err: abi.ErrFault}
	}
	copy(b, p)
	return nil
}

// Parts implements [abi.Parts].
func (m *memory) Parts(list []abi.Bytes) []abi.Bytes {
	if cap(list)-len(list) < 3 {
		return list
	}
	return append(list, abi.Bytes{Base: m.addr(dataAt), Data: m.data}, abi.Bytes{Base: m.addr(scratchAt), Data: abi.AsBytes(&m.scratch)},
		abi.Bytes{Base: m.addr(controlAt), Data: m.control})
}

// at returns the n bytes at a, nil when they are not all there.
func (m *memory) at(a abi.Addr, n int) []byte {
	var b []byte
	switch a -= m.base; {
	case a >= dataAt:
		a, b = a-dataAt, m.data
	case a >= controlAt:
		a, b = a-controlAt, m.control
	case a >= scratchAt:
		a, b = a-scratchAt, abi.AsBytes(&m.scratch)
	}
	if uint64(a) > uint64(len(b)) || n > len(b)-int(a) {
		return nil
	}
	return b[a : int(a)+n : int(a)+n]
}
