package rtnetlink

import (
	"encoding/binary"
	"math"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
)

// align returns n rounded up to where the next message or attribute begins:
// NLMSG_ALIGN and RTA_ALIGN.
func align(n int) int { return (n + linux.NLMSG_ALIGNTO - 1) &^ (linux.NLMSG_ALIGNTO - 1) }

// A Message is a netlink message. Its header's length is that of the bytes it
// came from.
type Message struct {
	Header linux.Nlmsghdr
	Data   []byte // what follows the header
}

// Parse takes the first message off b, and returns what is behind it. Its Data
// is part of b.
func Parse(b []byte) (m Message, rest []byte, err error) {
	if len(b) < linux.SizeofNlmsghdr {
		return m, nil, abi.Truncated("nlmsghdr", "", len(b))
	}
	copy(abi.AsBytes(&m.Header), b)
	n := m.Header.Len
	switch {
	case n < linux.SizeofNlmsghdr:
		return m, nil, abi.BadLength("nlmsghdr", "nlmsg_len", n)
	case uint64(n) > uint64(len(b)):
		return m, nil, abi.Truncated("nlmsghdr", "nlmsg_len", n)
	}
	m.Data = b[linux.SizeofNlmsghdr:n:n]
	return m, b[min(align(int(n)), len(b)):], nil
}

// Errno returns what an NLMSG_ERROR message says: 0 when it is an
// acknowledgement.
func (m Message) Errno() (linux.Errno, error) {
	if m.Header.Type != linux.NLMSG_ERROR {
		return 0, abi.NoCounterpart("nlmsghdr", "nlmsg_type", m.Header.Type)
	}
	if len(m.Data) < 4 {
		return 0, abi.Truncated("nlmsgerr", "error", len(m.Data))
	}
	n := int32(binary.NativeEndian.Uint32(m.Data))
	if n > 0 || n < -math.MaxInt16 {
		return 0, abi.OutOfRange("nlmsgerr", "error", n)
	}
	return linux.Errno(-n), nil
}

// An Attribute is a struct rtattr and what follows it.
type Attribute struct {
	Type uint16 // without NLA_F_NESTED and NLA_F_NET_BYTEORDER
	Data []byte
}

// nextAttribute takes the first attribute off b.
func nextAttribute(b []byte) (a Attribute, rest []byte, err error) {
	if len(b) < linux.SizeofRtattr {
		return a, nil, abi.Truncated("rtattr", "", len(b))
	}
	n := int(binary.NativeEndian.Uint16(b))
	switch {
	case n < linux.SizeofRtattr:
		return a, nil, abi.BadLength("rtattr", "rta_len", n)
	case n > len(b):
		return a, nil, abi.Truncated("rtattr", "rta_len", n)
	}
	const flags = linux.NLA_F_NESTED | linux.NLA_F_NET_BYTEORDER
	a.Type = binary.NativeEndian.Uint16(b[2:]) &^ flags
	a.Data = b[linux.SizeofRtattr:n:n]
	return a, b[min(align(n), len(b)):], nil
}

// attributes calls f for each attribute of b, until there is an error.
func attributes(b []byte, f func(Attribute) error) error {
	for len(b) > 0 {
		a, rest, err := nextAttribute(b)
		if err != nil {
			return err
		}
		if err := f(a); err != nil {
			return err
		}
		b = rest
	}
	return nil
}

// fixed takes the struct T, which is called name, off the front of data.
func fixed[T any](name string, data []byte) (h T, rest []byte, err error) {
	dst := abi.AsBytes(&h)
	if len(data) < len(dst) {
		return h, nil, abi.Truncated(name, "", len(data))
	}
	copy(dst, data)
	return h, data[min(align(len(dst)), len(data)):], nil
}

// uint32 returns the number in a, the attribute name.
func (a Attribute) uint32(name string) (uint32, error) {
	if len(a.Data) != 4 {
		return 0, abi.BadLength("rtattr", name, len(a.Data))
	}
	return binary.NativeEndian.Uint32(a.Data), nil
}

// text returns the string in a, which may have a NUL behind it.
func (a Attribute) text() string { return string(a.Data[:abi.StringLen(a.Data)]) }

// A Builder appends one message to Bytes. The zero value begins with none.
type Builder struct {
	Bytes []byte
	start int
}

// Begin begins a message. Its length is set by End.
func (b *Builder) Begin(h linux.Nlmsghdr) {
	b.start = len(b.Bytes)
	b.Bytes = append(b.Bytes, abi.AsBytes(&h)...)
}

// Struct appends the struct v to b, which is what follows the header.
func Struct[T any](b *Builder, v *T) {
	b.Bytes = append(b.Bytes, abi.AsBytes(v)...)
	b.pad()
}

// Attribute appends an attribute.
func (b *Builder) Attribute(t uint16, data []byte) {
	b.Bytes = binary.NativeEndian.AppendUint16(b.Bytes, uint16(linux.SizeofRtattr+len(data)))
	b.Bytes = binary.NativeEndian.AppendUint16(b.Bytes, t)
	b.Bytes = append(b.Bytes, data...)
	b.pad()
}

// Uint32 appends an attribute that is a number.
func (b *Builder) Uint32(t uint16, v uint32) {
	b.Attribute(t, binary.NativeEndian.AppendUint32(nil, v))
}

// Nested appends an attribute that consists of those that f appends.
func (b *Builder) Nested(t uint16, f func()) {
	start := len(b.Bytes)
	b.Attribute(t, nil)
	f()
	binary.NativeEndian.PutUint16(b.Bytes[start:], uint16(len(b.Bytes)-start))
}

// End ends the message.
func (b *Builder) End() {
	binary.NativeEndian.PutUint32(b.Bytes[b.start:], uint32(len(b.Bytes)-b.start))
}

// pad fills up to where the next attribute begins. Messages begin aligned, so the
// length of all of them will do.
func (b *Builder) pad() {
	n := len(b.Bytes) - b.start
	b.Bytes = append(b.Bytes, make([]byte, align(n)-n)...)
}

// AppendError appends the NLMSG_ERROR that answers the request with the given
// header: with errno 0 an acknowledgement. Of the request it has the header alone,
// as a socket with NETLINK_CAP_ACK gets it.
func AppendError(b []byte, request linux.Nlmsghdr, errno linux.Errno) []byte {
	build := Builder{Bytes: b}
	build.Begin(linux.Nlmsghdr{
		Type: linux.NLMSG_ERROR, Flags: linux.NLM_F_CAPPED, Seq: request.Seq, PID: request.PID,
	})
	body := linux.Nlmsgerr{Error: -int32(errno), Msg: request}
	Struct(&build, &body)
	build.End()
	return build.Bytes
}

// AppendDone appends the NLMSG_DONE that ends the answer to a request for a dump.
func AppendDone(b []byte, request linux.Nlmsghdr) []byte {
	build := Builder{Bytes: b}
	build.Begin(linux.Nlmsghdr{
		Type: linux.NLMSG_DONE, Flags: linux.NLM_F_MULTI, Seq: request.Seq, PID: request.PID,
	})
	build.Bytes = append(build.Bytes, 0, 0, 0, 0)
	build.End()
	return build.Bytes
}
