package sysproxy

import (
	"errors"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
	"github.com/abigen/abigen/runtime/kernel"
)

// An upcall is a request to the client for memory, which waits for its answer.
type upcall struct {
	typ  uint16
	dst  []byte
	n    int // bytes of dst that were filled
	err  error
	done chan struct{} // gets a value when n and err are set
}

// finish lets who waits for the answer go on.
func (u *upcall) finish(n int, err error) {
	u.n, u.err = n, err
	u.done <- struct{}{}
}

// What can become of an upcall.
var (
	errGone = errors.New("the client is gone")
	errNot  = errors.New("the client has no such memory")
)

// pieceMax is the most that is asked for or sent at once.
const pieceMax = 64 << 10

var _ kernel.Mapper = (*call)(nil)

// ReadAt asks the client for its memory, as abi.Memory says.
func (k *call) ReadAt(p []byte, a abi.Addr) error {
	for off := 0; off < len(p); off += pieceMax {
		b := p[off:min(off+pieceMax, len(p))]
		if _, err := k.ask(typeCopyin, b, a+abi.Addr(off)); err != nil {
			return &abi.AddrError{Op: "read", Addr: a, Len: len(p), Err: abi.ErrFault}
		}
	}
	return nil
}

// ReadString fills p with the string at a, zero byte included, and returns how
// much that is; without a zero byte among them when the string is longer.
func (k *call) ReadString(p []byte, a abi.Addr) (int, error) {
	n, err := k.ask(typeCopyinstr, p, a)
	if err != nil {
		return 0, &abi.AddrError{Op: "read", Addr: a, Len: len(p), Err: abi.ErrFault}
	}
	return n, nil
}

// WriteAt sends the client what is to be in its memory, as abi.Memory says. It
// does not wait: the client stores it before it reads the answer to the call.
func (k *call) WriteAt(p []byte, a abi.Addr) error {
	var where [copySize]byte
	for off := 0; off < len(p); off += pieceMax {
		b := p[off:min(off+pieceMax, len(p))]
		h, ok := k.c.upcallHeader(typeCopyout, nil)
		if !ok || k.c.out.put(k.aside, h, appendWord(appendWord(where[:0], uintptr(len(b))), uintptr(a)+uintptr(off)), b) != nil {
			return &abi.AddrError{Op: "write", Addr: a, Len: len(p), Err: abi.ErrFault}
		}
	}
	return nil
}

// ask makes an upcall that is answered with data.
func (k *call) ask(typ uint16, dst []byte, a abi.Addr) (int, error) {
	var where [copySize]byte
	return k.answer(typ, dst, appendWord(appendWord(where[:0], uintptr(len(dst))), uintptr(a)))
}

// Map asks the client for memory, as [kernel.Mapper] says.
func (k *call) Map(size uintptr) (abi.Addr, error) {
	var body, answer [wordSize]byte
	_, err := k.answer(typeAnonmmap, answer[:], appendWord(body[:0], size))
	a := abi.Addr(word(answer[:]))
	if err != nil || a == 0 {
		return 0, netbsd.ENOMEM
	}
	return a, nil
}

// answer makes an upcall with a body, and waits until dst has the answer.
func (k *call) answer(typ uint16, dst, body []byte) (int, error) {
	u := &k.up
	u.typ, u.dst = typ, dst
	h, ok := k.c.upcallHeader(typ, u)
	if !ok {
		return 0, errGone
	}
	if k.c.out.sendOr(k.aside, h, body) != nil {
		_ = k.c.conn.Close() // who reads notices, and finishes u
	}
	k.c.readFor(k)
	<-u.done
	u.dst = nil
	return u.n, u.err
}

// upcallHeader returns the header of an upcall, and notes who waits for the
// answer, if there will be one. It reports whether the client is still there.
func (c *session) upcallHeader(typ uint16, u *upcall) (header, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.state == dying {
		return header{}, false
	}
	h := header{id: c.last, class: classRequest, typ: typ}
	c.last++
	if u != nil {
		c.asked[h.id] = u
	}
	return h, true
}

func (c *session) takeUpcall(id uint64) *upcall {
	c.mu.Lock()
	defer c.mu.Unlock()
	u := c.asked[id]
	delete(c.asked, id)
	return u
}

// putBack leaves an upcall to end: the connection is closed before its call could
// be answered.
func (c *session) putBack(id uint64, u *upcall) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[id] = u
}

// answered takes the answer to an upcall. What nobody has asked for is skipped.
func (c *session) answered(h header) error {
	u := c.takeUpcall(h.id)
	n := h.length - headerSize
	if u == nil {
		return c.in.skip(n)
	}
	asked := uint64(len(u.dst))
	switch {
	case h.typ != u.typ && (h.typ != typeCopyin || u.typ != typeCopyinstr):
		c.putBack(h.id, u)
		return h.errorf("answers an upcall of type %d", u.typ)
	case n > asked || n < asked && u.typ != typeCopyinstr:
		c.putBack(h.id, u)
		return h.errorf("answers an upcall for %d bytes", asked)
	}
	if err := c.in.into(u.dst[:n]); err != nil {
		u.finish(0, errGone)
		return err
	}
	u.finish(int(n), nil)
	return nil
}

// failed takes an error that a client sends: an upcall it cannot serve, or
// nonsense.
func (c *session) failed(h header) error {
	if h.length > maxRequest {
		_ = c.refuse(h, Malformed)
		return h.errorf("too long")
	}
	if err := c.in.skip(h.length - headerSize); err != nil {
		return err
	}
	if h.class == classError {
		if u := c.takeUpcall(h.id); u != nil {
			u.finish(0, errNot)
			return nil
		}
	}
	return c.refuse(h, Malformed)
}
