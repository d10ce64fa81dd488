package tonetbsd

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
)

// statValid is the bit in the f_flags of Linux's statfs that says that the others
// are right. No header that a program sees has a name for it.
const statValid = 0x20

// statfsFlags translates the flags of a statfs. A kernel that does not say that
// they are right tells none.
func statfsFlags[T uint32 | uint64](dst *T, src *linux.Statfs) error {
	*dst = 0
	if src.Flags&statValid == 0 {
		return nil
	}
	flags, ok := MountFlags(uint64(src.Flags &^ statValid))
	if !ok || !fit(dst, flags) {
		return abi.NoCounterpart("statfs", "f_flags", src.Flags)
	}
	return nil
}
