package tonetbsd

import (
	"math"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
	"github.com/abigen/abigen/netbsd"
)

// interfaceListLength translates the size of an ifconf's list, in bytes, to that
// of a list of as many entries.
func interfaceListLength(dst *int32, src *linux.Ifconf) error {
	entries := int64(src.Len) / linux.SizeofIfreq
	if src.Len < 0 || entries*netbsd.SizeofIfreq > math.MaxInt32 {
		return abi.OutOfRange("ifconf", "ifc_len", src.Len)
	}
	*dst = int32(entries * netbsd.SizeofIfreq)
	return nil
}
