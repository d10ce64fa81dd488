package sysproxy

import (
	"errors"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
)

// upcall does what the kernel asks for. A request for memory that there is not
// cannot be refused, unless the server is one of this package. What the kernel stores there is
// lost, and what it reads is zero, but the call it seems to be for fails with
// EFAULT when it ends.
func (c *clientConn) upcall(h header, body []byte) error {
	n, known := upcallSize(h.typ)
	switch {
	case !known:
		return h.errorf("unknown type")
	case len(body) < n:
		return h.errorf("too short")
	}
	data := body[n:]
	copies := h.typ == typeCopyout || h.typ == typeCopyoutstr
	if !copies && len(data) != 0 {
		return h.errorf("too long")
	}
	answer := header{id: h.id, class: classResponse, typ: h.typ}
	switch h.typ {
	case typeRaise:
		if c.signal != nil {
			c.signal(netbsd.Signal(h.word))
		}
		return nil
	case typeAnonmmap:
		return c.reply(answer, appendWord(nil, uintptr(c.mapRoom(word(body)))))
	}
	want, a := uint64(word(body)), abi.Addr(word(body[wordSize:]))
	if copies {
		if uint64(len(data)) < want {
			return h.errorf("%d bytes to copy", want)
		}
		if !c.access(func(m abi.Memory) bool { return m.WriteAt(data[:want], a) == nil }) {
			c.blame(a)
		}
		return nil
	}
	if want > maxCopyin {
		return h.errorf("%d bytes to copy", want)
	}
	b := c.room(int(want))
	if h.typ == typeCopyinstr {
		answer.typ = typeCopyin
		n, there := c.readString(b, a)
		if !there {
			return c.cannot(answer, a, nil)
		}
		return c.reply(answer, b[:n])
	}
	if !c.access(func(m abi.Memory) bool { return m.ReadAt(b, a) == nil }) {
		clear(b)
		return c.cannot(answer, a, b)
	}
	return c.reply(answer, b)
}

// upcallSize is how much an upcall has at least, and whether there is such a one.
func upcallSize(typ uint16) (n int, known bool) {
	switch typ {
	case typeCopyin, typeCopyinstr, typeCopyout, typeCopyoutstr:
		return copySize, true
	case typeAnonmmap:
		return wordSize, true
	case typeRaise:
		return 0, true
	}
	return 0, false
}

// maxMap is the most that a server may have mapped at once.
const maxMap = 16 << 20

// mapRoom has a call under way make room in its memory. It returns 0 when none can.
func (c *clientConn) mapRoom(size uintptr) (a abi.Addr) {
	if size > maxMap {
		return 0
	}
	c.access(func(m abi.Memory) bool {
		mapper, ok := m.(kernel.Mapper)
		if !ok {
			return false
		}
		var err error
		a, err = mapper.Map(size)
		return err == nil && a != 0
	})
	return a
}

// cannot answers an upcall for memory that is not there, with the body given
// when the server does not take a refusal.
func (c *clientConn) cannot(h header, a abi.Addr, body []byte) error {
	if c.refusals {
		return c.reply(header{id: h.id, class: classError, word: uint32(Malformed)}, nil)
	}
	c.blame(a)
	return c.reply(h, body)
}

// maxCopyin is the most that a server may ask for at once. NetBSD's asks for 64
// KiB at most.
const maxCopyin = keep

// reply answers an upcall, without waiting: a server may send something before it
// reads this, and NetBSD's reads nothing as long as that is not taken. Each call asks for one
// thing at a time, so what is pending has a limit.
func (c *clientConn) reply(h header, body []byte) error {
	c.mu.Lock()
	limit := crowded + len(c.waiting)*maxCopyin
	c.mu.Unlock()
	if !c.out.post(limit, h, body) {
		return errSlow
	}
	return nil
}

// errSlow ends the connection to a server that asks for more than it reads.
var errSlow = errors.New("the server does not read what it asks for")

// room returns the buffer for the next answer.
func (c *clientConn) room(n int) []byte {
	if cap(c.answer) >= n {
		return c.answer[:n]
	}
	b := make([]byte, n)
	if n <= keep {
		c.answer = b
	}
	return b
}

// readString fills b with the string at a, zero byte included, and returns how
// much that is, all of b when it is longer, and whether it is there.
func (c *clientConn) readString(b []byte, a abi.Addr) (n int, there bool) {
	there = c.access(func(m abi.Memory) bool {
		for n = 0; n < len(b); n++ {
			if m.ReadAt(b[n:n+1], a+abi.Addr(n)) != nil {
				return false
			}
			if b[n] == 0 {
				n++
				break
			}
		}
		return true
	})
	return n, there
}

// access lets do try the memories of the calls under way, until it succeeds.
func (c *clientConn) access(do func(abi.Memory) bool) bool {
	var buf [8]abi.Memory
	all := buf[:0]
	c.mu.Lock()
	for _, r := range c.waiting {
		if r.mem != nil {
			all = append(all, r.mem)
		}
	}
	c.mu.Unlock()
	for _, m := range all {
		if do(m) {
			return true
		}
	}
	return false
}

// blame has the call fail whose arguments have the nearest address, or all that
// are under way when none has one.
func (c *clientConn) blame(a abi.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var blamed *request
	nearest := ^uintptr(0)
	for _, r := range c.waiting {
		for _, arg := range &r.args {
			if d := uintptr(a) - arg; arg != 0 && (blamed == nil || d < nearest) {
				blamed, nearest = r, d
			}
		}
	}
	for _, r := range c.waiting {
		if blamed == nil || r == blamed {
			r.fault = true
		}
	}
}
