package abi

import (
	"bytes"
	"errors"
	"unsafe"
)

// ErrOverlap: source and destination share memory. It is returned as it is, for
// no member is at fault.
var ErrOverlap = errors.New("source and destination overlap")

// AsBytes returns the memory of *v. It is for the types of generated packages,
// which hold numbers and arrays of numbers only.
func AsBytes[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}

// StringLen returns the number of bytes of b in front of its first NUL, or all
// when there is none.
func StringLen(b []byte) int {
	if n := bytes.IndexByte(b, 0); n >= 0 {
		return n
	}
	return len(b)
}

// IsZero reports whether all of b is zero.
func IsZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// Overlap reports whether a and b have a byte in common.
func Overlap(a, b []byte) bool {
	if len(a) == 0 || len(b) == 0 {
		return false
	}
	p, q := uintptr(unsafe.Pointer(&a[0])), uintptr(unsafe.Pointer(&b[0]))
	return p < q+uintptr(len(b)) && q < p+uintptr(len(a))
}

// PathBytes returns the path of a local socket that b, the rest of a socket
// address, holds, with its NUL when b has one and there is room for it in limit
// bytes. A name that begins with a NUL is of Linux's abstract namespace, for the
// length of b is that of the name; only size NULs or more, the whole array, are
// an empty path. The error is a [FieldError] for the given type and member.
func PathBytes(typ, member string, b []byte, size, limit int) ([]byte, error) {
	n := StringLen(b)
	switch {
	case n > limit:
		return nil, OutOfRange(typ, member, n)
	case n > 0 || len(b) == 0:
		return b[:min(n+1, len(b), limit)], nil
	}
	if len(b) < size || !IsZero(b) {
		return nil, NoCounterpart(typ, member, 0)
	}
	return nil, nil
}
