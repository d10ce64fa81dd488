//go:build linux && (amd64 || arm64)

package hijack

import (
	"encoding/binary"

	"github.com/abigen/abigen/generated/tolinux"
)

// translateControl translates control messages of a datagram for a caller.
func translateControl(dst, nb []byte) (int, error) {
	if len(nb) == 0 {
		return 0, nil
	}
	return tolinux.ControlMessages(dst, nb)
}

// Linux's struct cmsghdr: a length, and two ints.
const (
	controlHeader = 16
	controlAlign  = 8
)

// cutControl cuts control messages to the room there is, as Linux does: a
// message that does not fit keeps its header, if there is room for that, with what is there
// as its length. cut: something is missing.
func cutControl(b []byte, room int) (fits []byte, cut bool) {
	if len(b) <= room {
		return b, false
	}
	for at := 0; at+controlHeader <= len(b); {
		length := int(binary.NativeEndian.Uint64(b[at:]))
		if length < controlHeader || length > len(b)-at {
			return b[:at], true
		}
		if at+length > room {
			if room-at < controlHeader {
				return b[:at], true
			}
			binary.NativeEndian.PutUint64(b[at:], uint64(room-at))
			return b[:room], true
		}
		at = min(at+(length+controlAlign-1)&^(controlAlign-1), len(b))
		if at >= room {
			return b[:room], at < len(b)
		}
	}
	return b[:room], false
}
