package namespace

import (
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/abigen/abigen/gen/emit"
)

// declareNumbers adds the types Errno and Signal with their methods.
func (p *Plan) declareNumbers(pkg *emit.Package) {
	for _, v := range p.views {
		if p.opt.Errno.wanted() {
			v.declareNumber(pkg, "Errno", p.opt.Errno, v.renderErrno)
			pkg.Intro["zerrno"] = ""
		}
		if p.opt.Signal.wanted() {
			v.declareNumber(pkg, "Signal", p.opt.Signal, v.renderSignal)
			pkg.Intro["zsignal"] = ""
		}
	}
}

// declareNumber adds one of the types: its methods, and the table of names
// and texts.
func (v *view) declareNumber(pkg *emit.Package, typ string, n Numbers, methods func(*jen.Group)) {
	numbers := v.numbers(typ)
	file := "z" + strings.ToLower(typ)
	pkg.Add(v.unit.Target.Arch, emit.Decl{
		Key: "type " + typ, File: file, Sig: strings.Join(v.known(typ), " "), Render: methods,
	})
	table := strings.ToLower(typ) + "Table"
	var sig strings.Builder
	for _, k := range numbers {
		sig.WriteString(k.Go + "=" + k.value() + " ")
	}
	pkg.Add(v.unit.Target.Arch, emit.Decl{
		Key: "var " + table, File: file, Sig: sig.String(),
		Render: func(g *jen.Group) {
			g.Comment("// " + table + " has the name and the text of each number.")
			g.Var().Id(table).Op("=").Index(jen.Op("...")).Struct(jen.List(jen.Id("name"), jen.Id("text")).String()).
				Custom(jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}, tableRows(numbers, n.Wording)...)
		},
	})
}

func tableRows(numbers []*Constant, wording map[string]string) []jen.Code {
	rows := make([]jen.Code, len(numbers))
	for i, k := range numbers {
		text := wording[k.C.Name]
		if text == "" {
			text = k.C.Name
		}
		rows[i] = jen.Id(k.Go).Op(":").Values(jen.Lit(k.Go), jen.Lit(text))
	}
	return rows
}

// tableLimit bounds the numbers that the table has a place for.
const tableLimit = 1024

// numbers are the constants of a type that have a number of their own, by
// number.
func (v *view) numbers(typ string) []*Constant {
	var list []*Constant
	for _, k := range v.constSeq {
		if n, ok := k.C.Int.Int64(); ok && k.Type == typ && k.alias == nil && n >= 0 && n < tableLimit {
			list = append(list, k)
		}
	}
	slices.SortFunc(list, func(a, b *Constant) int { return int(a.C.Int.Bits) - int(b.C.Int.Bits) })
	return list
}

// renderNumber writes what Errno and Signal have in common: the type, the
// method that returns the text, and Name.
func (v *view) renderNumber(g *jen.Group, typ, recv, doc, textMethod, textDoc, unknown string) {
	table := strings.ToLower(typ) + "Table"
	inTable := func() *jen.Statement {
		return jen.Lit(0).Op("<=").Id(recv).Op("&&").Int().Call(jen.Id(recv)).Op("<").Len(jen.Id(table))
	}
	entry := func(field string) *jen.Statement { return jen.Id(table).Index(jen.Id(recv)).Dot(field) }
	g.Comment(emit.Comment(emit.Wrap(doc)))
	g.Type().Id(typ).Int32()
	g.Line()
	g.Comment("// " + textMethod + " " + textDoc)
	g.Func().Params(jen.Id(recv).Id(typ)).Id(textMethod).Params().String().Block(
		jen.If(inTable().Op("&&").Add(entry("text")).Op("!=").Lit("")).Block(jen.Return(entry("text"))),
		jen.Return(jen.Lit(unknown+" ").Op("+").Qual("strconv", "Itoa").Call(jen.Int().Call(jen.Id(recv)))))
	g.Line()
	g.Comment("// Name returns the name of the constant, or an empty string when there is none.")
	g.Func().Params(jen.Id(recv).Id(typ)).Id("Name").Params().String().Block(
		jen.If(inTable()).Block(jen.Return(entry("name"))),
		jen.Return(jen.Lit("")))
}

// errorMeanings are the errors of the standard library that errnos stand for.
var errorMeanings = []struct {
	pkg, name string
	errnos    []string
}{
	{"io/fs", "ErrNotExist", []string{"ENOENT"}},
	{"io/fs", "ErrExist", []string{"EEXIST", "ENOTEMPTY"}},
	{"io/fs", "ErrPermission", []string{"EACCES", "EPERM"}},
	{"io/fs", "ErrInvalid", []string{"EINVAL"}},
	{"errors", "ErrUnsupported", []string{"ENOSYS", "ENOTSUP", "EOPNOTSUPP"}},
}

var (
	timeoutErrnos   = []string{"EAGAIN", "EWOULDBLOCK", "ETIMEDOUT"}
	temporaryErrnos = []string{"EINTR", "EMFILE", "ENFILE"}
)

// known lists the names, among those that methods of the type mention, that
// the headers have.
func (v *view) known(typ string) []string {
	if typ != "Errno" {
		return nil
	}
	var names []string
	for _, m := range errorMeanings {
		names = append(names, m.errnos...)
	}
	names = append(append(names, timeoutErrnos...), temporaryErrnos...)
	return slices.DeleteFunc(names, func(name string) bool { return v.consts[name] == nil })
}

// oneOf writes "e == A || e == B" for the names that are declared and have
// numbers of their own, or nil when there is none.
func (v *view) oneOf(names []string) *jen.Statement {
	var expr *jen.Statement
	for _, name := range names {
		k := v.consts[name]
		if k == nil || k.alias != nil && slices.Contains(names, k.alias.C.Name) {
			continue
		}
		term := jen.Id("e").Op("==").Id(k.Go)
		if expr == nil {
			expr = term
		} else {
			expr.Op("||").Add(term)
		}
	}
	return expr
}

func (v *view) renderErrno(g *jen.Group) {
	v.renderNumber(g, "Errno", "e",
		"Errno is an error number of "+v.p.opt.System+". It is an error; zero, which is none, must not be returned as one.",
		"Error", "returns "+v.p.opt.System+"'s text for the number.", "errno")
	recv := func() *jen.Statement { return jen.Params(jen.Id("e").Id("Errno")) }
	g.Line()
	g.Comment(emit.Comment("Is reports whether e is what target, an error of package io/fs or errors,\nstands for. It makes errors.Is work."))
	g.Func().Add(recv()).Id("Is").Params(jen.Id("target").Error()).Bool().Block(
		jen.Switch(jen.Id("target")).BlockFunc(func(g *jen.Group) {
			for _, m := range errorMeanings {
				if expr := v.oneOf(m.errnos); expr != nil {
					g.Case(jen.Qual(m.pkg, m.name)).Block(jen.Return(expr))
				}
			}
		}),
		jen.Return(jen.False()))
	timeout := v.oneOf(timeoutErrnos)
	if timeout == nil {
		timeout = jen.False()
	}
	g.Line()
	g.Comment("// Timeout reports whether the call may succeed when it is made again later.")
	g.Func().Add(recv()).Id("Timeout").Params().Bool().Block(jen.Return(timeout))
	g.Line()
	temporary := jen.Id("e").Dot("Timeout").Call()
	if expr := v.oneOf(temporaryErrnos); expr != nil {
		temporary = expr.Op("||").Add(temporary)
	}
	g.Comment("// Temporary reports whether the error says nothing about the next call.")
	g.Func().Add(recv()).Id("Temporary").Params().Bool().Block(jen.Return(temporary))
}

func (v *view) renderSignal(g *jen.Group) {
	v.renderNumber(g, "Signal", "s",
		"Signal is a signal number of "+v.p.opt.System+". It has the methods of os.Signal, but is not the number of the host.",
		"String", "returns "+v.p.opt.System+"'s text for the signal.", "signal")
	g.Line()
	g.Comment("// Signal does nothing; it is what os.Signal asks for.")
	g.Func().Params(jen.Id("Signal")).Id("Signal").Params().Block()
}
