package tolinux

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// statValid is the bit in the f_flags of Linux's statfs that says that the others
// are right. No header that a program sees has a name for it.
const statValid = 0x20

// statfsFlags translates the flags of a statvfs for a statfs.
func statfsFlags[T int32 | int64](dst *T, src *netbsd.Statvfs) error {
	flags, ok := MountFlags(uint64(src.Flag))
	if !ok || !fit(dst, flags|statValid) {
		return abi.NoCounterpart("statvfs", "f_flag", src.Flag)
	}
	return nil
}
