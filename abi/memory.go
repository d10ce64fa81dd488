package abi

import (
	"errors"
	"strconv"
)

// ErrFault: the memory has nothing at the address, or does not let it be read
// or written.
var ErrFault = errors.New("bad address")

// A Memory is what addresses in a structure point into. Both methods move all
// of p or fail; after a failure p, or the memory, may hold a part. The error
// of an address that is not there is an [AddrError] over [ErrFault].
//
// Whether a Memory may be used by several goroutines at once is for its
// implementation to say.
type Memory interface {
	ReadAt(p []byte, a Addr) error
	WriteAt(p []byte, a Addr) error
}

// Parts is a [Memory] whose bytes are in slices, so that who is trusted with them
// need not copy.
type Parts interface {
	Memory

	// Parts appends the slices to list, and stops when that is full. They
	// stay the ones that ReadAt and WriteAt use until their owner changes them.
	Parts(list []Bytes) []Bytes
}

// An AddrError tells which access to a [Memory] failed.
type AddrError struct {
	Op   string // "read" or "write"
	Addr Addr
	Len  int // bytes
	Err  error
}

// Error returns, for instance, "read of 16 bytes at 0x1000: bad address".
func (e *AddrError) Error() string {
	return e.Op + " of " + strconv.Itoa(e.Len) + " bytes at " + e.Addr.String() + ": " + e.Err.Error()
}

// Unwrap returns e.Err.
func (e *AddrError) Unwrap() error { return e.Err }

// Bytes is a [Memory] over a slice: Data[0] is at address Base. Its methods
// may be used at once as far as reads and writes of Data may.
type Bytes struct {
	Base Addr
	Data []byte
}

// ReadAt copies the bytes at a to p.
func (m *Bytes) ReadAt(p []byte, a Addr) error {
	b := m.at(a, len(p))
	if b == nil && len(p) > 0 {
		return &AddrError{Op: "read", Addr: a, Len: len(p), Err: ErrFault}
	}
	copy(p, b)
	return nil
}

// WriteAt copies p to the bytes at a.
func (m *Bytes) WriteAt(p []byte, a Addr) error {
	b := m.at(a, len(p))
	if b == nil && len(p) > 0 {
		return &AddrError{Op: "write", Addr: a, Len: len(p), Err: ErrFault}
	}
	copy(b, p)
	return nil
}

// Parts appends m to list.
func (m *Bytes) Parts(list []Bytes) []Bytes {
	if len(list) < cap(list) {
		list = append(list, *m)
	}
	return list
}

// at returns the n bytes at a, or nil when some of them are outside.
func (m *Bytes) at(a Addr, n int) []byte {
	if a < m.Base {
		return nil
	}
	off := uint64(a - m.Base)
	if off > uint64(len(m.Data)) || uint64(n) > uint64(len(m.Data))-off {
		return nil
	}
	return m.Data[off : off+uint64(n)]
}
