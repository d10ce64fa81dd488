package namespace

import (
	"fmt"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/emit"
)

// layoutFile holds the assertions, apart from what people read.
const layoutFile = "zlayout"

const layoutIntro = `Every constant in this file is zero. A line that does not compile, because its
constant would overflow, means that Go lays a type out in another way than C
does: the package and the headers are not the same age, or something is wrong
in abigen.`

// recordDecl is the type of a record, the constants that go with it, and its
// accessors.
func (v *view) recordDecl(r *Record) emit.Decl {
	return emit.Decl{
		Key:    r.C.Name,
		Sig:    r.signature(),
		Render: func(g *jen.Group) { v.renderRecord(g, r) },
	}
}

// signature holds everything that renderRecord writes.
func (r *Record) signature() string {
	var b strings.Builder
	fmt.Fprint(&b, r.Go, r.Bytes, r.C.Size, r.C.Align, r.C.Pos.File)
	for i := range r.storage {
		s := &r.storage[i]
		b.WriteString("\n" + s.name + " " + s.typ.String() + " " + itoa(s.offset) + " " + s.comment)
	}
	for _, f := range r.Fields {
		if f.Form != Plain {
			b.WriteString("\n" + f.Go + " " + f.Setter + " " + f.Type.String() + " " + f.comment + " " + f.storage)
			for _, n := range []int64{int64(f.Form), f.Offset, f.base, f.unit, f.BitOffset, f.BitWidth} {
				b.WriteString(" " + itoa(n))
			}
		}
	}
	return b.String()
}

func (v *view) renderRecord(g *jen.Group, r *Record) {
	keyword := "struct"
	if r.C.Union {
		keyword = "union"
	}
	g.Comment(fmt.Sprintf("// %s is %s: %s.", r.Go, v.cName(r.C.Name, keyword, r.C.Pos.File), sizeText(r.C)))
	if r.Bytes {
		g.Type().Id(r.Go).Index(jen.Lit(int(r.C.Size))).Byte()
	} else {
		g.Type().Id(r.Go).StructFunc(func(g *jen.Group) { v.renderStorage(g, r) })
	}
	g.Line()
	v.renderSizes(g, r)
	for _, f := range r.Fields {
		switch f.Form {
		case Pointer:
			g.Line()
			v.renderPointer(g, r, f)
		case Value:
			g.Line()
			v.renderValue(g, r, f)
		case Bits:
			g.Line()
			v.renderBits(g, r, f)
		}
	}
}

func sizeText(c *ctype.Record) string {
	s := itoa(c.Size) + " bytes"
	if c.Size == 1 {
		s = "1 byte"
	}
	if c.Align > 1 {
		s += ", aligned to " + itoa(c.Align)
	}
	if c.Align > 8 {
		s += " (by C, not by Go)" // no Go type is aligned to more than 8
	}
	return s
}

// renderStorage writes the fields of the struct.
func (v *view) renderStorage(g *jen.Group, r *Record) {
	g.Id("_").Qual("structs", "HostLayout")
	width := len(itoa(r.lastOffset()))
	for i := range r.storage {
		s := &r.storage[i]
		comment := fmt.Sprintf("// %*d", width, s.offset)
		if s.comment != "" {
			comment += " " + s.comment
		}
		g.Id(s.name).Add(v.code(s.typ)).Comment(comment)
	}
	for _, f := range r.Fields {
		if f.Form == Flexible {
			g.Comment(fmt.Sprintf("// %*d %s follows", width, f.Offset, f.C.Type.Declare(f.Name)))
		}
	}
}

func (r *Record) lastOffset() int64 {
	last := int64(0)
	for _, s := range r.storage {
		last = max(last, s.offset)
	}
	for _, f := range r.Fields {
		if f.Form == Flexible {
			last = max(last, f.Offset)
		}
	}
	return last
}

// renderSizes writes SizeofX, and OffsetofXY for members without a field.
func (v *view) renderSizes(g *jen.Group, r *Record) {
	var flexible []*Field
	for _, f := range r.Fields {
		if f.Form == Flexible {
			flexible = append(flexible, f)
		}
	}
	if len(flexible) == 0 {
		g.Const().Id(r.Sizeof).Op("=").Lit(int(r.C.Size))
		return
	}
	g.Const().DefsFunc(func(g *jen.Group) {
		g.Id(r.Sizeof).Op("=").Lit(int(r.C.Size))
		for _, f := range flexible {
			g.Id(f.Offsetof).Op("=").Lit(int(f.Offset)).Comment("// of " + f.Name)
		}
	})
}

// layoutDecl asserts size and offsets: a constant -(x - n) of an unsigned type
// overflows unless x is n.
func (v *view) layoutDecl(r *Record) emit.Decl {
	var sig strings.Builder
	sig.WriteString(r.Go + " " + itoa(r.C.Size))
	for _, s := range r.storage {
		if s.name != "_" {
			sig.WriteString(" " + s.name + " " + itoa(s.offset))
		}
	}
	return emit.Decl{
		Key:   "layout " + r.C.Name,
		File:  layoutFile,
		Sig:   sig.String(),
		Block: "const",
		Group: r.C.Name,
		Render: func(g *jen.Group) {
			zero := func(what string, of jen.Code, n int64) {
				g.Id("_").Op("=").Op("-").Parens(jen.Qual("unsafe", what).Call(of).Op("-").Lit(int(n)))
			}
			value := func() *jen.Statement { return jen.Id(r.Go).Values() }
			zero("Sizeof", value(), r.C.Size)
			for _, s := range r.storage {
				if s.name != "_" {
					zero("Offsetof", value().Dot(s.name), s.offset)
				}
			}
		},
	}
}
