package parse

import (
	"modernc.org/cc/v4"

	"github.com/abigen/abigen/abi/ctype"
	"github.com/abigen/abigen/parse/constexpr"
)

// declared is one declarator with the type that it gives its name.
type declared struct {
	name string
	pos  ctype.Pos
	typ  *ctype.Type
}

// declarator applies a declarator to the type of the specifiers.
func (w *walker) declarator(d *cc.Declarator, base *ctype.Type) declared {
	if d == nil {
		return declared{typ: base}
	}
	return w.direct(d.DirectDeclarator, w.pointers(d.Pointer, base))
}

// pointers applies the * of a declarator, the first one innermost.
func (w *walker) pointers(p *cc.Pointer, t *ctype.Type) *ctype.Type {
	for ; p != nil; p = p.Pointer {
		t = constexpr.PointerTo(w.model, t)
		for q := p.TypeQualifiers; q != nil; q = q.TypeQualifiers {
			if q.TypeQualifier == nil {
				continue
			}
			switch q.TypeQualifier.Case {
			case cc.TypeQualifierConst:
				t.Const = true
			case cc.TypeQualifierVolatile:
				t.Volatile = true
			case cc.TypeQualifierAtomic:
				t.Atomic = true
			}
		}
	}
	return t
}

// direct works from the outermost suffix, which stands last, to the name.
func (w *walker) direct(d *cc.DirectDeclarator, t *ctype.Type) declared {
	for d != nil {
		switch d.Case {
		case cc.DirectDeclaratorIdent:
			return declared{name: d.Token.SrcStr(), pos: w.pos(d.Token), typ: t}
		case cc.DirectDeclaratorDecl:
			return w.declarator(d.Declarator, t)
		case cc.DirectDeclaratorArr, cc.DirectDeclaratorStaticArr, cc.DirectDeclaratorArrStatic:
			t = w.arrayOf(w.pos(d.Token), t, d.AssignmentExpression)
		case cc.DirectDeclaratorStar:
			t = constexpr.ArrayOf(w, t, -1)
		case cc.DirectDeclaratorFuncParam:
			t = w.function(t, d.ParameterTypeList)
		case cc.DirectDeclaratorFuncIdent:
			t = &ctype.Type{Kind: ctype.Function, Elem: t, Variadic: true}
		}
		d = d.DirectDeclarator
	}
	return declared{typ: t}
}

// arrayOf evaluates the bound n of an array, nil when there is none. Bounds in
// prototypes may depend on other parameters; they do not matter there.
func (w *walker) arrayOf(pos ctype.Pos, elem *ctype.Type, n cc.ExpressionNode) *ctype.Type {
	if isNilNode(n) {
		return constexpr.ArrayOf(w, elem, -1)
	}
	v, err := constexpr.Eval(w, tokens(n))
	count, ok := int64(0), false
	if err == nil && (v.Type.Kind == ctype.Int || v.Type.Kind == ctype.EnumRef || v.Type.Kind == ctype.Bool) {
		count, ok = v.Integer().Int64()
	}
	switch {
	case w.proto > 0 && (!ok || count < 0):
		count = -1
	case err != nil:
		w.errorf(pos, "array length: %v", err)
		count = 1
	case !ok || count < 0:
		w.errorf(pos, "array length is %s", v.Integer())
		count = 1
	}
	return constexpr.ArrayOf(w, elem, count)
}

func isNilNode(n cc.ExpressionNode) bool {
	if n == nil {
		return true
	}
	switch x := n.(type) {
	case *cc.ConstantExpression:
		return x == nil
	case *cc.PrimaryExpression:
		return x == nil
	}
	return false
}

// function returns the type of a function with those parameters.
func (w *walker) function(result *ctype.Type, list *cc.ParameterTypeList) *ctype.Type {
	f := &ctype.Type{Kind: ctype.Function, Elem: result}
	if list == nil {
		f.Variadic = true // () says nothing about the parameters
		return f
	}
	w.proto++
	defer func() { w.proto-- }()
	f.Variadic = list.Case == cc.ParameterTypeListVar
	for n := list.ParameterList; n != nil; n = n.ParameterList {
		p := n.ParameterDeclaration
		if p == nil {
			continue
		}
		s := w.declSpecs(p.DeclarationSpecifiers, "")
		d := declared{typ: s.typ}
		if p.Case == cc.ParameterDeclarationDecl {
			d = w.declarator(p.Declarator, s.typ)
		} else if p.AbstractDeclarator != nil {
			d.typ = w.abstract(p.AbstractDeclarator, s.typ)
		}
		f.Params = append(f.Params, ctype.Param{Name: d.name, Type: w.decay(d.typ)})
	}
	if len(f.Params) == 1 && f.Params[0].Type.Kind == ctype.Void && f.Params[0].Name == "" {
		f.Params = nil
	}
	return f
}

// decay adjusts the type of a parameter, C17 6.7.6.3.
func (w *walker) decay(t *ctype.Type) *ctype.Type {
	for r := t; r.Kind == ctype.TypedefRef; r = w.typedefs[r.Name].Type {
		if r.Name == "__builtin_va_list" {
			return t // an array here for its size alone: see vaLists
		}
	}
	switch r := constexpr.Resolve(w, t); r.Kind {
	case ctype.Array:
		return constexpr.PointerTo(w.model, r.Elem)
	case ctype.Function:
		return constexpr.PointerTo(w.model, t)
	}
	return t
}

func (w *walker) abstract(d *cc.AbstractDeclarator, t *ctype.Type) *ctype.Type {
	if d == nil {
		return t
	}
	return w.directAbstract(d.DirectAbstractDeclarator, w.pointers(d.Pointer, t))
}

func (w *walker) directAbstract(d *cc.DirectAbstractDeclarator, t *ctype.Type) *ctype.Type {
	for d != nil {
		switch d.Case {
		case cc.DirectAbstractDeclaratorDecl:
			return w.abstract(d.AbstractDeclarator, t)
		case cc.DirectAbstractDeclaratorFunc:
			t = w.function(t, d.ParameterTypeList)
		case cc.DirectAbstractDeclaratorArrStar:
			t = constexpr.ArrayOf(w, t, -1)
		default:
			t = w.arrayOf(w.pos(d.Token), t, d.AssignmentExpression)
		}
		d = d.DirectAbstractDeclarator
	}
	return t
}
