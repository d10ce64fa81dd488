package constexpr

import (
	"math"
	"math/bits"

	"github.com/abigen/abigen/abi/ctype"
)

func (e *evaluator) primary() Value {
	t := e.next()
	switch t.Kind {
	case Number:
		v, err := number(e.model, t.Text)
		if err != nil {
			return e.fail("%v", err)
		}
		return v
	case Char:
		v, err := character(e.model, t.Text)
		if err != nil {
			return e.fail("%v", err)
		}
		return v
	case String:
		return e.stringValue(t)
	case Ident:
		return e.ident(t.Text)
	}
	if t.Text == "(" {
		if e.peek() == "{" {
			return e.fail("statement expression")
		}
		v := e.comma()
		e.expect(")")
		return v
	}
	return e.fail("unexpected %s", t.Text)
}

// stringValue reads adjacent string literals as one.
func (e *evaluator) stringValue(t Token) Value {
	elem, chars, err := stringLiteral(e.model, t.Text)
	for err == nil && e.pos < len(e.tokens) && e.tokens[e.pos].Kind == String {
		var el *ctype.Type
		var more []rune
		el, more, err = stringLiteral(e.model, e.tokens[e.pos].Text)
		if err == nil && el.Size > elem.Size {
			elem = el
		}
		chars = append(chars, more...)
		e.pos++
	}
	if err != nil {
		return e.fail("%v", err)
	}
	v := Value{Type: ArrayOf(e.env, elem, int64(len(chars))+1), IsStr: true, Known: elem.Size == 1}
	if v.Known {
		v.Str = make([]byte, len(chars))
		for i, c := range chars {
			v.Str[i] = byte(c)
		}
	}
	return v
}

// builtins are the compiler's functions that give constants.
var builtins map[string]func(*evaluator) Value

func init() {
	builtins = map[string]func(*evaluator) Value{
		"__builtin_offsetof":           (*evaluator).offsetof,
		"__builtin_constant_p":         (*evaluator).constantP,
		"__builtin_types_compatible_p": (*evaluator).typesCompatible,
		"__builtin_choose_expr":        (*evaluator).chooseExpr,
		"__builtin_expect":             (*evaluator).expectArg,
		"__builtin_bswap16": func(e *evaluator) Value {
			return e.swap("unsigned short", func(n uint64) uint64 { return uint64(bits.ReverseBytes16(uint16(n))) })
		},
		"__builtin_bswap32": func(e *evaluator) Value {
			return e.swap("unsigned int", func(n uint64) uint64 { return uint64(bits.ReverseBytes32(uint32(n))) })
		},
		"__builtin_bswap64":   func(e *evaluator) Value { return e.swap("unsigned long long", bits.ReverseBytes64) },
		"__builtin_huge_val":  func(e *evaluator) Value { return e.special("double", math.Inf(1)) },
		"__builtin_huge_valf": func(e *evaluator) Value { return e.special("float", math.Inf(1)) },
		"__builtin_huge_vall": func(e *evaluator) Value { return e.special("long double", math.Inf(1)) },
		"__builtin_inf":       func(e *evaluator) Value { return e.special("double", math.Inf(1)) },
		"__builtin_inff":      func(e *evaluator) Value { return e.special("float", math.Inf(1)) },
		"__builtin_infl":      func(e *evaluator) Value { return e.special("long double", math.Inf(1)) },
		"__builtin_nan":       func(e *evaluator) Value { return e.special("double", math.NaN()) },
		"__builtin_nanf":      func(e *evaluator) Value { return e.special("float", math.NaN()) },
		"__builtin_nanl":      func(e *evaluator) Value { return e.special("long double", math.NaN()) },
	}
}

func (e *evaluator) ident(name string) Value {
	if f := builtins[name]; f != nil && e.peek() == "(" {
		e.pos++
		v := f(e)
		e.expect(")")
		return v
	}
	if v, ok := e.env.Ident(name); ok {
		return v
	}
	if e.peek() == "(" {
		return e.fail("call of %s", name)
	}
	return e.fail("%s is not a constant", name)
}

// offsetof reads __builtin_offsetof(type, member.path[index]).
func (e *evaluator) offsetof() Value {
	t := e.typeName()
	e.expect(",")
	if e.err != nil {
		return e.fail("")
	}
	v := Value{Type: t, Known: true, lvalue: true}
	v = e.selectMember(v, e.next().Text)
	for e.err == nil && (e.peek() == "." || e.peek() == "[") {
		if e.accept(".") {
			v = e.selectMember(v, e.next().Text)
			continue
		}
		e.pos++
		i := e.comma()
		e.expect("]")
		v = e.deref(e.binary("+", v, i))
	}
	return Value{Type: e.basic(e.model.SizeType), Known: v.Known, Bits: v.Bits}
}

func (e *evaluator) constantP() Value {
	v := e.operand(true, e.conditional)
	return e.truth(v.Known || v.IsStr, true)
}

func (e *evaluator) typesCompatible() Value {
	a := e.typeArgument()
	e.expect(",")
	b := e.typeArgument()
	return e.truth(e.err == nil && sameType(e.env, a, b), true)
}

// typeArgument reads a type as an argument. sizeof(type) stands for the type:
// so package parse writes it for a parser that takes only expressions.
func (e *evaluator) typeArgument() *ctype.Type {
	if e.accept("sizeof") {
		return e.typeOperand()
	}
	if !e.typeAt(e.pos) {
		e.fail("%s is not a type", e.peek())
		return e.basic("int")
	}
	return e.typeName()
}

func (e *evaluator) chooseExpr() Value {
	cond := e.rvalue(e.conditional())
	e.expect(",")
	a := e.operand(cond.isZero(), e.conditional)
	e.expect(",")
	b := e.operand(!cond.isZero(), e.conditional)
	if !cond.Known {
		return e.fail("choice is not a constant")
	}
	if cond.isZero() {
		return b
	}
	return a
}

func (e *evaluator) expectArg() Value {
	v := e.convert(e.rvalue(e.conditional()), e.basic("long"))
	e.expect(",")
	e.conditional()
	return v
}

func (e *evaluator) swap(name string, f func(uint64) uint64) Value {
	v := e.convert(e.rvalue(e.conditional()), e.basic(name))
	if v.Known {
		v.Bits = f(v.Bits)
	}
	return v
}

func (e *evaluator) special(name string, f float64) Value {
	if e.peek() != ")" {
		e.conditional()
	}
	return Value{Type: e.basic(name), Known: true, Float: f}
}

// sameType reports whether two types are compatible, their own qualifiers left
// aside.
func sameType(env Env, a, b *ctype.Type) bool {
	a, b = Resolve(env, a), Resolve(env, b)
	if a.Kind != b.Kind || a.Name != b.Name {
		return false
	}
	switch a.Kind {
	case ctype.Array, ctype.Vector:
		return (a.Len == b.Len || a.Len < 0 || b.Len < 0) && sameType(env, a.Elem, b.Elem)
	case ctype.Pointer:
		return a.Elem.Const == b.Elem.Const && a.Elem.Volatile == b.Elem.Volatile && sameType(env, a.Elem, b.Elem)
	case ctype.Function:
		if len(a.Params) != len(b.Params) || a.Variadic != b.Variadic || !sameType(env, a.Elem, b.Elem) {
			return false
		}
		for i := range a.Params {
			if !sameType(env, a.Params[i].Type, b.Params[i].Type) {
				return false
			}
		}
	}
	return true
}
