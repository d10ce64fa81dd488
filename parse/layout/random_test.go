package layout

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/abigen/abigen/abi/ctype"
)

// A generator makes random declarations: what one case needs is appended to
// unit, in an order in which C can read it.
type generator struct {
	*rand.Rand
	model *ctype.Model
	unit  *ctype.Unit
	n     int // numbers the names

	// plain keeps to what gcc and clang lay out alike.
	plain bool
}

func (g *generator) chance(percent int) bool { return g.IntN(100) < percent }

func (g *generator) name(prefix string) string {
	g.n++
	return fmt.Sprintf("%s%d", prefix, g.n)
}

func pick[T any](g *generator, list ...T) T { return list[g.IntN(len(list))] }

// record makes a tagged struct or union and returns it.
func (g *generator) record() *ctype.Record {
	r := &ctype.Record{Tag: g.name("s"), Complete: true, Union: g.chance(15)}
	r.Name = "struct " + r.Tag
	if r.Union {
		r.Name = "union " + r.Tag
	}
	g.fill(r, 0)
	g.unit.Records = append(g.unit.Records, r)
	return r
}

// fill gives r attributes and members.
func (g *generator) fill(r *ctype.Record, depth int) {
	r.Attrs = ctype.Attrs{Packed: g.chance(15)}
	if g.chance(12) {
		r.Attrs.Aligned = 1 << g.IntN(6)
	}
	if g.chance(20) {
		r.Attrs.Pack = 1 << g.IntN(5)
	}
	n := 1 + g.IntN(8)
	if depth > 0 {
		n = 1 + g.IntN(4)
	}
	// Every third record is mostly bit-fields: that is where the rules are.
	bitty := g.chance(33)
	for i := range n {
		m := &ctype.Member{}
		switch {
		case bitty && g.chance(75) || g.chance(25):
			g.bitField(m)
		case depth < 3 && g.chance(12):
			g.nested(r, m, i, depth)
		default:
			m.Name = g.name("m")
			m.Type = g.memberType(i == n-1 && g.mayEndFlexible(r, depth))
		}
		if m.Name != "" || m.BitField { // what follows an anonymous struct is an attribute of its type
			m.Attrs.Packed = g.chance(8)
			if g.chance(8) {
				m.Attrs.Aligned = 1 << g.IntN(6)
			}
			if g.plain && m.BitField && (r.Attrs.Pack != 0 || m.Name == "" || m.Attrs.Aligned < 16) {
				m.Attrs.Aligned = 0
			}
		}
		r.Members = append(r.Members, m)
	}
}

// mayEndFlexible reports whether r may end in a flexible array. gcc wants it
// at the end of the whole, too, and after a member that has a name.
func (g *generator) mayEndFlexible(r *ctype.Record, depth int) bool {
	if g.plain && (depth > 0 || !slices.ContainsFunc(r.Members, func(m *ctype.Member) bool { return m.Name != "" })) {
		return false
	}
	return len(r.Members) > 0 && !r.Union
}

// bitField makes m a bit-field of any type and width, or a zero-width one.
func (g *generator) bitField(m *ctype.Member) {
	m.BitField = true
	name := pick(g, "char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned int", "int",
		"long", "unsigned long", "long long", "unsigned long long", "_Bool", "enum", "typedef", "__int128")
	switch name {
	case "enum":
		m.Type = g.enum()
	case "typedef":
		m.Type = g.typedef(g.basic("char", "short", "int", "unsigned int", "long", "long long"), g.plain)
	default:
		m.Type = g.model.Type(name)
		if m.Type == nil {
			m.Type = g.model.Type("unsigned int")
		}
	}
	size := New(g.model, g.unit.Index())
	if err := size.Type(m.Type); err != nil {
		panic(err) // the generator made it
	}
	width := m.Type.Size * 8
	if name == "_Bool" {
		width = 1
	}
	switch {
	case g.chance(12):
		m.BitWidth = 0
	case g.chance(12):
		m.BitWidth = 1 + g.Int64N(width)
	default:
		m.Name = g.name("b")
		m.BitWidth = 1 + g.Int64N(width)
		if g.chance(50) {
			m.BitWidth = 1 + g.Int64N(min(width, 9))
		}
	}
}

// nested makes the type of m a struct or union defined in place, and m
// anonymous most of the time.
func (g *generator) nested(r *ctype.Record, m *ctype.Member, i, depth int) {
	in := &ctype.Record{Complete: true, Union: g.chance(50)}
	in.Name = fmt.Sprintf("%s.#%d", r.Name, i)
	if g.chance(35) {
		m.Name = g.name("n")
		in.Name = r.Name + "." + m.Name
	}
	g.fill(in, depth+1)
	g.unit.Records = append(g.unit.Records, in)
	m.Type = &ctype.Type{Kind: ctype.RecordRef, Name: in.Name}
}

// memberType returns the type of a member; only the last one may be a
// flexible array.
func (g *generator) memberType(last bool) *ctype.Type {
	if last && g.chance(20) {
		return &ctype.Type{Kind: ctype.Array, Elem: g.elementType(), Len: -1}
	}
	t := g.elementType()
	if g.chance(20) {
		t = &ctype.Type{Kind: ctype.Array, Elem: t, Len: g.Int64N(5)}
		if g.chance(20) {
			t = &ctype.Type{Kind: ctype.Array, Elem: t, Len: 1 + g.Int64N(3)}
		}
	} else if g.chance(15) {
		t = g.typedef(t, false)
	}
	return t
}

// elementType returns a type whose size is a multiple of its alignment.
func (g *generator) elementType() *ctype.Type {
	switch g.IntN(12) {
	case 0:
		return &ctype.Type{Kind: ctype.Pointer, Elem: g.model.Type("void")}
	case 1:
		return g.enum()
	case 2:
		if t := g.earlier(); t != nil {
			return t
		}
	case 3:
		return g.model.Type(pick(g, "double", "float", "long double", "double _Complex"))
	case 4:
		return g.model.Type(pick(g, "long long", "unsigned long long"))
	case 5:
		if t := g.model.Type("__int128"); t != nil {
			return t
		}
	case 6:
		// By a typedef: gcc misreads a vector_size that stands before an
		// array of no elements.
		return g.typedef(&ctype.Type{Kind: ctype.Vector, Elem: g.model.Type(pick(g, "char", "int")), Len: 1 << (1 + g.IntN(g.vectors()))}, true)
	case 7:
		if !g.plain { // gcc does not align them beyond the target's own
			t := g.model.Type(pick(g, "short", "int", "long long", "char"))
			t.Atomic = true
			return t
		}
	}
	return g.basic("char", "signed char", "unsigned char", "short", "unsigned short", "int", "unsigned int", "long", "unsigned long", "_Bool")
}

// vectors limits the sizes of vectors: gcc does not align those beyond what
// the machine has instructions for.
func (g *generator) vectors() int {
	if g.plain {
		return 2
	}
	return 4
}

// basic returns one of the basic types.
func (g *generator) basic(names ...string) *ctype.Type { return g.model.Type(pick(g, names...)) }

// earlier returns a reference to a record made before that can be a member:
// one that does not end in a flexible array.
func (g *generator) earlier() *ctype.Type {
	for range 4 {
		if len(g.unit.Records) == 0 {
			return nil
		}
		r := pick(g, g.unit.Records...)
		if r.Tag == "" || g.endsFlexible(r) {
			continue
		}
		return &ctype.Type{Kind: ctype.RecordRef, Name: r.Name}
	}
	return nil
}

func (g *generator) endsFlexible(r *ctype.Record) bool {
	for _, m := range r.Members {
		t := m.Type
		if t.Kind == ctype.Array && t.Len == -1 {
			return true
		}
		if t.Kind == ctype.RecordRef {
			for _, in := range g.unit.Records {
				if in.Name == t.Name && g.endsFlexible(in) {
					return true
				}
			}
		}
	}
	return false
}

// typedef returns a typedef of t, often with another alignment, which a
// typedef may also lower.
func (g *generator) typedef(t *ctype.Type, plain bool) *ctype.Type {
	d := &ctype.Typedef{Name: g.name("t"), Type: t}
	if g.chance(70) && !plain {
		d.Attrs.Aligned = 1 << g.IntN(6)
	}
	g.unit.Typedefs = append(g.unit.Typedefs, d)
	return &ctype.Type{Kind: ctype.TypedefRef, Name: d.Name}
}

// enum returns an enum of any size and sign.
func (g *generator) enum() *ctype.Type {
	e := &ctype.Enum{Tag: g.name("e"), Complete: true, Packed: g.chance(40)}
	e.Name = "enum " + e.Tag
	var values []ctype.Integer
	for range 1 + g.IntN(3) {
		v := g.Int64N(1 << (1 + g.IntN(33)))
		if g.chance(30) {
			v = -v
		}
		if g.chance(20) {
			v = pick[int64](g, 127, 128, 255, 256, -128, -129, 32767, 32768, 65535, 65536, -32768, -32769, 1<<31-1, 1<<31, -1<<31, 1<<32-1, 1<<32)
		}
		c := &ctype.Const{Name: g.name("K"), Int: ctype.IntegerOf(v), Enum: e.Name}
		e.Consts = append(e.Consts, c.Name)
		g.unit.Consts = append(g.unit.Consts, c)
		values = append(values, c.Int)
	}
	g.unit.Enums = append(g.unit.Enums, e)
	if err := New(g.model, g.unit.Index()).Enum(e, values); err != nil {
		panic(err) // values of 34 bits always have a type
	}
	return &ctype.Type{Kind: ctype.EnumRef, Name: e.Name}
}
