package parse

import (
	"cmp"
	"errors"
	"slices"
	"strings"

	"modernc.org/cc/v4"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse/constexpr"
	"github.com/abigen/abigen/parse/layout"
)

// walker turns cc's syntax tree into a Unit. It is the [constexpr.Env] and the
// [layout.Lookup] of what has been declared so far.
type walker struct {
	p      *parser
	model  *ctype.Model
	engine *layout.Engine
	out    *ctype.Unit

	records  map[string]*ctype.Record
	enums    map[string]*ctype.Enum
	typedefs map[string]*ctype.Typedef
	funcs    map[string]*ctype.Func
	idents   map[string]constexpr.Value // enumeration constants, variables, functions
	forward  []*ctype.Record            // records in the order of their first mention
	consts   map[string]bool            // names in out.Consts

	pack      int64 // limit of #pragma pack in force, 0 for none
	packStack []packLevel

	names map[string]string // cache of sources.name
	order map[string]int    // rank of a file name in positions, by first inclusion
	proto int               // above 0 within the parameters of a function
}

type packLevel struct {
	name string
	pack int64
}

func newWalker(p *parser, model *ctype.Model, g Group) *walker {
	w := &walker{
		p: p, model: model,
		records:  make(map[string]*ctype.Record),
		enums:    make(map[string]*ctype.Enum),
		typedefs: make(map[string]*ctype.Typedef),
		funcs:    make(map[string]*ctype.Func),
		idents:   make(map[string]constexpr.Value),
		consts:   make(map[string]bool),
		names:    make(map[string]string),
		order:    make(map[string]int),
		out:      &ctype.Unit{Target: p.inc.Target, Sysroot: p.inc.Name, Headers: slices.Clone(g.Headers)},
	}
	w.engine = layout.New(model, w)
	for _, f := range p.src.files {
		name := w.fileName(f)
		if _, ok := w.order[name]; !ok {
			w.order[name] = len(w.order)
			w.out.Files = append(w.out.Files, name)
		}
	}
	return w
}

// Model, Typedef, Record, Enum and Ident implement constexpr.Env.
func (w *walker) Model() *ctype.Model                       { return w.model }
func (w *walker) Typedef(name string) *ctype.Typedef        { return w.typedefs[name] }
func (w *walker) Record(name string) *ctype.Record          { return w.records[name] }
func (w *walker) Enum(name string) *ctype.Enum              { return w.enums[name] }
func (w *walker) Ident(name string) (constexpr.Value, bool) { v, ok := w.idents[name]; return v, ok }

// unit walks the whole tree and finishes the Unit.
func (w *walker) unit(ast *cc.AST) {
	for tu := ast.TranslationUnit; tu != nil; tu = tu.TranslationUnit {
		w.external(tu.ExternalDeclaration)
	}
	for _, r := range w.forward {
		if !r.Complete {
			w.out.Records = append(w.out.Records, r)
		}
	}
	w.finishTypes()
	w.macros(ast)
	slices.SortStableFunc(w.out.Consts, func(a, b *ctype.Const) int { return w.comparePos(a.Pos, b.Pos) })
	slices.SortStableFunc(w.out.Skipped, func(a, b ctype.Skipped) int {
		return cmp.Or(w.comparePos(a.Pos, b.Pos), strings.Compare(a.Name, b.Name))
	})
	w.dropCompilerTypes()
}

// finishTypes fills the sizes of types that were incomplete when they were
// written down.
func (w *walker) finishTypes() {
	for _, d := range w.out.Typedefs {
		if err := w.engine.Type(d.Type); err != nil {
			w.layoutError(d.Pos, d.Name, err)
		}
	}
	for _, f := range w.out.Funcs {
		if err := w.engine.Type(f.Type); err != nil {
			w.layoutError(f.Pos, f.Name, err)
		}
	}
}

func (w *walker) comparePos(a, b ctype.Pos) int {
	if a.File != b.File {
		return cmp.Compare(w.order[a.File], w.order[b.File])
	}
	return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Col, b.Col))
}

// dropCompilerTypes takes out the typedef of the compiler itself when no header
// uses it.
func (w *walker) dropCompilerTypes() {
	used := false
	for _, d := range w.out.Typedefs {
		used = used || d.Name != "__builtin_va_list" && mentions(d.Type, "__builtin_va_list")
	}
	for _, f := range w.out.Funcs {
		used = used || mentions(f.Type, "__builtin_va_list")
	}
	for _, r := range w.out.Records {
		for _, m := range r.Members {
			used = used || mentions(m.Type, "__builtin_va_list")
		}
	}
	if used {
		return
	}
	w.out.Typedefs = slices.DeleteFunc(w.out.Typedefs, func(d *ctype.Typedef) bool { return d.Name == "__builtin_va_list" })
}

// mentions reports whether a type is made of the typedef of that name.
func mentions(t *ctype.Type, name string) bool {
	if t == nil {
		return false
	}
	if t.Kind == ctype.TypedefRef {
		return t.Name == name
	}
	for _, p := range t.Params {
		if mentions(p.Type, name) {
			return true
		}
	}
	return mentions(t.Elem, name)
}

func (w *walker) fileName(file string) string {
	name, ok := w.names[file]
	if !ok {
		name = w.p.src.name(file)
		w.names[file] = name
	}
	return name
}

// pos returns the position of a token.
func (w *walker) pos(t cc.Token) ctype.Pos {
	p := t.Position()
	switch p.Filename {
	case "", mainName, predefinedName, endName:
		return ctype.Pos{}
	case definesName:
		return ctype.Pos{File: definesName, Line: p.Line}
	}
	return ctype.Pos{File: w.fileName(p.Filename), Line: max(1, p.Line-1), Col: p.Column}
}

func (w *walker) errorf(pos ctype.Pos, format string, args ...any) {
	w.p.errs.add(pos, format, args...)
}

func (w *walker) layoutError(pos ctype.Pos, name string, err error) {
	if le := (*layout.Error)(nil); errors.As(err, &le) {
		if le.Pos.File != "" {
			pos = le.Pos
		}
		msg := le.Msg
		switch {
		case le.Record != "" && le.Member != "":
			msg = le.Record + "." + le.Member + ": " + msg
		case le.Record != "":
			msg = le.Record + ": " + msg
		case name != "":
			msg = name + ": " + msg
		}
		w.errorf(pos, "%s", msg)
		return
	}
	w.errorf(pos, "%s: %v", name, err)
}

func (w *walker) skip(name string, pos ctype.Pos, reason string) {
	w.out.Skipped = append(w.out.Skipped, ctype.Skipped{Name: name, Reason: reason, Pos: pos})
}

// tokens returns the preprocessed tokens of an expression.
func tokens(n cc.Node) []constexpr.Token {
	if x, ok := n.(*cc.ConstantExpression); ok && x != nil {
		n = x.ConditionalExpression
	}
	if x, ok := n.(*cc.PrimaryExpression); ok && x != nil {
		switch x.Case {
		case cc.PrimaryExpressionInt, cc.PrimaryExpressionIdent, cc.PrimaryExpressionChar:
			return []constexpr.Token{constexpr.MakeToken(x.Token.SrcStr())}
		}
	}
	list := cc.NodeTokens(n)
	out := make([]constexpr.Token, len(list))
	for i := range list {
		out[i] = constexpr.MakeToken(list[i].SrcStr())
		out[i].Space = i > 0 && len(list[i].Sep()) > 0
	}
	return out
}

// integer evaluates an integer constant expression. An error is reported at pos
// as being about what.
func (w *walker) integer(pos ctype.Pos, what string, n cc.Node) (constexpr.Value, bool) {
	v, err := constexpr.Eval(w, tokens(n))
	if err == nil && v.Type.Kind != ctype.Int && v.Type.Kind != ctype.Bool && v.Type.Kind != ctype.EnumRef {
		err = errNotInteger
	}
	if err != nil {
		w.errorf(pos, "%s: %v", what, err)
		return constexpr.Value{}, false
	}
	return v, true
}
