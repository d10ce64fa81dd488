package ctype

import (
	"fmt"
	"strconv"
	"strings"
)

// Change tells how a [Difference] came about.
type Change uint8

// The kinds of [Change], from a first Unit to a second.
const (
	Changed Change = iota
	Added
	Removed
)

// String returns the word.
func (c Change) String() string {
	switch c {
	case Added:
		return "added"
	case Removed:
		return "removed"
	}
	return "changed"
}

// A Difference is one fact in which two Units differ.
type Difference struct {
	Change Change
	Kind   string // "record", "member", "enum", "typedef", "constant" or "function"
	Name   string // of a member: that of its record, a dot and its own
	What   string // of what is Changed: "size", "offset", "value" and the like
	Old    string // the value, or for what was removed its C declaration or value
	New    string
	OldPos Pos
	NewPos Pos
}

// String returns one line, such as
//
//	struct msghdr.msg_iovlen: type changed from int to size_t (sys/socket.h:12:3)
func (d Difference) String() string {
	pos := d.NewPos
	if d.Change == Removed {
		pos = d.OldPos
	}
	at := ""
	if pos.File != "" {
		at = " (" + pos.String() + ")"
	}
	name := d.Name
	if word, _, ok := strings.Cut(name, " "); !ok || word != "struct" && word != "union" && word != "enum" {
		name = d.Kind + " " + name
	}
	switch d.Change {
	case Added:
		return fmt.Sprintf("%s: added, %s%s", name, d.New, at)
	case Removed:
		return fmt.Sprintf("%s: removed, was %s%s", name, d.Old, at)
	}
	return fmt.Sprintf("%s: %s changed from %s to %s%s", name, d.What, d.Old, d.New, at)
}

// String returns "file:line:col", as far as it is known.
func (p Pos) String() string {
	s := p.File
	if s == "" {
		return "-"
	}
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
		if p.Col > 0 {
			s += ":" + strconv.Itoa(p.Col)
		}
	}
	return s
}

// Value returns the value of the constant for a person to read: a decimal number or
// a quoted string.
func (c *Const) Value() string {
	switch c.Kind {
	case ConstFloat:
		return strconv.FormatFloat(c.Float, 'g', -1, 64)
	case ConstString:
		return strconv.Quote(c.String)
	}
	return c.Int.String()
}

// Diff returns how b differs from a: per kind of declaration what was removed
// or changed, in the order of a, then what was added, in the order of b. Where
// a declaration stands, how parameters are called, and what was skipped do not
// count.
func Diff(a, b *Unit) []Difference {
	d := &differ{xa: a.Index(), xb: b.Index()}
	both(d, "record", a.Records, b.Records, d.xa.Record, d.xb.Record, d.record, recordFact)
	both(d, "enum", a.Enums, b.Enums, d.xa.Enum, d.xb.Enum, d.enum, enumFact)
	both(d, "typedef", a.Typedefs, b.Typedefs, d.xa.Typedef, d.xb.Typedef, d.typedef, typedefFact)
	both(d, "constant", a.Consts, b.Consts, d.xa.Const, d.xb.Const, d.constant, constFact)
	both(d, "function", a.Funcs, b.Funcs, d.xa.Func, d.xb.Func, d.function, funcFact)
	return d.out
}

// A fact is what a Difference tells of a declaration.
type fact struct {
	name, text string
	pos        Pos
}

func recordFact(r *Record) fact {
	text := keyword(r)
	if r.Complete {
		text = fmt.Sprintf("%s of %d bytes", text, r.Size)
	}
	return fact{r.Name, text, r.Pos}
}

func memberFact(r *Record, i int, m *Member) fact {
	text := m.Type.Declare(m.Name)
	if m.BitField {
		text = fmt.Sprintf("%s : %d", text, m.BitWidth)
	}
	return fact{r.Name + "." + memberKey(i, m), fmt.Sprintf("%s at %d", text, m.Offset), m.Pos}
}

func enumFact(e *Enum) fact       { return fact{e.Name, fmt.Sprintf("%d constants", len(e.Consts)), e.Pos} }
func typedefFact(t *Typedef) fact { return fact{t.Name, t.Type.String(), t.Pos} }
func constFact(c *Const) fact     { return fact{c.Name, c.Value(), c.Pos} }
func funcFact(f *Func) fact       { return fact{f.Name, f.Type.Declare(f.Name), f.Pos} }

// memberKey names a member in its record; unnamed ones by their index.
func memberKey(i int, m *Member) string {
	if m.Name == "" {
		return "#" + strconv.Itoa(i)
	}
	return m.Name
}

type differ struct {
	xa, xb *Index
	out    []Difference
}

// both walks two lists of declarations. Of names that occur more than once the
// index knows one, which is the one compared.
func both[T any](d *differ, kind string, as, bs []*T, inA, inB func(string) *T, compare func(a, b *T), of func(*T) fact) {
	for _, a := range as {
		f := of(a)
		if inA(f.name) != a {
			continue
		}
		if b := inB(f.name); b != nil {
			compare(a, b)
		} else {
			d.out = append(d.out, Difference{Change: Removed, Kind: kind, Name: f.name, Old: f.text, OldPos: f.pos})
		}
	}
	for _, b := range bs {
		f := of(b)
		if inB(f.name) == b && inA(f.name) == nil {
			d.out = append(d.out, Difference{Change: Added, Kind: kind, Name: f.name, New: f.text, NewPos: f.pos})
		}
	}
}

// note records a difference when the texts differ.
func (d *differ) note(kind, name, what, old, new string, oldPos, newPos Pos) {
	if old != new {
		d.out = append(d.out, Difference{
			Kind: kind, Name: name, What: what, Old: old, New: new, OldPos: oldPos, NewPos: newPos,
		})
	}
}

func (d *differ) number(kind, name, what string, old, new int64, oldPos, newPos Pos) {
	d.note(kind, name, what, strconv.FormatInt(old, 10), strconv.FormatInt(new, 10), oldPos, newPos)
}

func (d *differ) record(a, b *Record) {
	d.note("record", a.Name, "kind", keyword(a), keyword(b), a.Pos, b.Pos)
	d.note("record", a.Name, "completeness", complete(a.Complete), complete(b.Complete), a.Pos, b.Pos)
	d.number("record", a.Name, "size", a.Size, b.Size, a.Pos, b.Pos)
	d.number("record", a.Name, "alignment", a.Align, b.Align, a.Pos, b.Pos)
	if !a.Complete || !b.Complete {
		return
	}
	in := make(map[string]int, len(b.Members))
	for i, m := range b.Members {
		in[memberKey(i, m)] = i
	}
	kept := make(map[string]bool)
	for i, m := range a.Members {
		key := memberKey(i, m)
		j, ok := in[key]
		if !ok {
			f := memberFact(a, i, m)
			d.out = append(d.out, Difference{Change: Removed, Kind: "member", Name: f.name, Old: f.text, OldPos: f.pos})
			continue
		}
		kept[key] = true
		d.member(a.Name+"."+key, m, b.Members[j])
	}
	for i, m := range b.Members {
		if !kept[memberKey(i, m)] {
			f := memberFact(b, i, m)
			d.out = append(d.out, Difference{Change: Added, Kind: "member", Name: f.name, New: f.text, NewPos: f.pos})
		}
	}
}

func complete(yes bool) string {
	if yes {
		return "defined"
	}
	return "only declared"
}

func (d *differ) member(name string, a, b *Member) {
	d.types("member", name, a.Type, b.Type, a.Pos, b.Pos)
	if a.BitField || b.BitField {
		bits := func(m *Member) string {
			if !m.BitField {
				return "no bit-field"
			}
			return fmt.Sprintf("%d bits from bit %d", m.BitWidth, m.BitOffset)
		}
		d.note("member", name, "place", bits(a), bits(b), a.Pos, b.Pos)
		return
	}
	d.number("member", name, "offset", a.Offset, b.Offset, a.Pos, b.Pos)
}

// types compares how two types are spelled and, where that is the same, how
// large they are.
func (d *differ) types(kind, name string, a, b *Type, aPos, bPos Pos) {
	if a == nil || b == nil {
		if a != b {
			d.note(kind, name, "type", typeText(a), typeText(b), aPos, bPos)
		}
		return
	}
	old, new := withoutNames(a).String(), withoutNames(b).String()
	d.note(kind, name, "type", old, new, aPos, bPos)
	if old != new {
		return
	}
	d.number(kind, name, "size", a.Size, b.Size, aPos, bPos)
	if a.Size == b.Size {
		d.note(kind, name, "sign", sign(a), sign(b), aPos, bPos)
	}
}

func typeText(t *Type) string {
	if t == nil {
		return "none"
	}
	return t.String()
}

func sign(t *Type) string {
	if t.Signed {
		return "signed"
	}
	return "unsigned"
}

func (d *differ) enum(a, b *Enum) {
	d.note("enum", a.Name, "completeness", complete(a.Complete), complete(b.Complete), a.Pos, b.Pos)
	if a.Complete && b.Complete {
		d.types("enum", a.Name, a.Type, b.Type, a.Pos, b.Pos)
	}
}

func (d *differ) typedef(a, b *Typedef) {
	d.types("typedef", a.Name, a.Type, b.Type, a.Pos, b.Pos)
	d.number("typedef", a.Name, "alignment", a.Attrs.Aligned, b.Attrs.Aligned, a.Pos, b.Pos)
}

func (d *differ) constant(a, b *Const) {
	d.note("constant", a.Name, "value", a.Value(), b.Value(), a.Pos, b.Pos)
	d.types("constant", a.Name, a.Type, b.Type, a.Pos, b.Pos)
	d.note("constant", a.Name, "enum", orNone(a.Enum), orNone(b.Enum), a.Pos, b.Pos)
}

func orNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

func (d *differ) function(a, b *Func) {
	unnamed := func(f *Func) string { return withoutNames(f.Type).Declare(f.Name) }
	d.note("function", a.Name, "prototype", unnamed(a), unnamed(b), a.Pos, b.Pos)
	d.note("function", a.Name, "symbol", symbolOf(a), symbolOf(b), a.Pos, b.Pos)
}

func symbolOf(f *Func) string {
	if f.Symbol == "" {
		return f.Name
	}
	return f.Symbol
}

// withoutNames returns the type without the names of parameters.
func withoutNames(t *Type) *Type {
	if t == nil {
		return nil
	}
	c := *t
	c.Elem = withoutNames(t.Elem)
	c.Params = make([]Param, len(t.Params))
	for i, p := range t.Params {
		c.Params[i].Type = withoutNames(p.Type)
	}
	return &c
}
