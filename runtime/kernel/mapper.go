package kernel

import "github.com/abigen/abigen/abi"

// A Mapper is a memory of a process in which a kernel can have room made, as
// mmap(2) does. Some ioctls of devices hand back results of a size that their caller
// does not know: the kernel maps memory for them, and the result is its address. The
// memory of a thread need not be one; then such calls fail with ENOMEM.
type Mapper interface {
	abi.Memory

	// Map returns the address of at least size bytes, all zero. They are the
	// caller's, who also forgets them.
	Map(size uintptr) (abi.Addr, error)
}
