package layout

import (
	"errors"
	"fmt"

	"github.com/abigen/abigen/abi/ctype"
)

// record lays out r once.
func (e *Engine) record(r *ctype.Record) error {
	if !r.Complete {
		r.Size, r.Align = 0, 0
		return nil
	}
	if res := e.records[r]; res != nil {
		if !res.done {
			return &Error{Pos: r.Pos, Record: r.Name, Msg: "contains itself"}
		}
		return res.err
	}
	res := &result{}
	e.records[r] = res
	r.Size, r.Align = 0, 0
	res.err = e.lay(r)
	res.done = true
	if res.err != nil {
		r.Size, r.Align = 0, 0
	}
	return res.err
}

// A builder is the state of laying out one record. All counts are in bits, as
// bit-fields need them.
type builder struct {
	*Engine
	r       *ctype.Record
	align   int64 // of the record so far
	pack    int64 // limit set by #pragma pack; 0 when there is none
	size    int64 // of the data so far, a whole number of bytes
	unused  int64 // bits left in the last byte after a bit-field
	limited int64 // largest size of a record
}

// lay computes the layout of r.
func (e *Engine) lay(r *ctype.Record) error {
	b := &builder{Engine: e, r: r, align: 8, limited: e.limit() * 8}
	if err := b.start(); err != nil {
		return b.wrap(nil, 0, err)
	}
	for i, m := range r.Members {
		if err := b.member(i, m); err != nil {
			return b.wrap(m, i, err)
		}
		if b.size > b.limited {
			return b.wrap(m, i, errorf("record is larger than %d bytes here", e.limit()))
		}
	}
	r.Size = alignTo(b.size, b.align) / 8
	r.Align = b.align / 8
	if r.Size > e.limit() {
		return b.wrap(nil, 0, errorf("record is larger than %d bytes", e.limit()))
	}
	return nil
}

// start takes the attributes of the record itself.
func (b *builder) start() error {
	if p := b.r.Attrs.Pack; p != 0 {
		if err := checkAlign(p); err != nil {
			return err
		}
		b.pack = p * 8
	}
	return b.explicit(b.r.Attrs, func(a int64) { b.align = max(b.align, a) })
}

// explicit hands the alignment that attrs ask for to f, in bits.
func (b *builder) explicit(attrs ctype.Attrs, f func(int64)) error {
	if attrs.Aligned == 0 {
		return nil
	}
	if err := checkAlign(attrs.Aligned); err != nil {
		return err
	}
	f(attrs.Aligned * 8)
	return nil
}

// wrap says where an error happened, unless it knows already.
func (b *builder) wrap(m *ctype.Member, i int, err error) error {
	var le *Error
	if !errors.As(err, &le) || le.Record != "" {
		return err
	}
	out := &Error{Pos: b.r.Pos, Record: b.r.Name, Msg: le.Msg}
	if m != nil {
		out.Member = m.Name
		if m.Name == "" {
			out.Member = fmt.Sprintf("#%d", i)
		}
		if m.Pos.File != "" {
			out.Pos = m.Pos
		}
	}
	return out
}

func (b *builder) member(i int, m *ctype.Member) error {
	m.Offset, m.BitOffset = 0, 0
	if err := b.typ(m.Type); err != nil {
		return err
	}
	if m.BitField {
		return b.bitField(m)
	}
	m.BitWidth = 0
	if flexible(b.resolve(m.Type)) {
		if !b.r.Union && i != len(b.r.Members)-1 {
			return errorf("flexible array is not the last member")
		}
	} else if !b.complete(m.Type) {
		return errorf("member has incomplete type %s", describe(m.Type))
	}
	return b.field(m)
}

func flexible(t *ctype.Type) bool { return t.Kind == ctype.Array && t.Len == -1 }

// field places a member that is no bit-field. Packed takes the alignment of
// its type away, aligned on the member adds one, and #pragma pack limits what
// is left of either.
func (b *builder) field(m *ctype.Member) error {
	align := max(m.Type.Align, 1) * 8
	if b.r.Attrs.Packed || m.Attrs.Packed {
		align = 8
	}
	if err := b.explicit(m.Attrs, func(a int64) { align = max(align, a) }); err != nil {
		return err
	}
	if b.pack != 0 {
		align = min(align, b.pack)
	}
	b.unused = 0
	bits := m.Type.Size * 8
	if b.r.Union {
		b.size = max(b.size, bits)
	} else {
		at := alignTo(b.size, align)
		m.Offset = at / 8
		b.size = at + bits
	}
	b.align = max(b.align, align)
	return nil
}

// bitField places a bit-field. It may not cross a boundary of its declared
// type's alignment that leaves it in more storage than the type has, unless it
// is packed or #pragma pack is in force, with any number: then bits follow
// each other without a gap.
func (b *builder) bitField(m *ctype.Member) error {
	unit, err := b.bitFieldUnit(m)
	if err != nil {
		return err
	}
	align := max(m.Type.Align, 1) * 8
	packed := b.r.Attrs.Packed || m.Attrs.Packed
	unpacked := align
	if packed && m.BitWidth != 0 {
		align = 1
	}
	var explicit int64
	if err := b.explicit(m.Attrs, func(a int64) { explicit = a }); err != nil {
		return err
	}
	align, unpacked = max(align, explicit), max(unpacked, explicit)
	if b.pack != 0 && m.BitWidth != 0 {
		if packed {
			align = min(unpacked, b.pack)
		} else {
			align = min(align, b.pack)
		}
	}

	var at int64
	if !b.r.Union {
		at = b.size - b.unused
	}
	switch {
	case m.BitWidth == 0, b.pack == 0 && at%align+m.BitWidth > unit:
		at = alignTo(at, align)
	case explicit != 0 && (b.pack == 0 || explicit <= b.pack):
		at = alignTo(at, explicit)
	}
	m.BitOffset, m.Offset = at, at/8

	if b.r.Union {
		b.size = max(b.size, alignTo(m.BitWidth, 8))
	} else {
		b.size = alignTo(at+m.BitWidth, 8)
		b.unused = b.size - (at + m.BitWidth)
	}
	if m.Name != "" || b.model.UnnamedBitFieldsAlign {
		b.align = max(b.align, align)
	}
	return nil
}

// bitFieldUnit checks the type and width of a bit-field and returns the size
// of the type in bits.
func (b *builder) bitFieldUnit(m *ctype.Member) (int64, error) {
	t := b.resolve(m.Type)
	switch t.Kind {
	case ctype.Int, ctype.Bool, ctype.EnumRef:
	default:
		return 0, errorf("bit-field is not of an integer type")
	}
	if m.Type.Size == 0 {
		return 0, errorf("bit-field has incomplete type %s", describe(t))
	}
	if m.Type.Atomic || t.Atomic {
		return 0, errorf("bit-field is of an atomic type")
	}
	unit := m.Type.Size * 8
	width := unit
	if t.Kind == ctype.Bool {
		width = 1
	}
	switch {
	case m.BitWidth < 0:
		return 0, errorf("bit-field has negative width %d", m.BitWidth)
	case m.BitWidth > width:
		return 0, errorf("bit-field of width %d is wider than its type, which has %d bits", m.BitWidth, width)
	case m.BitWidth == 0 && m.Name != "":
		return 0, errorf("named bit-field has width 0")
	}
	return unit, nil
}

// alignTo rounds n up to a multiple of align, a power of two.
func alignTo(n, align int64) int64 { return (n + align - 1) &^ (align - 1) }
