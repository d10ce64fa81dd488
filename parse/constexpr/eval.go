package constexpr

import (
	"errors"
	"fmt"

	"github.com/abigen/abigen/abi/ctype"
)

// maxDepth limits the nesting of an expression.
const maxDepth = 256

// ErrNotConstant is what [Eval] returns for a well-formed expression whose
// value is not known before the program runs.
var ErrNotConstant = errors.New("not a constant")

// Eval evaluates the tokens as one constant expression, a string literal
// included. The type of the value has no typedefs and no qualifiers.
func Eval(env Env, tokens []Token) (Value, error) {
	v, err := TypeOf(env, tokens)
	if err == nil && !v.Known {
		err = ErrNotConstant
	}
	return v, err
}

// TypeOf is Eval for an expression that need not be constant: the value tells
// its type.
func TypeOf(env Env, tokens []Token) (Value, error) {
	e := newEvaluator(env, tokens)
	v := e.comma()
	if e.err == nil && e.pos < len(e.tokens) {
		e.fail("unexpected %s", e.peek())
	}
	if e.err != nil {
		return Value{}, e.err
	}
	if !v.IsStr {
		v = e.rvalue(v)
	}
	return v, nil
}

// evaluator reads an expression from left to right and computes it on the way.
// The first error sticks: it ends the tokens, so every loop stops by itself.
type evaluator struct {
	env    Env
	model  *ctype.Model
	tokens []Token
	pos    int
	depth  int
	dead   int // above 0 in an operand that is not evaluated
	err    error
}

func newEvaluator(env Env, tokens []Token) *evaluator {
	return &evaluator{env: env, model: env.Model(), tokens: tokens}
}

func (e *evaluator) fail(format string, args ...any) Value {
	if e.err == nil {
		e.err = fmt.Errorf(format, args...)
	}
	e.pos = len(e.tokens)
	return Value{Type: e.basic("int")}
}

func (e *evaluator) basic(name string) *ctype.Type {
	if t := e.model.Type(name); t != nil {
		return t
	}
	return e.model.Type("int")
}

// peek returns the text of the next token, empty at the end.
func (e *evaluator) peek() string {
	for e.pos < len(e.tokens) && e.tokens[e.pos].Text == "__extension__" {
		e.pos++
	}
	if e.pos >= len(e.tokens) {
		return ""
	}
	return e.tokens[e.pos].Text
}

func (e *evaluator) next() Token {
	if e.peek() == "" {
		e.fail("expression ends too early")
		return Token{Kind: Punct}
	}
	e.pos++
	return e.tokens[e.pos-1]
}

// accept consumes the next token if it is text.
func (e *evaluator) accept(text string) bool {
	if e.peek() != text {
		return false
	}
	e.pos++
	return true
}

func (e *evaluator) expect(text string) {
	if e.err == nil && !e.accept(text) {
		if got := e.peek(); got != "" {
			e.fail("unexpected %s, want %s", got, text)
		} else {
			e.fail("missing %s", text)
		}
	}
}

// enter counts the nesting; it reports false, with an error, when it is too
// deep.
func (e *evaluator) enter() bool {
	if e.depth++; e.depth > maxDepth {
		e.fail("expression is nested more than %d deep", maxDepth)
		return false
	}
	return true
}

// rvalue turns an lvalue into the value it holds: arrays and functions become
// pointers, other objects are not constant.
func (e *evaluator) rvalue(v Value) Value {
	t := Resolve(e.env, v.Type)
	switch {
	case t.Kind == ctype.Array:
		return Value{Type: PointerTo(e.model, t.Elem), Known: v.Known && v.lvalue, Bits: v.Bits}
	case t.Kind == ctype.Function:
		return Value{Type: PointerTo(e.model, t)}
	case v.lvalue:
		return Value{Type: unqualified(t)}
	}
	v.Type = unqualified(t)
	return v
}

func unqualified(t *ctype.Type) *ctype.Type {
	if !t.Const && !t.Volatile && !t.Atomic {
		return t
	}
	u := *t
	u.Const, u.Volatile, u.Atomic = false, false, false
	return &u
}

func (e *evaluator) comma() Value {
	if !e.enter() {
		return e.fail("")
	}
	defer func() { e.depth-- }()
	v := e.conditional()
	for e.accept(",") {
		v = e.rvalue(e.conditional())
	}
	switch e.peek() {
	case "=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "<<=", ">>=":
		return e.fail("assignment")
	}
	return v
}

func (e *evaluator) conditional() Value {
	if !e.enter() {
		return e.fail("")
	}
	defer func() { e.depth-- }()
	cond := e.operators(0)
	if !e.accept("?") {
		return cond
	}
	cond = e.rvalue(cond)
	if !cond.isScalar() {
		return e.fail("condition is not a number")
	}
	yes := cond.Known && !cond.isZero()
	no := cond.Known && cond.isZero()
	a := cond // GNU C: x ?: y
	if !e.accept(":") {
		a = e.operand(no, e.comma)
		e.expect(":")
	}
	b := e.operand(yes, e.conditional)
	return e.choose(cond.Known, yes, e.rvalue(a), e.rvalue(b))
}

// operand evaluates with f an operand that is dead when skip is set.
func (e *evaluator) operand(skip bool, f func() Value) Value {
	if skip {
		e.dead++
		defer func() { e.dead-- }()
	}
	return f()
}

// choose returns one of the operands of ?:, converted to their common type.
func (e *evaluator) choose(known, yes bool, a, b Value) Value {
	switch {
	case a.isArith() && b.isArith():
		a, b = e.balance(a, b)
	case a.Type.Kind == ctype.Pointer && (b.Type.Kind != ctype.Pointer || isNullPointer(b)):
		b = Value{Type: a.Type, Known: b.Known, Bits: b.Bits}
	case b.Type.Kind == ctype.Pointer && (a.Type.Kind != ctype.Pointer || isNullPointer(a)):
		a = Value{Type: b.Type, Known: a.Known, Bits: a.Bits}
	}
	v := b
	if yes {
		v = a
	}
	v.Known = v.Known && known
	return v
}

// isNullPointer reports whether v is a null pointer constant of pointer type.
func isNullPointer(v Value) bool {
	return v.Known && v.Bits == 0 && v.Type.Elem != nil && v.Type.Elem.Kind == ctype.Void
}

// precedence holds the binary operators, the loosest level first.
var precedence = []map[string]bool{
	{"||": true}, {"&&": true}, {"|": true}, {"^": true}, {"&": true}, {"==": true, "!=": true},
	{"<": true, ">": true, "<=": true, ">=": true}, {"<<": true, ">>": true},
	{"+": true, "-": true}, {"*": true, "/": true, "%": true},
}

// level tells at which level of precedence a binary operator is, -1 for none.
func level(op string) int {
	for i, ops := range precedence {
		if ops[op] {
			return i
		}
	}
	return -1
}

// operators reads operands joined by binary operators at least as tight as
// floor.
func (e *evaluator) operators(floor int) Value {
	a := e.cast()
	for {
		op := e.peek()
		l := -1
		if op != "" && e.tokens[e.pos].Kind == Punct {
			l = level(op)
		}
		if l < floor || l < 0 {
			return a
		}
		e.pos++
		switch op {
		case "&&", "||":
			a = e.logical(op, l, e.rvalue(a))
		default:
			b := e.operators(l + 1)
			a = e.binary(op, a, b)
		}
	}
}

func (e *evaluator) logical(op string, l int, a Value) Value {
	decided := a.Known && a.isZero() == (op == "&&")
	b := e.rvalue(e.operand(decided, func() Value { return e.operators(l + 1) }))
	if !a.isScalar() || !b.isScalar() {
		return e.fail("operands of %s are not numbers", op)
	}
	if decided {
		return e.truth(op == "||", true)
	}
	return e.truth(!b.isZero(), a.Known && b.Known)
}

// cast reads a cast expression.
func (e *evaluator) cast() Value {
	if !e.enter() {
		return e.fail("")
	}
	defer func() { e.depth-- }()
	if e.peek() != "(" || !e.typeAt(e.pos+1) {
		return e.unaryExpr()
	}
	e.pos++
	t := e.typeName()
	e.expect(")")
	if e.peek() == "{" {
		return e.fail("compound literal")
	}
	v := e.rvalue(e.cast())
	r := Resolve(e.env, t)
	switch r.Kind {
	case ctype.Int, ctype.Bool, ctype.EnumRef, ctype.Float, ctype.Pointer:
		if !v.isScalar() && !v.IsStr {
			return e.fail("cast of what is not a number")
		}
		return e.convert(v, unqualified(r))
	case ctype.Void:
		return Value{Type: r}
	case ctype.RecordRef, ctype.Vector, ctype.Complex:
		return Value{Type: r}
	}
	return e.fail("cast to a type that is not a number")
}

func (e *evaluator) unaryExpr() Value {
	switch op := e.peek(); op {
	case "+", "-", "~", "!":
		e.pos++
		return e.unary(op, e.cast())
	case "*":
		e.pos++
		return e.deref(e.rvalue(e.cast()))
	case "&":
		e.pos++
		v := e.cast()
		if !v.lvalue && Resolve(e.env, v.Type).Kind != ctype.Function {
			return e.fail("operand of & is not an object")
		}
		return Value{Type: PointerTo(e.model, v.Type), Known: v.Known, Bits: v.Bits}
	case "sizeof":
		e.pos++
		return e.sizeof()
	case "_Alignof", "alignof", "__alignof", "__alignof__":
		e.pos++
		t := e.typeOperand()
		if op == "_Alignof" || op == "alignof" {
			return e.sized(Align(e.env, t))
		}
		return e.sized(preferredAlign(e.env, t))
	case "++", "--", "&&":
		return e.fail("operator %s", op)
	}
	return e.postfix(e.primary())
}

func (e *evaluator) sizeof() Value {
	t := e.typeOperand()
	n, ok := Size(e.env, t)
	switch r := Resolve(e.env, t); {
	case ok:
		return e.sized(n)
	case e.err != nil:
		return e.fail("")
	case r.Kind == ctype.Void || r.Kind == ctype.Function:
		return e.sized(1) // GNU C
	}
	return e.fail("sizeof of an incomplete type")
}

func (e *evaluator) sized(n int64) Value { return IntValue(e.basic(e.model.SizeType), n) }

// typeOperand reads the operand of sizeof, _Alignof or typeof: a type name in
// parentheses, or an expression.
func (e *evaluator) typeOperand() *ctype.Type {
	if e.peek() == "(" && e.typeAt(e.pos+1) {
		e.pos++
		t := e.typeName()
		e.expect(")")
		return t
	}
	return e.operand(true, e.unaryGuarded).Type
}

func (e *evaluator) unaryGuarded() Value {
	if !e.enter() {
		return e.fail("")
	}
	defer func() { e.depth-- }()
	return e.unaryExpr()
}

func (e *evaluator) deref(p Value) Value {
	if p.Type.Kind != ctype.Pointer {
		return e.fail("operand of * is not a pointer")
	}
	return Value{Type: p.Type.Elem, Known: p.Known, Bits: p.Bits, lvalue: true}
}

// postfix reads what follows a primary expression.
func (e *evaluator) postfix(v Value) Value {
	for {
		switch op := e.peek(); op {
		case "[":
			e.pos++
			i := e.comma()
			e.expect("]")
			v = e.deref(e.binary("+", v, i))
		case ".", "->":
			e.pos++
			name := e.next()
			if op == "->" {
				v = e.deref(e.rvalue(v))
			}
			v = e.selectMember(v, name.Text)
		case "(":
			return e.fail("call of a function")
		case "++", "--":
			return e.fail("operator %s", op)
		default:
			return v
		}
		if e.err != nil {
			return v
		}
	}
}

func (e *evaluator) selectMember(v Value, name string) Value {
	t := Resolve(e.env, v.Type)
	if t.Kind != ctype.RecordRef {
		return e.fail("member %s of what is neither a struct nor a union", name)
	}
	r := e.env.Record(t.Name)
	if r == nil || !r.Complete {
		return e.fail("%s is not complete", t.Name)
	}
	m, off := member(e.env, r, name)
	if m == nil {
		return e.fail("%s has no member %s", t.Name, name)
	}
	if m.BitField {
		return Value{Type: m.Type} // has no address
	}
	return Value{Type: m.Type, Known: v.Known && v.lvalue, Bits: v.Bits + uint64(off), lvalue: true}
}
