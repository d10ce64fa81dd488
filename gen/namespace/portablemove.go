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
	size := at.size
	if at.len >= 0 {
		size *= at.len
	}
	return jen.Id("b").Index(jen.Lit(int(at.offset)).Op(":").Lit(int(at.offset + size)))
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
func (w *portableWriter) check(g *jen.Group, cases []*portableCase) {
	g.Comment("// check finds a value that does not fit on t.")
	g.Func().Params(jen.Id(w.recv).Op("*").Id(w.r.goName)).Id("check").Params(jen.Id("t").Id("Target")).Error().BlockFunc(func(g *jen.Group) {
		g.Switch(jen.Id("t")).BlockFunc(func(g *jen.Group) {
			for _, c := range cases {
				var body []jen.Code
				for i, f := range w.r.fields {
					body = append(body, w.checkField(f, c.layout.places[i])...)
				}
				if len(body) > 0 {
					g.Case(c.list()...).Block(body...)
				}
			}
		})
		g.Return(jen.Nil())
	})
}

// checkField writes the checks of one member.
func (w *portableWriter) checkField(f *portableField, at place) (checks []jen.Code) {
	fail := func(why string, value jen.Code) jen.Code {
		return jen.Return(jen.Qual(w.pp.p.opt.abiPath(), why).Call(w.bare(), jen.Lit(f.name), value))
	}
	if !at.present {
		zero, value := jen.Lit(0), w.whole(f)
		if f.typ.len >= 0 || f.typ.kind == Named || f.typ.kind == Bytes {
			zero, value = jen.Parens(f.typ.code().Values()), jen.Lit(0)
		} else if f.typ.kind == Float {
			value = jen.Int64().Call(value)
		}
		return []jen.Code{jen.If(w.whole(f).Op("!=").Add(zero)).Block(fail("NoCounterpart", value))}
	}
	// What the target has no room for has to be zero.
	goLen, cLen := f.typ.len, at.len
	if f.typ.kind == Bytes && f.typ.len < 0 {
		goLen, cLen = f.typ.size, at.size
	}
	if cLen < goLen {
		checks = append(checks, jen.For(jen.List(jen.Id("_"), jen.Id("v")).Op(":=").Range().Add(w.whole(f).Index(jen.Lit(int(cLen)).Op(":")))).Block(
			jen.If(jen.Id("v").Op("!=").Lit(0)).Block(fail("OutOfRange", jen.Int64().Call(jen.Id("v"))))))
	}
	var wrong *jen.Statement
	narrow := "uint"
	if at.signed {
		narrow = "int"
	}
	switch {
	case f.typ.kind == Named:
		if f.typ.record.checks {
			body := jen.If(jen.Err().Op(":=").Add(w.field(f)).Dot("check").Call(jen.Id("t")).Op(";").Err().Op("!=").Nil()).Block(jen.Return(jen.Err()))
			checks = append(checks, loop(f, at, w.whole(f), body))
		}
		return checks
	case at.bits && f.typ.kind == Int:
		down := 8*f.typ.size - at.bitWidth
		if down == 0 {
			return checks
		}
		wrong = w.field(f).Op("<<").Lit(int(down)).Op(">>").Lit(int(down)).Op("!=").Add(w.field(f))
	case at.bits:
		if 8*f.typ.size == at.bitWidth {
			return checks
		}
		wrong = w.field(f).Op(">>").Lit(int(at.bitWidth)).Op("!=").Lit(0)
	case at.size < f.typ.size && (f.typ.kind == Int || f.typ.kind == Uint):
		wrong = convert(f.typ.elemName(), convert(narrow+itoa(8*at.size), w.field(f))).Op("!=").Add(w.field(f))
	default:
		return checks
	}
	return append(checks, loop(f, at, w.whole(f), jen.If(wrong).Block(fail("OutOfRange", w.field(f)))))
}

// loop is [place.each] as one piece of code.
func loop(f *portableField, at place, whole *jen.Statement, body jen.Code) jen.Code {
	return jen.CustomFunc(jen.Options{Multi: true}, func(g *jen.Group) { at.each(g, f, whole, body) })
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
