package tonetbsd

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
)

// socketError translates the value of SO_ERROR: an error number, or 0 for none.
func socketError(dst, src []byte) (int, error) {
	var value int32
	if len(src) != len(abi.AsBytes(&value)) {
		return 0, abi.BadLength("socket option", "SO_ERROR", len(src))
	}
	if len(dst) < len(src) {
		return 0, abi.NoSpace("socket option", "SO_ERROR", len(src))
	}
	copy(abi.AsBytes(&value), src)
	if value != 0 {
		errno, ok := Errno(linux.Errno(value))
		if !ok || value < 0 {
			return 0, abi.NoCounterpart("socket option", "SO_ERROR", value)
		}
		value = int32(errno)
	}
	return copy(dst, abi.AsBytes(&value)), nil
}

// icmp6Filter complements the filter: a set bit passes a type on NetBSD and
// blocks it on Linux.
func icmp6Filter(dst *[8]uint32, src *linux.ICMP6Filter) error {
	for i, word := range src.ICMP6Filt {
		dst[i] = ^word
	}
	return nil
}
