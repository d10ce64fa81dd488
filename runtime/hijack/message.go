//go:build linux && (amd64 || arm64)

package hijack

import (
	"encoding/binary"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
)

// Limits of messages, as Linux has them.
const (
	maxVectors = 1024    // UIO_MAXIOV
	maxControl = 1 << 16 // below net.core.optmem_max
	maxLength  = 0x7ffff000
)

// A message is a struct msghdr of a caller's, or what takes its place in sendto
// and recvfrom.
type message struct {
	name, nameLen uint64 // where they are; nameLen 0: it is in the header
	nameRoom      int32
	vectors       []linux.Iovec
	length        int // of all vectors together
	control       uint64
	controlRoom   int
	header        uint64 // where the struct is; 0: there is none
}

// plainMessage returns what the arguments of sendto or recvfrom say.
func (c *call) plainMessage() (*message, error) {
	n := c.Args[2]
	if int64(n) < 0 {
		n = maxLength
	}
	m := &message{vectors: []linux.Iovec{{Base: abi.Addr(c.Args[1]), Len: n}}}
	m.length = int(min(n, maxLength))
	return m, nil
}

// messageAt reads a struct msghdr and its vectors.
func (c *call) messageAt(at uint64) (*message, error) {
	var h linux.Msghdr
	if err := c.read(abi.AsBytes(&h), at); err != nil {
		return nil, err
	}
	m := &message{header: at, name: uint64(h.Name), nameRoom: int32(h.Namelen), control: uint64(h.Control)}
	if m.name == 0 {
		m.nameRoom = 0
	}
	switch {
	case m.nameRoom < 0:
		return nil, unix.EINVAL
	case h.Iovlen > maxVectors:
		return nil, unix.EMSGSIZE
	case h.Controllen > maxLength:
		return nil, unix.ENOBUFS
	}
	m.controlRoom = int(h.Controllen)
	m.vectors = make([]linux.Iovec, h.Iovlen)
	if len(m.vectors) > 0 {
		if err := c.read(vectorBytes(m.vectors), uint64(h.Iov)); err != nil {
			return nil, err
		}
	}
	for i := range m.vectors {
		n := m.vectors[i].Len
		if int64(n) < 0 {
			return nil, unix.EINVAL
		}
		m.length += int(min(n, uint64(maxLength-m.length)))
	}
	return m, nil
}

func vectorBytes(v []linux.Iovec) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), len(v)*int(unsafe.Sizeof(linux.Iovec{})))
}

// gather reads what the vectors lead to.
func (c *call) gather(m *message, buf []byte) ([]byte, error) {
	if m.length > len(buf) {
		return nil, unix.EMSGSIZE
	}
	n := 0
	for _, v := range m.vectors {
		part := buf[n : n+int(v.Len)]
		if err := c.mem().Read(part, uint64(v.Base)); err != nil {
			return nil, err
		}
		n += len(part)
	}
	if !c.sup.listener.Valid(c.ID) {
		return nil, unix.ESRCH
	}
	return buf[:n], nil
}

// scatter writes to where the vectors lead.
func (c *call) scatter(m *message, b []byte) error {
	for _, v := range m.vectors {
		if len(b) == 0 {
			break
		}
		n := int(min(uint64(len(b)), v.Len))
		if err := c.write(b[:n], uint64(v.Base)); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// controlOf reads the control messages.
func (c *call) controlOf(m *message) ([]byte, error) {
	if m.control == 0 || m.controlRoom == 0 {
		return nil, nil
	}
	if m.controlRoom > maxControl {
		return nil, unix.ENOBUFS
	}
	b := make([]byte, m.controlRoom)
	return b, c.read(b, m.control)
}

// returnName gives the caller an address, cut to what there is room for.
func (c *call) returnName(m *message, name []byte) error {
	if m.header != 0 {
		if m.name == 0 {
			return nil
		}
		if err := c.write(name[:min(len(name), int(m.nameRoom))], m.name); err != nil {
			return err
		}
		return nil
	}
	if m.name == 0 {
		return nil
	}
	room, err := c.readInt(m.nameLen)
	if err != nil {
		return err
	}
	if room < 0 {
		return unix.EINVAL
	}
	if err := c.write(name[:min(len(name), int(room))], m.name); err != nil {
		return err
	}
	var l [4]byte
	binary.NativeEndian.PutUint32(l[:], uint32(len(name)))
	return c.write(l[:], m.nameLen)
}

// returnHeader gives the caller the members of its struct msghdr that tell
// something.
func (c *call) returnHeader(m *message, nameLen int, control []byte, flags int32) error {
	if m.header == 0 {
		return nil
	}
	var h linux.Msghdr
	if err := c.read(abi.AsBytes(&h), m.header); err != nil {
		return err
	}
	room := m.controlRoom
	if m.control == 0 {
		room = 0
	}
	control, cut := cutControl(control, room)
	if cut {
		flags |= linux.MSG_CTRUNC
	}
	if len(control) > 0 {
		if err := c.write(control, m.control); err != nil {
			return err
		}
	}
	h.Namelen, h.Controllen, h.Flags = uint32(nameLen), uint64(len(control)), flags
	return c.write(abi.AsBytes(&h), m.header)
}
