package rump

import (
	"bytes"
	"unsafe"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// What copyFar is to do.
const (
	copyIn uintptr = iota
	copyOut
	copyInString
	copyOutString
)

// A stringReader reads a string at once, up to its zero byte.
type stringReader interface {
	ReadString(p []byte, a abi.Addr) (int, error)
}

// copyFar moves bytes between the kernel and the memory of a process that is not
// in windows of the call. n is a length, of a string where it is. It returns an error number.
func copyFar(what uintptr, c unsafe.Pointer, user uintptr, kernel unsafe.Pointer, n uintptr) uintptr {
	mem := (*thread)(c).mem
	if mem == nil {
		return uintptr(netbsd.EFAULT)
	}
	var err error
	switch a := abi.Addr(user); what {
	case copyIn:
		err = mem.ReadAt(unsafe.Slice((*byte)(kernel), n), a)
	case copyOut:
		err = mem.WriteAt(unsafe.Slice((*byte)(kernel), n), a)
	case copyInString:
		size := (*uintptr)(pointer(n))
		var m int
		m, err = readString(mem, unsafe.Slice((*byte)(kernel), *size), a)
		*size = uintptr(m)
	case copyOutString:
		err = mem.WriteAt(unsafe.Slice((*byte)(kernel), *(*uintptr)(pointer(n))), a)
	}
	if err != nil {
		return uintptr(netbsd.EFAULT)
	}
	return 0
}

// readString fills p with the string at a, zero byte included, and returns how
// much that is.
func readString(mem abi.Memory, p []byte, a abi.Addr) (int, error) {
	if m, ok := mem.(stringReader); ok {
		return m.ReadString(p, a)
	}
	const piece = 64
	for off := 0; off < len(p); off += piece {
		b := p[off:min(off+piece, len(p))]
		if mem.ReadAt(b, a+abi.Addr(off)) != nil { // it may end before b does
			for i := range b {
				if err := mem.ReadAt(b[i:i+1], a+abi.Addr(off+i)); err != nil {
					return 0, err
				}
				if b[i] == 0 {
					return off + i + 1, nil
				}
			}
		}
		if i := bytes.IndexByte(b, 0); i >= 0 {
			return off + i + 1, nil
		}
	}
	return len(p), nil
}
