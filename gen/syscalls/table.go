package syscalls

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dave/jennifer/jen"

	"github.com/abigen/abigen/gen/emit"
)

// A row is a line of the table.
type row struct {
	call *Call
	text string
	note string
}

// declareTable declares the table of calls by number and the index by name. It
// is one for all architectures unless two of them disagree about a call; calls
// that some architectures lack say so.
func (p *Plan) declareTable(pkg *emit.Package) {
	union := make(map[int64]*row)
	on := make(map[int64][]string)
	shared := true
	for _, a := range p.archs {
		for _, r := range a.rows() {
			if old := union[r.call.Number]; old == nil {
				union[r.call.Number] = r
			} else if old.text != r.text {
				shared = false
			}
			on[r.call.Number] = append(on[r.call.Number], a.name)
		}
	}
	if !shared {
		for _, a := range p.archs {
			for _, d := range tableDecls(a.rows(), a.name) {
				pkg.Add(a.name, d)
			}
		}
		return
	}
	var rows []*row
	for _, n := range slices.Sorted(maps.Keys(union)) {
		r := union[n]
		if len(on[n]) < len(p.archs) {
			if r.note != "" {
				r.note += "; "
			}
			r.note += "only on " + strings.Join(on[n], ", ")
		}
		rows = append(rows, r)
	}
	for _, d := range tableDecls(rows, "") {
		pkg.AddAll(d)
	}
}

// rows returns the table of one architecture.
func (a *arch) rows() []*row {
	list := make([]*row, len(a.calls))
	for i, c := range a.calls {
		text := fmt.Sprintf("%q %q %q %q", c.Name, c.Symbol, c.Func, c.Note)
		for _, arg := range c.Args {
			text += fmt.Sprintf(" %q %q %s", arg.Name, arg.spelled, arg.Kind)
		}
		list[i] = &row{c, text, c.Note}
	}
	return list
}

// tableDecls declares both variables; sig tells tables from each other.
func tableDecls(rows []*row, sig string) []emit.Decl {
	return []emit.Decl{
		{Key: "var table", File: tableFile, Sig: sig, Render: func(g *jen.Group) {
			g.Comment("table has every system call at the place of its number.")
			g.Var().Id("table").Op("=").Index(jen.Op("...")).Id("Call").Custom(lines, codes(rows, (*row).line)...)
		}},
		{Key: "var names", File: tableFile, Sig: sig, Render: func(g *jen.Group) {
			g.Comment("names has every name of a system call, sorted.")
			g.Var().Id("names").Op("=").Index(jen.Op("...")).Id("entry").Custom(lines, codes(index(rows), name.line)...)
		}},
	}
}

// lines are the braces of a composite literal with an element on each line.
var lines = jen.Options{Open: "{", Close: "}", Separator: ",", Multi: true}

func codes[T any](list []T, line func(T) *jen.Statement) []jen.Code {
	var c []jen.Code
	for _, v := range list {
		c = append(c, line(v))
	}
	return c
}

// line writes 3: {3, "read", "read", "Read", []Arg{{"fd", "int", Int32}}, ""}.
func (r *row) line() *jen.Statement {
	c := r.call
	args := jen.Nil()
	if len(c.Args) > 0 {
		args = jen.Index().Id("Arg").ValuesFunc(func(g *jen.Group) {
			for _, a := range c.Args {
				g.Values(jen.Lit(a.Name), jen.Lit(a.spelled), jen.Id(string(a.Kind)))
			}
		})
	}
	n := int(c.Number)
	return jen.Lit(n).Op(":").Values(jen.Lit(n), jen.Lit(c.Name), jen.Lit(c.Symbol), jen.Lit(c.Func), args, jen.Lit(r.note))
}

// A name is an entry of the index.
type name struct {
	name   string
	number int64
}

func (n name) line() *jen.Statement { return jen.Values(jen.Lit(n.name), jen.Lit(int(n.number))) }

// index returns the names of the calls, sorted. A call is found by its symbol;
// the name without a version is that of the call with a prototype, else of the
// newest, an old form only when there is nothing else.
func index(rows []*row) []name {
	best := make(map[string]*Call)
	for _, r := range rows {
		if old := best[r.call.Name]; old == nil || old.rank() <= r.call.rank() {
			best[r.call.Name] = r.call
		}
	}
	for _, r := range rows {
		best[r.call.Symbol] = r.call
	}
	var list []name
	for _, s := range slices.Sorted(maps.Keys(best)) {
		list = append(list, name{s, best[s].Number})
	}
	return list
}

// rank orders the calls of one name.
func (c *Call) rank() int {
	_, _, old := cutCompat(c.Symbol)
	switch {
	case c.proto != nil:
		return 2
	case !old:
		return 1
	}
	return 0
}
