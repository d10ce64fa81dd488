package namespace

import (
	"fmt"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/abigen/abigen/gen/emit"
)

// files writes package portable.
func (pp *portablePlan) files() (map[string][]byte, error) {
	opt := &pp.p.opt
	pkg := &emit.Package{
		Name:    "portable",
		Path:    opt.Import + "/portable",
		Doc:     pp.packageDoc(),
		Archs:   []string{"any"},
		Imports: map[string]string{opt.abiPath(): "abi"},
		Intro:   make(map[string]string),
	}
	pkg.AddAll(emit.Decl{Key: "target", File: "ztarget", Render: pp.renderTarget})
	bits := false
	for _, r := range pp.records {
		d := emit.Decl{Key: r.key, File: fileBase(r.c.Pos.File), Render: func(g *jen.Group) { pp.renderRecord(g, r) }}
		pkg.Intro[d.File] = "From " + r.c.Pos.File + "."
		pkg.AddAll(d)
		for _, layout := range r.layout {
			for _, at := range layout.places {
				bits = bits || at.bits
			}
		}
	}
	if bits {
		pkg.AddAll(emit.Decl{Key: "bits", File: "zbits", Render: renderPortableBits})
	}
	return pkg.Files()
}

func (pp *portablePlan) packageDoc() string {
	var archs []string
	for _, v := range pp.targets {
		archs = append(archs, v.unit.Target.Arch)
	}
	return emit.Wrap(fmt.Sprintf(`Package portable reads and writes structs of %[1]s as they lie in
memory, on disk or on the wire on any of its machines (%[2]s), whatever the machine the program itself runs on.`,
		pp.p.opt.System, archList(archs))) + `

The types have members that hold the values of every target. Decode fails, and
changes nothing, when the bytes are too few; Encode fails, and writes nothing,
when there is no room or when a value does not fit on the target. Padding is
written as zeros. Members in network order are plain numbers here. Unions stay
bytes, as the target has them.`
}

func (pp *portablePlan) renderTarget(g *jen.Group) {
	g.Comment("// A Target is a machine whose layouts are known. The zero value is none.")
	g.Type().Id("Target").Uint8()
	g.Line()
	g.Comment("// The machines.")
	g.Const().DefsFunc(func(g *jen.Group) {
		for i, v := range pp.targets {
			g.Id(targetName(v.unit.Target.Arch)).Id("Target").Op("=").Lit(i + 1).
				Comment(fmt.Sprintf("// %s: %s, %d-bit pointers", v.unit.Target, endian(v), 8*v.model.Pointer.Size))
		}
	})
	g.Line()
	g.Comment(emit.Comment("ErrTarget is the error for a target that is not known, or that does not have\nthe struct."))
	g.Var().Id("ErrTarget").Op("=").Qual("errors", "New").Call(jen.Lit("no such struct on the target"))
	g.Line()
	method := func(doc, name string, result *jen.Statement, zero any, value func(*view) any) {
		g.Comment(doc)
		g.Func().Params(jen.Id("t").Id("Target")).Id(name).Params().Add(result).Block(
			jen.Switch(jen.Id("t")).BlockFunc(func(g *jen.Group) { pp.targetCases(g, zero, value) }),
			jen.Return(jen.Lit(zero)))
	}
	method("// String returns the system and the architecture, such as \""+pp.targets[0].unit.Target.String()+"\".",
		"String", jen.String(), "unknown", func(v *view) any { return v.unit.Target.String() })
	g.Line()
	method("// BigEndian reports whether integers begin with their most significant byte.",
		"BigEndian", jen.Bool(), false, func(v *view) any { return v.model.BigEndian })
	g.Line()
	method("// PointerSize returns the size of a pointer in bytes.",
		"PointerSize", jen.Int(), 0, func(v *view) any { return int(v.model.Pointer.Size) })
}

// targetCases writes a case for each value but zero, with the targets that
// have it.
func (pp *portablePlan) targetCases(g *jen.Group, zero any, value func(*view) any) {
	byValue := make(map[any]*portableCase)
	var cases []*portableCase
	for _, v := range pp.targets {
		x := value(v)
		if byValue[x] == nil {
			byValue[x] = &portableCase{}
			cases = append(cases, byValue[x])
		}
		byValue[x].targets = append(byValue[x].targets, v)
	}
	for _, c := range cases {
		if x := value(c.targets[0]); x != zero {
			g.Case(c.list()...).Block(jen.Return(jen.Lit(x)))
		}
	}
}

func endian(v *view) string {
	if v.model.BigEndian {
		return "big-endian"
	}
	return "little-endian"
}

// code returns the Go type of a member.
func (t portableType) code() *jen.Statement {
	elem := jen.Id(t.elemName())
	if t.kind == Bytes {
		elem = jen.Index(jen.Lit(int(t.size))).Byte()
	}
	if t.len >= 0 {
		return jen.Index(jen.Lit(int(t.len))).Add(elem)
	}
	return elem
}

func (t portableType) elemName() string {
	switch t.kind {
	case Named:
		return t.record.goName
	case Int:
		return "int" + itoa(8*t.size)
	case Float:
		return "float" + itoa(8*t.size)
	}
	if t.size == 1 && t.len >= 0 {
		return "byte"
	}
	return "uint" + itoa(8*t.size)
}

// A portableWriter writes the functions of one record.
type portableWriter struct {
	pp   *portablePlan
	r    *portableRecord
	recv string
}

func (pp *portablePlan) renderRecord(g *jen.Group, r *portableRecord) {
	w := &portableWriter{pp, r, strings.ToLower(r.goName[:1])}
	if strings.Contains("bintv", w.recv) {
		w.recv = "x"
	}
	cName := pp.targets[0].cName(r.key, "struct", r.c.Pos.File)
	g.Comment("// " + r.goName + " is " + cName + ".")
	g.Type().Id(r.goName).StructFunc(func(g *jen.Group) {
		for _, f := range r.fields {
			g.Id(f.goName).Add(f.typ.code()).Comment("// " + f.comment)
		}
	})
	g.Line()
	cases := pp.cases(r, pp.signature)
	w.sizeof(g, cases)
	g.Line()
	w.decode(g, cases)
	g.Line()
	w.encode(g, cases)
}

// bare is the C name as errors have it.
func (w *portableWriter) bare() jen.Code { return jen.Lit(bareName(w.r.key)) }

// list is what a case of a switch lists.
func (c *portableCase) list() []jen.Code {
	var list []jen.Code
	for _, v := range c.targets {
		list = append(list, jen.Id(targetName(v.unit.Target.Arch)))
	}
	return list
}

func (w *portableWriter) sizeofName() string { return "Sizeof" + w.r.goName }

func (w *portableWriter) sizeof(g *jen.Group, cases []*portableCase) {
	bySize := make(map[int64]*portableCase)
	var sizes []*portableCase
	for _, c := range cases {
		merged := bySize[c.layout.size]
		if merged == nil {
			merged = &portableCase{layout: c.layout}
			bySize[c.layout.size] = merged
			sizes = append(sizes, merged)
		}
		merged.targets = append(merged.targets, c.targets...)
	}
	g.Comment(fmt.Sprintf("// %s returns the size of %s on t in bytes; 0 when t does not have it.", w.sizeofName(), w.r.key))
	g.Func().Id(w.sizeofName()).Params(jen.Id("t").Id("Target")).Int().Block(
		jen.Switch(jen.Id("t")).BlockFunc(func(g *jen.Group) {
			for _, c := range sizes {
				g.Case(c.list()...).Block(jen.Return(jen.Lit(int(c.layout.size))))
			}
		}),
		jen.Return(jen.Lit(0)))
}

// method begins a method with the target and the bytes as parameters.
func (w *portableWriter) method(g *jen.Group, name string) *jen.Statement {
	return g.Func().Params(jen.Id(w.recv).Op("*").Id(w.r.goName)).Id(name).
		Params(jen.Id("t").Id("Target"), jen.Id("b").Index().Byte())
}

// guards begins Decode and Encode: the target must be known, and b long enough.
func (w *portableWriter) guards(g *jen.Group, short string, count func() jen.Code) {
	g.Id("n").Op(":=").Id(w.sizeofName()).Call(jen.Id("t"))
	g.If(jen.Id("n").Op("==").Lit(0)).Block(jen.Return(jen.Id("ErrTarget")))
	g.If(jen.Len(jen.Id("b")).Op("<").Id("n")).Block(
		jen.Return(jen.Qual(w.pp.p.opt.abiPath(), short).Call(w.bare(), jen.Lit(""), count())))
}

func (w *portableWriter) decode(g *jen.Group, cases []*portableCase) {
	g.Comment(fmt.Sprintf("// Decode reads the %s of t that b begins with.", w.r.key))
	w.method(g, "Decode").Error().BlockFunc(func(g *jen.Group) {
		w.guards(g, "Truncated", func() jen.Code { return jen.Len(jen.Id("b")) })
		g.Op("*").Id(w.recv).Op("=").Id(w.r.goName).Values()
		g.Id(w.recv).Dot("decode").Call(jen.Id("t"), jen.Id("b").Index(jen.Op(":").Id("n")))
		g.Return(jen.Nil())
	})
	g.Line()
	w.method(g, "decode").BlockFunc(func(g *jen.Group) { w.perCase(g, cases, w.load) })
}

func (w *portableWriter) encode(g *jen.Group, cases []*portableCase) {
	g.Comment(fmt.Sprintf("// Encode writes the %s of t to the beginning of b.", w.r.key))
	w.method(g, "Encode").Error().BlockFunc(func(g *jen.Group) {
		w.guards(g, "NoSpace", func() jen.Code { return jen.Id("n") })
		if w.r.checks {
			g.If(jen.Err().Op(":=").Id(w.recv).Dot("check").Call(jen.Id("t")).Op(";").Err().Op("!=").Nil()).
				Block(jen.Return(jen.Err()))
		}
		g.Id("b").Op("=").Id("b").Index(jen.Op(":").Id("n"))
		g.Clear(jen.Id("b"))
		g.Id(w.recv).Dot("encode").Call(jen.Id("t"), jen.Id("b"))
		g.Return(jen.Nil())
	})
	g.Line()
	w.method(g, "encode").BlockFunc(func(g *jen.Group) { w.perCase(g, cases, w.store) })
	if w.r.checks {
		g.Line()
		w.check(g)
	}
}

// perCase writes a switch over the layouts, and in each case what move writes
// for every member the target has.
func (w *portableWriter) perCase(g *jen.Group, cases []*portableCase, move func(*jen.Group, *portableField, place, *view)) {
	g.Switch(jen.Id("t")).BlockFunc(func(g *jen.Group) {
		for _, c := range cases {
			g.Case(c.list()...).BlockFunc(func(g *jen.Group) {
				for i, f := range w.r.fields {
					if at := c.layout.places[i]; at.present {
						move(g, f, at, c.targets[0])
					}
				}
			})
		}
	})
}
