package nbsock

import (
	"unsafe"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// A scratch has the small things that the arguments of calls point to.
type scratch struct {
	name    [maxName]byte
	namelen uint32
	value   uint32 // of an option, or its length
	iov     netbsd.Iovec
	msg     netbsd.Msghdr
}

// maxName is the longest socket address there is: its length is one byte.
const maxName = 256

// Where they are.
const (
	nameAt    = scratchAt + abi.Addr(unsafe.Offsetof(scratch{}.name))
	namelenAt = scratchAt + abi.Addr(unsafe.Offsetof(scratch{}.namelen))
	valueAt   = scratchAt + abi.Addr(unsafe.Offsetof(scratch{}.value))
	iovAt     = scratchAt + abi.Addr(unsafe.Offsetof(scratch{}.iov))
	msgAt     = scratchAt + abi.Addr(unsafe.Offsetof(scratch{}.msg))
)

// foundName returns the address that a call left, as far as it fits.
func (s *scratch) foundName() []byte {
	return s.name[:min(s.namelen, maxName)]
}
