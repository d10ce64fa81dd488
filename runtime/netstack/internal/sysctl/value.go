package sysctl

import (
	"bytes"
	"encoding/binary"
	"sync/atomic"

	"github.com/abigen/abigen/abi"
	"github.com/abigen/abigen/netbsd"
)

// A Value is what a leaf of the tree stands for.
type Value interface {
	kind() uint32 // CTLTYPE_*
	size() int    // in bytes; for a string the most it may have, NUL included
	load() []byte
	store(b []byte) error // size bytes, or fewer for a string
}

// An Int is an integer in memory of whoever acts on it.
type Int struct {
	p atomic.Pointer[atomic.Int32]

	// Check, when there is one, tells whether the variable may become v.
	// Changed is told that it did.
	Check   func(v int32) error
	Changed func(v int32)
}

// NewInt makes an integer of its own.
func NewInt(v int32, check func(int32) error) *Int {
	i := &Int{Check: check}
	p := new(atomic.Int32)
	p.Store(v)
	i.p.Store(p)
	return i
}

// Load returns the value.
func (i *Int) Load() int32 { return i.p.Load().Load() }

func (i *Int) kind() uint32 { return netbsd.CTLTYPE_INT }
func (i *Int) size() int    { return 4 }
func (i *Int) load() []byte { return word(i.Load()) }

func (i *Int) store(b []byte) error {
	v := int32(binary.NativeEndian.Uint32(b))
	if i.Check != nil {
		if err := i.Check(v); err != nil {
			return err
		}
	}
	i.p.Load().Store(v)
	if i.Changed != nil {
		i.Changed(v)
	}
	return nil
}

func word(v int32) []byte { return binary.NativeEndian.AppendUint32(nil, uint32(v)) }

// IntFunc is an integer that is worked out when somebody asks.
type IntFunc func() int32

func (f IntFunc) kind() uint32         { return netbsd.CTLTYPE_INT }
func (f IntFunc) size() int            { return 4 }
func (f IntFunc) load() []byte         { return word(f()) }
func (f IntFunc) store(_ []byte) error { return netbsd.EPERM }

// Quad is an integer of 64 bits that does not change.
type Quad uint64

func (q Quad) kind() uint32         { return netbsd.CTLTYPE_QUAD }
func (q Quad) size() int            { return 8 }
func (q Quad) load() []byte         { return binary.NativeEndian.AppendUint64(nil, uint64(q)) }
func (q Quad) store(_ []byte) error { return netbsd.EPERM }

// A String is a text of at most max bytes, the NUL included.
type String struct {
	p     atomic.Pointer[string]
	max   int
	check func(string) error

	// Changed, when there is one, is told of a new value.
	Changed func(string)
}

// NewString makes a text that can be set. max is the room for it, NUL included;
// a check may refuse new values.
func NewString(s string, max int, check func(string) error) *String {
	v := &String{max: max, check: check}
	v.p.Store(&s)
	return v
}

// Load returns the text.
func (s *String) Load() string { return *s.p.Load() }

func (s *String) kind() uint32 { return netbsd.CTLTYPE_STRING }
func (s *String) size() int    { return s.max }
func (s *String) load() []byte { return append([]byte(s.Load()), 0) }

func (s *String) store(b []byte) error {
	end := bytes.IndexByte(b, 0)
	if end < 0 {
		end = len(b)
	}
	// A text as long as the room must end in NUL, wherever another one is.
	if len(b) == s.max && b[len(b)-1] != 0 {
		return netbsd.EINVAL
	}
	text := string(b[:end])
	if s.check != nil {
		if err := s.check(text); err != nil {
			return err
		}
	}
	s.p.Store(&text)
	if s.Changed != nil {
		s.Changed(text)
	}
	return nil
}

// Text is a string that does not change.
type Text string

func (t Text) kind() uint32         { return netbsd.CTLTYPE_STRING }
func (t Text) size() int            { return len(t) + 1 }
func (t Text) load() []byte         { return append([]byte(t), 0) }
func (t Text) store(_ []byte) error { return netbsd.EPERM }

// Struct is some bytes that are put together when somebody asks.
type Struct func() []byte

func (s Struct) kind() uint32         { return netbsd.CTLTYPE_STRUCT }
func (s Struct) size() int            { return len(s()) }
func (s Struct) load() []byte         { return s() }
func (s Struct) store(_ []byte) error { return netbsd.EPERM }

// structOf is a struct whose contents do not change.
func structOf[T any](v T) Struct {
	return func() []byte { return bytes.Clone(abi.AsBytes(&v)) }
}

// Counters are counters of 64 bits, in the order of a protocol's header.
type Counters struct {
	n int

	// Fill, when there is one, enters what was counted into an array of
	// zeros. It is set before there are programs.
	Fill func(counts []uint64)
}

func (c *Counters) kind() uint32         { return netbsd.CTLTYPE_STRUCT }
func (c *Counters) size() int            { return 8 * c.n }
func (c *Counters) store(_ []byte) error { return netbsd.EPERM }

func (c *Counters) load() []byte {
	counts := make([]uint64, c.n)
	if c.Fill != nil {
		c.Fill(counts)
	}
	b := make([]byte, 0, 8*c.n)
	for _, v := range counts {
		b = binary.NativeEndian.AppendUint64(b, v)
	}
	return b
}
