package tonetbsd_test

import (
	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
)

// linuxAlign is what Linux aligns control messages to: a size_t.
const linuxAlign = int(^uintptr(0)>>63)*4 + 4

// message makes one Linux control message with its padding.
func message(level, typ int32, payload []byte) []byte {
	data := (linux.SizeofCmsghdr + linuxAlign - 1) &^ (linuxAlign - 1)
	var h linux.Cmsghdr
	setLen(&h.Len, data+len(payload))
	h.Level, h.Type = level, typ
	b := make([]byte, (data+len(payload)+linuxAlign-1)&^(linuxAlign-1))
	copy(b, abi.AsBytes(&h))
	copy(b[data:], payload)
	return b
}

// rights makes an SCM_RIGHTS message of descriptors.
func rights(fds ...int32) []byte {
	var payload []byte
	for _, fd := range fds {
		payload = append(payload, abi.AsBytes(&fd)...)
	}
	return message(linux.SOL_SOCKET, linux.SCM_RIGHTS, payload)
}

// setLen stores an int in an integer of the width the architecture has.
func setLen[T abi.Integer](dst *T, n int) { *dst = T(n) }
