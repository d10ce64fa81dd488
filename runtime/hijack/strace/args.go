package strace

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/linux"
)

func number(c *Call, i int) string { return strconv.Itoa(int(int32(uint32(c.Args[i])))) }

func hex(c *Call, i int) string { return fmt.Sprintf("%#x", uint32(c.Args[i])) }

func pointer(c *Call, i int) string {
	if c.Args[i] == 0 {
		return "NULL"
	}
	return fmt.Sprintf("%#x", c.Args[i])
}

// returned shows an argument that the call fills in, unless it has failed.
func returned(show kind) kind {
	return func(c *Call, i int) string {
		if c.Errno != 0 || c.Result < 0 {
			return pointer(c, i)
		}
		return show(c, i)
	}
}

// read returns n bytes of the program's, at most as many as a line has room for.
func (c *Call) read(at uint64, n int64) ([]byte, bool) {
	if c.Memory == nil || at == 0 || n < 0 {
		return nil, false
	}
	const most = 256
	b := make([]byte, min(n, most))
	return b, c.Memory.Read(b, at) == nil
}

func (c *Call) int(at uint64) (int32, bool) {
	b, ok := c.read(at, 4)
	if !ok {
		return 0, false
	}
	return int32(binary.NativeEndian.Uint32(b)), true
}

// pointed shows the number that an argument leads to.
func pointed(c *Call, i int) string {
	n, ok := c.int(c.Args[i])
	if !ok {
		return pointer(c, i)
	}
	return fmt.Sprintf("[%d]", n)
}

// address shows a socket address whose length is another argument.
func address(length int) kind {
	return func(c *Call, i int) string { return c.address(i, int32(uint32(c.Args[length]))) }
}

// addressAt shows one whose length another argument leads to.
func addressAt(length int) kind {
	return func(c *Call, i int) string {
		n, ok := c.int(c.Args[length])
		if !ok {
			return pointer(c, i)
		}
		return c.address(i, n)
	}
}

func (c *Call) address(i int, n int32) string {
	b, ok := c.read(c.Args[i], int64(min(n, linux.SizeofSockaddrStorage)))
	if !ok {
		return pointer(c, i)
	}
	return Address(b)
}

// Address shows a struct sockaddr of Linux.
func Address(b []byte) string {
	if len(b) < 2 {
		return fmt.Sprintf("{%x}", b)
	}
	f := int64(binary.NativeEndian.Uint16(b))
	switch {
	case f == linux.AF_INET && len(b) >= 8:
		a := netip.AddrPortFrom(netip.AddrFrom4([4]byte(b[4:8])), binary.BigEndian.Uint16(b[2:]))
		return "{AF_INET, " + a.String() + "}"
	case f == linux.AF_INET6 && len(b) >= 24:
		ip := netip.AddrFrom16([16]byte(b[8:24]))
		if len(b) >= linux.SizeofSockaddrIn6 {
			if zone := binary.NativeEndian.Uint32(b[24:]); zone != 0 {
				ip = ip.WithZone(strconv.Itoa(int(zone)))
			}
		}
		return "{AF_INET6, " + netip.AddrPortFrom(ip, binary.BigEndian.Uint16(b[2:])).String() + "}"
	case f == linux.AF_NETLINK && len(b) >= linux.SizeofSockaddrNl:
		return fmt.Sprintf("{AF_NETLINK, pid=%d, groups=%#x}", binary.NativeEndian.Uint32(b[4:]), binary.NativeEndian.Uint32(b[8:]))
	case f == linux.AF_UNIX:
		name := b[2:]
		if len(name) > 0 && name[0] == 0 {
			return fmt.Sprintf("{AF_UNIX, @%q}", name[1:])
		}
		return fmt.Sprintf("{AF_UNIX, %q}", name[:abi.StringLen(name)])
	}
	return fmt.Sprintf("{%s, %x}", named(families, f), b[2:])
}

// data shows a buffer whose length is the next argument.
func data(c *Call, i int) string { return c.bytes(c.Args[i], int64(c.Args[i+1])) }

// got shows a buffer that has as many bytes as the call returns.
func got(c *Call, i int) string { return c.bytes(c.Args[i], min(c.Result, int64(c.Args[i+1]))) }

// bytes shows a text of n bytes, or its start.
func (c *Call) bytes(at uint64, n int64) string {
	const most = 32
	b, ok := c.read(at, min(n, most))
	if !ok {
		return fmt.Sprintf("%#x", at)
	}
	s := strconv.Quote(string(b))
	if n > most {
		s += "..."
	}
	return s
}

// value shows the value of an option, whose length is another argument.
func value(length int) kind {
	return func(c *Call, i int) string { return c.value(i, int32(uint32(c.Args[length]))) }
}

// valueAt shows one whose length another argument leads to.
func valueAt(length int) kind {
	return func(c *Call, i int) string {
		n, ok := c.int(c.Args[length])
		if !ok {
			return pointer(c, i)
		}
		return c.value(i, n)
	}
}

func (c *Call) value(i int, n int32) string {
	b, ok := c.read(c.Args[i], int64(n))
	switch {
	case !ok:
		return pointer(c, i)
	case n == 4:
		return fmt.Sprintf("[%d]", int32(binary.NativeEndian.Uint32(b)))
	case int(n) > len(b):
		return strconv.Quote(string(b)) + "..."
	}
	return strconv.Quote(string(b))
}

// message shows a struct msghdr.
func message(c *Call, i int) string {
	b, ok := c.read(c.Args[i], linux.SizeofMsghdr)
	if !ok {
		return pointer(c, i)
	}
	var m linux.Msghdr
	copy(abi.AsBytes(&m), b)
	parts := make([]string, 0, 4)
	if name, ok := c.read(uint64(m.Name), int64(min(m.Namelen, linux.SizeofSockaddrStorage))); ok {
		parts = append(parts, "msg_name="+Address(name))
	}
	left := int64(1 << 40)
	if c.Name == "recvmsg" {
		left = c.Result
	}
	parts = append(parts, "msg_iov="+c.vectors(uint64(m.Iov), uint64(m.Iovlen), left))
	if m.Control != 0 {
		parts = append(parts, fmt.Sprintf("msg_controllen=%d", m.Controllen))
	}
	parts = append(parts, "msg_flags="+flags(messageBits, uint32(m.Flags)))
	return "{" + strings.Join(parts, ", ") + "}"
}

// vectors shows the first struct iovec of several, of which left bytes count.
func (c *Call) vectors(at, count uint64, left int64) string {
	const most = 3
	var list []string
	for n := range min(count, most) {
		var v linux.Iovec
		b, ok := c.read(at+n*linux.SizeofIovec, linux.SizeofIovec)
		if !ok {
			return fmt.Sprintf("%#x", at)
		}
		copy(abi.AsBytes(&v), b)
		size := min(int64(v.Len), left)
		left -= size
		list = append(list, c.bytes(uint64(v.Base), size))
	}
	if count > most {
		list = append(list, "...")
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// path shows the name of a file, which may end just before memory that is not there.
func path(c *Call, i int) string {
	const page, most = 4096, 64
	at := c.Args[i]
	var name []byte
	for len(name) < most {
		n := min(page-int64(at+uint64(len(name)))%page, int64(most-len(name)))
		b, ok := c.read(at+uint64(len(name)), n)
		if !ok {
			return pointer(c, i)
		}
		before, _, ended := bytes.Cut(b, []byte{0})
		name = append(name, before...)
		if ended {
			return strconv.Quote(string(name))
		}
	}
	return strconv.Quote(string(name)) + "..."
}
