package namespace

import (
	"fmt"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/abigen/abigen/gen/emit"
)

// receiver is the name of the receiver of a record's methods; v is taken by
// the parameter of setters.
func (r *Record) receiver() string {
	if c := strings.ToLower(r.Go[:1]); c != "v" {
		return c
	}
	return "x"
}

// method begins a method with a doc comment.
func (r *Record) method(g *jen.Group, doc, name string) *jen.Statement {
	g.Comment("// " + name + " " + doc)
	return g.Func().Params(jen.Id(r.receiver()).Op("*").Id(r.Go)).Id(name)
}

// what names a member and its C type: "sival_ptr, void *".
func (v *view) what(f *Field) string {
	if t := v.spell(f.C.Type); !strings.Contains(t, "{") {
		return f.Name + " (" + t + ")"
	}
	return f.Name
}

// address is the address of a member within shared storage.
func (r *Record) address(f *Field, offset int64) *jen.Statement {
	storage := jen.Qual("unsafe", "Pointer").Call(jen.Op("&").Id(r.receiver()).Dot(f.storage))
	if offset == f.base {
		return storage
	}
	return jen.Qual("unsafe", "Add").Call(storage, jen.Lit(int(offset-f.base)))
}

// bytes is the bytes of a member's storage, as a slice.
func (r *Record) bytes(f *Field, offset, size int64) *jen.Statement {
	if !f.inUnion {
		return jen.Id(r.receiver()).Dot(f.storage).Index(jen.Op(":"))
	}
	return jen.Qual("unsafe", "Slice").Call(
		jen.Parens(jen.Op("*").Byte()).Parens(r.address(f, offset)), jen.Lit(int(size)))
}

// renderPointer writes
//
//	func (s *Sigval) Int() *int32 { return (*int32)(unsafe.Pointer(&s.data)) }
func (v *view) renderPointer(g *jen.Group, r *Record, f *Field) {
	t := v.code(f.Type)
	r.method(g, "returns a pointer to "+v.what(f)+".", f.Go).Params().Op("*").Add(t).Block(
		jen.Return(jen.Parens(jen.Op("*").Add(t)).Parens(r.address(f, f.Offset))))
}

// renderValue writes
//
//	func (e *EpollEvent) Data() EpollData { return load[EpollData](e.data[:]) }
//
// and the setter that goes with it.
func (v *view) renderValue(g *jen.Group, r *Record, f *Field) {
	t := v.code(f.Type)
	storage := r.bytes(f, f.Offset, f.Size)
	r.method(g, "returns a copy of "+v.what(f)+", at offset "+itoa(f.Offset)+".", f.Go).Params().Add(t).Block(
		jen.Return(jen.Id("load").Index(t).Call(storage)))
	g.Line()
	r.method(g, "stores v in "+f.Name+".", f.Setter).Params(jen.Id("v").Add(t)).Block(
		jen.Id("store").Call(storage, jen.Id("v")))
}

// renderBits writes
//
//	func (h *IP) Hl() uint8 { return h.bits0 & 0xf }
//
// and the setter that goes with it.
func (v *view) renderBits(g *jen.Group, r *Record, f *Field) {
	t := v.code(f.Type)
	width, lowest := itoa(f.BitWidth)+" bits", "the low "+itoa(f.BitWidth)+" bits"
	if f.BitWidth == 1 {
		width, lowest = "1 bit", "the lowest bit"
	}
	get, set := v.bitHelpers(r, f)
	if f.unit > 0 {
		get, set = v.bitShifts(r, f)
	}
	r.method(g, fmt.Sprintf("returns %s, %s of %s: %s.", f.Name, width, v.spell(f.C.Type), f.valueRange()), f.Go).
		Params().Add(t).Block(jen.Return(get))
	g.Line()
	r.method(g, "stores "+lowest+" of v in "+f.Name+".", f.Setter).
		Params(jen.Id("v").Add(t)).Block(set)
}

// valueRange is what a bit-field can hold: "0 to 15".
func (f *Field) valueRange() string {
	w := f.BitWidth
	switch {
	case f.Type.Signed:
		return fmt.Sprintf("%d to %d", int64(-1)<<(w-1), int64(1)<<(w-1)-1)
	case w >= 64:
		return "any"
	}
	if w == 1 {
		return "0 or 1"
	}
	return fmt.Sprintf("0 to %d", uint64(1)<<w-1)
}

// bitShifts reads and writes a bit-field in an integer of the struct. All
// machines with a native layout are little-endian: bit 0 is the lowest.
func (v *view) bitShifts(r *Record, f *Field) (get, set *jen.Statement) {
	width := 8 * f.unit
	pos, w := f.BitOffset-8*f.base, f.BitWidth
	storage := func() *jen.Statement { return jen.Id(r.receiver()).Dot(f.storage) }
	if f.inUnion {
		pos = f.BitOffset - 8*f.unitAt
		storage = func() *jen.Statement {
			return jen.Op("*").Parens(jen.Op("*").Id("uint" + itoa(width))).Parens(r.address(f, f.unitAt))
		}
	}
	mask := fmt.Sprintf("%#x", uint64(1)<<w-1)
	at := fmt.Sprintf("%#x", (uint64(1)<<w-1)<<pos)
	uint_ := "uint" + itoa(width)

	expr := storage()
	switch {
	case f.Type.Signed:
		if up := width - pos - w; up > 0 {
			expr.Op("<<").Lit(int(up))
		}
		expr = jen.Id(uint_[1:]).Call(expr)
		if down := width - w; down > 0 {
			expr.Op(">>").Lit(int(down))
		}
	default:
		if pos > 0 {
			expr.Op(">>").Lit(int(pos))
		}
		if pos+w < width {
			expr.Op("&").Id(mask)
		}
	}
	get = expr
	if name := f.Type.String(); name != uint_ && !(f.Type.Signed && name == uint_[1:]) {
		get = v.code(f.Type).Call(expr)
	}

	target := storage
	if f.inUnion {
		target = func() *jen.Statement { return jen.Op("*").Id("p") }
	}
	val := jen.Id("v")
	if f.Type.String() != uint_ {
		val = jen.Id(uint_).Call(val)
	}
	if w < width {
		val.Op("&").Id(mask)
		if pos > 0 {
			val.Op("<<").Lit(int(pos))
		}
		val = target().Op("&^").Id(at).Op("|").Add(val)
	}
	set = target().Op("=").Add(val)
	if f.inUnion {
		set = jen.Id("p").Op(":=").Parens(jen.Op("*").Id(uint_)).Parens(r.address(f, f.unitAt)).Line().Add(set)
	}
	return get, set
}

// bitHelpers reads and writes a bit-field that lies across bytes.
func (v *view) bitHelpers(r *Record, f *Field) (get, set *jen.Statement) {
	first, last := f.BitOffset/8, (f.BitOffset+f.BitWidth+7)/8
	storage := r.bytes(f, first, last-first)
	pos := f.BitOffset - 8*first
	if !f.inUnion {
		pos = f.BitOffset - 8*f.base
	}
	get = jen.Id("loadBits").Call(storage, jen.Lit(int(pos)), jen.Lit(int(f.BitWidth)))
	if up := 64 - f.BitWidth; f.Type.Signed && up > 0 {
		get = jen.Int64().Call(get.Op("<<").Lit(int(up))).Op(">>").Lit(int(up))
	}
	val := jen.Id("v")
	if f.Type.Name != "uint64" {
		val = jen.Uint64().Call(val)
	}
	if f.Type.Name != "uint64" && !(f.Type.Name == "int64" && f.BitWidth < 64) {
		get = v.code(f.Type).Call(get)
	}
	return get, jen.Id("storeBits").Call(storage, jen.Lit(int(pos)), jen.Lit(int(f.BitWidth)), val)
}

// declareHelpers adds the functions that accessors call, if any does.
func (p *Plan) declareHelpers(pkg *emit.Package) {
	var values, bits bool
	for _, v := range p.views {
		for _, r := range v.order {
			for _, f := range r.Fields {
				values = values || f.Form == Value
				bits = bits || f.Form == Bits && f.unit == 0
			}
		}
	}
	if values {
		pkg.AddAll(emit.Decl{Key: "helper load", File: "zaccess", Render: renderLoad})
	}
	if bits {
		pkg.AddAll(emit.Decl{Key: "helper loadBits", File: "zaccess", Render: renderLoadBits})
	}
	if values || bits {
		pkg.Intro["zaccess"] = "What the methods of members without a field call."
	}
}

// renderLoad writes the two functions for values that are not aligned.
func renderLoad(g *jen.Group) {
	view := jen.Qual("unsafe", "Slice").Call(
		jen.Parens(jen.Op("*").Byte()).Parens(jen.Qual("unsafe", "Pointer").Call(jen.Op("&").Id("v"))),
		jen.Qual("unsafe", "Sizeof").Call(jen.Id("v")))
	g.Comment("// load returns the T that lies in b, which need not be aligned.")
	g.Func().Id("load").Types(jen.Id("T").Any()).Params(jen.Id("b").Index().Byte()).Params(jen.Id("v").Id("T")).Block(
		jen.Copy(view, jen.Id("b")),
		jen.Return(jen.Id("v")))
	g.Line()
	g.Comment("// store writes v to b, which need not be aligned.")
	g.Func().Id("store").Types(jen.Id("T").Any()).Params(jen.Id("b").Index().Byte(), jen.Id("v").Id("T")).Block(
		jen.Copy(jen.Id("b"), view))
}

// renderLoadBits writes the two functions for bit-fields across bytes.
func renderLoadBits(g *jen.Group) {
	bit := func() *jen.Statement {
		return jen.Id("b").Index(jen.Parens(jen.Id("pos").Op("+").Id("i")).Op("/").Lit(8))
	}
	shift := func() *jen.Statement { return jen.Parens(jen.Id("pos").Op("+").Id("i")).Op("%").Lit(8) }
	params := func() []jen.Code {
		return []jen.Code{jen.Id("b").Index().Byte(), jen.List(jen.Id("pos"), jen.Id("width")).Int()}
	}
	g.Comment("// loadBits returns the bits of b from pos on, the lowest of a byte first.")
	g.Func().Id("loadBits").Params(params()...).Params(jen.Id("v").Uint64()).Block(
		jen.For(jen.Id("i").Op(":=").Range().Id("width")).Block(
			jen.Id("v").Op("|=").Uint64().Call(bit().Op(">>").Parens(shift()).Op("&").Lit(1)).Op("<<").Id("i")),
		jen.Return(jen.Id("v")))
	g.Line()
	g.Comment("// storeBits writes the low bits of v to b from pos on.")
	g.Func().Id("storeBits").Params(append(params(), jen.Id("v").Uint64())...).Block(
		jen.For(jen.Id("i").Op(":=").Range().Id("width")).Block(
			jen.Id("mask").Op(":=").Byte().Call(jen.Lit(1)).Op("<<").Parens(shift()),
			bit().Op("&^=").Id("mask"),
			jen.If(jen.Id("v").Op(">>").Id("i").Op("&").Lit(1).Op("!=").Lit(0)).Block(
				bit().Op("|=").Id("mask"))))
}
