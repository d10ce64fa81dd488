package namespace

import (
	"github.com/dave/jennifer/jen"
)

// field is the Go member, or an element of it when it is an array.
func (w *portableWriter) field(f *portableField) *jen.Statement {
	s := jen.Id(w.recv).Dot(f.goName)
	if f.typ.len >= 0 {
		s.Index(jen.Id("i"))
	}
	return s
}

// whole is the Go member.
func (w *portableWriter) whole(f *portableField) *jen.Statement { return jen.Id(w.recv).Dot(f.goName) }

// span is the part of b from the place on: b[8:], or b[8+4*i:] in a loop.
func (at place) span() *jen.Statement {
	start := jen.Lit(int(at.offset))
	if at.len >= 0 {
		i := jen.Lit(int(at.size)).Op("*").Id("i")
		if at.size == 1 {
			i = jen.Id("i")
		}
		start.Op("+").Add(i)
		if at.offset == 0 {
			start = i
		}
	}
	return jen.Id("b").Index(start.Op(":"))
}

// each writes body in a loop over the elements, or once for a single value.
func (at place) each(g *jen.Group, f *portableField, whole *jen.Statement, body ...jen.Code) {
	switch {
	case at.len < 0:
		for _, code := range body {
			g.Add(code)
		}
	case at.len == f.typ.len:
		g.For(jen.Id("i").Op(":=").Range().Add(whole)).Block(body...)
	default:
		g.For(jen.Id("i").Op(":=").Range().Lit(int(at.len))).Block(body...)
	}
}

// order is the byte order of a place on a target.
func (at place) order(v *view) *jen.Statement {
	if v.model.BigEndian || at.network {
		return jen.Qual("encoding/binary", "BigEndian")
	}
	return jen.Qual("encoding/binary", "LittleEndian")
}

// raw reports whether a member is moved by copying bytes.
func raw(f *portableField, at place) bool {
	return f.typ.kind == Bytes || f.typ.len >= 0 && f.typ.size == 1 && f.typ.kind == Uint
}

// region is the bytes of a raw member: b[4:20].
func (at place) region() *jen.Statement {
	return jen.Id("b").Index(jen.Lit(int(at.offset)).Op(":").Lit(int(at.offset + at.bytes())))
}

// bytes is the size of the whole member.
func (at place) bytes() int64 {
	if at.len >= 0 {
		return at.size * at.len
	}
	return at.size
}

// load writes the statements that read a member from b.
func (w *portableWriter) load(g *jen.Group, f *portableField, at place, v *view) {
	switch {
	case at.bits:
		g.Add(w.field(f)).Op("=").Add(w.loadBits(f, at, v))
	case raw(f, at):
		g.Copy(w.whole(f).Index(jen.Op(":")), at.region())
	case f.typ.kind == Named:
		at.each(g, f, w.whole(f), w.field(f).Dot("decode").Call(jen.Id("t"), at.span()))
	default:
		value := w.loadUint(f, at, v)
		if f.typ.kind == Float {
			value = jen.Qual("math", "Float"+itoa(8*at.size)+"frombits").Call(value)
		} else if at.signed {
			value = convert("int"+itoa(8*at.size), value)
		}
		at.each(g, f, w.whole(f), w.field(f).Op("=").Add(w.widen(f, at, value)))
	}
}

// loadUint reads an unsigned integer of the target's size.
func (w *portableWriter) loadUint(f *portableField, at place, v *view) *jen.Statement {
	if at.size == 1 {
		i := jen.Lit(int(at.offset))
		if at.len >= 0 {
			i.Op("+").Id("i")
		}
		return jen.Id("b").Index(i)
	}
	return at.order(v).Dot("Uint" + itoa(8*at.size)).Call(at.span())
}

// widen converts a value of the target's size to the Go type.
func (w *portableWriter) widen(f *portableField, at place, value *jen.Statement) *jen.Statement {
	if at.size == f.typ.size && (f.typ.kind != Int || at.signed) {
		return value
	}
	return convert(f.typ.elemName(), value)
}

func convert(typ string, value *jen.Statement) *jen.Statement { return jen.Id(typ).Call(value) }

func (w *portableWriter) loadBits(f *portableField, at place, v *view) *jen.Statement {
	value := jen.Id(bitsFunc("load", v)).Call(jen.Id("b"), jen.Lit(int(at.bitOffset)), jen.Lit(int(at.bitWidth)))
	if up := 64 - at.bitWidth; f.typ.kind == Int && up > 0 {
		value = convert("int64", value.Op("<<").Lit(int(up))).Op(">>").Lit(int(up))
	}
	return convert(f.typ.elemName(), value)
}

func bitsFunc(verb string, v *view) string {
	if v.model.BigEndian {
		return verb + "BitsBE"
	}
	return verb + "BitsLE"
}

// store writes the statements that write a member to b.
func (w *portableWriter) store(g *jen.Group, f *portableField, at place, v *view) {
	switch {
	case at.bits:
		g.Id(bitsFunc("store", v)).Call(jen.Id("b"), jen.Lit(int(at.bitOffset)), jen.Lit(int(at.bitWidth)), convert("uint64", w.field(f)))
	case raw(f, at):
		g.Copy(at.region(), w.whole(f).Index(jen.Op(":")))
	case f.typ.kind == Named:
		at.each(g, f, w.whole(f), w.field(f).Dot("encode").Call(jen.Id("t"), at.span()))
	default:
		at.each(g, f, w.whole(f), w.storeUint(f, at, v))
	}
}

// storeUint writes an integer or float of the target's size.
func (w *portableWriter) storeUint(f *portableField, at place, v *view) jen.Code {
	value := w.field(f)
	if f.typ.kind == Float {
		value = jen.Qual("math", "Float"+itoa(8*at.size)+"bits").Call(value)
	}
	if at.size == 1 {
		i := jen.Lit(int(at.offset))
		if at.len >= 0 {
			i.Op("+").Id("i")
		}
		if f.typ.kind != Uint || f.typ.size != 1 {
			value = convert("byte", value)
		}
		return jen.Id("b").Index(i).Op("=").Add(value)
	}
	if typ := "uint" + itoa(8*at.size); f.typ.kind != Float && f.typ.elemName() != typ {
		value = convert(typ, value)
	}
	return at.order(v).Dot("PutUint"+itoa(8*at.size)).Call(at.span(), value)
}

// check writes the method that looks for values that do not fit on a target.
func (w *portableWriter) check(g *jen.Group) {
	cases := w.pp.cases(w.r, w.pp.fit)
	g.Comment("// check finds a value that does not fit on t.")
	g.Func().Params(jen.Id(w.recv).Op("*").Id(w.r.goName)).Id("check").Params(jen.Id("t").Id("Target")).Error().BlockFunc(func(g *jen.Group) {
		g.Switch(jen.Id("t")).BlockFunc(func(g *jen.Group) {
			for _, c := range cases {
				var checks []jen.Code
				for i, f := range w.r.fields {
					checks = append(checks, w.checkField(f, c.layout.places[i])...)
				}
				if len(checks) > 0 {
					g.Case(c.list()...).Block(checks...)
				}
			}
		})
		g.Return(jen.Nil())
	})
}

// fail returns an error of package abi about a member.
func (w *portableWriter) fail(why string, f *portableField, value jen.Code) jen.Code {
	return jen.Return(jen.Qual(w.pp.p.opt.abiPath(), why).Call(w.bare(), jen.Lit(f.name), value))
}

// checkField writes the checks of one member.
func (w *portableWriter) checkField(f *portableField, at place) (checks []jen.Code) {
	if !at.present {
		return []jen.Code{w.checkAbsent(f)}
	}
	// What the target has no room for has to be zero.
	goLen, cLen := f.typ.len, at.len
	if f.typ.kind == Bytes {
		goLen, cLen = f.typ.size, at.bytes()
	}
	if cLen < goLen {
		checks = append(checks, jen.For(jen.List(jen.Id("_"), jen.Id("v")).Op(":=").Range().Add(w.whole(f).Index(jen.Lit(int(cLen)).Op(":")))).Block(
			jen.If(jen.Id("v").Op("!=").Lit(0)).Block(w.fail("OutOfRange", f, jen.Int64().Call(jen.Id("v"))))))
	}
	if f.typ.kind == Named {
		if f.typ.record.checks {
			checks = append(checks, w.every(f, at, jen.If(
				jen.Err().Op(":=").Add(w.field(f)).Dot("check").Call(jen.Id("t")),
				jen.Err().Op("!=").Nil(),
			).Block(jen.Return(jen.Err()))))
		}
	} else if wrong := w.misfit(f, at); wrong != nil {
		checks = append(checks, w.every(f, at, jen.If(wrong).Block(w.fail("OutOfRange", f, w.field(f)))))
	}
	return checks
}

// checkAbsent checks a member that the target does not have: it has to be
// zero.
func (w *portableWriter) checkAbsent(f *portableField) jen.Code {
	zero, value := jen.Lit(0), w.whole(f)
	switch {
	case f.typ.len >= 0 || f.typ.kind == Named || f.typ.kind == Bytes:
		zero, value = jen.Parens(f.typ.code().Values()), jen.Lit(0)
	case f.typ.kind == Float:
		value = jen.Int64().Call(value)
	}
	return jen.If(w.whole(f).Op("!=").Add(zero)).Block(w.fail("NoCounterpart", f, value))
}

// misfit is the condition that an integer does not fit, or nil when all do.
func (w *portableWriter) misfit(f *portableField, at place) *jen.Statement {
	if f.typ.kind != Int && f.typ.kind != Uint {
		return nil
	}
	if at.bits {
		spare := 8*f.typ.size - at.bitWidth
		switch {
		case spare == 0:
			return nil
		case f.typ.kind == Int:
			return w.field(f).Op("<<").Lit(int(spare)).Op(">>").Lit(int(spare)).Op("!=").Add(w.field(f))
		}
		return w.field(f).Op(">>").Lit(int(at.bitWidth)).Op("!=").Lit(0)
	}
	if at.size == f.typ.size && (f.typ.kind == Uint || at.signed) {
		return nil
	}
	narrow := "uint" + itoa(8*at.size)
	if at.signed {
		narrow = narrow[1:]
	}
	back := convert(f.typ.elemName(), convert(narrow, w.field(f)))
	if at.size == f.typ.size {
		return w.field(f).Op("<").Lit(0) // an unsigned type of the same size
	}
	return back.Op("!=").Add(w.field(f))
}

// every is a check of each element of an array, or of a single value.
func (w *portableWriter) every(f *portableField, at place, check *jen.Statement) jen.Code {
	switch {
	case at.len < 0:
		return check
	case at.len == f.typ.len:
		return jen.For(jen.Id("i").Op(":=").Range().Add(w.whole(f))).Block(check)
	}
	return jen.For(jen.Id("i").Op(":=").Range().Lit(int(at.len))).Block(check)
}

// renderPortableBits writes the functions for bit-fields of both byte orders.
// A bit's position counts in the order in which the target allocates bits.
func renderPortableBits(g *jen.Group) {
	for i, order := range []struct{ name, doc, bit, weight string }{
		{"LE", "lowest bit of a byte first, lowest bit of the value first", "pos%8", "i"},
		{"BE", "highest bit of a byte first, highest bit of the value first", "7-pos%8", "width-1-i"},
	} {
		if i > 0 {
			g.Line()
		}
		params := func() []jen.Code {
			return []jen.Code{jen.Id("b").Index().Byte(), jen.List(jen.Id("pos"), jen.Id("width")).Int()}
		}
		g.Comment("// loadBits" + order.name + " reads width bits of b from pos on, " + order.doc + ".")
		g.Func().Id("loadBits"+order.name).Params(params()...).Params(jen.Id("v").Uint64()).Block(
			jen.For(jen.Id("i").Op(":=").Range().Id("width")).Block(
				jen.Id("bit").Op(":=").Id("b").Index(jen.Id("pos").Op("/").Lit(8)).Op(">>").Parens(jen.Id(order.bit)).Op("&").Lit(1),
				jen.Id("v").Op("|=").Uint64().Call(jen.Id("bit")).Op("<<").Parens(jen.Id(order.weight)),
				jen.Id("pos").Op("++")),
			jen.Return(jen.Id("v")))
		g.Line()
		g.Comment("// storeBits" + order.name + " writes the low bits of v to zeros of b, as loadBits" + order.name + " reads them.")
		g.Func().Id("storeBits" + order.name).Params(append(params(), jen.Id("v").Uint64())...).Block(
			jen.For(jen.Id("i").Op(":=").Range().Id("width")).Block(
				jen.Id("bit").Op(":=").Byte().Call(jen.Id("v").Op(">>").Parens(jen.Id(order.weight)).Op("&").Lit(1)),
				jen.Id("b").Index(jen.Id("pos").Op("/").Lit(8)).Op("|=").Id("bit").Op("<<").Parens(jen.Id(order.bit)),
				jen.Id("pos").Op("++")))
	}
}
