package sockin

import (
	"iter"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// align rounds up as NetBSD's __CMSG_ALIGN does.
func align(n int) int { return (n + netbsd.ALIGNBYTES) &^ netbsd.ALIGNBYTES }

// A controlMessage is a control message of NetBSD's.
type controlMessage struct {
	level, typ int32
	data       []byte
	all        []byte // with header and padding
}

// messages goes through control messages that are well-formed.
func messages(b []byte) iter.Seq[controlMessage] {
	return func(yield func(controlMessage) bool) {
		header := align(netbsd.SizeofCmsghdr)
		for len(b) >= header {
			var h netbsd.Cmsghdr
			copy(abi.AsBytes(&h), b)
			n := int(h.Len)
			if n < header || n > len(b) {
				return
			}
			end := min(align(n), len(b))
			if !yield(controlMessage{h.Level, h.Type, b[header:n], b[:end]}) {
				return
			}
			b = b[end:]
		}
	}
}

// appendMessage appends a control message of NetBSD's to b.
func appendMessage(b []byte, level, typ int32, data []byte) []byte {
	header := align(netbsd.SizeofCmsghdr)
	h := netbsd.Cmsghdr{Len: uint32(header + len(data)), Level: level, Type: typ}
	at := len(b)
	b = append(b, make([]byte, header+align(len(data)))...)
	copy(b[at:], abi.AsBytes(&h))
	copy(b[at+header:], data)
	return b
}
