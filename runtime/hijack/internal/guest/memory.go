package guest

import (
	"unsafe"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// A memory is what a thread sees: small things that arguments point to, and the
// caller's slices. Those of all threads are parts of one address space.
type memory struct {
	base abi.Addr
	scratch
	data    []byte
	control []byte
}

type scratch struct {
	name    [MaxName]byte
	namelen uint32
	value   uint32 // the length of an option
	iov     netbsd.Iovec
	msg     netbsd.Msghdr
	poll    netbsd.Pollfd
}

// MaxName is the longest socket address there is: its length is one byte.
const MaxName = 256

// MaxControl is how many bytes of control messages a call takes.
const MaxControl = 1 << 16

// Where things are, from the base.
const (
	scratchAt abi.Addr = 0x1000
	controlAt abi.Addr = 0x10000
	dataAt    abi.Addr = 0x1000000

	nameAt    = scratchAt + abi.Addr(unsafe.Offsetof(scratch{}.name))
	namelenAt = scratchAt + abi.Addr(unsafe.Offsetof(scratch{}.namelen))
	valueAt   = scratchAt + abi.Addr(unsafe.Offsetof(scratch{}.value))
	iovAt     = scratchAt + abi.Addr(unsafe.Offsetof(scratch{}.iov))
	msgAt     = scratchAt + abi.Addr(unsafe.Offsetof(scratch{}.msg))
	pollAt    = scratchAt + abi.Addr(unsafe.Offsetof(scratch{}.poll))

	space  = 1 << (26 + 6*wide) // that of a thread
	spaces = (1<<(32+15*wide) - 1) / space

	wide = ^uint(0) >> 63 // 1 where addresses have 64 bits
)

func (m *memory) at(a abi.Addr) abi.Addr { return m.base + a }

// ReadAt implements [abi.Memory].
func (m *memory) ReadAt(p []byte, a abi.Addr) error {
	b := m.find(a, len(p))
	if b == nil && len(p) > 0 {
		return &abi.AddrError{Op: "read", Addr: a, Len: len(p), Err: abi.ErrFault}
	}
	copy(p, b)
	return nil
}

// WriteAt implements [abi.Memory].
func (m *memory) WriteAt(p []byte, a abi.Addr) error {
	b := m.find(a, len(p))
	if b == nil && len(p) > 0 {
		return &abi.AddrError{Op: "write", Addr: a, Len: len(p), Err: abi.ErrFault}
	}
	copy(b, p)
	return nil
}

// find returns the n bytes at a, nil when they are not all there.
func (m *memory) find(a abi.Addr, n int) []byte {
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
