package nbsock

import (
	"github.com/abigen/abigen/abi"
)

// A memory is what a thread of the process sees: a scratch area of its own, and
// for the time of a call the caller's slices.
type memory struct {
	scratch scratch
	data    []byte
	control []byte
}

// Where they are.
const (
	scratchAt abi.Addr = 0x1000
	controlAt abi.Addr = 0x10000
	dataAt    abi.Addr = 0x1000000

	maxControl = 1 << 16
	maxData    = 1 << 30 // of one call
)

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

// at returns the n bytes at a, nil when they are not all there.
func (m *memory) at(a abi.Addr, n int) []byte {
	var b []byte
	switch {
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
