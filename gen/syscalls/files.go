package syscalls

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/gen/emit"
	"github.com/abigen/abigen/gen/namespace"
)

// words is the part of the package that is copied.
//
//go:embed internal/words/words.go
var words []byte

// reservedNames are the exported names of words.
var reservedNames = []string{
	"All", "Arg", "Args", "ByName", "Call", "Caller", "Int", "Int32", "Int64", "Kind", "Lookup", "MaxArgs", "Number",
	"Padding", "Pointer", "Uint", "Uint32", "Uint64",
}

// The files of the package, by what they hold.
const (
	wordsFile = "zcaller.go"
	funcsFile = "zsyscalls"
	tableFile = "ztable"
	slotsFile = "zslots"
)

// Files writes the package. Keys are file names.
func (p *Plan) Files() (map[string][]byte, error) {
	pkg := &emit.Package{
		Name: p.opt.Package, Path: p.opt.Import, Doc: p.doc(),
		Imports: map[string]string{p.abi(): "abi", p.types.Options().Import: p.types.Options().Package},
	}
	for _, a := range p.archs {
		pkg.Archs = append(pkg.Archs, a.name)
		for _, c := range a.calls {
			if c.typed {
				pkg.Add(a.name, p.function(a, c))
			}
		}
		pkg.Add(a.name, a.slotsDecl())
	}
	p.declareTable(pkg)
	files, err := pkg.Files()
	if err != nil {
		return nil, err
	}
	_, body, _ := bytes.Cut(words, []byte("\n")) // behind the package clause
	head := emit.HeaderComment + "\n\npackage " + p.opt.Package + "\n"
	files[wordsFile], err = emit.Format(wordsFile, append([]byte(head), body...))
	return files, err
}

// abi returns the import path of package abi.
func (p *Plan) abi() string {
	if p.opt.ABI != "" {
		return p.opt.ABI
	}
	return "github.com/abigen/abigen/abi"
}

func (p *Plan) doc() string {
	return emit.Wrap(fmt.Sprintf(`Package %s has a function for each system call of %s that %s has a
prototype for, and a table of all of them. The calls are made by a [Caller]:
a kernel in this process, or the way to one elsewhere.`, p.opt.Package, p.opt.System, p.opt.Prototypes)) + `

` + emit.Wrap(`A function takes what the C function takes, with Go's types: an int is an int32,
what is as wide as a register (size_t, long) an int or uint, and a pointer an
abi.Addr, an address in the memory of the caller's process. It returns what the
C function returns and an error in place of errno. When there is one the result
is -1, or zero where it has no sign. Functions whose result is only 0 or -1
return just the error.`)
}

// slotsDecl declares what the slots of one architecture are like.
func (a *arch) slotsDecl() emit.Decl {
	return emit.Decl{
		Key: "const wideAlign", File: slotsFile,
		// In one file for each architecture, for being read together.
		Sig: a.name,
		Render: func(g *jen.Group) {
			g.Comment("wideAlign is the number of slots that a 64-bit argument is aligned to.")
			g.Const().Id("wideAlign").Op("=").Lit(int(a.wideAlign))
		},
	}
}

// function declares the function of a call.
func (p *Plan) function(a *arch, c *Call) emit.Decl {
	doc := p.funcDoc(a, c)
	sig := []string{doc, c.Func, c.Symbol, string(c.result)}
	if c.result == value {
		sig = append(sig, string(c.resultKind), c.resultEnum)
	}
	wide := c.resultKind.wide()
	for _, arg := range c.Args {
		sig = append(sig, string(arg.Kind), arg.goName, arg.enum)
		if arg.Kind.wide() {
			wide = true
		}
	}
	if wide {
		sig = append(sig, fmt.Sprint(a.word))
	}
	return emit.Decl{
		Key: "func " + c.Symbol, File: funcsFile, Sig: strings.Join(sig, "\x00"),
		Render: func(g *jen.Group) { p.writeFunc(g, a, c, doc) },
	}
}

// funcDoc is the comment of a function.
func (p *Plan) funcDoc(a *arch, c *Call) string {
	what := ""
	if c.result == pair {
		what = " It returns what C stores in the array."
	}
	return emit.Wrap(fmt.Sprintf("%s is system call %d, %s, from %s.%s", c.Func, c.Number, c.Symbol, c.proto.Pos.File, what)) +
		"\n\n\t" + c.prototype(a.index)
}

// writeFunc writes a function such as
//
//	func Close(ctx context.Context, c Caller, fd int32) error {
//		_, _, err := c.Syscall(ctx, netbsd.SYS_close, Args{uintptr(uint32(fd))})
//		return err
//	}
func (p *Plan) writeFunc(g *jen.Group, a *arch, c *Call, doc string) {
	params := []jen.Code{jen.Id("ctx").Qual("context", "Context"), jen.Id("c").Id("Caller")}
	real := c.real()
	for i, arg := range real {
		param := jen.Id(arg.goName)
		if t := p.goType(arg.Kind, arg.enum); i+1 == len(real) || t.GoString() != p.goType(real[i+1].Kind, real[i+1].enum).GoString() {
			param.Add(t)
		}
		params = append(params, param)
	}
	number := jen.Qual(p.types.Options().Import, numberPrefix+c.Symbol)
	if _, ok := p.types.Const(a.name, numberPrefix+c.Symbol); !ok {
		number = jen.Lit(int(c.Number))
	}
	call := jen.Id("c").Dot("Syscall").Call(jen.Id("ctx"), number, jen.Id("Args").ValuesFunc(func(g *jen.Group) {
		for _, slot := range a.fill(c) {
			g.Add(slot)
		}
	}))
	g.Comment(emit.Comment(doc))
	f := g.Func().Id(c.Func).Params(params...)
	failed := jen.If(jen.Err().Op("!=").Nil())
	switch c.result {
	case nothing, status:
		f.Error().Block(
			jen.List(jen.Id("_"), jen.Id("_"), jen.Err()).Op(":=").Add(call),
			jen.Return(jen.Err()),
		)
	case pair:
		f.Params(jen.Int32(), jen.Int32(), jen.Error()).Block(
			jen.List(jen.Id("r0"), jen.Id("r1"), jen.Err()).Op(":=").Add(call),
			failed.Block(jen.Return(jen.Lit(-1), jen.Lit(-1), jen.Err())),
			jen.Return(jen.Int32().Parens(jen.Id("r0")), jen.Int32().Parens(jen.Id("r1")), jen.Nil()),
		)
	case value:
		t := p.goType(c.resultKind, c.resultEnum)
		r0, r1 := "r", "_"
		result := t.Clone().Parens(jen.Id("r"))
		if c.resultKind.wide() && a.word == 4 {
			r0, r1 = "r0", "r1"
			result = t.Clone().Parens(jen.Id("r0")).Op("|").Add(t.Clone()).Parens(jen.Id("r1")).Op("<<").Lit(32)
		}
		f.Params(t, jen.Error()).Block(
			jen.List(jen.Id(r0), jen.Id(r1), jen.Err()).Op(":=").Add(call),
			failed.Block(jen.Return(jen.Lit(c.resultKind.failure()), jen.Err())),
			jen.Return(result, jen.Nil()),
		)
	}
	g.Line()
}

// fill returns what goes into the slots of a call, without zeros at the end.
func (a *arch) fill(c *Call) []jen.Code {
	slots := make([]jen.Code, c.Slots)
	for i := range slots {
		slots[i] = jen.Lit(0)
	}
	last := int64(-1)
	for _, arg := range c.real() {
		v := jen.Id(arg.goName)
		last = arg.Slot
		switch {
		case arg.Kind == int32K:
			v = jen.Uint32().Parens(v) // else the slot would have the sign too
		case arg.Kind.wide() && a.word == 4:
			last++
			slots[last] = jen.Uintptr().Parens(jen.Id(arg.goName).Op(">>").Lit(32))
		}
		slots[arg.Slot] = jen.Uintptr().Parens(v)
	}
	return slots[:last+1]
}

// goType returns the Go type of a kind; an enum is the name of one in the
// system's package.
func (p *Plan) goType(k kind, enum string) *jen.Statement {
	switch {
	case enum != "":
		return jen.Qual(p.types.Options().Import, enum)
	case k == pointer:
		return jen.Qual(p.abi(), "Addr")
	}
	return jen.Id(strings.ToLower(string(k)))
}

// failure is what a function returns beside an error.
func (k kind) failure() int {
	switch k {
	case int32K, intK, int64K:
		return -1
	}
	return 0
}

// enumName returns the Go name that the system's package has for an enum.
func (p *Plan) enumName(arch string, t *ctype.Type) string {
	if g := p.types.Type(arch, t); g != nil && g.Kind == namespace.Enum && g.Size == t.Size {
		return g.Name
	}
	return ""
}
