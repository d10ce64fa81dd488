package ktrace

import (
	"strconv"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/generated/routing/rtsock"
	"github.com/abigen/abigen/netbsd/syscalls"
)

// A phase is a time at which an argument can be shown: before the call for
// what the kernel reads, after it for what it writes.
type phase int

const (
	in phase = iota
	out
)

// A call is what the formatters of its arguments see.
type call struct {
	desc    syscalls.Call
	known   bool
	args    syscalls.Args
	mem     abi.Memory
	bytes   int
	r0      uintptr
	failed  bool
	routing *rtsock.Version
}

// A formatter shows argument i, or returns "" when it is not yet the time.
type formatter func(c *call, i int, when phase) string

func (c *call) format(when phase) []string {
	list := make([]string, 0, len(c.desc.Args))
	special := formats[c.desc.Name]
	for i, a := range c.desc.Args {
		if a.Kind == syscalls.Padding {
			continue
		}
		f := plain
		if i < len(special) && special[i] != nil {
			f = special[i]
		}
		list = append(list, f(c, i, when))
	}
	return list
}

func (c *call) value(i int) uint64 { return c.desc.Value(&c.args, i) }

// plain shows a pointer in hexadecimal and all else as a signed number.
func plain(c *call, i int, _ phase) string {
	v := c.value(i)
	switch {
	case c.desc.Args[i].Kind == syscalls.Pointer && v == 0:
		return "NULL"
	case c.desc.Args[i].Kind == syscalls.Pointer:
		return abi.Addr(v).String()
	}
	return strconv.FormatInt(int64(v), 10)
}

// read returns n bytes of the caller's memory, at most limit, or nil.
func (c *call) read(a abi.Addr, n uint64, limit int) []byte {
	if a == 0 || c.mem == nil {
		return nil
	}
	b := make([]byte, min(n, uint64(limit)))
	if c.mem.ReadAt(b, a) != nil {
		return nil
	}
	return b
}

// text shows bytes as a C string, with dots where n is more than is shown.
func (c *call) text(a abi.Addr, n uint64) string {
	if a == 0 {
		return "NULL"
	}
	b := c.read(a, n, c.bytes)
	if b == nil {
		return a.String()
	}
	s := strconv.QuoteToASCII(string(b))
	if n > uint64(len(b)) {
		s += "..."
	}
	return s
}
