package parse

import (
	"strconv"
	"strings"

	"modernc.org/cc/v4"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse/constexpr"
)

// external handles one declaration at file scope.
func (w *walker) external(d *cc.ExternalDeclaration) {
	if d == nil {
		return
	}
	switch d.Case {
	case cc.ExternalDeclarationDecl:
		w.declaration(d.Declaration)
	case cc.ExternalDeclarationFuncDef:
		w.functionDefinition(d.FunctionDefinition)
	}
}

func (w *walker) declaration(d *cc.Declaration) {
	if d == nil {
		return
	}
	switch d.Case {
	case cc.DeclarationAssert:
		w.staticAssert(d.StaticAssertDeclaration)
		return
	case cc.DeclarationAuto:
		return
	}
	if d.DeclarationSpecifiers == nil && d.InitDeclaratorList == nil {
		return // a semicolon alone
	}
	if d.InitDeclaratorList == nil && redefinesFloat(d.DeclarationSpecifiers) {
		return
	}
	s := w.declSpecs(d.DeclarationSpecifiers, typedefHint(d))
	if s.failed {
		return
	}
	for l := d.InitDeclaratorList; l != nil; l = l.InitDeclaratorList {
		i := l.InitDeclarator
		if i == nil || i.Declarator == nil {
			continue
		}
		a := s.attrs
		a.merge(w.attributes(l.AttributeSpecifierList))
		a.merge(w.attributes(i.AttributeSpecifierList))
		if l.InitDeclaratorList == nil {
			a.merge(w.attributes(d.AttributeSpecifierList))
		}
		item := w.declarator(i.Declarator, s.typ)
		typ, err := w.apply(a, item.typ)
		if err != nil {
			w.errorf(item.pos, "%s: %v", item.name, err)
			continue
		}
		item.typ = typ
		w.declare(s, item, a, i)
	}
}

// redefinesFloat recognizes typedef float _Float32, by which glibc gives older
// compilers a name that cc takes for a keyword and we know anyway.
func redefinesFloat(n *cc.DeclarationSpecifiers) bool {
	typedef, words, last := false, 0, ""
	for ; n != nil; n = n.DeclarationSpecifiers {
		switch {
		case n.Case == cc.DeclarationSpecifiersStorage && n.StorageClassSpecifier != nil:
			typedef = typedef || n.StorageClassSpecifier.Case == cc.StorageClassSpecifierTypedef
		case n.Case == cc.DeclarationSpecifiersTypeSpec && n.TypeSpecifier != nil:
			words++
			last = n.TypeSpecifier.Token.SrcStr()
		}
	}
	return typedef && words > 1 && strings.HasPrefix(last, "_Float")
}

// typedefHint returns the name that a record or enum without a tag takes from
// the typedef it is defined in.
func typedefHint(d *cc.Declaration) string {
	for n := d.DeclarationSpecifiers; ; n = n.DeclarationSpecifiers {
		if n == nil {
			return ""
		}
		if n.Case == cc.DeclarationSpecifiersStorage && n.StorageClassSpecifier != nil && n.StorageClassSpecifier.Case == cc.StorageClassSpecifierTypedef {
			break
		}
	}
	hint := ""
	for l := d.InitDeclaratorList; l != nil; l = l.InitDeclaratorList {
		if l.InitDeclarator == nil || l.InitDeclarator.Declarator == nil {
			continue
		}
		x := l.InitDeclarator.Declarator
		if x.Pointer == nil && x.DirectDeclarator != nil && x.DirectDeclarator.Case == cc.DirectDeclaratorIdent {
			return x.Name()
		}
		if hint == "" {
			hint = x.Name() + ".*" // what the typedef points to, or holds
		}
	}
	return hint
}

// declare files one declared name.
func (w *walker) declare(s *specs, d declared, a attrs, i *cc.InitDeclarator) {
	switch {
	case s.typedef:
		w.typedef(d, a)
	case constexpr.Resolve(w, d.typ).Kind == ctype.Function:
		w.funcDecl(d, i)
	case d.name == "__predefined_declarator", d.pos == ctype.Pos{}:
		// Ours: see compilerText and endText.
	default:
		if _, ok := w.idents[d.name]; !ok {
			w.idents[d.name] = constexpr.Object(d.typ)
			w.skip(d.name, d.pos, "a variable")
		}
	}
}

func (w *walker) typedef(d declared, a attrs) {
	if old := w.typedefs[d.name]; old != nil {
		if !sameDecl(old.Type, d.typ) {
			w.errorf(d.pos, "typedef %s is declared again with another type than at %s:%d", d.name, old.Pos.File, old.Pos.Line)
		}
		return
	}
	t := &ctype.Typedef{Name: d.name, Type: d.typ, Attrs: ctype.Attrs{Aligned: a.aligned}, Pos: d.pos}
	w.typedefs[d.name] = t
	w.out.Typedefs = append(w.out.Typedefs, t)
}

// sameDecl reports whether two declarations of a name give it the same type.
func sameDecl(a, b *ctype.Type) bool {
	if a == nil || b == nil {
		return a == b
	}
	if a.Kind != b.Kind || a.Name != b.Name || a.Len != b.Len || a.Const != b.Const || a.Volatile != b.Volatile || len(a.Params) != len(b.Params) {
		return false
	}
	for i := range a.Params {
		if !sameDecl(a.Params[i].Type, b.Params[i].Type) {
			return false
		}
	}
	return sameDecl(a.Elem, b.Elem)
}

func (w *walker) funcDecl(d declared, i *cc.InitDeclarator) {
	symbol := ""
	if i.Asm != nil {
		symbol = asmSymbol(i.Asm)
	}
	if f := w.funcs[d.name]; f != nil {
		if f.Symbol == "" {
			f.Symbol = symbol
		}
		return
	}
	f := &ctype.Func{Name: d.name, Type: constexpr.Resolve(w, d.typ), Symbol: symbol, Pos: d.pos}
	w.funcs[d.name] = f
	w.idents[d.name] = constexpr.Object(f.Type)
	w.out.Funcs = append(w.out.Funcs, f)
}

// asmSymbol returns the name in an asm label.
func asmSymbol(a *cc.Asm) string {
	s, err := strconv.Unquote(a.Token3.SrcStr())
	if err != nil {
		return strings.Trim(a.Token3.SrcStr(), `"`)
	}
	return s
}

// functionDefinition notes a function that a header defines. Its body is not
// looked at; types that its head defines count.
func (w *walker) functionDefinition(f *cc.FunctionDefinition) {
	if f == nil || f.Declarator == nil {
		return
	}
	s := w.declSpecs(f.DeclarationSpecifiers, "")
	if s.failed {
		return
	}
	d := w.declarator(f.Declarator, s.typ)
	if _, ok := w.idents[d.name]; !ok {
		w.idents[d.name] = constexpr.Object(d.typ)
	}
	if w.funcs[d.name] == nil {
		w.skip(d.name, d.pos, "a function that the header defines")
	}
}

// staticAssert checks a _Static_assert, or takes the #pragma pack that rewrite
// put into the form of one.
func (w *walker) staticAssert(a *cc.StaticAssertDeclaration) {
	if a == nil {
		return
	}
	msg := a.Token4.SrcStr()
	if args, ok := strings.CutPrefix(msg, `"`+packMarker); ok {
		w.pragmaPack(w.pos(a.Token), strings.TrimSuffix(args, `"`))
		return
	}
	pos := w.pos(a.Token)
	toks := tokens(a.ConstantExpression)
	v, err := constexpr.Eval(w, toks)
	switch {
	case err != nil:
		w.skip("_Static_assert", pos, "cannot be evaluated: "+err.Error())
	case v.Type.Kind != ctype.Float && v.Bits == 0:
		w.errorf(pos, "static assertion failed: %s", msg)
	}
}

// pragmaPack carries out #pragma pack(args).
func (w *walker) pragmaPack(pos ctype.Pos, args string) {
	var fields []string
	for f := range strings.SplitSeq(args, ",") {
		if f = strings.TrimSpace(f); f != "" {
			fields = append(fields, f)
		}
	}
	if len(fields) == 0 {
		w.pack = 0
		return
	}
	verb := fields[0]
	name := ""
	n, hasN := int64(0), false
	for i, f := range fields {
		v, err := strconv.ParseInt(f, 0, 64)
		switch {
		case err == nil:
			n, hasN = v, true
		case i > 0:
			name = f
		case f != "push" && f != "pop":
			w.errorf(pos, "#pragma pack(%s) is not understood", strings.TrimSpace(args))
			return
		}
	}
	if hasN && (n < 0 || n > 16 || n&(n-1) != 0) {
		w.errorf(pos, "#pragma pack(%s): not a power of two up to 16", strings.TrimSpace(args))
		return
	}
	switch verb {
	case "push":
		w.packStack = append(w.packStack, packLevel{name, w.pack})
	case "pop":
		w.popPack(name)
	}
	if hasN {
		w.pack = n
	}
}

// popPack restores the limit of the last push, or of the last one of a name.
func (w *walker) popPack(name string) {
	for i := len(w.packStack) - 1; i >= 0; i-- {
		if name == "" || w.packStack[i].name == name {
			w.pack = w.packStack[i].pack
			w.packStack = w.packStack[:i]
			return
		}
	}
}
