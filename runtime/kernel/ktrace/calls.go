package ktrace

import (
	"strconv"
	"strings"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// formats are the arguments that are shown as more than numbers, by the name
// of the call. A nil is shown plainly.
var formats = map[string][]formatter{
	"socket":      {one(families), socketType, nil},
	"socketpair":  {one(families), socketType, nil, descriptors},
	"bind":        {nil, addressIn(2), nil},
	"connect":     {nil, addressIn(2), nil},
	"accept":      {nil, addressOut(2), lengthOut},
	"paccept":     {nil, addressOut(2), lengthOut},
	"getsockname": {nil, addressOut(2), lengthOut},
	"getpeername": {nil, addressOut(2), lengthOut},
	"sendto":      {nil, bufferIn(2), nil, flags(messageFlags), addressIn(5), nil},
	"recvfrom":    {nil, bufferOut, nil, flags(messageFlags), addressOut(5), lengthOut},
	"sendmsg":     {nil, message(in), flags(messageFlags)},
	"recvmsg":     {nil, message(out), flags(messageFlags)},
	"read":        {nil, bufferOut, nil},
	"write":       {nil, bufferIn(2), nil},
	"getsockopt":  {nil, one(levels), option, optionOut, lengthOut},
	"setsockopt":  {nil, one(levels), option, optionIn, nil},
	"shutdown":    {nil, one(hows)},
	"ioctl":       {nil, command, ioctlArgument},
	"fcntl":       {nil, one(fcntls), nil},
	"__sysctl":    {mib, nil, nil, nil, nil, nil},
	"poll":        {pollfds, nil, nil},
}

func one(names map[int64]string) formatter {
	return func(c *call, i int, _ phase) string { return name(names, int64(int32(c.value(i)))) }
}

func name(names map[int64]string, v int64) string {
	if s, ok := names[v]; ok {
		return s
	}
	return strconv.FormatInt(v, 10)
}

// flags shows the names of the bits that are set, and the rest as a number.
func flags(bits []bit) formatter {
	return func(c *call, i int, _ phase) string { return flagString(bits, uint32(c.value(i)), "0") }
}

func flagString(bits []bit, v uint32, none string) string {
	var parts []string
	for _, b := range bits {
		if v&b.mask != 0 {
			parts = append(parts, b.name)
			v &^= b.mask
		}
	}
	if v != 0 {
		parts = append(parts, "0x"+strconv.FormatUint(uint64(v), 16))
	}
	if parts == nil {
		return none
	}
	return strings.Join(parts, "|")
}

// socketType shows a type with the flags that may be or'ed to it.
func socketType(c *call, i int, _ phase) string {
	v := uint32(c.value(i))
	const mask = netbsd.SOCK_CLOEXEC | netbsd.SOCK_NONBLOCK | netbsd.SOCK_NOSIGPIPE
	s := name(socketTypes, int64(v&^mask))
	if v&mask != 0 {
		s += "|" + flagString(typeFlags, v&mask, "")
	}
	return s
}

func bufferIn(length int) formatter {
	return func(c *call, i int, when phase) string {
		if when == out {
			return ""
		}
		a, n := abi.Addr(c.value(i)), c.value(length)
		if s := c.routingMessage(c.read(a, n, 4096)); s != "" {
			return s
		}
		return c.text(a, n)
	}
}

// bufferOut shows what a call that returns a count has written.
func bufferOut(c *call, i int, when phase) string {
	switch {
	case when == in:
		return ""
	case c.failed:
		return plain(c, i, when)
	}
	a, n := abi.Addr(c.value(i)), uint64(c.r0)
	if s := c.routingMessage(c.read(a, n, 4096)); s != "" {
		return s
	}
	return c.text(a, n)
}

func addressIn(length int) formatter {
	return func(c *call, i int, when phase) string {
		if when == out {
			return ""
		}
		return c.address(abi.Addr(c.value(i)), c.value(length))
	}
}

// addressOut shows a name the kernel has written, whose length it has put
// where argument length points.
func addressOut(length int) formatter {
	return func(c *call, i int, when phase) string {
		if when == in {
			return ""
		}
		n, ok := c.int32(abi.Addr(c.value(length)))
		if !ok || c.failed {
			return plain(c, i, when)
		}
		return c.address(abi.Addr(c.value(i)), uint64(uint32(n)))
	}
}

func (c *call) int32(a abi.Addr) (int32, bool) {
	var v int32
	if a == 0 || c.mem == nil || c.mem.ReadAt(abi.AsBytes(&v), a) != nil {
		return 0, false
	}
	return v, true
}

// lengthOut shows a length the kernel has changed.
func lengthOut(c *call, i int, when phase) string {
	if when == in {
		return ""
	}
	v, ok := c.int32(abi.Addr(c.value(i)))
	if !ok {
		return plain(c, i, when)
	}
	return "[" + strconv.Itoa(int(v)) + "]"
}

// descriptors shows the pair that socketpair has made.
func descriptors(c *call, i int, when phase) string {
	if when == in {
		return ""
	}
	a := abi.Addr(c.value(i))
	first, ok := c.int32(a)
	second, ok2 := c.int32(a + 4)
	if !ok || !ok2 || c.failed {
		return plain(c, i, when)
	}
	return "[" + strconv.Itoa(int(first)) + ", " + strconv.Itoa(int(second)) + "]"
}

func option(c *call, i int, _ phase) string {
	return name(options[int32(c.value(i-1))], int64(int32(c.value(i))))
}

func optionIn(c *call, i int, when phase) string {
	if when == out {
		return ""
	}
	return c.optionValue(abi.Addr(c.value(i)), c.value(i+1))
}

func optionOut(c *call, i int, when phase) string {
	if when == in {
		return ""
	}
	n, ok := c.int32(abi.Addr(c.value(i + 1)))
	if !ok || c.failed {
		return plain(c, i, when)
	}
	return c.optionValue(abi.Addr(c.value(i)), uint64(uint32(n)))
}

func (c *call) optionValue(a abi.Addr, n uint64) string {
	if n == 4 {
		if v, ok := c.int32(a); ok {
			return "[" + strconv.Itoa(int(v)) + "]"
		}
	}
	return c.text(a, n)
}

// message shows a msghdr with its name and its first buffer.
func message(shown phase) formatter {
	return func(c *call, i int, when phase) string {
		if when != shown {
			return ""
		}
		var m netbsd.Msghdr
		var v netbsd.Iovec
		a := abi.Addr(c.value(i))
		if a == 0 || c.mem == nil || c.mem.ReadAt(abi.AsBytes(&m), a) != nil {
			return plain(c, i, when)
		}
		if m.Iovlen > 0 && c.mem.ReadAt(abi.AsBytes(&v), m.Iov) != nil {
			return plain(c, i, when)
		}
		n := uint64(v.Len)
		if shown == out {
			n = min(n, uint64(c.r0))
		}
		s := "{" + c.address(m.Name, uint64(m.Namelen)) + ", [" + c.text(v.Base, n)
		if m.Iovlen > 1 {
			s += ", ..."
		}
		return s + "], " + strconv.Itoa(int(m.Controllen)) + " bytes of control}"
	}
}

func mib(c *call, i int, when phase) string {
	if when == out {
		return ""
	}
	var parts []string
	for k := range min(c.value(i+1), 12) {
		v, ok := c.int32(abi.Addr(c.value(i)) + abi.Addr(4*k))
		if !ok {
			return plain(c, i, when)
		}
		parts = append(parts, strconv.Itoa(int(v)))
	}
	return "[" + strings.Join(parts, ".") + "]"
}

func pollfds(c *call, i int, when phase) string {
	if when == in {
		return ""
	}
	var parts []string
	for k := range min(c.value(i+1), 4) {
		var p netbsd.Pollfd
		a := abi.Addr(c.value(i)) + abi.Addr(k*netbsd.SizeofPollfd)
		if a == 0 || c.mem == nil || c.mem.ReadAt(abi.AsBytes(&p), a) != nil {
			return plain(c, i, when)
		}
		parts = append(parts, strconv.Itoa(int(p.FD))+": "+flagString(pollFlags, uint32(uint16(p.Revents)), "0"))
	}
	return "[" + strings.Join(parts, ", ") + "]"
}
