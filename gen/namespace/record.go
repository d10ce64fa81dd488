package namespace

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/emit"
)

// record plans the Go form of a complete record, once.
func (v *view) record(c *ctype.Record) *Record {
	if r := v.records[c.Name]; r != nil {
		return r
	}
	r := &Record{C: c, Go: v.p.goNames[c.Name], Align: 1}
	v.records[c.Name] = r
	if v.isBytes(c) {
		r.Bytes = true
		return r
	}
	b := &recordBuilder{view: v, r: r}
	b.build()
	return r
}

// isBytes reports whether a record is a byte array in Go: because the options
// want it, or because it is an address, bytes that C can also see as words,
// such as struct in6_addr.
func (v *view) isBytes(c *ctype.Record) bool {
	return v.isAddress(c) || slices.ContainsFunc(v.p.opt.Bytes, func(name string) bool {
		return name == c.Name || name == c.Tag || v.p.publicTypedef[c.Name] == name
	})
}

// isAddress reports whether a record has one member, a union of arrays of
// unsigned integers, one of them of bytes, each as large as the record.
func (v *view) isAddress(c *ctype.Record) bool {
	if c.Union || len(c.Members) != 1 || c.Size == 0 {
		return false
	}
	t := v.index.Resolve(c.Members[0].Type)
	if t.Kind != ctype.RecordRef {
		return false
	}
	u := v.index.Record(t.Name)
	if u == nil || !u.Union || u.Size != c.Size {
		return false
	}
	bytes := false
	for _, m := range u.Members {
		t := v.index.Resolve(m.Type)
		if t.Kind != ctype.Array || t.Size != c.Size {
			return false
		}
		elem := v.index.Resolve(t.Elem)
		if elem.Kind != ctype.Int || elem.Signed {
			return false
		}
		bytes = bytes || elem.Size == 1
	}
	return bytes
}

// recordBuilder decides the form of each member of one record.
type recordBuilder struct {
	*view
	r     *Record
	flat  []flatMember
	names emit.Names // fields and methods
}

func (b *recordBuilder) build() {
	r := b.r
	var regions []region
	b.flat, regions = b.flattenRegions(r.C)
	for _, m := range b.flat {
		b.names.Take(b.p.fieldName(r.C.Name, m.Name))
	}
	fields := make([]*Field, len(b.flat))
	for i, m := range b.flat {
		fields[i] = b.field(m)
	}
	r.Fields = fields

	storages := b.regionSlots(regions, fields)
	for i, m := range b.flat {
		if m.shared < 0 && fields[i].Form != Bits {
			storages = append(storages, b.ownSlot(fields[i])...)
		}
	}
	storages = append(storages, b.bitSlots(storages)...)
	slices.SortStableFunc(storages, func(x, y placed) int { return int(x.offset - y.offset) })
	b.pad(storages)
	for i, m := range b.flat {
		f := fields[i]
		if m.shared >= 0 {
			b.shareRegion(f, regions[m.shared])
		}
		b.describe(f)
	}
}

// placed is a slot before padding, with its alignment.
type placed struct {
	slot
	align int64
}

// field starts the plan of a member with what does not depend on the others.
func (b *recordBuilder) field(m flatMember) *Field {
	path := bareName(b.r.C.Name) + "." + m.Name
	f := &Field{
		C: m.Member, Name: m.Name,
		Go:     b.p.fieldName(b.r.C.Name, m.Name),
		Type:   b.goType(m.Type, path),
		Offset: m.offset,
		Size:   m.Type.Size,
	}
	switch {
	case m.BitField:
		f.Form, f.Size = Bits, 0
		f.BitOffset, f.BitWidth = m.bitOffset, m.BitWidth
		f.Offset = m.bitOffset / 8
	case f.Size == 0:
		f.Form = Flexible
	}
	if f.Form == Bits || f.Form == Plain {
		if f.Type.Kind == Bytes {
			b.skip(b.r.C.Name+"."+m.Name, "bytes in Go: "+b.whyBytes(m.Type), m.Pos)
		}
	}
	return f
}

// whyBytes says why a C type has no Go type.
func (v *view) whyBytes(declared *ctype.Type) string {
	t := v.index.Resolve(declared)
	switch t.Kind {
	case ctype.RecordRef:
		r := v.index.Record(t.Name)
		switch {
		case r == nil || !r.Complete:
			return t.Name + " is not defined"
		case r.Size != declared.Size:
			return t.Name + " is another one in the headers that came first"
		}
		return t.Name + " is excluded by the configuration"
	case ctype.Array:
		return v.whyBytes(t.Elem)
	}
	if t.Size != declared.Size {
		return declared.Name + " is another one in the headers that came first"
	}
	return "Go has no type like " + v.spell(t)
}

// ownSlot places a member with storage of its own: as its type, or as bytes
// where Go would align it differently.
func (b *recordBuilder) ownSlot(f *Field) []placed {
	switch {
	case f.Form == Flexible:
		return nil
	case f.Offset%f.Type.Align != 0 || b.r.C.Size%f.Type.Align != 0:
		f.Form = Value
		f.storage, f.base = b.names.Take(emit.Unexport(f.Go)), f.Offset
		f.Setter = b.names.Take("Set" + f.Go)
		return []placed{{slot{name: f.storage, typ: bytesType(f.Size), offset: f.Offset, size: f.Size}, 1}}
	}
	return []placed{{slot{name: f.Go, typ: f.Type, offset: f.Offset, size: f.Size}, f.Type.Align}}
}

// regionSlots makes the storage that the members of a union share, aligned as
// well as its place allows.
func (b *recordBuilder) regionSlots(regions []region, fields []*Field) (slots []placed) {
	for i := range regions {
		g := &regions[i]
		if g.size == 0 {
			continue
		}
		want := g.align
		for j, m := range b.flat {
			if m.shared == i {
				want = max(want, fields[j].Type.Align)
			}
		}
		align := min(want, b.maxAlign)
		for align > 1 && (g.offset%align != 0 || g.size%align != 0 || b.r.C.Size%align != 0) {
			align /= 2
		}
		g.align = align
		name := "data"
		if !b.r.C.Union {
			name = "union" + strconv.FormatInt(g.offset, 10)
		}
		typ := bytesType(g.size)
		if align > 1 {
			typ = &Type{Kind: Array, Size: g.size, Align: align, Len: g.size / align, Elem: b.integer(align, false)}
		}
		g.name = b.names.Take(name)
		s := slot{name: g.name, typ: typ, offset: g.offset, size: g.size}
		if !b.r.C.Union {
			s.comment = "union of " + b.sharers(i)
		}
		slots = append(slots, placed{s, align})
	}
	return slots
}

// sharers names the members of a union, as many as a comment has room for.
func (b *recordBuilder) sharers(region int) string {
	var names []string
	for _, m := range b.flat {
		if m.shared == region {
			names = append(names, m.Name)
		}
	}
	if len(names) > 4 {
		names = append(names[:3], "...")
	}
	return strings.Join(names, ", ")
}

// shareRegion decides how a member of a union is reached.
func (b *recordBuilder) shareRegion(f *Field, g region) {
	f.storage, f.base = g.name, g.offset
	switch {
	case f.Form == Flexible:
	case f.Form == Bits:
		f.Setter = b.names.Take("Set" + f.Go)
		f.unit, f.unitAt = g.integerAround(f)
	case g.align%f.Type.Align == 0 && (f.Offset-g.offset)%f.Type.Align == 0:
		f.Form = Pointer
	default:
		f.Form = Value
	}
	if f.Form == Value {
		f.Setter = b.names.Take("Set" + f.Go)
	}
	f.inUnion = true
}

// integerAround finds the smallest aligned integer in the storage of a union
// that holds a whole bit-field; its size is 0 when there is none.
func (g region) integerAround(f *Field) (size, offset int64) {
	first, last := f.BitOffset/8-g.offset, (f.BitOffset+f.BitWidth-1)/8-g.offset
	for size = 1; size <= g.align; size *= 2 {
		if start := first / size * size; last < start+size && start+size <= g.size {
			return size, g.offset + start
		}
	}
	return 0, 0
}

// bitSlots makes the storage for the bit-fields that are not in a union. Bit-
// fields that C keeps in one unit of their declared type share one integer,
// where that fits between the other members.
func (b *recordBuilder) bitSlots(others []placed) (slots []placed) {
	var units [][]*Field
	var unitOf int64 = -1
	end := int64(-1) // first byte after the current unit
	for i, m := range b.flat {
		f := b.r.Fields[i]
		if m.shared >= 0 || f.Form != Bits {
			continue
		}
		container := int64(-2)
		if size := 8 * m.Type.Size; size > 0 && m.bitOffset/size == (m.bitOffset+m.BitWidth-1)/size {
			container = m.bitOffset / size * size
		}
		last := len(units) - 1
		if last >= 0 && (f.Offset < end || container >= 0 && container == unitOf && !between(others, units[last][0].Offset, f.Offset)) {
			units[last] = append(units[last], f)
		} else {
			units = append(units, []*Field{f})
			unitOf = container
		}
		end = (f.BitOffset + f.BitWidth + 7) / 8
	}
	for i, unit := range units {
		lo := unit[0].Offset
		hi := (unit[len(unit)-1].BitOffset + unit[len(unit)-1].BitWidth + 7) / 8
		limit := b.r.C.Size
		for _, o := range others {
			if o.offset >= hi {
				limit = min(limit, o.offset)
			}
		}
		if i+1 < len(units) {
			limit = min(limit, units[i+1][0].Offset)
		}
		slots = append(slots, b.bitSlot(unit, lo, hi, limit))
	}
	return slots
}

// bitSlot makes the storage for the bit-fields in the bytes from lo to hi: an
// integer, when one can stand there, or else bytes.
func (b *recordBuilder) bitSlot(fields []*Field, lo, hi, limit int64) placed {
	s := placed{slot{name: b.names.Take("bits" + strconv.FormatInt(lo, 10)), offset: lo, size: hi - lo}, 1}
	s.typ = bytesType(s.size)
	for _, size := range []int64{1, 2, 4, 8} {
		align := min(size, b.maxAlign)
		if size >= s.size && lo+size <= limit && lo%align == 0 && b.r.C.Size%align == 0 {
			s.size, s.align, s.typ = size, align, b.integer(size, false)
			break
		}
	}
	for _, f := range fields {
		f.storage, f.base, f.unit = s.name, lo, s.size
		if s.typ.Kind == Bytes {
			f.unit = 0
		}
		f.Setter = b.names.Take("Set" + f.Go)
	}
	names := fields[0].Name
	for _, f := range fields[1:] {
		names += ", " + f.Name
	}
	s.comment = names
	return s
}

func between(slots []placed, lo, hi int64) bool {
	return slices.ContainsFunc(slots, func(s placed) bool { return lo < s.offset && s.offset < hi })
}

// pad turns slots into the fields of the Go struct, padding between them.
func (b *recordBuilder) pad(slots []placed) {
	r := b.r
	at := int64(0)
	gap := func(to int64) {
		if to > at {
			r.storage = append(r.storage, slot{name: "_", typ: bytesType(to - at), offset: at, size: to - at})
			r.Padding = true
		}
	}
	for _, s := range slots {
		gap(s.offset)
		r.storage = append(r.storage, s.slot)
		r.Align = max(r.Align, s.align)
		at = s.offset + s.size
	}
	gap(r.C.Size)
	if r.C.Align > b.maxAlign && r.C.Align > 8 {
		b.skip(r.C.Name, fmt.Sprintf("in the package, but C aligns it to %d bytes and Go to %d", r.C.Align, r.Align), r.C.Pos)
	}
}

// describe writes the comments of a field.
func (b *recordBuilder) describe(f *Field) {
	f.comment = f.Name
	t := b.informative(f)
	if note := b.note(f.Name); note != "" {
		if t != "" {
			t += ", "
		}
		t += note
	}
	if t != "" {
		f.comment += " (" + t + ")"
	}
	if f.Form != Bits && f.Form != Pointer && f.Form != Flexible {
		for i := range b.r.storage {
			if s := &b.r.storage[i]; s.offset == f.Offset && s.name != "_" && s.comment == "" {
				s.comment = f.comment
			}
		}
	}
}

func (b *recordBuilder) note(member string) string {
	for _, key := range []string{b.r.C.Name, b.r.C.Tag} {
		if note := b.p.opt.Notes[key+"."+member]; note != "" {
			return note
		}
	}
	return ""
}

// informative returns the C type of a member when the Go type does not say it
// all.
func (b *recordBuilder) informative(f *Field) string {
	elem := f.C.Type
	for elem.Kind == ctype.Array {
		elem = elem.Elem
	}
	switch {
	case !telling(f.C.Type),
		f.Type.Kind == BE,
		f.Type.Kind == Named && elem.Kind == ctype.RecordRef,
		f.Type.Kind == Named && emit.TypeName(elem.Name) == f.Type.Name,
		f.Type.Kind == Enum:
		return ""
	}
	return b.spell(f.C.Type)
}

// spell writes a C type as programs would: a typedef with leading underscores
// under the name without, if that is the same type.
func (v *view) spell(t *ctype.Type) string {
	elem, wrap := t, func(t *ctype.Type) *ctype.Type { return t }
	for elem.Kind == ctype.Array {
		outer, inner := elem, wrap
		wrap = func(t *ctype.Type) *ctype.Type {
			c := *outer
			c.Elem = t
			return inner(&c)
		}
		elem = elem.Elem
	}
	if public := strings.TrimLeft(elem.Name, "_"); elem.Kind == ctype.TypedefRef && public != elem.Name {
		if d := v.index.Typedef(public); d != nil && d.Type.Size == elem.Size {
			c := *elem
			c.Name = public
			t = wrap(&c)
		}
	}
	return v.index.Spell(t)
}

// telling reports whether a C type says more than the Go type for it does:
// pointers, typedefs that have a meaning, types whose size is not in their
// name, and what Go has no type for.
func telling(t *ctype.Type) bool {
	array := false
	for t.Kind == ctype.Array {
		t, array = t.Elem, true
	}
	switch t.Kind {
	case ctype.TypedefRef:
		return fixedWidth[t.Name] == ""
	case ctype.Int:
		return t.Name == "long" || t.Name == "unsigned long" || t.Name == "char" && !array || t.Size > 8
	case ctype.Float:
		return t.Name != "float" && t.Name != "double"
	case ctype.RecordRef, ctype.EnumRef:
		return !strings.ContainsAny(t.Name, ".#")
	}
	return true
}
