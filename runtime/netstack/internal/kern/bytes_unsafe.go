package kern

import "unsafe"

// SliceBytes returns the memory of s, as abi.AsBytes does for a single value. T
// must be one of NetBSD's types, which have no Go pointers.
func SliceBytes[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), uintptr(len(s))*unsafe.Sizeof(s[0]))
}
