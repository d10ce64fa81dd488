package namespace

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/emit"
)

// Files writes the package. Keys are file names; those of the portable forms
// begin with "portable/".
func (p *Plan) Files() (map[string][]byte, error) {
	pkg := &emit.Package{
		Name:    p.opt.Package,
		Path:    p.opt.Import,
		Doc:     p.packageDoc(),
		Archs:   p.Archs(),
		Imports: map[string]string{p.opt.abiPath(): "abi"},
		Intro:   make(map[string]string),
	}
	for _, v := range p.views {
		v.declare(pkg)
	}
	p.declareNumbers(pkg)
	p.declareHelpers(pkg)
	files, err := pkg.Files()
	if err != nil {
		return nil, err
	}
	if p.portable != nil {
		more, err := p.portable.files()
		if err != nil {
			return nil, err
		}
		for name, text := range more {
			files["portable/"+name] = text
		}
	}
	return files, nil
}

// packageDoc is the package comment.
func (p *Plan) packageDoc() string {
	sources := make(map[string]bool)
	for _, v := range p.views {
		if v.unit.Sysroot != "" {
			sources[v.unit.Sysroot] = true
		}
	}
	from := ""
	if len(sources) > 0 {
		from = " (" + strings.Join(slices.Sorted(maps.Keys(sources)), ", ") + ")"
	}
	doc := emit.Wrap(fmt.Sprintf(`Package %s holds what %s's C headers%s declare, on %s: constants,
structs, unions, enums and typedefs. It compiles and means the same on every
operating system; only the architecture matters.`, p.opt.Package, p.opt.System, from, archList(p.Archs())))
	doc += `

Constants keep their C names. Types have the C name in camel case, and the
layout that C gives them: SizeofX is the size of X in bytes, and the package
does not compile where the layout of a struct differs from C's. Pointers are
abi.Addr, integers in network byte order abi.BE16 and its like; C's char is
byte, and its _Bool a uint8.

Members that Go has no field for have methods. A member x of a union, also of
an anonymous one, is X(), a pointer into the shared storage. A bit-field x is
X(), and SetX(v) stores the low bits of v. A member that C packs where Go
cannot have its type is a copy, X(), and SetX(v).`
	if p.portable != nil {
		doc += "\n\nPackage portable, below this one, reads and writes some of the structs for any\nmachine, big-endian ones too."
	}
	return doc
}

func archList(archs []string) string {
	if n := len(archs); n > 1 {
		return strings.Join(archs[:n-1], ", ") + " and " + archs[n-1]
	}
	return strings.Join(archs, "")
}

// An entry is a declaration with its place among those of its header.
type entry struct {
	pos  ctype.Pos
	decl emit.Decl
}

// declare adds the declarations of one architecture in C order.
func (v *view) declare(pkg *emit.Package) {
	var entries []entry
	for _, r := range v.order {
		entries = append(entries, entry{r.C.Pos, v.recordDecl(r)})
	}
	for _, e := range v.enums {
		entries = append(entries, entry{e.c.Pos, v.enumDecl(e)})
	}
	for _, t := range v.typedefs {
		entries = append(entries, entry{t.c.Pos, v.typedefDecl(t)})
	}
	for _, k := range v.constSeq {
		entries = append(entries, entry{k.C.Pos, v.constDecl(k)})
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return comparePos(a.pos, b.pos) })
	for _, e := range entries {
		e.decl.File = fileBase(e.pos.File)
		if pkg.Intro[e.decl.File] == "" {
			pkg.Intro[e.decl.File] = "From " + e.pos.File + "."
		} else if from := pkg.Intro[e.decl.File]; !strings.Contains(from, " "+e.pos.File) {
			pkg.Intro[e.decl.File] = strings.TrimSuffix(from, ".") + ", " + e.pos.File + "."
		}
		pkg.Add(v.unit.Target.Arch, e.decl)
	}
	pkg.Intro[layoutFile] = layoutIntro
	for _, r := range v.order {
		pkg.Add(v.unit.Target.Arch, v.layoutDecl(r))
	}
}

func fileBase(header string) string {
	if header == "" {
		return "zbuiltin" // from no header: the compiler
	}
	return emit.FileBase(header)
}

// constDecl is a line of a const block.
func (v *view) constDecl(k *Constant) emit.Decl {
	value := v.constText(k)
	return emit.Decl{
		Key:   "const " + k.C.Name,
		Sig:   k.Type + "=" + value + " " + k.comment,
		Block: "const", OneLine: true,
		Group: itoa(int64(k.block)),
		Render: func(g *jen.Group) {
			line := g.Id(k.Go)
			switch {
			case k.Type == "abi.Addr":
				line.Op("=").Add(v.addrValue(k.C.Int))
			case k.Type != "" && k.alias == nil:
				line.Id(k.Type).Op("=").Id(value)
			default:
				line.Op("=").Id(value)
			}
			if k.comment != "" {
				line.Comment("// " + k.comment)
			}
		},
	}
}

// constText is the value of a constant as it is written, but for the name of
// package abi in that of a pointer.
func (v *view) constText(k *Constant) string {
	if k.Type != "abi.Addr" {
		return k.value()
	}
	n := v.addr(k.C.Int)
	if n < 0 {
		return fmt.Sprintf("^abi.Addr(%d)", -n-1)
	}
	return fmt.Sprintf("abi.Addr(%d)", n)
}

// addr is a pointer constant as a signed number: those near the end of the
// address space, such as MAP_FAILED, are written so that they fit pointers of
// any size.
func (v *view) addr(n ctype.Integer) int64 {
	shift := 64 - 8*v.model.Pointer.Size
	return int64(n.Bits<<shift) >> shift
}

// addrValue writes a pointer constant.
func (v *view) addrValue(n ctype.Integer) jen.Code {
	addr := jen.Qual(v.p.opt.abiPath(), "Addr")
	if signed := v.addr(n); signed < 0 {
		return jen.Op("^").Add(addr).Call(jen.Id(itoa(-signed - 1)))
	}
	return addr.Call(jen.Id(itoa(v.addr(n))))
}

// typedefDecl is a line of a type block.
func (v *view) typedefDecl(t *typedef) emit.Decl {
	comment := t.c.Name
	if c := v.spell(t.c.Type); t.typ.Kind == Addr || t.typ.Kind == Bytes || t.c.Type.Kind == ctype.TypedefRef && t.typ.Kind == Named {
		comment += " (" + c + ")"
	}
	return emit.Decl{
		Key:   "typedef " + t.c.Name,
		Sig:   t.goName + "=" + t.typ.String() + " " + comment,
		Block: "type", OneLine: true,
		Render: func(g *jen.Group) {
			g.Id(t.goName).Op("=").Add(v.code(t.typ)).Comment("// " + comment)
		},
	}
}

// enumDecl is an enum type and its constants.
func (v *view) enumDecl(e *enum) emit.Decl {
	var sig strings.Builder
	fmt.Fprint(&sig, e.goName, e.typ, e.c.Pos.File)
	for _, k := range e.consts {
		sig.WriteString("\n" + k.Go + "=" + k.value())
	}
	return emit.Decl{
		Key: e.c.Name,
		Sig: sig.String(),
		Render: func(g *jen.Group) {
			g.Comment("// " + e.goName + " is " + v.cName(e.c.Name, "enum", e.c.Pos.File) + ".")
			g.Type().Id(e.goName).Id(e.typ.String())
			if len(e.consts) == 0 {
				return
			}
			g.Line()
			g.Const().DefsFunc(func(g *jen.Group) {
				for _, k := range e.consts {
					g.Id(k.Go).Id(e.goName).Op("=").Id(k.value())
				}
			})
		},
	}
}

// cName names a declaration for a doc comment: "struct linger, from
// sys/socket.h", "fsid_t, struct __fsid, from ...", "the union that is
// ifr_ifru in struct ifreq, from ...".
func (v *view) cName(key, keyword, header string) string {
	name := key
	if i := strings.LastIndexByte(key, '.'); i >= 0 {
		outer, _, _ := strings.Cut(key, ".")
		name = "the " + keyword + " that is " + key[i+1:] + " in " + outer
	} else if public := v.p.publicTypedef[key]; public != "" && key != bareName(key) {
		name = public + ", " + key
	} else if key == bareName(key) {
		name = key + ", a " + keyword
		if keyword == "enum" {
			name = key + ", an enum"
		}
	}
	if header == "" {
		return name
	}
	return name + ", from " + header
}

// code returns a type as this package writes it.
func (v *view) code(t *Type) *jen.Statement { return t.Code(v.p.opt.Import, v.p.opt.abiPath()) }

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
